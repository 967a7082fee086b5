import { InvalidInputError, NotFoundError, UnsupportedError } from "../../provider/engine";
import type { Stage } from "./index";
import type { Machine } from "./bench";
import { FORK, fork, grow, losses, parents, refused, refusedUntouched, seen, writeAll } from "./support";

export function switchSuite({ machine: make, bench }: Stage): void {
    const mode = bench.mode === null ? {} : { mode: bench.mode };

    /** p forks from a, q from b. */
    async function forked(): Promise<Machine> {
        const machine = await make();
        await fork(machine, mode);
        await machine.vm.branch("p", { from: "a" });
        await machine.vm.branch("q", { from: "b" });
        return machine;
    }

    describe("switch", () => {
        test("goes on from a branch's disks as they were left, any number of times", async () => {
            const machine = await forked();
            const branches = { p: "a", q: "ab" };
            for (const [slot, name, current] of [
                [3, "p", "a"],
                [4, "q", "b"],
                [5, "p", "a"],
                [5, "q", "b"],
                [6, "p", "a"],
            ] as const) {
                await machine.vm.switch(name);
                expect(await machine.vm.hierarchy()).toMatchObject({ current, branch: name, powerState: "shutoff" });
                await writeAll(machine, slot, name);
                branches[name] = branches[name].padEnd(slot - 1, ".") + name;
                expect(await seen(machine)).toEqual({ current, branch: name, dirty: true, tip: branches[name], snapshots: FORK, branches });
            }
        });

        test("keeps a dirty tip that has no branch, as an automatic one or under a name; a clean one needs no keeping", async () => {
            const machine = await forked();
            await machine.vm.switch("p");
            expect(await seen(machine)).toMatchObject({ current: "a", branch: "p", dirty: false, branches: { p: "a", q: "ab" } });
            await machine.vm.revert("c");
            await writeAll(machine, 3, "x");
            await machine.vm.switch("q");
            await machine.vm.revert("c");
            await writeAll(machine, 3, "y");
            await machine.vm.switch("q", { keep: "mine" });
            expect(await seen(machine)).toEqual({
                ...{ current: "b", branch: "q", dirty: false, tip: "ab", snapshots: FORK },
                branches: { "auto-c-1": "acx", mine: "acy", p: "a", q: "ab" },
            });
            expect((await machine.vm.hierarchy()).branches).toMatchObject([
                { from: "c", tip: "c", active: false, dirty: true },
                { from: "c", tip: "c", active: false, dirty: true },
                { dirty: false },
                { active: true },
            ]);
            await machine.vm.switch("auto-c-1");
            expect(await seen(machine)).toMatchObject({ current: "c", branch: "auto-c-1", dirty: true, tip: "acx" });
        });

        test("to a branch with snapshots of its own arrives at the newest; its fork stays what it was", async () => {
            const machine = await forked();
            await machine.vm.switch("p");
            await writeAll(machine, 3, "p");
            await machine.vm.create({ name: "n" });
            await writeAll(machine, 4, "p");
            await machine.vm.switch("q");
            expect((await machine.vm.hierarchy()).branches).toMatchObject([
                { name: "p", from: "a", tip: "n", active: false, dirty: true },
                { name: "q", from: "b", tip: "b", active: true, dirty: false },
            ]);
            await machine.vm.switch("p");
            expect(parents(await machine.vm.hierarchy())).toEqual({ a: null, b: "a", c: "a", n: "a" });
            expect(await seen(machine)).toEqual({
                ...{ current: "n", branch: "p", dirty: true, tip: "a.pp", snapshots: { ...FORK, n: "a.p" } },
                branches: { p: "a.pp", q: "ab" },
            });
        });

        test("lasts: snapshots that are taken elsewhere leave the domain on its branch, as it is", async () => {
            const machine = await forked();
            await machine.vm.switch("p");
            await writeAll(machine, 3, "p");
            await grow(machine, "d", "b", 3);
            await grow(machine, "e", "a", 4);
            await machine.vm.create({ name: "f", parent: "d" });
            expect(await seen(machine)).toEqual({
                ...{ current: "a", branch: "p", dirty: true, tip: "a.p", snapshots: { ...FORK, d: "abd", e: "a..e", f: "abd" } },
                branches: { p: "a.p", q: "ab" },
            });
        });

        test("to where the domain is does nothing", async () => {
            const machine = await forked();
            await machine.vm.switch("p");
            await writeAll(machine, 3, "p");
            const before = await machine.vm.hierarchy();
            await machine.vm.switch("p");
            expect(await machine.vm.hierarchy()).toEqual(before);
        });

        test("refuses what is no branch, what can't be a name, and what the backend can't do", async () => {
            const machine = await forked();
            await writeAll(machine, 3, "x");
            for (const name of ["nobody", "b"]) expect(await refusedUntouched(machine, () => machine.vm.switch(name))).toBeInstanceOf(NotFoundError);
            expect(await refusedUntouched(machine, () => machine.vm.switch("p", { keep: "auto-x" }))).toBeInstanceOf(InvalidInputError);
            if (machine.host.capabilities.running) return;
            for (const powerState of ["running", "paused"] as const) {
                const error = await refusedUntouched(machine, () => machine.vm.switch("p", { powerState }));
                expect(error).toBeInstanceOf(UnsupportedError);
                expect(error.message).toContain(powerState);
                expect(await refused(machine.vm.revert("a", { powerState, force: true }))).toBeInstanceOf(UnsupportedError);
            }
            for (const leave of ["refuse", "shutdown", "checkpoint", "destroy"] as const) await machine.vm.switch(leave === "refuse" ? "p" : "q", { leave });
            expect((await machine.vm.hierarchy()).branch).toBe("q");
        });
    });

    describe("a revert from a branch", () => {
        test("to a snapshot that it does not stand on leaves it as it is", async () => {
            const machine = await forked();
            await machine.vm.switch("p");
            await writeAll(machine, 3, "p");
            await machine.vm.revert("b");
            expect(await seen(machine)).toEqual({
                ...{ current: "b", branch: null, dirty: false, tip: "ab", snapshots: FORK },
                branches: { p: "a.p", q: "ab" },
            });
        });

        test("to the one that it stands on empties it, which has to be agreed to, and the domain stays on it", async () => {
            const machine = await forked();
            await machine.vm.switch("p");
            await writeAll(machine, 3, "p");
            expect(await losses(machine, () => machine.vm.revert("a"))).toEqual(["branch:p"]);
            expect(await losses(machine, () => machine.vm.revert("a", { force: ["tip", "branch:q"] }))).toEqual(["branch:p"]);
            await machine.vm.revert("a", { force: ["branch:p"] });
            expect(await seen(machine)).toEqual({
                ...{ current: "a", branch: "p", dirty: false, tip: "a", snapshots: FORK },
                branches: { p: "a", q: "ab" },
            });
        });

        test("to the one that it stands on can keep what it held under another name", async () => {
            const machine = await forked();
            await machine.vm.switch("p");
            await writeAll(machine, 3, "p");
            await machine.vm.revert("a", { keep: "kept" });
            await writeAll(machine, 3, "z");
            expect(await seen(machine)).toEqual({
                ...{ current: "a", branch: "p", dirty: true, tip: "a.z", snapshots: FORK },
                branches: { kept: "a.p", p: "a.z", q: "ab" },
            });
        });
    });
}
