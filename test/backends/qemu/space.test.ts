// What can't fit is refused before it is begun, with nothing changed; what fits is done. On a file system of its own, filled to the last pages.
import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { growth } from "../../../provider/disks/space";
import type { QemuStep } from "../../../provider/disks/steps";
import { HostError } from "../../../provider/engine";
import { holding } from "../../conformance/bench";
import { refused, writeAll } from "../../conformance/support";
import { needs, qemu, suiteWith } from "../../support/requires";
import { QemuMachine } from "./machine";
import { mounting, SmallDisk } from "./tools/mounts";

describe("what a transaction's files grow by", () => {
    const allocated = new Map([
        ["/vm/a", 100],
        ["/vm/b", 20],
        ["/vm/c", 3],
    ]);
    const backing = new Map([
        ["/vm/b", "/vm/a"],
        ["/vm/c", "/vm/b"],
    ]);
    const grows = (...steps: QemuStep[]) => growth(steps, { allocated, backing });

    test("is at most what is copied: down by a commit or a merge, up by a pull, to a new file by a compression", () => {
        expect(grows({ kind: "commit", overlay: "/vm/b" })).toEqual([{ file: "/vm/a", bytes: 20 }]);
        expect(grows({ kind: "merge", overlay: "/vm/c" })).toEqual([{ file: "/vm/b", bytes: 3 }]);
        expect(grows({ kind: "pull", overlay: "/vm/b", from: { backing: "a", format: "qcow2" }, onto: null })).toEqual([{ file: "/vm/b", bytes: 100 }]);
        expect(grows({ kind: "compress", from: "/vm/b", to: "/vm/d", type: "zlib", backing: "a", backingFormat: "qcow2" })).toEqual([
            { file: "/vm/d", bytes: 20 },
        ]);
    });

    test("is more where what came in before is copied on", () => {
        expect(grows({ kind: "commit", overlay: "/vm/c" }, { kind: "remove", files: ["/vm/c"] }, { kind: "commit", overlay: "/vm/b" })).toEqual([
            { file: "/vm/b", bytes: 3 },
            { file: "/vm/c", bytes: -3 },
            { file: "/vm/a", bytes: 23 },
        ]);
    });

    test("goes to the file that a pull has put an overlay on", () => {
        expect(
            grows(
                { kind: "pull", overlay: "/vm/c", from: { backing: "b", format: "qcow2" }, onto: { backing: "a", format: "qcow2" } },
                { kind: "commit", overlay: "/vm/c" },
            ),
        ).toEqual([
            { file: "/vm/c", bytes: 20 },
            { file: "/vm/a", bytes: 23 },
        ]);
    });

    test("is nothing for what copies nothing", () => {
        expect(
            grows(
                { kind: "overlays", overlays: [] },
                { kind: "take", files: ["/vm/a"], tags: ["t"] },
                { kind: "point", overlay: "/vm/c", backing: "a", format: "qcow2" },
                { kind: "documents", files: ["/vm/x.xml"] },
            ),
        ).toEqual([]);
    });
});

suiteWith(needs(qemu, mounting), "free space", () => {
    let disk: SmallDisk;
    beforeEach(() => (disk = new SmallDisk(16 * 1024 * 1024)));
    afterEach(() => disk.remove());

    /** a holds one slot, b five more, the tip one. */
    async function scene(): Promise<QemuMachine> {
        const machine = await QemuMachine.make(["vda", "vdb"], { within: disk.path });
        await machine.vm.create({ name: "base", mode: "external" });
        await writeAll(machine, 1, "a");
        await machine.vm.create({ name: "a" });
        for (const slot of [2, 3, 4, 5, 6]) await writeAll(machine, slot, "b");
        await machine.vm.create({ name: "b" });
        await writeAll(machine, 7, "t");
        return machine;
    }

    const onDisk = (files: Readonly<Record<string, string>>) => Object.values(files).reduce((sum, file) => sum + statSync(file).blocks * 512, 0);
    const filesOf = async (machine: QemuMachine, name: string) => (await machine.vm.hierarchy()).snapshots.find((s) => s.name === name)?.files ?? {};
    const everything = (machine: QemuMachine) =>
        execFileSync("find", [machine.temporary, "-type", "f", "!", "-name", "lock", "-exec", "sha256sum", "{}", "+"], { encoding: "utf8" }).split("\n").sort();

    test.each<[string, (machine: QemuMachine) => Promise<number>, (machine: QemuMachine) => Promise<unknown>, string]>([
        [
            "a deletion that copies upwards, of both disks at the same time",
            async (machine) => onDisk(await filesOf(machine, "a")),
            (machine) => machine.vm.delete("a"),
            "abbbbbt",
        ],
        [
            "a deletion that copies downwards, of one disk after the other",
            async (machine) => onDisk({ vda: (await machine.files()).vda ?? "" }),
            (machine) => machine.vm.delete("b"),
            "abbbbbt",
        ],
        ["a commit into a snapshot", async (machine) => onDisk(await machine.files()), (machine) => machine.vm.revert("b", { commit: true }), "abbbbbt"],
        [
            "a compressed snapshot",
            async (machine) => onDisk(await machine.files()),
            (machine) => machine.vm.create({ name: "c", compression: "zlib" }),
            "abbbbbt",
        ],
    ])("is looked at before %s begins", async (_, needed, act, holds) => {
        await using machine = await scene();
        const bytes = await needed(machine);
        const before = await machine.vm.hierarchy();
        const files = everything(machine);
        disk.fill(bytes - 4096);
        const error = await refused(act(machine));
        expect(error).toBeInstanceOf(HostError);
        expect(error.message).toMatch(
            /^the disk is too full for this: ".*\.qcow2" and 1 more need up to [\d.]+ KiB, and there are [\d.]+ KiB free; nothing was done: make room there and run again$/,
        );
        expect((error as HostError).details).toMatchObject({ needed: bytes, free: disk.free });
        disk.empty();
        expect(everything(machine)).toEqual(files);
        expect(await machine.vm.hierarchy()).toEqual(before);
        disk.fill(bytes + 512 * 1024); // New leaves, documents and the journal take something too.
        await act(machine);
        expect(await machine.tip()).toEqual({ vda: holding(holds), vdb: holding(holds) });
        disk.empty();
        await machine.sound();
    });
});
