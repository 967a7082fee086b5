import { InvalidInputError, NotFoundError } from "../../provider/engine";
import type { Stage } from "./index";
import type { Machine } from "./bench";
import { FORK, fork, refusedUntouched, seen, writeAll } from "./support";

export function followSuite({ machine: make, bench }: Stage): void {
    const mode = bench.mode === null ? {} : { mode: bench.mode };

    async function forked(): Promise<Machine> {
        const machine = await make();
        await fork(machine, mode);
        return machine;
    }

    describe("revert follow", () => {
        test("goes on from the disks as they were modified after the snapshot, and keeps the tip that it leaves", async () => {
            const machine = await forked();
            await machine.vm.branch("p", { from: "a" });
            await machine.vm.switch("p");
            await writeAll(machine, 3, "p");
            await machine.vm.revert("c");
            await writeAll(machine, 3, "x");
            await machine.vm.revert("a", { follow: true });
            expect(await seen(machine)).toEqual({
                ...{ current: "a", branch: "p", dirty: true, tip: "a.p", snapshots: FORK },
                branches: { "auto-c-1": "acx", p: "a.p" },
            });
        });

        test("of the leaf that the domain is on changes nothing, with a branch or without one", async () => {
            const machine = await forked();
            for (const name of [null, "p"]) {
                if (name !== null) {
                    await machine.vm.branch(name, { from: "b" });
                    await machine.vm.switch(name);
                }
                await writeAll(machine, 3, "x");
                const before = [await machine.vm.hierarchy(), await seen(machine)];
                await machine.vm.revert(name === null ? "c" : "b", { follow: true });
                expect([await machine.vm.hierarchy(), await seen(machine)]).toEqual(before);
            }
        });

        test("where no leaf stands directly on the snapshot, names the branches further down", async () => {
            const machine = await forked();
            for (const name of ["further", "elsewhere"]) await machine.vm.branch(name, { from: name === "further" ? "b" : "a" });
            await machine.vm.switch("further");
            await writeAll(machine, 3, "p");
            await machine.vm.create({ name: "n" });
            const none = await refusedUntouched(machine, () => machine.vm.revert("b", { follow: true }));
            expect(none).toBeInstanceOf(NotFoundError);
            expect(none.message).toContain("further");
            expect(none.message).not.toContain("elsewhere");
            expect(await refusedUntouched(machine, () => machine.vm.revert("c", { follow: true }))).toBeInstanceOf(NotFoundError);
            expect(await refusedUntouched(machine, () => machine.vm.revert("nobody", { follow: true }))).toBeInstanceOf(NotFoundError);
        });

        test("where several do, names them and asks for switch", async () => {
            const machine = await forked();
            for (const name of ["one", "two"]) await machine.vm.branch(name, { from: "a" });
            const several = await refusedUntouched(machine, () => machine.vm.revert("a", { follow: true }));
            expect(several).toBeInstanceOf(InvalidInputError);
            for (const word of ["one", "two", "switch"]) expect(several.message).toContain(word);
            await machine.vm.branch("three", { from: "c" });
            await writeAll(machine, 3, "x");
            expect((await refusedUntouched(machine, () => machine.vm.revert("c", { follow: true }))).message).toContain("the tip");
        });
    });
}
