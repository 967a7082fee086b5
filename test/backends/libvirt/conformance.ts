import type { Mode } from "../../../provider/engine";
import { conformance } from "../../conformance";
import { type Libvirt, type LibvirtRelease, startLibvirt } from "../../hosts/libvirt";
import { libvirt as installed, needs, newerLibvirt, suiteWith } from "../../support/requires";
import { libvirtBench } from "./machine";

/** Why a suite on a libvirt of that release can't run on this machine, or null. */
export function requirement(release: LibvirtRelease): string | null {
    return needs({ installed, newer: newerLibvirt }[release]);
}

/** The whole suite in one mode, on a real libvirt of one release. */
export function libvirtConformance(mode: Mode, release: LibvirtRelease): void {
    suiteWith(requirement(release), `libvirt (${release})`, () => {
        let libvirt: Libvirt;
        beforeAll(async () => void (libvirt = await startLibvirt({ release })));
        afterAll(() => libvirt.stop());
        conformance(
            mode,
            libvirtBench(mode, () => libvirt),
        );
    });
}
