import { FlagConflictError, type Snapshot, UnsupportedError } from "../../provider/engine";
import { checkFlags } from "../../provider/engine/flags";
import type { Stage } from "./index";
import { holding, type Machine } from "./bench";
import { grow, parents, place, refused, SEED, writeAll } from "./support";

export function redefineSuite({ machine: make, all, bench }: Stage): void {
    const mode = bench.mode === null ? {} : { mode: bench.mode };

    async function seed(): Promise<Machine> {
        const machine = await make();
        for (const [name, parent, slot] of SEED) await grow(machine, name, parent, slot, mode);
        return machine;
    }

    async function unchanged(machine: Machine, work: () => Promise<unknown>): Promise<Error> {
        const before = await machine.vm.hierarchy();
        const documents = await Promise.all(before.snapshots.map(({ name }) => machine.vm.document(name)));
        const error = await refused(work());
        expect(await machine.vm.hierarchy()).toEqual(before);
        expect(await Promise.all(before.snapshots.map(({ name }) => machine.vm.document(name)))).toEqual(documents);
        return error;
    }

    /** Where the hypervisor keeps all of it itself, that is said, and nothing is changed. */
    async function keepsItself(machine: Machine, name: string): Promise<boolean> {
        if (machine.host.capabilities.redefine) return false;
        const xml = await machine.vm.document(name);
        for (const request of [{ xml }, { xml, current: true }, { current: true }, { creationTime: 1314937496 }, { state: "running" as const }]) {
            const error = await unchanged(machine, () => machine.vm.redefine({ name, ...request }));
            expect([error.constructor, error.message]).toEqual([UnsupportedError, expect.stringContaining(machine.host.capabilities.backend)]);
        }
        return true;
    }

    describe("redefine", () => {
        test("describes, dates and renames in place; children, branches and the domain follow a new name", async () => {
            const machine = await seed();
            await writeAll(machine, 7, "x");
            await machine.vm.revert("b", { keep: "work" });
            const { contentId } = (await machine.vm.hierarchy()).snapshots.find(({ name }) => name === "b") ?? {};
            const dated = machine.host.capabilities.redefine ? { creationTime: 1314937496 } : {};
            await machine.vm.redefine({ name: "b", rename: "β", description: "second", ...dated });
            const hierarchy = await machine.vm.hierarchy();
            const renamed = hierarchy.snapshots.find(({ name }) => name === "β");
            expect(renamed).toMatchObject({ description: "second", ...dated, contentId, parent: "a" });
            expect(parents(hierarchy)).toEqual({ a: null, β: "a", c: "β", d: "c", e: "β" });
            expect(place(hierarchy)).toMatchObject({ current: "β", dirty: false });
            await machine.vm.redefine({ name: "β", description: null });
            expect((await machine.vm.hierarchy()).snapshots.find(({ name }) => name === "β")?.description).toBeNull();
            expect(await machine.tip()).toEqual(all(holding("ab")));
            await machine.vm.redefine({ name: "β", rename: "b" });
            expect(await machine.snapshot("b")).toEqual(all(holding("ab")));
        });

        test("a renamed snapshot can still be reverted to and deleted, and its old name taken again", async () => {
            const machine = await seed();
            await machine.vm.redefine({ name: "c", rename: "see" });
            await machine.vm.revert("see");
            expect(await machine.tip()).toEqual(all(holding("abc")));
            await machine.vm.create({ name: "c" });
            expect(parents(await machine.vm.hierarchy())).toMatchObject({ c: "see" });
            await machine.vm.delete("see");
            await machine.vm.revert("d");
            expect(await machine.tip()).toEqual(all(holding("abcd")));
            await machine.vm.delete("c");
        });

        test("recreates a whole hierarchy's metadata, parents first, the current one too (seed of 2011)", async () => {
            const machine = await seed();
            await machine.vm.revert("c");
            if (await keepsItself(machine, "c")) return;
            const before = await machine.vm.hierarchy();
            const documents = await Promise.all(before.snapshots.map(async ({ name }) => ({ name, xml: await machine.vm.document(name) })));
            for (const { name } of [...before.snapshots].reverse()) await machine.vm.delete(name, { scope: "metadata" });
            expect((await machine.vm.hierarchy()).snapshots).toEqual([]);
            for (const { name, xml } of documents) await machine.vm.redefine({ name, xml, current: name === "c" });
            const after = await machine.vm.hierarchy();
            // Whose contents they were first, and which creation they came from, no document says.
            const told = ({ contentId: _, made: __, ...snapshot }: Snapshot) => snapshot;
            expect(after.snapshots.map(told)).toEqual(before.snapshots.map(told));
            expect(place(after)).toEqual(place(before));
            for (const [name, , , holds] of SEED) expect([name, await machine.snapshot(name)]).toEqual([name, all(holding(holds))]);
            for (const { name, xml } of documents) expect(await machine.vm.document(name)).toBe(xml);
            await machine.vm.delete("b");
            await machine.vm.revert("e");
            expect(await machine.tip()).toEqual(all(holding("abe")));
        });

        test("without current the current snapshot stays as it is; with it, it moves, and the tip does not", async () => {
            const machine = await seed();
            await machine.vm.redefine({ name: "a", description: "first" });
            expect(place(await machine.vm.hierarchy())).toMatchObject({ current: "e", dirty: false });
            if (await keepsItself(machine, "a")) return;
            await machine.vm.redefine({ name: "a", current: true });
            expect(place(await machine.vm.hierarchy())).toMatchObject({ current: "a", dirty: true });
            expect(await machine.tip()).toEqual(all(holding("abe")));
            expect((await refused(machine.vm.revert("a"))).message).toContain("would lose tip");
        });

        test.each<[string, (xml: string) => string, RegExp]>([
            ["another domain's UUID", (xml) => xml.replace(/<uuid>.*?<\/uuid>/, "<uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid>"), /UUID/],
            ["a layout that the guest would see change", (xml) => xml.replace(/(<vcpu[^>]*>)1</, (_all, vcpu: string) => `${vcpu}4<`), /vcpu/],
            ["a parent that is not there", (xml) => xml.replace(/(<parent>\s*<name>)b/, "$1nobody"), /nobody/],
            ["a parent below it", (xml) => xml.replace(/(<parent>\s*<name>)b/, "$1d"), /cycle/],
            ["another kind of state", (xml) => xml.replace("<state>shutoff</state>", "<state>disk-snapshot</state>"), /shutoff/],
            ["a state with memory", (xml) => xml.replace("<state>shutoff</state>", "<state>running</state>"), /shutoff/],
            ["a state that there is none of", (xml) => xml.replace("<state>shutoff</state>", "<state>asleep</state>"), /asleep/],
            ["disks without such contents", (xml) => xml.replace(/(<source file=.)[^'"]*/g, "$1/nowhere/at-all.qcow2"), /nowhere/],
            ["another snapshot's document", (xml) => xml.replace("<name>c</name>", "<name>z</name>"), /z/],
            ["no domain to go back to", (xml) => xml.replace(/<domain[ >][\s\S]*<\/domain>/, ""), /<domain>/],
        ])("refuses %s, and changes nothing", async (_, alter, words) => {
            const machine = await seed();
            if (await keepsItself(machine, "c")) return;
            const xml = await machine.vm.document("c");
            expect(alter(xml)).not.toBe(xml);
            expect((await unchanged(machine, () => machine.vm.redefine({ name: "c", xml: alter(xml) }))).message).toMatch(words);
        });

        test("refuses a new name that is taken, by a branch too, and one that can't be given", async () => {
            const machine = await seed();
            await writeAll(machine, 7, "x");
            await machine.vm.revert("a", { keep: "work" });
            for (const rename of ["a", "work", "auto-x", "-x", ""]) await unchanged(machine, () => machine.vm.redefine({ name: "c", rename }));
        });

        test("refuses a document of contents that are nowhere, of a snapshot that was deleted", async () => {
            const machine = await seed();
            const xml = await machine.vm.document("d");
            await machine.vm.delete("d");
            await unchanged(machine, () => machine.vm.redefine({ name: "d", xml }));
            await unchanged(machine, () => machine.vm.redefine({ name: "d" }));
        });

        test("what was forgotten and restored is deleted with its contents again", async () => {
            const machine = await seed();
            if (await keepsItself(machine, "d")) return;
            const xml = await machine.vm.document("d");
            await machine.vm.delete("d", { scope: "metadata" });
            await machine.vm.redefine({ name: "d", xml });
            await machine.vm.delete("d");
            await machine.sound();
        });
    });

    test("flags that exclude each other are refused in libvirt's words", () => {
        const cases: [Parameters<typeof checkFlags>[0], string][] = [
            [{ current: true }, "use of current flag requires redefine flag"],
            [{ redefine: true, noMetadata: true }, "redefine and no metadata flags are mutually exclusive"],
            [{ redefine: true, halt: true }, "are mutually exclusive"],
            [{ diskOnly: true, memoryFile: "/m" }, "are mutually exclusive"],
            [{ quiesce: true }, "quiesce requires disk-only"],
        ];
        for (const [flags, words] of cases) {
            expect(() => checkFlags(flags)).toThrow(FlagConflictError);
            expect(() => checkFlags(flags)).toThrow(words);
        }
        expect(() => checkFlags({ redefine: true, current: true })).not.toThrow();
    });
}
