import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect, type Hierarchy, type HierarchyExport, type Host, type Mode, NotFoundError, type VirtualMachine } from "../../provider/engine";
import { tagsIn } from "../backends/qemu/left-overs";
import { disksOf, QemuMachine } from "../backends/qemu/machine";
import { checkImage, contentsOf, sha256 } from "../backends/qemu/tools";
import { needs, qemu, suiteWith } from "../support/requires";

const asFile = (exported: HierarchyExport) => JSON.parse(JSON.stringify(exported)) as HierarchyExport;

/** What each snapshot and branch holds, and the tip, as QEMU's own tools read it. */
async function held(vm: VirtualMachine, folder: string): Promise<Record<string, Record<string, string>>> {
    const { snapshots, branches } = await vm.hierarchy();
    const tags = await tagsIn(folder);
    const found: Record<string, Record<string, string>> = { tip: {} };
    for (const { target, file, format } of disksOf(await readFile(join(folder, "domain.xml"), "utf8"))) found.tip![target] = await contentsOf(file, format);
    for (const { name, files } of [...snapshots, ...branches.filter(({ active }) => !active)]) {
        const disks: Record<string, string> = {};
        for (const [target, file] of Object.entries(files))
            disks[target] = await contentsOf(file, file.endsWith(".raw") ? "raw" : "qcow2", tags.get(name) ?? null);
        found[name] = disks;
    }
    return found;
}

/** What two hosts must tell alike of one hierarchy. */
const told = ({ powerState: _, ...hierarchy }: Hierarchy) => hierarchy;

/** What only the files tell: names and times of a whole folder. */
async function filesIn(folder: string): Promise<string[]> {
    const names = (await readdir(folder)).filter((name) => name !== "lock").sort();
    return Promise.all(names.map(async (name) => `${name} ${await sha256(join(folder, name))}`));
}

