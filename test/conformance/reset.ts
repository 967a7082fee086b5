import { InvalidInputError, NotFoundError } from "../../provider/engine";
import type { Stage } from "./index";
import type { Machine } from "./bench";
import { FORK, fork, grow, losses, parents, refusedUntouched, seen, writeAll } from "./support";

export function resetSuite({ machine: make, bench }: Stage): void {
    const mode = bench.mode === null ? {} : { mode: bench.mode };

    /** p forks from b, with m (“abm”) and n (“abmn”) of its own, and holds “abmnp”. The domain is on it. */
    async function forked(): Promise<Machine> {
        const machine = await make();
        await fork(machine, mode);
        await machine.vm.branch("p", { from: "b" });
        await machine.vm.switch("p");
        for (const [slot, name] of [
            [3, "m"],
            [4, "n"],
        ] as const) {
            await writeAll(machine, slot, name);
            await machine.vm.create({ name });
        }
        await writeAll(machine, 5, "p");
        return machine;
    }

    const snapshots = { ...FORK, m: "abm", n: "abmn" };

    describe.each(["running", "left"])("a branch that is reset (%s)", (which) => {
        async function scene(): Promise<Machine> {
            const machine = await forked();
            if (which === "left") await machine.vm.revert("c");
            return machine;
        }
        const where = (current: string, tip: string) =>
            which === "left" ? { current: "c", branch: null, dirty: false, tip: "ac" } : { current, branch: "p", dirty: false, tip };

        test("is emptied, which is a loss, and stands on its newest snapshot", async () => {
            const machine = await scene();
            expect(await losses(machine, () => machine.vm.resetBranch("p"))).toEqual(["branch:p"]);
            await machine.vm.resetBranch("p", { force: ["branch:p"] });
            expect(await seen(machine)).toEqual({ ...where("n", "abmn"), snapshots, branches: { p: "abmn" } });
            const before = await machine.vm.hierarchy();
            await machine.vm.resetBranch("p");
            expect(await machine.vm.hierarchy()).toEqual(before);
        });

        test("to its fork takes its own snapshots along, each of them a loss", async () => {
            const machine = await scene();
            const all = ["branch:p", "snapshot:m", "snapshot:n"];
            expect(await losses(machine, () => machine.vm.resetBranch("p", { toFork: true }))).toEqual(all);
            expect(await losses(machine, () => machine.vm.resetBranch("p", { toFork: true, force: all.slice(1) }))).toEqual(["branch:p"]);
            await machine.vm.resetBranch("p", { toFork: true, force: all });
            expect(await seen(machine)).toEqual({ ...where("b", "ab"), snapshots: FORK, branches: { p: "ab" } });
            expect((await machine.vm.hierarchy()).branches).toMatchObject([{ from: "b", tip: "b", dirty: false }]);
            await machine.vm.resetBranch("p", { toFork: true });
        });

        test("to its fork leaves what others made of its snapshots", async () => {
            const machine = await scene();
            await grow(machine, "o", "m", 6);
            await machine.vm.branch("q", { from: "n" });
            await machine.vm.resetBranch("p", { toFork: true, force: true });
            expect(parents(await machine.vm.hierarchy())).toEqual({ a: null, b: "a", c: "a", o: "b" });
            const { snapshots: left, branches } = await seen(machine);
            expect({ left, branches }).toEqual({ left: { ...FORK, o: "abm..o" }, branches: { p: "ab", q: "abmn" } });
        });
    });

    test("a branch that stands on no snapshot, or is none, can't be reset", async () => {
        const machine = await make();
        await fork(machine, mode);
        await machine.vm.branch("p", { from: "a" });
        await machine.vm.delete("a");
        for (const toFork of [true, false])
            expect(await refusedUntouched(machine, () => machine.vm.resetBranch("p", { toFork, force: true }))).toBeInstanceOf(InvalidInputError);
        expect(await refusedUntouched(machine, () => machine.vm.resetBranch("b"))).toBeInstanceOf(NotFoundError);
    });
}
