// A process may be killed at any moment, between two steps or two calls of VBoxManage: the next run finds the old hierarchy or the new one, whole.
import { startVirtualBox, type VirtualBox } from "../../hosts/virtualbox";
import { needs, suiteWith, virtualbox as installed } from "../../support/requires";
import { Crasher } from "../qemu/crash";
import { killed, spread } from "../qemu/killed";
import { scenarios, sceneOf } from "../qemu/scenarios";
import { VboxMachine } from "./machine";

/** Points of each operation; `make soak` tries them all, of all operations. */
const MOST = process.env.SNAPTREE_RUNS === undefined ? 2 : Infinity;

/** What VirtualBox has not. */
const OTHERS = new Set(["create, compressed", "adopt"]);

const WANTED = new Set([
    "create elsewhere, provisioned, the tip kept",
    "revert, the tip kept",
    "delete of an inner snapshot",
    "switch from branch to branch",
    "removal of a branch, by commit",
    "revert commit, of the tip",
]);

const chosen = scenarios.filter(({ name }) => (process.env.SNAPTREE_RUNS === undefined ? WANTED.has(name) : !OTHERS.has(name)));

suiteWith(needs(installed), "killed between any two steps and calls of", () => {
    let crasher: Crasher;
    let virtualbox: VirtualBox;
    beforeAll(async () => {
        crasher = await Crasher.make();
        virtualbox = await startVirtualBox();
    });
    afterAll(async () => {
        await virtualbox.stop();
        await crasher[Symbol.asyncDispose]();
    });

    test.each(chosen.map((scenario, number) => [scenario.name, scenario, number] as const))(
        "%s, the next run finds the old or the new",
        async (_, scenario, number) => {
            await using machine = await sceneOf(scenario, null, (targets) => VboxMachine.make(virtualbox, targets));
            await killed(crasher, machine, await scenario.work(machine), { grain: "command", pick: (points) => spread(points, MOST, number) });
        },
    );
});
