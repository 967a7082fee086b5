import type { Mode } from "../../../provider/engine";
import { conformance } from "../../conformance";
import { type Libvirt, type LibvirtRelease, startLibvirt } from "../../hosts/libvirt";
import { libvirt as installed, needs, newerLibvirt, suiteWith } from "../../support/requires";
import { libvirtBench } from "./machine";

const requirements = { installed, newer: newerLibvirt } as const;

/** The whole suite in one mode, on a real libvirt of one release. */
export function libvirtConformance(mode: Mode, release: LibvirtRelease): void {
    suiteWith(needs(requirements[release]), `libvirt (${release})`, () => {
        let libvirt: Libvirt;
        beforeAll(async () => void (libvirt = await startLibvirt({ release })));
        afterAll(() => libvirt.stop());
        conformance(
            mode,
            libvirtBench(mode, () => libvirt),
        );
    });
}
