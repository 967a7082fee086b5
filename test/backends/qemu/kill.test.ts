// A process may be killed at any moment: the next run finds the old hierarchy or the new one, whole, and says which.
import { needs, qemu, suiteWith } from "../../support/requires";
import { Crasher, look, recover, savePoint } from "./crash";
import { cases, scene } from "./scenarios";

suiteWith(needs(qemu), "killed at every point of", () => {
    let crasher: Crasher;
    beforeAll(async () => {
        crasher = await Crasher.make();
    });
    afterAll(() => crasher[Symbol.asyncDispose]());

    test.each(cases)("%s (%s), the next run finds the old hierarchy or the new one", async (_, mode, scenario) => {
        await using machine = await scene(mode, scenario.targets);
        const work = await scenario.work(machine);
        const before = await look(machine);
        await using point = await savePoint(machine);
        const { points } = await crasher.run(machine, work, null);
        const after = await look(machine);
        await machine.sound();
        expect(after).not.toEqual(before);
        expect(points).toBeGreaterThan(4);
        const ends = { finished: after, "taken back": before };
        const seen = new Set<string | null>();
        for (let k = 0; k < (points ?? 0); k++) {
            await point.restore();
            expect(await crasher.run(machine, work, k)).toEqual({ points: null });
            const outcome = await recover(machine);
            seen.add(outcome);
            const found = await look(machine);
            expect([k, found]).toEqual([k, outcome === null ? (k === 0 ? before : after) : ends[outcome]]);
            await machine.sound();
        }
        expect([...seen].sort()).toEqual(["finished", "taken back", null].sort());
    });
});
