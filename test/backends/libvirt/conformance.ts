import type { Mode } from "../../../provider/engine";
import { conformance, type Part } from "../../conformance";
import { type Libvirt, type LibvirtRelease, startLibvirt } from "../../hosts/libvirt";
import { libvirt as installed, needs, newerLibvirt, suiteWith } from "../../support/requires";
import { libvirtBench } from "./machine";

/** Why a suite on a libvirt of that release can't run on this machine, or null. */
export function requirement(release: LibvirtRelease): string | null {
    return needs({ installed, newer: newerLibvirt }[release]);
}

/**
 * In `make test` each suite runs on libvirt once, the releases and modes taking turns; in `make soak` all run on both releases in both modes, which takes longer
 * than all other tests together: an operation takes libvirt a fifth of a second.
 */
function partOf(mode: Mode, release: LibvirtRelease): Part | undefined {
    if (process.env.SNAPTREE_RUNS !== undefined) return undefined;
    const turns = ["external installed", "internal newer", "external newer", "internal installed"];
    return { from: turns.indexOf(`${mode} ${release}`), every: turns.length, once: true };
}

/** The suite in one mode, on a real libvirt of one release. */
export function libvirtConformance(mode: Mode, release: LibvirtRelease): void {
    suiteWith(requirement(release), `libvirt (${release})`, () => {
        let libvirt: Libvirt;
        beforeAll(async () => void (libvirt = await startLibvirt({ release })));
        afterAll(() => libvirt.stop());
        conformance(
            mode,
            libvirtBench(mode, () => libvirt),
            partOf(mode, release),
        );
    });
}
