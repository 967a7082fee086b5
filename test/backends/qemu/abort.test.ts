// What fails or is stopped before it is decided is taken back at once; what is decided is finished.
import { QemuDomain } from "../../../provider/backends/qemu/domain";
import type { Progress } from "../../../provider/engine";
import { refused } from "../../conformance/support";
import { needs, qemu, suiteWith } from "../../support/requires";
import { look, recover } from "./crash";
import { QemuMachine } from "./machine";
import { cases, sceneOf } from "./scenarios";
import { carryOut, type Work } from "./work";

/** The messages of an operation's steps; the commit is one of them. */
async function stepsOf(machine: QemuMachine, work: Work): Promise<string[]> {
    const steps: string[] = [];
    await carryOut(machine.vm, work, { onProgress: ({ kind, message }) => void (kind === "step" && steps.at(-1) !== message && steps.push(message)) });
    return steps;
}

suiteWith(needs(qemu), "not carried through", () => {
    afterEach(() => jest.restoreAllMocks());

    // It is the way back of what is killed, too, of which kill.test.ts tries every operation: a few stand for all.
    const few = cases.filter(([name]) => /provisioned|in place of|several creations|more than/.test(name));
    test.each(few)("%s (%s), stopped at each step", async (_, mode, scenario) => {
        await using machine = await sceneOf(scenario, mode, (targets) => QemuMachine.make(targets));
        const work = await scenario.work(machine);
        const before = await look(machine);
        await using point = machine.save();
        const steps = await stepsOf(machine, work);
        const commit = steps.findIndex((message) => message.endsWith(": commit"));
        const after = await look(machine);
        for (let k = 0; k < steps.length; k++) {
            await point.restore();
            const controller = new AbortController();
            const onProgress = ({ message }: Progress) => void (message === steps[k] && controller.abort(new Error("stopped by the test")));
            const work_ = carryOut(machine.vm, work, { signal: controller.signal, onProgress });
            // The step before the commit may be through before it hears of it; from the commit on nothing is heard.
            const error = await work_.then(
                () => null,
                (e: unknown) => e as Error,
            );
            if (k < commit - 1) expect(error?.message).toContain("stopped by the test");
            if (k >= commit) expect(error).toBeNull();
            expect([k, await look(machine)]).toEqual([k, error === null ? after : before]);
            await machine.sound();
            expect(await recover(machine)).toBeNull();
        }
    });

    test.each(few)("%s (%s), failing in each step", async (_, mode, scenario) => {
        await using machine = await sceneOf(scenario, mode, (targets) => QemuMachine.make(targets));
        const work = await scenario.work(machine);
        const before = await look(machine);
        await using point = machine.save();
        const real = QemuDomain.prototype.perform;
        let calls = 0;
        const spy = jest.spyOn(QemuDomain.prototype, "perform").mockImplementation(async function (this: QemuDomain, ...args) {
            calls++;
            return real.apply(this, args);
        });
        await carryOut(machine.vm, work);
        const after = await look(machine);
        const all = calls;
        const outcomes = new Set<string>();
        // Half of a step's work may be done when it fails, or all of it.
        for (let k = 1; k <= all; k++) {
            await point.restore();
            calls = 0;
            spy.mockImplementation(async function (this: QemuDomain, ...args) {
                await real.apply(this, args);
                if (++calls === k) throw new Error("failed by the test");
            });
            const error = await refused(carryOut(machine.vm, work));
            expect(error.message).toContain("failed by the test");
            spy.mockImplementation(real);
            const decided = error.message.includes("decided but not finished");
            outcomes.add(decided ? "decided" : "taken back");
            if (!decided) expect([k, await look(machine)]).toEqual([k, before]);
            expect(await recover(machine)).toBe(decided ? "finished" : null);
            expect([k, await look(machine)]).toEqual([k, decided ? after : before]);
            await machine.sound();
        }
        expect(outcomes.size).toBeGreaterThan(0);
    });
});
