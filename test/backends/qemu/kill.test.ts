// A process may be killed at any moment: the next run finds the old hierarchy or the new one, whole, and says which.
import { needs, qemu, suiteWith } from "../../support/requires";
import { Crasher, isCommitting, look, placeOf, recover, savePoint, stagesOf } from "./crash";
import { cases, sceneOf } from "./scenarios";
import { carryOut } from "./work";

suiteWith(needs(qemu), "killed at every point of", () => {
    let crasher: Crasher;
    beforeAll(async () => {
        crasher = await Crasher.make();
    });
    afterAll(() => crasher[Symbol.asyncDispose]());

    test.each(cases)("%s (%s), the next run finds the old hierarchy or the new one", async (_, mode, scenario) => {
        await using machine = await sceneOf(scenario, mode);
        const work = await scenario.work(machine);
        await using point = await savePoint(machine);
        const stages = await stagesOf(machine, work);
        await machine.sound();
        expect(stages.length).toBeGreaterThan(1);
        await point.restore();
        const { points } = await crasher.run(machine, work, null);
        expect(points).toBeGreaterThan(4);
        const seen = new Set<string | null>();
        let at = 0;
        for (let k = 0; k < (points ?? 0); k++) {
            await point.restore();
            expect(await crasher.run(machine, work, k)).toEqual({ points: null });
            const outcome = await recover(machine);
            seen.add(outcome);
            const found = await look(machine);
            // What is taken back has not changed anything yet, what is finished has; and nothing that was done is ever undone.
            const now = placeOf(found, stages);
            if (now < 0) expect(found).toEqual(stages[at]);
            expect([k, outcome, now]).toEqual([k, outcome, Math.max(now, at, outcome === "finished" || (outcome === null && k > 0) ? 1 : 0)]);
            if (outcome === "taken back" || k === 0) expect([k, now]).toEqual([k, Math.min(now, stages.length - 2)]);
            at = now;
            await machine.sound();
            if (!isCommitting(found)) continue;
            await carryOut(machine.vm, work);
            expect([k, await look(machine)]).toEqual([k, stages.at(-1)]);
            await machine.sound();
        }
        expect(at).toBe(stages.length - 1);
        expect([...seen].sort()).toEqual(["finished", "taken back", null].sort());
    });
});
