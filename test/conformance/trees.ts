import { DataLossError, type Desired } from "../../provider/engine";
import { holding } from "./bench";
import type { Stage } from "./index";
import { baseBranches, grow, parents, place, refused, writeAll } from "./support";

/** Whole hierarchies: what a plan promises, on real disks. */
export function treeSuite({ bench, machine: make, all }: Stage): void {
    describe("a whole plan", () => {
        const mode = bench.mode === null ? {} : { mode: bench.mode };
        const SNAPSHOTS = { a: mode, b: { parent: "a" }, c: { parent: "b" } };
        const apply = async (machine: Awaited<ReturnType<typeof make>>, desired: Desired, force: readonly string[] = []) => {
            const made = await machine.vm.plan(desired);
            await machine.vm.apply(made, { force });
            expect((await machine.vm.plan(desired)).toString()).toBe("nothing to do");
            return made.toString().split("\n");
        };

        /** a, b and c, each with its letter in a slot of its own. */
        async function grown() {
            const machine = await make();
            await grow(machine, "a", null, 1, mode);
            await grow(machine, "b", "a", 2);
            await grow(machine, "c", "b", 3);
            return machine;
        }

        test("forks branches, goes to one, and keeps the tip that it leaves", async () => {
            const machine = await grown();
            await writeAll(machine, 7, "x");
            await apply(machine, { snapshots: SNAPSHOTS, branches: { one: { from: "a" }, two: { from: "c" } }, current: "one" });
            expect(place(await machine.vm.hierarchy())).toEqual({
                current: "a",
                branch: "one",
                dirty: false,
                branches: ["auto-c-1", ...baseBranches(bench), "one", "two"].sort(),
            });
            expect(await machine.tip()).toEqual(all(holding("a")));
            expect(await machine.branch("auto-c-1")).toEqual(all(holding("abc...x")));
            expect(await machine.branch("two")).toEqual(all(holding("abc")));
        });

        test("makes a snapshot elsewhere and comes back to what was written where the domain is to be", async () => {
            const machine = await grown();
            await writeAll(machine, 7, "x");
            await apply(machine, { snapshots: { ...SNAPSHOTS, d: { parent: "a" } }, current: "c" });
            expect(place(await machine.vm.hierarchy())).toEqual({ current: "c", branch: null, dirty: true, branches: baseBranches(bench) });
            expect(await machine.tip()).toEqual(all(holding("abc...x")));
            expect(await machine.snapshot("d")).toEqual(all(holding("a")));
        });

        test("renames in place and prunes what is between, whatever stands on it", async () => {
            const machine = await grown();
            for (const name of baseBranches(bench)) await machine.vm.unbranch(name, { force: true });
            await machine.vm.branch("work", { from: "b" });
            const desired: Desired = { snapshots: { base: { renamedFrom: "a" }, c: { parent: "base" } }, branches: { work: { from: "base" } }, prune: "all" };
            await apply(machine, desired);
            expect(parents(await machine.vm.hierarchy())).toEqual({ base: null, c: "base" });
            expect(await machine.snapshot("base")).toEqual(all(holding("a")));
            expect(await machine.snapshot("c")).toEqual(all(holding("abc")));
            expect(await machine.branch("work")).toEqual(all(holding("ab")));
        });

        test("takes away what its owner made, and loses a dirty branch only if that is agreed to", async () => {
            const machine = await make();
            const owner = "program";
            await apply(machine, { snapshots: SNAPSHOTS, branches: { work: { from: "b" } }, current: "work", owner });
            await writeAll(machine, 7, "x");
            const destroy: Desired = { snapshots: {}, branches: {}, prune: "managed", owner };
            expect(await refused(apply(machine, destroy))).toBeInstanceOf(DataLossError);
            expect(await machine.tip()).toEqual(all(holding("......x")));
            await apply(machine, destroy, ["branch:work"]);
            expect(await machine.vm.hierarchy()).toMatchObject({ snapshots: [], branches: [], branch: null });
            expect(await machine.tip()).toEqual(all(holding("")));
        });
    });
}
