import type { Stage } from "./index";
import type { Machine } from "./bench";
import { writeAll } from "./support";

export function configurationSuite({ machine: make, bench }: Stage): void {
    const mode = bench.mode === null ? {} : { mode: bench.mode };

    /** a was taken as “at a”; p forks from there. The tip is called “since a” by now. */
    async function scene(): Promise<Machine> {
        const machine = await make();
        await machine.entitle("at a");
        await machine.vm.create({ name: "a", ...mode });
        await machine.vm.branch("p", { from: "a" });
        await machine.entitle("since a");
        await writeAll(machine, 1, "x");
        return machine;
    }

    describe("the domain's configuration", () => {
        test("travels with the tip: leaving stores it, following restores it, a fork has its snapshot's", async () => {
            const machine = await scene();
            await machine.vm.switch("p");
            expect(await machine.title()).toBe("at a");
            await machine.entitle("on p");
            await machine.vm.switch("auto-a-1");
            expect(await machine.title()).toBe("since a");
            await machine.entitle("since a, too");
            await machine.vm.switch("p");
            expect(await machine.title()).toBe("on p");
            await machine.vm.switch("auto-a-1");
            expect(await machine.title()).toBe("since a, too");
        });

        test("is the snapshot's after a reset, of the tip and of a branch", async () => {
            const machine = await scene();
            await machine.vm.revert("a", { keep: "mine" });
            expect(await machine.title()).toBe("at a");
            await machine.vm.switch("p");
            await writeAll(machine, 1, "p");
            await machine.entitle("on p");
            await machine.vm.resetBranch("p", { force: true });
            expect(await machine.title()).toBe("at a");
            await machine.vm.switch("mine");
            expect(await machine.title()).toBe("since a");
            await machine.vm.resetBranch("p");
            await machine.vm.switch("p");
            expect(await machine.title()).toBe("at a");
        });

        test("is committed with what the disks hold", async () => {
            const machine = await scene();
            await machine.vm.unbranch("p");
            await machine.vm.revert("a", { commit: true });
            expect(await machine.title()).toBe("since a");
            await machine.entitle("later");
            await machine.vm.revert("a");
            expect(await machine.title()).toBe("since a");
        });

        test("of a branch that was left is committed with it", async () => {
            const machine = await scene();
            await machine.vm.create({ name: "b" });
            await machine.vm.branch("q", { from: "b" });
            await machine.vm.switch("q");
            await writeAll(machine, 2, "q");
            await machine.entitle("on q");
            await machine.vm.switch("p");
            await machine.vm.unbranch("q", { commit: true });
            expect(await machine.title()).toBe("at a");
            await machine.vm.revert("b");
            expect(await machine.title()).toBe("on q");
        });
    });
}
