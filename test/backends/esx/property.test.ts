// Whatever is done in whatever order, on a simulated vCenter: every byte of every node is what a simple model says, and nothing is left that nothing needs.
import fc from "fast-check";
import { startVsphere, type Vsphere } from "../../hosts/vsphere";
import { needs, suiteWith, vsphere as required } from "../../support/requires";
import { acts, Pair } from "../qemu/pair";
import { EsxMachine } from "./machine";

const RUNS = Number(process.env.SNAPTREE_RUNS ?? 4);

suiteWith(needs(required), "any sequence of operations on vSphere", () => {
    let vsphere: Vsphere;
    beforeAll(async () => {
        vsphere = await startVsphere({ kind: "vpx" });
        process.env.XDG_STATE_HOME = vsphere.folder;
    });
    afterAll(() => vsphere.stop());

    test.each([[["vda"]], [["vda", "vdb"]]])("on %j, gives what the model says, byte for byte", async (targets) => {
        await fc.assert(
            fc.asyncProperty(acts(targets), async (steps) => {
                await using machine = await EsxMachine.make(vsphere, targets);
                await new Pair(machine, null).run(steps);
            }),
            { numRuns: RUNS },
        );
    });
});
