// Whatever is done in whatever order, on a real libvirt: every byte of every node is what a simple model says, and libvirt tells the same story.
import fc from "fast-check";
import { type Libvirt, type LibvirtRelease, startLibvirt } from "../../hosts/libvirt";
import { libvirt as installed, needs, newerLibvirt, suiteWith } from "../../support/requires";
import { acts, Pair } from "../qemu/pair";
import { LibvirtMachine } from "./machine";

const RUNS = Number(process.env.SNAPTREE_RUNS ?? 3);

const releases: readonly [LibvirtRelease, typeof installed][] = [
    ["installed", installed],
    ["newer", newerLibvirt],
];

describe.each(releases)("%s", (release, requirement) => {
    suiteWith(needs(requirement), `any sequence of operations, on libvirt as ${release}`, () => {
        let libvirt: Libvirt;
        beforeAll(async () => void (libvirt = await startLibvirt({ release })));
        afterAll(() => libvirt.stop());

        test.each(["external", "internal"] as const)("%s, gives what the model says, byte for byte", async (mode) => {
            const targets = release === "newer" ? ["vda"] : ["vda", "vdb"];
            await fc.assert(
                fc.asyncProperty(acts(targets), async (steps) => {
                    await using machine = await LibvirtMachine.make(libvirt, targets);
                    await new Pair(machine, mode).run(steps);
                }),
                { numRuns: RUNS },
            );
        });
    });
});
