// A process may be killed at any moment, between two steps or two commands to libvirt: the next run finds the old hierarchy or the new one, whole.
import { type Libvirt, startLibvirt } from "../../hosts/libvirt";
import { needs, newerLibvirt, suiteWith } from "../../support/requires";
import { Crasher } from "../qemu/crash";
import { killed, spread } from "../qemu/killed";
import { cases, sceneOf } from "../qemu/scenarios";
import { LibvirtMachine } from "./machine";

/** Points of each operation; `make soak` tries them all. */
const MOST = process.env.SNAPTREE_RUNS === undefined ? 2 : Infinity;

/** One operation of each kind. What steps of files do when they are cut short is shown for the embedded backend, which has the same. */
const WANTED: readonly (readonly [name: string, mode: string])[] = [
    ["create, of the tip", "external"],
    ["create elsewhere, provisioned, the tip kept", "internal"],
    ["revert, the tip kept", "external"],
    ["revert, the tip kept", "internal"],
    ["delete of an inner snapshot", "external"],
    ["redefine, renamed", "external"],
    ["branch", "external"],
    ["switch from branch to branch", "external"],
    ["switch, the tip kept", "internal"],
    ["removal of a branch, by commit", "external"],
    ["reset of a branch to its fork", "external"],
    ["revert commit, of the tip", "external"],
];

const chosen = cases.filter(([name, mode]) => process.env.SNAPTREE_RUNS !== undefined || WANTED.some(([n, m]) => n === name && m === mode));

suiteWith(needs(newerLibvirt), "killed between any two steps and commands of", () => {
    let crasher: Crasher;
    let libvirt: Libvirt;
    beforeAll(async () => {
        crasher = await Crasher.make();
        libvirt = await startLibvirt({ release: "newer" });
    });
    afterAll(async () => {
        await libvirt.stop();
        await crasher[Symbol.asyncDispose]();
    });

    test.each(chosen.map((each, number) => [...each, number] as const))("%s (%s), the next run finds the old or the new", async (_, mode, scenario, number) => {
        await using machine = await sceneOf(scenario, mode, (targets) => LibvirtMachine.make(libvirt, targets));
        await killed(crasher, machine, await scenario.work(machine), { grain: "command", pick: (points) => spread(points, MOST, number) });
    });
});
