// A process may be killed at any moment, between two steps or two calls to the host: the next run finds the old hierarchy or the new one, whole.
import { startVsphere, type Vsphere } from "../../hosts/vsphere";
import { needs, suiteWith, vsphere as installed } from "../../support/requires";
import { Crasher } from "../qemu/crash";
import { killed, spread } from "../qemu/killed";
import { type Scenario, scenarios, sceneOf } from "../qemu/scenarios";
import { EsxMachine } from "./machine";

/** Points of each operation; `make soak` tries them all. */
const MOST = process.env.SNAPTREE_RUNS === undefined ? 3 : Infinity;

/** What vSphere has not. */
const OTHERS = new Set(["create, compressed", "adopt", "redefine, renamed"]);

const rename: Scenario = {
    name: "another name and description",
    targets: ["vda"],
    modes: [],
    work: () => ({ verb: "redefine", request: { name: "c", rename: "see", description: "seen" } }),
};

const chosen = [...scenarios.filter(({ name }) => !OTHERS.has(name)), rename];

suiteWith(needs(installed), "killed between any two steps and calls to a vCenter", () => {
    let crasher: Crasher;
    let vsphere: Vsphere;
    beforeAll(async () => {
        crasher = await Crasher.make();
        vsphere = await startVsphere({ kind: "vpx" });
        process.env.XDG_STATE_HOME = vsphere.folder;
        process.env.SNAPTREE_PASSWORD = vsphere.password; // As the processes that are killed take it.
    });
    afterAll(async () => {
        delete process.env.SNAPTREE_PASSWORD;
        await vsphere.stop();
        await crasher[Symbol.asyncDispose]();
    });

    test.each(chosen.map((scenario, number) => [scenario.name, scenario, number] as const))(
        "%s, the next run finds the old or the new",
        async (_, scenario, number) => {
            await using machine = await sceneOf(scenario, null, (targets) => EsxMachine.make(vsphere, targets));
            await killed(crasher, machine, await scenario.work(machine), { grain: "command", pick: (points) => spread(points, MOST, number) });
        },
    );
});
