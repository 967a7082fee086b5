// Disks that take part, are left out, come later, or were put somewhere by hand: what they hold is never lost unasked.
import { existsSync, writeFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type DataLossError, HostError, InvalidInputError, type Progress, UnsupportedError } from "../../../provider/engine";
import { holding, PRISTINE } from "../../conformance/bench";
import { grow, refused, writeAll } from "../../conformance/support";
import { needs, qemu, suiteWith } from "../../support/requires";
import { QemuMachine } from "./machine";
import { chainOf, contentsOf, qemuImg, sha256 } from "./tools";

/** Adds a disk to the domain's document as a user with an editor does. */
async function addDisk(machine: QemuMachine, target: string, file: string, format = "qcow2"): Promise<void> {
    const document = join(machine.folder, "domain.xml");
    const disk = `<disk type='file' device='disk'><driver name='qemu' type='${format}'/><source file='${file}'/><target dev='${target}' bus='virtio'/></disk>`;
    await writeFile(document, (await readFile(document, "utf8")).replace("</devices>", `${disk}</devices>`));
}

suiteWith(needs(qemu), "disks", () => {
    const both = ["vda", "vdb"];

    describe.each(["external", "internal"] as const)("%s", (mode) => {
        test("one that a snapshot leaves out is shared and untouched", async () => {
            await using machine = await QemuMachine.make(both);
            await machine.vm.create({ name: "a", mode, disks: { vdb: { snapshot: "no" } } });
            await machine.write("vda", 1, "x");
            await machine.write("vdb", 1, "y");
            await machine.vm.create({ name: "b", disks: { vdb: { snapshot: "no" } } });
            expect(await machine.snapshot("b")).toEqual({ vda: holding("x") });
            await machine.vm.revert("a");
            expect(await machine.tip()).toEqual({ vda: PRISTINE, vdb: holding("y") });
            await machine.vm.create({ name: "c", parent: "b" });
            expect(await machine.tip()).toEqual({ vda: holding("x"), vdb: holding("y") });
            await machine.sound();
        });

        test("one that a snapshot leaves out is every branch's on it, wherever the domain goes, and no commit's", async () => {
            await using machine = await QemuMachine.make(both);
            await machine.vm.create({ name: "a", mode, disks: { vdb: { snapshot: "no" } } });
            for (const name of ["p", "q"]) await machine.vm.branch(name, { from: "a" });
            let shared = "";
            for (const name of ["p", "q", "p"]) {
                await machine.vm.switch(name);
                await machine.write("vda", 1, name);
                await machine.write("vdb", (shared += name).length, name);
                expect(await machine.tip()).toEqual({ vda: holding(name), vdb: holding(shared) });
            }
            expect(await machine.branch("q")).toEqual({ vda: holding("q") });
            await machine.vm.unbranch("q", { force: true });
            await machine.vm.revert("a", { commit: true });
            expect(await machine.snapshot("a")).toEqual({ vda: holding("p") });
            expect(await machine.tip()).toEqual({ vda: holding("p"), vdb: holding(shared) });
            await machine.sound();
        });

        test("what was written to one that the current snapshot leaves out is not replaced unasked by one that takes it in", async () => {
            await using machine = await QemuMachine.make(both);
            await machine.vm.create({ name: "a", mode, disks: { vdb: { snapshot: "no" } } });
            await machine.vm.create({ name: "b" });
            await machine.vm.revert("a");
            expect((await machine.vm.hierarchy()).dirty).toBe(false);
            await machine.write("vdb", 1, "y");
            expect((await machine.vm.hierarchy()).dirty).toBe(true);
            expect(((await refused(machine.vm.revert("b"))) as DataLossError).losses).toEqual(["tip"]);
            await machine.vm.revert("b", { keep: "work" });
            expect(await machine.branch("work")).toEqual({ vda: PRISTINE, vdb: holding("y") });
            await machine.sound();
        });

        test("one that goes on with the domain is forked: the kept branch has what was there, and the domain writes elsewhere", async () => {
            await using machine = await QemuMachine.make(both);
            await machine.vm.create({ name: "a", mode, disks: { vdb: { snapshot: "no" } } });
            await machine.vm.create({ name: "b" });
            await writeAll(machine, 1, "x");
            await machine.vm.revert("a", { keep: "work" });
            await machine.write("vdb", 2, "y");
            expect(await machine.branch("work")).toEqual({ vda: holding("x"), vdb: holding("x") });
            expect((await machine.tip()).vdb).toBe(holding("xy"));
            await machine.sound();
        });

        test("elsewhere, one that is left out stays as it is", async () => {
            await using machine = await QemuMachine.make(both);
            await machine.vm.create({ name: "a", mode });
            await writeAll(machine, 1, "x");
            await machine.vm.create({ name: "b" });
            await machine.vm.create({ name: "c", parent: "a", disks: { vdb: { snapshot: "no" } } });
            expect(await machine.snapshot("c")).toEqual({ vda: PRISTINE });
            expect((await machine.tip()).vdb).toBe(holding("x"));
            await machine.sound();
        });

        test("one that was added later goes with its configuration and comes back with it, whole", async () => {
            await using machine = await QemuMachine.make(["vda"]);
            await machine.vm.create({ name: "a", mode });
            await addDisk(machine, "vdb", await machine.image("vdb", "qcow2"));
            await machine.write("vdb", 1, "x");
            await machine.vm.create({ name: "b" });
            await machine.vm.revert("a");
            expect(await machine.tip()).toEqual({ vda: PRISTINE });
            await machine.vm.revert("b");
            expect(await machine.tip()).toEqual({ vda: PRISTINE, vdb: holding("x") });
            await machine.vm.delete("a");
            expect(await machine.snapshot("b")).toEqual({ vda: PRISTINE, vdb: holding("x") });
        });

        test("where the second one can't be taken, the first is as it was", async () => {
            await using machine = await QemuMachine.make(both);
            await machine.vm.create({ name: "a", mode });
            await writeAll(machine, 1, "x");
            const files = await machine.files();
            const before = await machine.vm.hierarchy();
            const provision = [...machine.provision([{ target: "vda", slot: 2, character: "p" }]), { command: ["false"] }];
            await refused(machine.vm.create({ name: "b", provision }));
            await refused(machine.vm.create({ name: "b", disks: { vdb: { driver: "raw" } } }));
            expect(await machine.vm.hierarchy()).toEqual(before);
            expect(await machine.files()).toEqual(files);
            expect(await machine.tip()).toEqual({ vda: holding("x"), vdb: holding("x") });
            await machine.sound();
        });
    });

    test("a disk that somebody put on a file of ours keeps what it stands on", async () => {
        await using machine = await QemuMachine.make(["vda"]);
        await grow(machine, "a", null, 1, { mode: "external" });
        await grow(machine, "b", "a", 2);
        const { files } = (await machine.vm.hierarchy()).snapshots.find(({ name }) => name === "a") ?? {};
        const mine = join(machine.root, "mine.qcow2");
        await qemuImg("create", "-q", "-f", "qcow2", "-b", files?.vda ?? "", "-F", "qcow2", "--", mine);
        await addDisk(machine, "vdb", mine);
        await machine.vm.delete("a");
        await machine.vm.delete("b");
        expect(await contentsOf(mine, "qcow2")).toBe(holding("a"));
        await machine.vm.create({ name: "c" });
        await machine.vm.delete("c");
        expect(await contentsOf(mine, "qcow2")).toBe(holding("a"));
        expect((await machine.tip()).vdb).toBe(holding("a"));
    });

    test("a document that points a disk elsewhere, or at what is frozen, stops everything", async () => {
        await using machine = await QemuMachine.make(["vda"]);
        await grow(machine, "a", null, 1, { mode: "external" });
        const frozen = (await machine.vm.hierarchy()).snapshots[0]?.files.vda ?? "";
        const document = join(machine.folder, "domain.xml");
        const right = await readFile(document, "utf8");
        await writeFile(document, right.replace((await machine.files()).vda ?? "", frozen));
        expect(await refused(machine.vm.create({ name: "b" }))).toBeInstanceOf(HostError);
        expect(await refused(machine.vm.revert("a", { force: true }))).toBeInstanceOf(HostError);
        await writeFile(document, right);
        await addDisk(machine, "vdb", frozen);
        expect((await refused(machine.vm.create({ name: "b" }))).message).toContain('"a"');
        await writeFile(document, right);
        await machine.vm.create({ name: "b" });
        expect(await machine.snapshot("a")).toEqual({ vda: holding("a") });
    });

    test("an internal snapshot that somebody took in an overlay of ours is not lost with it", async () => {
        await using machine = await QemuMachine.make(["vda"]);
        await grow(machine, "a", null, 1, { mode: "external" });
        await grow(machine, "b", "a", 2);
        await machine.write("vda", 3, "x");
        const leaf = (await machine.files()).vda ?? "";
        await qemuImg("snapshot", "-c", "mine", "--", leaf);
        await machine.vm.delete("b");
        expect(await contentsOf(leaf, "qcow2", "mine")).toBe(holding("abx"));
        await machine.vm.revert("a", { force: true });
        expect(existsSync(leaf) && (await contentsOf(leaf, "qcow2", "mine"))).toBe(holding("abx"));
    });

    test("an overlay may be placed by the program, and what is there already is never overwritten", async () => {
        await using machine = await QemuMachine.make(["vda"]);
        const mine = join(machine.root, "placed, here.qcow2");
        await machine.vm.create({ name: "a", disks: { vda: { file: mine } } });
        expect(await machine.files()).toEqual({ vda: mine });
        await machine.write("vda", 1, "x");
        const there = join(machine.root, "there.qcow2");
        await writeFile(there, "somebody's");
        await refused(machine.vm.create({ name: "b", disks: { vda: { file: there } } }));
        const late = join(machine.root, "late.qcow2");
        const onProgress = ({ message }: Progress) => void (message.includes("overlays") && !existsSync(late) && writeFileSync(late, "somebody's"));
        await refused(machine.vm.create({ name: "b", disks: { vda: { file: late } } }, { onProgress }));
        expect([await readFile(there, "utf8"), await readFile(late, "utf8")]).toEqual(["somebody's", "somebody's"]);
        expect(await machine.tip()).toEqual({ vda: holding("x") });
        await machine.vm.delete("a");
        expect(await machine.tip()).toEqual({ vda: holding("x") });
        for (const file of ["relative.qcow2", ""])
            expect(await refused(machine.vm.create({ name: "b", disks: { vda: { file } } }))).toBeInstanceOf(InvalidInputError);
    });

    test("an overlay that the program made is used as it is, never removed, never rewritten; one that stands elsewhere is refused", async () => {
        await using machine = await QemuMachine.make(["vda"]);
        await grow(machine, "a", null, 1, { mode: "external" });
        const leaf = (await machine.files()).vda ?? "";
        const mine = join(machine.root, "mine.qcow2");
        await qemuImg("create", "-q", "-f", "qcow2", "-b", leaf, "-F", "qcow2", "--", mine);
        const astray = join(machine.root, "astray.qcow2");
        await qemuImg("create", "-q", "-f", "qcow2", "--", astray, "512K");
        expect(await refused(machine.vm.create({ name: "b", reuseExternal: true, disks: { vda: { file: astray } } }))).toBeInstanceOf(InvalidInputError);
        await machine.vm.create({ name: "b", reuseExternal: true, disks: { vda: { file: mine } } });
        await machine.write("vda", 2, "m");
        const before = await sha256(mine);
        await machine.vm.create({ name: "c" });
        await machine.vm.delete("a");
        await machine.vm.delete("b");
        await machine.vm.delete("c");
        expect(await sha256(mine)).toBe(before);
        expect(await machine.tip()).toEqual({ vda: holding("am") });
    });

    test.each(["zlib", "zstd"])("compression %s gives a frozen file of compressed clusters, with the same bytes", async (compression) => {
        await using machine = await QemuMachine.make(["vda"]);
        await machine.vm.create({ name: "a", mode: "external" });
        await writeAll(machine, 1, "x");
        await machine.vm.create({ name: "b", compression });
        const file = (await machine.vm.hierarchy()).snapshots.find(({ name }) => name === "b")?.files.vda ?? "";
        const check = JSON.parse(await qemuImg("check", "--output=json", "-f", "qcow2", "--", file)) as { "compressed-clusters": number };
        expect(check["compressed-clusters"]).toBe(1);
        expect(await qemuImg("info", "-f", "qcow2", "--", file)).toContain(`compression type: ${compression}`);
        expect(await machine.snapshot("b")).toEqual({ vda: holding("x") });
        await grow(machine, "c", "a", 2, { compression });
        expect(await machine.snapshot("c")).toEqual({ vda: holding(".c") });
        await machine.sound();
        await machine.vm.delete("b");
        await machine.vm.delete("c");
        await machine.sound();
    });

    test("compression has limits: an unknown type, an internal snapshot, an image that is not ours", async () => {
        await using machine = await QemuMachine.make(["vda"]);
        for (const settings of [{ compression: "lzma" }, { compression: "zlib", mode: "internal" as const }, { compression: "zlib" }]) {
            expect(await refused(machine.vm.create({ name: "a", ...settings }))).toBeInstanceOf(UnsupportedError);
        }
        expect(await machine.tip()).toEqual({ vda: PRISTINE });
        await machine.sound();
    });

    test("raw disks have external snapshots only", async () => {
        await using machine = await QemuMachine.make(both, { format: "raw" });
        expect(await refused(machine.vm.create({ name: "a", mode: "internal" }))).toBeInstanceOf(UnsupportedError);
        await machine.vm.create({ name: "a" });
        for (const target of both) await machine.seal((await machine.vm.hierarchy()).snapshots[0]?.files[target] ?? "");
        await grow(machine, "b", "a", 1);
        const chain = await chainOf((await machine.files()).vda ?? "");
        expect(chain.map(({ format, backingFormat }) => [format, backingFormat])).toEqual([
            ["qcow2", "qcow2"],
            ["qcow2", "raw"],
            ["raw", null],
        ]);
        await machine.vm.delete("a");
        await machine.vm.delete("b");
        expect(await machine.tip()).toEqual({ vda: holding("b"), vdb: holding("b") });
        await machine.sound();
    });
});
