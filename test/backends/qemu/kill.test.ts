// A process may be killed at any moment: the next run finds the old hierarchy or the new one, whole, and says which.
import { needs, qemu, suiteWith } from "../../support/requires";
import { Crasher } from "./crash";
import { killed } from "./killed";
import { QemuMachine } from "./machine";
import { cases, sceneOf } from "./scenarios";

suiteWith(needs(qemu), "killed at every point of", () => {
    let crasher: Crasher;
    beforeAll(async () => {
        crasher = await Crasher.make();
    });
    afterAll(() => crasher[Symbol.asyncDispose]());

    test.each(cases)("%s (%s), the next run finds the old hierarchy or the new one", async (_, mode, scenario) => {
        await using machine = await sceneOf(scenario, mode, (targets) => QemuMachine.make(targets));
        await killed(crasher, machine, await scenario.work(machine), { grain: "step" });
    });
});
