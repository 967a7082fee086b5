import { conformance, type Part } from "../../conformance";
import { startVirtualBox, type VirtualBox } from "../../hosts/virtualbox";
import { needs, suiteWith, virtualbox as required } from "../../support/requires";
import { vboxBench } from "./machine";

/** The suite that all backends run, on a real VirtualBox; in `make soak` all of it with one disk too. @param part where several files share it, so that they run side by side */
export function vboxConformance(part: Part): void {
    suiteWith(needs(required), `on a real VirtualBox (part ${part.from + 1} of ${part.every})`, () => {
        let virtualbox: VirtualBox;
        beforeAll(async () => {
            virtualbox = await startVirtualBox();
        });
        afterAll(() => virtualbox.stop());

        conformance(
            "VirtualBox",
            vboxBench(() => virtualbox),
            { ...part, once: process.env.SNAPTREE_RUNS === undefined },
        );
    });
}
