// Several operations in one transaction: what one is about to make, no disk tells the next.
import { existsSync } from "node:fs";
import { readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AlreadyExistsError, UnsupportedError } from "../../../provider/engine";
import { holding, PRISTINE } from "../../conformance/bench";
import { grow, place, refused } from "../../conformance/support";
import { needs, qemu, suiteWith } from "../../support/requires";
import { QemuMachine } from "./machine";
import { contentsOf, qemuImg } from "./tools";

suiteWith(needs(qemu), "one transaction", () => {
    /** Carries out a plan for a whole tree. */
    async function apply(machine: QemuMachine, snapshots: Parameters<QemuMachine["vm"]["plan"]>[0]["snapshots"]): Promise<void> {
        await machine.vm.apply(await machine.vm.plan({ snapshots }));
    }

    test.each(["by its path", "through a symbolic link"])("two overlays in the same file (%s) are refused", async (how) => {
        await using machine = await QemuMachine.make(["vda"]);
        await machine.vm.create({ name: "base", mode: "external" });
        await machine.write("vda", 1, "x");
        const file = join(machine.root, "mine.qcow2");
        const link = join(dirname(machine.root), "link");
        await symlink(machine.root, link);
        const again = how === "by its path" ? file : join(link, "mine.qcow2");
        const tree = { base: {}, a: { parent: "base", disks: { vda: { file } } }, b: { parent: "a", disks: { vda: { file: again } } } };
        expect(await refused(apply(machine, tree))).toBeInstanceOf(AlreadyExistsError);
        expect(existsSync(file)).toBe(false);
        expect(await machine.tip()).toEqual({ vda: holding("x") });
        await machine.sound();
    });

    test("compression does not throw away the internal snapshots that somebody took in the leaf", async () => {
        await using machine = await QemuMachine.make(["vda"]);
        await machine.vm.create({ name: "base", mode: "external" });
        await machine.write("vda", 1, "x");
        const leaf = (await machine.files()).vda ?? "";
        await qemuImg("snapshot", "-c", "mine", "--", leaf);
        expect(await refused(machine.vm.create({ name: "z", compression: "zlib" }))).toBeInstanceOf(UnsupportedError);
        expect(await contentsOf(leaf, "qcow2", "mine")).toBe(holding("x"));
        await machine.vm.create({ name: "z" });
        expect(await contentsOf(leaf, "qcow2", "mine")).toBe(holding("x"));
    });

    describe("internal", () => {
        test("a failure brings back also a disk that the current snapshot leaves out", async () => {
            await using machine = await QemuMachine.make(["vda", "vdb"]);
            await machine.vm.create({ name: "r", mode: "internal" });
            await machine.write("vda", 1, "x");
            await machine.vm.create({ name: "c", disks: { vdb: { snapshot: "no" } } });
            const before = await machine.vm.hierarchy();
            const writes = machine.targets.map((target) => ({ target, slot: 2, character: "p" }));
            await refused(machine.vm.create({ name: "d", parent: "r", provision: [...machine.provision(writes), { command: ["false"] }] }));
            expect(await machine.tip()).toEqual({ vda: holding("x"), vdb: PRISTINE });
            expect(await machine.vm.hierarchy()).toEqual(before);
            await machine.sound();
        });

        test("the disk as it was before the commands of a root is kept as a branch", async () => {
            await using machine = await QemuMachine.make(["vda"]);
            await machine.write("vda", 1, "x");
            await grow(machine, "a", null, 2, { mode: "internal" });
            expect(place(await machine.vm.hierarchy())).toEqual({ current: "a", branch: null, dirty: false, branches: ["auto-base-1"] });
            expect(await machine.branch("auto-base-1")).toEqual({ vda: holding("x") });
            expect(await machine.snapshot("a")).toEqual({ vda: holding("xa") });
            await machine.sound();
        });

        test("what holds the tip on the way goes, however often it is needed", async () => {
            await using machine = await QemuMachine.make(["vda", "vdb"]);
            await machine.vm.create({ name: "r", mode: "internal" });
            const half = { parent: "r", disks: { vdb: { snapshot: "no" } } } as const;
            await apply(machine, { r: {}, a: half, b: { parent: "r" }, c: half, d: { parent: "r" } });
            expect((await machine.vm.hierarchy()).snapshots.map(({ name }) => name)).toEqual(["r", "a", "b", "c", "d"]);
            await machine.sound();
        });
    });

    describe("firmware variables", () => {
        const BYTES = 64 * 1024 * 1024; // A copy takes a while.

        async function withNvram(machine: QemuMachine): Promise<string> {
            const nvram = join(machine.root, "vars.fd");
            const document = join(machine.folder, "domain.xml");
            await writeFile(document, (await readFile(document, "utf8")).replace("</os>", `<nvram>${nvram}</nvram></os>`));
            return nvram;
        }

        /** Snapshot or branch to the one character that its variables are. */
        async function saved(machine: QemuMachine): Promise<Record<string, string>> {
            const records = JSON.parse(await readFile(join(machine.folder, "hierarchy.json"), "utf8")) as Record<string, { name: string; nvram: string }[]>;
            const found: Record<string, string> = {};
            for (const { name, nvram } of [...(records.snapshots ?? []), ...(records.branches ?? [])]) {
                const bytes = await readFile(join(machine.folder, nvram));
                found[name] = bytes.equals(Buffer.alloc(BYTES, bytes[0])) ? String.fromCharCode(bytes[0] ?? 0) : `${bytes.length} bytes`;
            }
            return found;
        }

        test.each(["external", "internal"] as const)("are whole in each of many new snapshots (%s)", async (mode) => {
            await using machine = await QemuMachine.make(["vda"]);
            await writeFile(await withNvram(machine), Buffer.alloc(BYTES, "A"));
            const names = ["b", "c", "d"];
            await apply(machine, { a: { mode }, ...Object.fromEntries(names.map((name) => [name, { parent: "a" }])) });
            expect(await saved(machine)).toEqual(Object.fromEntries(["a", ...names].map((name) => [name, "A"])));
        });

        test.each(["external", "internal"] as const)("of a tip that was moved are those that it got there (%s)", async (mode) => {
            await using machine = await QemuMachine.make(["vda"]);
            const nvram = await withNvram(machine);
            await writeFile(nvram, Buffer.alloc(BYTES, "A"));
            await machine.vm.create({ name: "p", mode });
            await writeFile(nvram, Buffer.alloc(BYTES, "B"));
            await machine.vm.create({ name: "c" });
            await apply(machine, { p: {}, c: { parent: "p" }, x: { parent: "p" }, y: { parent: "x" } });
            expect(await saved(machine)).toEqual({ p: "A", c: "B", x: "A", y: "A" });
            expect((await readFile(nvram)).equals(Buffer.alloc(BYTES, "A"))).toBe(true);
        });
    });
});
