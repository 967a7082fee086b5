import type { Stage } from "./index";
import type { Machine } from "./bench";
import { FORK, fork, grow, losses, parents, seen, writeAll } from "./support";

export function discardSuite({ machine: make, bench }: Stage): void {
    const mode = bench.mode === null ? {} : { mode: bench.mode };

    /** n (“ab.n”) under b, and p (“abp”), which forks from b. */
    async function forked(): Promise<Machine> {
        const machine = await make();
        await fork(machine, mode);
        await grow(machine, "n", "b", 4);
        await machine.vm.branch("p", { from: "b" });
        await machine.vm.switch("p");
        await writeAll(machine, 3, "p");
        await machine.vm.revert("c");
        return machine;
    }

    const { b: _, ...left } = FORK;
    const snapshots = { ...left, n: "ab.n" };

    describe("revert with discard", () => {
        test("and follow goes on from the leaf; the snapshot's name goes, and what stands on it keeps what it holds", async () => {
            const machine = await forked();
            await machine.vm.revert("b", { follow: true, discard: true });
            expect(await seen(machine)).toEqual({ current: "a", branch: "p", dirty: true, tip: "abp", snapshots, branches: { p: "abp" } });
            expect(parents(await machine.vm.hierarchy())).toEqual({ a: null, c: "a", n: "a" });
        });

        test("and reset puts the tip back to what the snapshot held, and its name goes", async () => {
            const machine = await forked();
            await machine.vm.revert("b", { discard: true });
            expect(await seen(machine)).toEqual({ current: "a", branch: null, dirty: true, tip: "ab", snapshots, branches: { p: "abp" } });
            await writeAll(machine, 5, "t");
            await machine.vm.create({ name: "later" });
            expect(await seen(machine)).toMatchObject({ snapshots: { ...snapshots, later: "ab..t" }, branches: { p: "abp" } });
        });

        test("and reset of a dirty tip has to be agreed to; that the name goes is agreed", async () => {
            const machine = await forked();
            await writeAll(machine, 3, "x");
            expect(await losses(machine, () => machine.vm.revert("b", { discard: true }))).toEqual(["tip"]);
            await machine.vm.revert("b", { discard: true, keep: "mine" });
            expect(await seen(machine)).toEqual({ current: "a", branch: null, dirty: true, tip: "ab", snapshots, branches: { mine: "acx", p: "abp" } });
        });

        test("of a root leaves a tip that stands on nothing, and the rest as it is", async () => {
            const machine = await make();
            await fork(machine, mode);
            await machine.vm.revert("a", { reset: true, discard: true });
            expect(await seen(machine)).toEqual({ current: null, branch: null, dirty: true, tip: "a", snapshots: { b: "ab", c: "ac" }, branches: {} });
        });
    });
}
