import { conformance } from "../../conformance";
import { libvirt as installed, needs, suiteWith } from "../../support/requires";
import { type Libvirt, startLibvirt } from "../../hosts/libvirt";
import { libvirtBench } from "./machine";

suiteWith(needs(installed), "libvirt, as installed", () => {
    let libvirt: Libvirt;
    beforeAll(async () => void (libvirt = await startLibvirt({ release: "installed" })));
    afterAll(() => libvirt.stop());
    conformance(
        "external",
        libvirtBench("external", () => libvirt),
    );
});
