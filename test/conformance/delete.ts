import { DataLossError, NotFoundError } from "../../provider/engine";
import type { Stage } from "./index";
import { holding, type Machine } from "./bench";
import { baseBranches, grow, parents, place, refused, SEED, writeAll } from "./support";

export function deleteSuite({ machine: make, all, bench }: Stage): void {
    const mode = bench.mode === null ? {} : { mode: bench.mode };

    async function seed(): Promise<Machine> {
        const machine = await make();
        for (const [name, parent, slot] of SEED) await grow(machine, name, parent, slot, mode);
        return machine;
    }

    async function expectSurvivors(machine: Machine, gone: readonly string[]): Promise<void> {
        for (const [name, , , holds] of SEED) if (!gone.includes(name)) expect([name, await machine.snapshot(name)]).toEqual([name, all(holding(holds))]);
    }

    describe("delete", () => {
        const tree = { a: null, b: "a", c: "b", d: "c", e: "b" };
        const without = (...names: string[]) => Object.fromEntries(Object.entries(tree).filter(([name]) => !names.includes(name)));

        test.each<[string, string, Record<string, string | null>]>([
            ["a leaf", "d", without("d")],
            ["the current leaf", "e", without("e")],
            ["an inner snapshot with one child", "c", { ...without("c"), d: "b" }],
            ["an inner snapshot with two children", "b", { ...without("b"), c: "a", e: "a" }],
            ["a root", "a", { ...without("a"), b: null }],
        ])("of %s keeps what every other snapshot and the tip hold; children move up", async (_, name, expected) => {
            const machine = await seed();
            await writeAll(machine, 7, "x");
            await machine.vm.delete(name);
            const hierarchy = await machine.vm.hierarchy();
            expect(parents(hierarchy)).toEqual(expected);
            expect(place(hierarchy)).toEqual({ current: name === "e" ? "b" : "e", branch: null, dirty: true, branches: baseBranches(bench) });
            expect(await machine.tip()).toEqual(all(holding("abe...x")));
            await expectSurvivors(machine, [name]);
        });

        test("with three children and a tip on it, and then of the children one by one", async () => {
            const machine = await make();
            await grow(machine, "a", null, 1, mode);
            for (const name of ["b", "c", "d"]) await grow(machine, name, "a", 2);
            await machine.vm.revert("a");
            await writeAll(machine, 3, "t");
            await machine.vm.delete("a");
            expect(parents(await machine.vm.hierarchy())).toEqual({ b: null, c: null, d: null });
            for (const name of ["b", "c", "d"]) {
                expect(await machine.snapshot(name)).toEqual(all(holding(`a${name}`)));
                await machine.sound();
                await machine.vm.delete(name);
            }
            expect(await machine.tip()).toEqual(all(holding("a.t")));
            expect(place(await machine.vm.hierarchy())).toEqual({ current: null, branch: null, dirty: true, branches: baseBranches(bench) });
        });

        test("of the current snapshot leaves a tip that differs from the new current one, exactly where it does", async () => {
            const machine = await make();
            await grow(machine, "a", null, 1, mode);
            await machine.vm.create({ name: "same" });
            await machine.vm.delete("same");
            expect(place(await machine.vm.hierarchy())).toEqual({ current: "a", branch: null, dirty: false, branches: baseBranches(bench) });
            await grow(machine, "b", "a", 2);
            await machine.vm.delete("b");
            expect(place(await machine.vm.hierarchy())).toEqual({ current: "a", branch: null, dirty: true, branches: baseBranches(bench) });
            expect(await machine.tip()).toEqual(all(holding("ab")));
        });

        test("with everything below it", async () => {
            const machine = await seed();
            await writeAll(machine, 7, "x");
            await machine.vm.delete("b", { scope: "subtree" });
            expect(parents(await machine.vm.hierarchy())).toEqual({ a: null });
            expect(place(await machine.vm.hierarchy())).toMatchObject({ current: "a", dirty: true });
            expect(await machine.snapshot("a")).toEqual(all(holding("a")));
            expect(await machine.tip()).toEqual(all(holding("abe...x")));
        });

        test("of what is below it only", async () => {
            const machine = await seed();
            await machine.vm.delete("b", { scope: "children" });
            expect(parents(await machine.vm.hierarchy())).toEqual({ a: null, b: "a" });
            expect(place(await machine.vm.hierarchy())).toMatchObject({ current: "b", dirty: true });
            await expectSurvivors(machine, ["c", "d", "e"]);
            expect(await machine.tip()).toEqual(all(holding("abe")));
        });

        test("refuses to take a branch along; force takes it", async () => {
            const machine = await seed();
            await writeAll(machine, 7, "x");
            await machine.vm.revert("a", { keep: "work" });
            for (const scope of ["subtree", "metadata"] as const) {
                const error = await refused(machine.vm.delete("e", { scope }));
                expect(error).toBeInstanceOf(DataLossError);
                expect((error as DataLossError).losses).toEqual(["branch:work"]);
            }
            expect(await machine.branch("work")).toEqual(all(holding("abe...x")));
            await machine.vm.delete("e");
            const { branches } = await machine.vm.hierarchy();
            expect(branches.map(({ name }) => name)).toEqual([...baseBranches(bench), "work"]);
            expect(branches.at(-1)).toMatchObject({ name: "work", from: "b", tip: "b", dirty: true });
            expect(await machine.branch("work")).toEqual(all(holding("abe...x")));
            await machine.vm.delete("b", { scope: "subtree", force: ["branch:work"] });
            expect(place(await machine.vm.hierarchy())).toEqual({ current: "a", branch: null, dirty: false, branches: baseBranches(bench) });
            expect(await machine.tip()).toEqual(all(holding("a")));
        });

        test("of metadata forgets the name and keeps every byte", async () => {
            const machine = await seed();
            await machine.vm.delete("c", { scope: "metadata" });
            await machine.leave("c");
            expect(parents(await machine.vm.hierarchy())).toEqual({ ...without("c"), d: "b" });
            await expectSurvivors(machine, ["c"]);
            await machine.vm.delete("d");
            await expectSurvivors(machine, ["c", "d"]);
        });

        test("of all of them, in any order, leaves the tip", async () => {
            const machine = await seed();
            await writeAll(machine, 7, "x");
            for (const name of ["b", "e", "a", "d", "c"]) {
                await machine.vm.delete(name);
                expect(await machine.tip()).toEqual(all(holding("abe...x")));
                await machine.sound();
            }
            expect(await machine.vm.hierarchy()).toMatchObject({ current: null, snapshots: [], dirty: true });
        });

        test("after all are gone a new first snapshot can be taken, and after a root went, another from the tip", async () => {
            const machine = await make();
            await grow(machine, "a", null, 1, mode);
            await grow(machine, "b", "a", 2);
            await machine.vm.revert("a");
            await writeAll(machine, 3, "x");
            await machine.vm.delete("a");
            await machine.vm.create({ name: "c" });
            expect(parents(await machine.vm.hierarchy())).toEqual({ b: null, c: null });
            expect(await machine.snapshot("c")).toEqual(all(holding("a.x")));
            expect(place(await machine.vm.hierarchy())).toMatchObject({ current: "c", dirty: false });
        });

        test("of what is not there says so", async () => {
            const machine = await make();
            expect(await refused(machine.vm.delete("nobody"))).toBeInstanceOf(NotFoundError);
        });
    });
}
