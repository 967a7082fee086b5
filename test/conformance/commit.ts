import { InvalidInputError, NotFoundError } from "../../provider/engine";
import type { Stage } from "./index";
import type { Machine } from "./bench";
import { FORK, fork, grow, losses, parents, refused, refusedUntouched, seen, writeAll } from "./support";

export function commitSuite({ machine: make, bench }: Stage): void {
    const mode = bench.mode === null ? {} : { mode: bench.mode };

    async function forked(): Promise<Machine> {
        const machine = await make();
        await fork(machine, mode);
        return machine;
    }

    /** n (“ac.n”) under c; p (“acp”) forks from c, q (“ac.nq”) from n. The domain is at c, and holds “acx”. */
    async function crowded(): Promise<Machine> {
        const machine = await forked();
        await grow(machine, "n", "c", 4);
        await machine.vm.branch("p", { from: "c" });
        await machine.vm.branch("q", { from: "n" });
        await machine.vm.switch("p");
        await writeAll(machine, 3, "p");
        await machine.vm.switch("q");
        await writeAll(machine, 5, "q");
        await machine.vm.revert("c");
        await writeAll(machine, 3, "x");
        return machine;
    }

    const contentId = async (machine: Machine, name: string) => (await machine.vm.hierarchy()).snapshots.find((s) => s.name === name)?.contentId;

    describe("revert commit", () => {
        test("merges the tip into the snapshot, which is taken again there; nothing else changes", async () => {
            const machine = await forked();
            await machine.vm.branch("p", { from: "b" });
            const before = await contentId(machine, "c");
            for (const [slot, holds] of [
                [3, "acx"],
                [4, "acxx"],
            ] as const) {
                await writeAll(machine, slot, "x");
                await machine.vm.revert("c", { commit: true });
                expect(await seen(machine)).toEqual({
                    ...{ current: "c", branch: null, dirty: false, tip: holds, snapshots: { ...FORK, c: holds } },
                    branches: { p: "ab" },
                });
            }
            expect(await contentId(machine, "c")).not.toBe(before);
            await writeAll(machine, 5, "y");
            await machine.vm.revert("c", { force: true });
            expect(await seen(machine)).toMatchObject({ tip: "acxx", dirty: false });
        });

        test("of the branch that the domain is on leaves it there", async () => {
            const machine = await forked();
            await machine.vm.branch("p", { from: "b" });
            await machine.vm.switch("p");
            await writeAll(machine, 3, "p");
            await machine.vm.revert("b", { commit: true });
            expect(await seen(machine)).toEqual({
                ...{ current: "b", branch: "p", dirty: false, tip: "abp", snapshots: { ...FORK, b: "abp" } },
                branches: { p: "abp" },
            });
        });

        test("of a branch that was left goes to it first, and keeps the tip that it leaves", async () => {
            const machine = await forked();
            await machine.vm.branch("p", { from: "b" });
            await machine.vm.switch("p");
            await writeAll(machine, 3, "p");
            await machine.vm.revert("c");
            await writeAll(machine, 3, "x");
            await machine.vm.revert("b", { commit: true });
            expect(await seen(machine)).toEqual({
                ...{ current: "b", branch: "p", dirty: false, tip: "abp", snapshots: { ...FORK, b: "abp" } },
                branches: { "auto-c-1": "acx", p: "abp" },
            });
        });

        test("with discard takes nothing again: the name goes, and the tip stands on the parent", async () => {
            const machine = await forked();
            await writeAll(machine, 3, "x");
            await machine.vm.revert("c", { commit: true, discard: true });
            const { c: _, ...left } = FORK;
            expect(await seen(machine)).toEqual({ current: "a", branch: null, dirty: true, tip: "acx", snapshots: left, branches: {} });
            await machine.vm.branch("p", { from: "b" });
            await machine.vm.switch("p");
            await writeAll(machine, 3, "p");
            await machine.vm.revert("b", { commit: true, discard: true });
            expect(await seen(machine)).toEqual({
                ...{ current: "a", branch: "p", dirty: true, tip: "abp", snapshots: { a: "a" } },
                branches: { "auto-a-1": "acx", p: "abp" },
            });
        });

        test("into a root works as into any other, with discard too", async () => {
            const machine = await make();
            await machine.vm.create({ name: "root", ...mode });
            await writeAll(machine, 1, "x");
            await machine.vm.revert("root", { commit: true });
            expect(await seen(machine)).toEqual({ current: "root", branch: null, dirty: false, tip: "x", snapshots: { root: "x" }, branches: {} });
            await writeAll(machine, 2, "y");
            await machine.vm.revert("root", { commit: true, discard: true });
            expect(await seen(machine)).toEqual({ current: null, branch: null, dirty: true, tip: "xy", snapshots: {}, branches: {} });
        });

        test("lists everything else that stands on the same contents, and takes it along only when all of it is agreed to", async () => {
            const machine = await crowded();
            const all = ["branch:p", "branch:q", "snapshot:n"];
            for (const force of [false, ["tip"]]) expect(await losses(machine, () => machine.vm.revert("c", { commit: true, force }))).toEqual(all);
            expect(await losses(machine, () => machine.vm.revert("c", { commit: true, force: ["snapshot:n", "branch:p"] }))).toEqual(["branch:q"]);
            expect(await losses(machine, () => machine.vm.revert("c", { commit: true, discard: true }))).toEqual(all);
            await machine.vm.revert("c", { commit: true, force: all });
            expect(await seen(machine)).toEqual({
                ...{ current: "c", branch: null, dirty: false, tip: "acx", snapshots: { ...FORK, c: "acx" }, branches: {} },
            });
        });

        test("of a branch counts a dirty tip on the same contents among what goes", async () => {
            const machine = await forked();
            await machine.vm.branch("p", { from: "a" });
            await machine.vm.switch("p");
            await writeAll(machine, 3, "p");
            await machine.vm.revert("c");
            await writeAll(machine, 3, "x");
            const all = ["snapshot:b", "snapshot:c", "tip"];
            expect(await losses(machine, () => machine.vm.revert("a", { commit: true }))).toEqual(all);
            await machine.vm.revert("a", { commit: true, force: true });
            expect(await seen(machine)).toEqual({ current: "a", branch: "p", dirty: false, tip: "a.p", snapshots: { a: "a.p" }, branches: { p: "a.p" } });
        });

        test("of several leaves, or of none, is refused", async () => {
            const machine = await forked();
            for (const name of ["p", "q"]) await machine.vm.branch(name, { from: "b" });
            expect(await refusedUntouched(machine, () => machine.vm.revert("b", { commit: true }))).toBeInstanceOf(InvalidInputError);
            expect(await refusedUntouched(machine, () => machine.vm.revert("a", { commit: true }))).toBeInstanceOf(NotFoundError);
            expect(await refused(machine.vm.revert("nobody", { commit: true }))).toBeInstanceOf(NotFoundError);
        });

        test("keeps what can be committed again: a snapshot taken afterwards stands on what was committed", async () => {
            const machine = await forked();
            await writeAll(machine, 3, "x");
            await machine.vm.revert("c", { commit: true });
            await writeAll(machine, 4, "y");
            await machine.vm.create({ name: "n" });
            await machine.vm.revert("b");
            await machine.vm.delete("c");
            expect(parents(await machine.vm.hierarchy())).toEqual({ a: null, b: "a", n: "a" });
            expect(await seen(machine)).toMatchObject({ tip: "ab", snapshots: { a: "a", b: "ab", n: "acxy" } });
        });
    });
}
