import { AlreadyExistsError, InvalidInputError, NotFoundError } from "../../provider/engine";
import type { Stage } from "./index";
import type { Machine } from "./bench";
import { FORK, fork, parents, refusedUntouched, seen, writeAll } from "./support";

export function branchSuite({ machine: make, bench }: Stage): void {
    const mode = bench.mode === null ? {} : { mode: bench.mode };

    async function forked(): Promise<Machine> {
        const machine = await make();
        await fork(machine, mode);
        return machine;
    }

    describe("branch", () => {
        test("forks at any snapshot, leaf or not; the domain stays where it is, and keeps what it has", async () => {
            const machine = await forked();
            await writeAll(machine, 3, "x");
            const made = [];
            for (const [name, from] of [
                ["p", "a"],
                ["q", "b"],
                ["r", "c"],
                ["s", "c"],
            ] as const)
                made.push(await machine.vm.branch(name, { from }));
            expect(await seen(machine)).toEqual({
                ...{ current: "c", branch: null, dirty: true, tip: "acx", snapshots: FORK },
                branches: { p: "a", q: "ab", r: "ac", s: "ac" },
            });
            const { branches } = await machine.vm.hierarchy();
            expect(branches).toMatchObject(["a", "b", "c", "c"].map((at) => ({ from: at, tip: at, active: false, dirty: false })));
            expect(branches.map(({ files }) => Object.keys(files))).toEqual(branches.map(() => machine.targets));
            expect(made).toEqual(branches);
        });

        test("and snapshot share one name space, whoever comes first", async () => {
            const machine = await forked();
            await machine.vm.branch("p", { from: "a" });
            const { vm } = machine;
            for (const taken of [
                () => vm.branch("p", { from: "b" }),
                () => vm.branch("b", { from: "a" }),
                () => vm.create({ name: "p" }),
                () => vm.create({ name: "p", force: true }),
                () => vm.revert("a", { keep: "p" }),
                () => vm.renameBranch("p", "b"),
            ])
                expect(await refusedUntouched(machine, taken)).toBeInstanceOf(AlreadyExistsError);
            for (const name of ["auto-a-9", "leave-p-1", "snaptree-tip-p", "-p", "", "p/q"]) {
                expect(await refusedUntouched(machine, () => vm.branch(name, { from: "a" }))).toBeInstanceOf(InvalidInputError);
                expect(await refusedUntouched(machine, () => vm.renameBranch("p", name))).toBeInstanceOf(InvalidInputError);
            }
            const nowhere = await refusedUntouched(machine, () => vm.branch("q", { from: "nobody" }));
            expect(nowhere).toBeInstanceOf(NotFoundError);
            expect(nowhere.message).toContain("nobody");
        });

        test("gets another name, running or not, and keeps its bytes; the old name is free again", async () => {
            const machine = await forked();
            await machine.vm.branch("p", { from: "a" });
            await machine.vm.switch("p");
            await writeAll(machine, 3, "p");
            await machine.vm.renameBranch("p", "ünïcödé 快照");
            expect(await seen(machine)).toMatchObject({ branch: "ünïcödé 快照", tip: "a.p", branches: { "ünïcödé 快照": "a.p" } });
            await machine.vm.branch("p", { from: "b" });
            await machine.vm.switch("p");
            await writeAll(machine, 3, "q");
            await machine.vm.renameBranch("ünïcödé 快照", "old");
            await machine.vm.switch("old");
            expect(await seen(machine)).toEqual({
                ...{ current: "a", branch: "old", dirty: true, tip: "a.p", snapshots: FORK },
                branches: { old: "a.p", p: "abq" },
            });
            expect(await refusedUntouched(machine, () => machine.vm.renameBranch("nobody", "z"))).toBeInstanceOf(NotFoundError);
        });

        test("of a snapshot that is deleted keeps what it holds, untouched or not, and stands on the parent", async () => {
            const machine = await forked();
            for (const name of ["p", "q"]) await machine.vm.branch(name, { from: "b" });
            await machine.vm.switch("p");
            await writeAll(machine, 3, "p");
            await machine.vm.switch("q");
            await machine.vm.delete("b");
            const { b: _, ...left } = FORK;
            expect(await seen(machine)).toEqual({
                ...{ current: "a", branch: "q", dirty: true, tip: "ab", snapshots: left },
                branches: { p: "abp", q: "ab" },
            });
            expect((await machine.vm.hierarchy()).branches).toMatchObject(["p", "q"].map((name) => ({ name, from: "a", tip: "a", dirty: true })));
        });

        test("of a root that is deleted can still be gone to, and snapshots be taken on it", async () => {
            const machine = await forked();
            await machine.vm.branch("p", { from: "a" });
            await machine.vm.delete("a");
            expect((await machine.vm.hierarchy()).branches).toMatchObject([{ name: "p", from: null, tip: null, dirty: true }]);
            await machine.vm.switch("p");
            await writeAll(machine, 3, "p");
            await machine.vm.switch("p");
            expect(await seen(machine)).toMatchObject({ current: null, branch: "p", dirty: true, tip: "a.p" });
            await machine.vm.create({ name: "n" });
            expect(parents(await machine.vm.hierarchy())).toEqual({ b: null, c: null, n: null });
            expect((await machine.vm.hierarchy()).branches).toMatchObject([{ name: "p", from: null, tip: "n", active: true, dirty: false }]);
            await machine.vm.revert("b");
            expect(await seen(machine)).toMatchObject({ current: "b", tip: "ab", snapshots: { b: "ab", c: "ac", n: "a.p" }, branches: { p: "a.p" } });
        });
    });
}
