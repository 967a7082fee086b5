import { InvalidInputError, NotFoundError } from "../../provider/engine";
import type { Stage } from "./index";
import type { Machine } from "./bench";
import { FORK, fork, grow, losses, parents, refusedUntouched, seen, writeAll } from "./support";

export function deactivateSuite({ machine: make, bench }: Stage): void {
    const mode = bench.mode === null ? {} : { mode: bench.mode };

    async function forked(): Promise<Machine> {
        const machine = await make();
        await fork(machine, mode);
        return machine;
    }

    describe("deactivate", () => {
        test("moves the tip to the parent, and keeps what was written since as an automatic branch", async () => {
            const machine = await forked();
            await writeAll(machine, 3, "x");
            await machine.vm.deactivate("c");
            expect(await seen(machine)).toEqual({
                ...{ current: "a", branch: null, dirty: false, tip: "a", snapshots: FORK },
                branches: { "auto-c-1": "acx" },
            });
        });

        test("of what the domain runs on further down leaves that branch as it is", async () => {
            const machine = await forked();
            await machine.vm.branch("p", { from: "b" });
            await machine.vm.switch("p");
            await writeAll(machine, 3, "p");
            await machine.vm.create({ name: "n" });
            await writeAll(machine, 4, "p");
            await machine.vm.deactivate("b");
            expect(await seen(machine)).toEqual({
                ...{ current: "a", branch: null, dirty: false, tip: "a", snapshots: { ...FORK, n: "abp" } },
                branches: { p: "abpp" },
            });
        });

        test("of what is not used changes nothing; a root, and what is not there, is refused", async () => {
            const machine = await forked();
            await writeAll(machine, 3, "x");
            const before = await machine.vm.hierarchy();
            await machine.vm.deactivate("b");
            expect(await machine.vm.hierarchy()).toEqual(before);
            for (const request of [{}, { merge: true }, { discard: true }]) {
                expect(await refusedUntouched(machine, () => machine.vm.deactivate("a", request))).toBeInstanceOf(InvalidInputError);
                expect(await refusedUntouched(machine, () => machine.vm.deactivate("nobody", request))).toBeInstanceOf(NotFoundError);
            }
        });

        test("with merge makes its contents the parent's; what stands on it goes on", async () => {
            const machine = await forked();
            await machine.vm.delete("b");
            await grow(machine, "n", "c", 3);
            await machine.vm.branch("p", { from: "c" });
            await writeAll(machine, 4, "x");
            await machine.vm.deactivate("c", { merge: true });
            expect(parents(await machine.vm.hierarchy())).toEqual({ a: null, n: "a" });
            expect(await seen(machine)).toEqual({
                ...{ current: "n", branch: null, dirty: true, tip: "acnx", snapshots: { a: "ac", n: "acn" } },
                branches: { p: "ac" },
            });
            await machine.vm.unbranch("p");
            await machine.vm.deactivate("n", { merge: true });
            expect(await seen(machine)).toMatchObject({ current: "a", dirty: true, tip: "acnx", snapshots: { a: "acn" } });
        });

        test("with merge lists what would be invalid, and only merge-force goes past it", async () => {
            const machine = await forked();
            await machine.vm.branch("p", { from: "a" });
            await machine.vm.branch("q", { from: "b" });
            await machine.vm.switch("p");
            await writeAll(machine, 3, "p");
            await machine.vm.revert("c");
            const all = ["branch:p", "branch:q", "snapshot:b"];
            expect(await losses(machine, () => machine.vm.deactivate("c", { merge: true }))).toEqual(all);
            await machine.vm.deactivate("c", { mergeForce: true });
            expect(await seen(machine)).toEqual({ current: "a", branch: null, dirty: false, tip: "ac", snapshots: { a: "ac" }, branches: {} });
        });

        test("with merge can't change what the domain stands on under it", async () => {
            const machine = await forked();
            await machine.vm.branch("p", { from: "b" });
            for (const stand of [() => machine.vm.revert("a"), () => machine.vm.switch("p")]) {
                await stand();
                expect(await refusedUntouched(machine, () => machine.vm.deactivate("c", { mergeForce: true }))).toBeInstanceOf(InvalidInputError);
            }
        });

        test("with discard goes to the parent and deletes it, with what the tip holds when that is agreed to", async () => {
            const machine = await forked();
            await writeAll(machine, 3, "x");
            expect(await losses(machine, () => machine.vm.deactivate("c", { discard: true }))).toEqual(["tip"]);
            await machine.vm.revert("c", { force: true });
            await machine.vm.deactivate("c", { discard: true });
            const { c: _, ...left } = FORK;
            expect(await seen(machine)).toEqual({ current: "a", branch: null, dirty: false, tip: "a", snapshots: left, branches: {} });
        });

        test("with discard lists all that stands on it; discard-force takes it along", async () => {
            const machine = await forked();
            await grow(machine, "n", "c", 3);
            await machine.vm.branch("p", { from: "c" });
            await writeAll(machine, 4, "x");
            expect(await losses(machine, () => machine.vm.deactivate("c", { discard: true }))).toEqual(["branch:p", "snapshot:n", "tip"]);
            await machine.vm.deactivate("c", { discardForce: true });
            const { c: _, ...left } = FORK;
            expect(await seen(machine)).toEqual({ current: "a", branch: null, dirty: false, tip: "a", snapshots: left, branches: {} });
            await machine.vm.branch("q", { from: "b" });
            await machine.vm.switch("q");
            await writeAll(machine, 3, "q");
            expect(await losses(machine, () => machine.vm.deactivate("b", { discard: true }))).toEqual(["branch:q"]);
            await machine.vm.deactivate("b", { discardForce: true });
            expect(await seen(machine)).toEqual({ current: "a", branch: null, dirty: false, tip: "a", snapshots: { a: "a" }, branches: {} });
        });
    });
}
