import { AlreadyExistsError, DataLossError, NotFoundError } from "../../provider/engine";
import type { Stage } from "./index";
import { holding } from "./bench";
import { baseBranches, grow, growSeed, parents, place, refused, SEED, writeAll } from "./support";

export function revertSuite({ machine: make, all, bench }: Stage): void {
    const mode = bench.mode === null ? {} : { mode: bench.mode };

    describe("revert", () => {
        test.each(SEED)("to %s, leaf or not, gives the tip its bytes and touches nothing else", async (name, _, __, holds) => {
            const machine = await make();
            for (const [n, parent, slot] of SEED) await grow(machine, n, parent, slot, mode);
            await machine.vm.revert(name);
            expect(await machine.tip()).toEqual(all(holding(holds)));
            expect(place(await machine.vm.hierarchy())).toEqual({ current: name, branch: null, dirty: false, branches: baseBranches(bench) });
            for (const [other, , , bytes] of SEED) expect([other, await machine.snapshot(other)]).toEqual([other, all(holding(bytes))]);
        });

        test("of a dirty tip lists the loss and does nothing; force goes past it", async () => {
            const machine = await make();
            await grow(machine, "a", null, 1, mode);
            await grow(machine, "b", "a", 2);
            await writeAll(machine, 3, "x");
            for (const name of ["a", "b"]) {
                const error = await refused(machine.vm.revert(name));
                expect(error).toBeInstanceOf(DataLossError);
                expect((error as DataLossError).losses).toEqual(["tip"]);
                expect(await machine.tip()).toEqual(all(holding("abx")));
            }
            expect(await refused(machine.vm.revert("a", { force: ["branch:other"] }))).toBeInstanceOf(DataLossError);
            await machine.vm.revert("a", { force: ["tip"] });
            expect(await machine.tip()).toEqual(all(holding("a")));
            await writeAll(machine, 3, "y");
            await machine.vm.revert("a", { force: true });
            expect(await machine.tip()).toEqual(all(holding("a")));
        });

        test("keeps the tip as a branch of a given name, or of its own", async () => {
            const machine = await make();
            await growSeed(machine);
            await writeAll(machine, 7, "x");
            await machine.vm.revert("d", { keep: "work" });
            await writeAll(machine, 7, "y");
            await machine.vm.revert("d", { keep: true });
            expect(await machine.tip()).toEqual(all(holding("abcd")));
            expect(await machine.branch("work")).toEqual(all(holding("abe...x")));
            expect(await machine.branch("auto-d-1")).toEqual(all(holding("abcd..y")));
            expect((await machine.vm.hierarchy()).branches).toMatchObject([
                { name: "auto-d-1", from: "d", tip: "d", active: false, dirty: true },
                { name: "work", from: "e", tip: "e", active: false, dirty: true },
            ]);
        });

        test("a name to keep it under that is taken is refused, and so is one that Snaptree keeps for itself", async () => {
            const machine = await make();
            await growSeed(machine);
            await writeAll(machine, 7, "x");
            expect(await refused(machine.vm.revert("a", { keep: "b" }))).toBeInstanceOf(AlreadyExistsError);
            await refused(machine.vm.revert("a", { keep: "auto-x" }));
            expect(await machine.tip()).toEqual(all(holding("abe...x")));
        });

        test("a snapshot that is taken afterwards stands under it", async () => {
            const machine = await make();
            await growSeed(machine);
            await machine.vm.revert("b");
            await writeAll(machine, 5, "x");
            await machine.vm.create({ name: "f" });
            expect(parents(await machine.vm.hierarchy())).toMatchObject({ f: "b" });
            expect(await machine.snapshot("f")).toEqual(all(holding("ab..x")));
            expect(await machine.snapshot("b")).toEqual(all(holding("ab")));
        });

        test("to a snapshot that is not there changes nothing", async () => {
            const machine = await make();
            await growSeed(machine);
            const before = await machine.vm.hierarchy();
            expect(await refused(machine.vm.revert("nobody"))).toBeInstanceOf(NotFoundError);
            expect(await machine.vm.hierarchy()).toEqual(before);
        });
    });
}