describe.each<Mode>(["external", "internal"])("an %s hierarchy", (mode) => {
    suiteWith(needs(qemu), "on its way to another host", () => {
        let machine: QemuMachine;
        let other: Host;
        let there: string;
        const at = (root: string) => `qemu:///embed?root=${encodeURIComponent(root)}`;
        beforeEach(async () => {
            machine = await QemuMachine.make(["vda", "vdb"]);
            there = join(machine.temporary, "there");
            await mkdir(there);
            other = await connect(at(there));
        });
        afterEach(async () => {
            await other[Symbol.asyncDispose]();
            await machine[Symbol.asyncDispose]();
        });

        const write = async (slot: number, character: string) => {
            for (const target of machine.targets) await machine.write(target, slot, character);
        };

        /** The tree of the seed, two branches with contents of their own, the domain on one of them, and firmware variables. */
        async function grown(): Promise<void> {
            const { vm } = machine;
            await writeFile(join(machine.temporary, "vars.fd"), "variables of the beginning");
            const file = join(machine.folder, "domain.xml");
            await writeFile(file, (await readFile(file, "utf8")).replace("</type>", `</type><nvram>${join(machine.temporary, "vars.fd")}</nvram>`));
            await vm.create({ name: "a", mode, owner: "me", description: '<first> & "best"' });
            await write(2, "b");
            await vm.create({ name: "b" });
            await writeFile(join(machine.temporary, "vars.fd"), "variables of later");
            await write(3, "c");
            await vm.create({ name: "c" });
            await vm.branch("left", { from: "b", owner: "you" });
            await vm.branch("work", { from: "c" });
            await vm.switch("left");
            await write(4, "l");
            await vm.create({ name: "d" });
            await write(5, "m");
            await vm.switch("work");
            await write(6, "w");
        }

        test("is remembered there as it is here, to the byte, and can be gone on with", async () => {
            await grown();
            const [before, bytes] = [await machine.vm.hierarchy(), await held(machine.vm, machine.folder)];
            const folder = await filesIn(machine.folder);
            const exported = asFile(await machine.vm.export());
            expect(exported).toMatchObject({ version: 1, domain: "vm", uuid: before.uuid, current: before.current, branch: "work" });
            expect(exported.snapshots.map(({ name }) => name)).toEqual(before.snapshots.map(({ name }) => name));

            const vm = await other.import(exported);
            expect(told(await vm.hierarchy())).toEqual(told(before));
            expect(await held(vm, join(there, "vm"))).toEqual(bytes);
            for (const { name } of before.snapshots) expect(await vm.document(name)).toBe(await machine.vm.document(name));
            expect(asFile(await vm.export())).toEqual(exported);
            expect(await filesIn(machine.folder)).toEqual(folder); // Nothing here was touched.
            expect((await readdir(join(there, "vm"))).filter((name) => name.endsWith(".qcow2"))).toEqual([]); // And nothing was copied.
            // A second time there is nothing to do.
            const again = await filesIn(join(there, "vm"));
            await other.import(exported);
            expect(await filesIn(join(there, "vm"))).toEqual(again);
        });

        test("moves: then this host has nothing of it, and the other one follows and goes back, losing nothing", async () => {
            await grown();
            const [before, bytes] = [await machine.vm.hierarchy(), await held(machine.vm, machine.folder)];
            const images = (await readdir(machine.folder)).filter((name) => name.endsWith(".qcow2")).sort();
            const sums = await Promise.all(images.map((name) => sha256(join(machine.folder, name))));

            const said: string[] = [];
            const vm = await machine.vm.migrate(other, { onProgress: ({ message }) => said.push(message) });
            expect(said).toContain("+ import 4 snapshots and 2 branches of vm");
            expect(await machine.host.domains()).toEqual([]);
            await expect(machine.host.domain("vm")).rejects.toThrow(NotFoundError);
            await expect(machine.vm.hierarchy()).rejects.toThrow(NotFoundError);
            expect((await readdir(machine.folder)).filter((name) => name !== "lock").sort()).toEqual(images);
            expect(await Promise.all(images.map((name) => sha256(join(machine.folder, name))))).toEqual(sums);
            expect(told(await vm.hierarchy())).toEqual(told(before));
            expect(await held(vm, join(there, "vm"))).toEqual(bytes);

            const tip = async () => (await held(vm, join(there, "vm"))).tip;
            await vm.switch("left");
            expect(await tip()).toEqual(bytes.left);
            expect(await readFile(join(machine.temporary, "vars.fd"), "utf8")).toBe("variables of the beginning");
            await vm.revert("a");
            expect(await tip()).toEqual(bytes.a);
            await vm.create({ name: "new" });
            await vm.switch("work");
            expect(await tip()).toEqual(bytes.tip);
            expect(await readFile(join(machine.temporary, "vars.fd"), "utf8")).toBe("variables of later");
            // What was made elsewhere is never written or removed here, whatever goes.
            for (const name of ["c", "b", "d"]) await vm.delete(name);
            expect((await readdir(machine.folder)).filter((name) => name.endsWith(".qcow2")).sort()).toEqual(images);
            const after = await held(vm, join(there, "vm"));
            expect([after.a, after.left, after.tip]).toEqual([bytes.a, bytes.left, bytes.tip]);
            for (const name of images) await checkImage(join(machine.folder, name));
        });

        test("moves back, and on", async () => {
            await grown();
            const [before, bytes] = [await machine.vm.hierarchy(), await held(machine.vm, machine.folder)];
            const vm = await machine.vm.migrate(other);
            const back = await vm.migrate(machine.host);
            expect(told(await back.hierarchy())).toEqual(told(before));
            expect(await held(back, machine.folder)).toEqual(bytes);
            expect(await other.domains()).toEqual([]);
            const again = await back.migrate(other);
            await again.switch("left");
            expect((await held(again, join(there, "vm"))).tip).toEqual(bytes.left);
        });

        test("keeps a dirty tip that has no branch, as a branch when it is left there", async () => {
            await machine.vm.create({ name: "a", mode });
            await write(3, "t");
            const bytes = await held(machine.vm, machine.folder);
            const vm = await machine.vm.migrate(other);
            expect(await vm.hierarchy()).toMatchObject({ current: "a", branch: null, dirty: true });
            await vm.revert("a", { keep: "kept" });
            const after = await held(vm, join(there, "vm"));
            expect([after.kept, after.tip]).toEqual([bytes.tip, bytes.a]);
        });

        test("comes back whole where it was, from a file, when all that was remembered is lost", async () => {
            await grown();
            const [before, bytes] = [await machine.vm.hierarchy(), await held(machine.vm, machine.folder)];
            const exported = asFile(await machine.vm.export());
            for (const name of await readdir(machine.folder)) if (/^(hierarchy|snapshot|branch|nvram|domain)/.test(name)) await rm(join(machine.folder, name));
            expect(await machine.host.domains()).toEqual([]);
            const vm = await machine.host.import(exported);
            expect(told(await vm.hierarchy())).toEqual(told(before));
            expect(await held(vm, machine.folder)).toEqual(bytes);
        });
    });
});
