import { conformance, type Part } from "../../conformance";
import { startVsphere, type Vsphere } from "../../hosts/vsphere";
import { needs, suiteWith, vsphere as required } from "../../support/requires";
import { esxBench } from "./machine";

/** The suite that all backends run, on a simulated vSphere host. @param part what is tested there; absent: all */
export function esxConformance(kind: "vpx" | "esx", part?: Part): void {
    suiteWith(needs(required), kind === "vpx" ? "on a vCenter" : "on an ESX host", () => {
        let vsphere: Vsphere;
        beforeAll(async () => {
            vsphere = await startVsphere({ kind });
            process.env.XDG_STATE_HOME = vsphere.folder;
        });
        afterAll(() => vsphere.stop());

        conformance(
            "vSphere",
            esxBench(() => vsphere),
            part,
        );
    });
}
