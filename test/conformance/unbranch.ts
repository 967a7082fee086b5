import { InvalidInputError, NotFoundError } from "../../provider/engine";
import type { Stage } from "./index";
import type { Machine } from "./bench";
import { FORK, fork, losses, refusedUntouched, seen, writeAll } from "./support";

export function unbranchSuite({ machine: make, bench }: Stage): void {
    const mode = bench.mode === null ? {} : { mode: bench.mode };

    /** p (“abp”) forks from b. The domain is at c, clean. */
    async function forked(): Promise<Machine> {
        const machine = await make();
        await fork(machine, mode);
        await machine.vm.branch("p", { from: "b" });
        await machine.vm.switch("p");
        await writeAll(machine, 3, "p");
        await machine.vm.revert("c");
        return machine;
    }

    const atC = { current: "c", branch: null, dirty: false, tip: "ac" };

    describe("a branch that is removed", () => {
        test("goes unasked where it holds nothing of its own", async () => {
            const machine = await forked();
            await machine.vm.branch("q", { from: "b" });
            await machine.vm.unbranch("q");
            expect(await seen(machine)).toEqual({ ...atC, snapshots: FORK, branches: { p: "abp" } });
        });

        test("is a loss where it does; force accepts it", async () => {
            const machine = await forked();
            for (const force of [false, ["tip", "snapshot:b"]]) expect(await losses(machine, () => machine.vm.unbranch("p", { force }))).toEqual(["branch:p"]);
            await machine.vm.unbranch("p", { force: ["branch:p"] });
            expect(await seen(machine)).toEqual({ ...atC, snapshots: FORK, branches: {} });
        });

        test("leaves the snapshots that were taken on it", async () => {
            const machine = await forked();
            await machine.vm.switch("p");
            await machine.vm.create({ name: "n" });
            await machine.vm.revert("c");
            await machine.vm.unbranch("p");
            expect(await seen(machine)).toEqual({ ...atC, snapshots: { ...FORK, n: "abp" }, branches: {} });
        });

        test("by commit is merged into the snapshot that it stands on; the domain stays where it is, whatever it holds", async () => {
            const machine = await forked();
            await writeAll(machine, 3, "x");
            await machine.vm.unbranch("p", { commit: true });
            expect(await seen(machine)).toEqual({ ...atC, dirty: true, tip: "acx", snapshots: { ...FORK, b: "abp" }, branches: {} });
        });

        test("by commit lists whoever else stands there, and takes them along when that is agreed to", async () => {
            const machine = await forked();
            await machine.vm.switch("p");
            await machine.vm.create({ name: "n" });
            await writeAll(machine, 4, "p");
            await machine.vm.branch("q", { from: "b" });
            await machine.vm.branch("r", { from: "n" });
            await machine.vm.switch("q");
            await writeAll(machine, 3, "q");
            await machine.vm.revert("c");
            expect(await losses(machine, () => machine.vm.unbranch("p", { commit: true }))).toEqual(["branch:r"]);
            const all = ["branch:p", "branch:r", "snapshot:n"];
            expect(await losses(machine, () => machine.vm.unbranch("q", { commit: true }))).toEqual(all);
            await machine.vm.unbranch("q", { commit: true, force: all });
            expect(await seen(machine)).toEqual({ ...atC, snapshots: { ...FORK, b: "abq" }, branches: {} });
        });

        test("by commit can't change what the domain stands on under it", async () => {
            const machine = await forked();
            for (const stand of [() => machine.vm.revert("b"), () => machine.vm.branch("q", { from: "b" }).then(() => machine.vm.switch("q"))]) {
                await stand();
                expect(await refusedUntouched(machine, () => machine.vm.unbranch("p", { commit: true, force: true }))).toBeInstanceOf(InvalidInputError);
            }
        });

        test("can't be the one that the domain is on, unless the tip is to go on without a name", async () => {
            const machine = await forked();
            await machine.vm.switch("p");
            for (const commit of [false, true])
                expect(await refusedUntouched(machine, () => machine.vm.unbranch("p", { commit, force: true }))).toBeInstanceOf(InvalidInputError);
            expect(await losses(machine, () => machine.vm.unbranch("p", { active: "leave" }))).toEqual(["branch:p"]);
            await machine.vm.unbranch("p", { active: "leave", commit: true });
            expect(await seen(machine)).toEqual({
                ...{ current: "b", branch: null, dirty: false, tip: "abp", snapshots: { ...FORK, b: "abp" }, branches: {} },
            });
            await machine.vm.branch("q", { from: "c" });
            await machine.vm.switch("q");
            await writeAll(machine, 3, "q");
            await machine.vm.unbranch("q", { active: "leave", force: true });
            expect(await seen(machine)).toMatchObject({ current: "c", branch: null, dirty: false, tip: "ac", branches: {} });
        });

        test("is missing when it is not there", async () => {
            const machine = await forked();
            for (const name of ["nobody", "b"]) expect(await refusedUntouched(machine, () => machine.vm.unbranch(name))).toBeInstanceOf(NotFoundError);
        });
    });
}
