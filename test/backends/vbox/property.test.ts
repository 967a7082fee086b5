// Whatever is done in whatever order, on a real VirtualBox: every byte of every node is what a simple model says, and nothing is left that nothing needs.
import fc from "fast-check";
import { startVirtualBox, type VirtualBox } from "../../hosts/virtualbox";
import { needs, suiteWith, virtualbox as required } from "../../support/requires";
import { acts, Pair } from "../qemu/pair";
import { VboxMachine } from "./machine";

const RUNS = Number(process.env.SNAPTREE_RUNS ?? 2);

suiteWith(needs(required), "any sequence of operations on VirtualBox", () => {
    let virtualbox: VirtualBox;
    beforeAll(async () => {
        virtualbox = await startVirtualBox();
    });
    afterAll(() => virtualbox.stop());

    test.each([[["vda"]], [["vda", "vdb"]]])("on %j, gives what the model says, byte for byte", async (targets) => {
        await fc.assert(
            fc.asyncProperty(acts(targets), async (steps) => {
                await using machine = await VboxMachine.make(virtualbox, targets);
                await new Pair(machine, null).run(steps);
            }),
            { numRuns: RUNS },
        );
    });
});
