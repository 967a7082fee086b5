// Whatever is done in whatever order, on real images: every byte of every node is what a simple model says, and nothing is left that nothing needs.
import fc from "fast-check";
import { needs, qemu, suiteWith } from "../../support/requires";
import { QemuMachine } from "./machine";
import { acts, Pair } from "./pair";

const RUNS = Number(process.env.SNAPTREE_RUNS ?? 6);

suiteWith(needs(qemu), "any sequence of operations", () => {
    const cases = (["external", "internal"] as const).flatMap((mode) => [["vda"], ["vda", "vdb"]].map((targets) => [mode, targets] as const));

    test.each(cases)("%s, on %j, gives what the model says, byte for byte", async (mode, targets) => {
        await fc.assert(
            fc.asyncProperty(acts(targets), async (steps) => {
                await using machine = await QemuMachine.make(targets);
                await new Pair(machine, mode).run(steps);
            }),
            { numRuns: RUNS },
        );
    });
});
