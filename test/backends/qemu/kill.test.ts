// A process may be killed at any moment: the next run finds the old hierarchy or the new one, whole, and says which.
import { needs, qemu, suiteWith } from "../../support/requires";
import { Crasher } from "./crash";
import { killed, spread } from "./killed";
import { QemuMachine } from "./machine";
import { cases, sceneOf } from "./scenarios";

/** Points of each operation; `make soak` tries them all. */
const MOST = process.env.SNAPTREE_RUNS === undefined ? 4 : Infinity;

suiteWith(needs(qemu), "killed at any point of", () => {
    let crasher: Crasher;
    beforeAll(async () => {
        crasher = await Crasher.make();
    });
    afterAll(() => crasher[Symbol.asyncDispose]());

    const numbered = cases.map((each, number) => [...each, number] as const);
    test.each(numbered)("%s (%s), the next run finds the old hierarchy or the new one", async (_, mode, scenario, number) => {
        await using machine = await sceneOf(scenario, mode, (targets) => QemuMachine.make(targets));
        await killed(crasher, machine, await scenario.work(machine), { grain: "step", pick: (points) => spread(points, MOST, number) });
    });
});
