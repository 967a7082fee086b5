import { onPath } from "../hosts/commands";
import { libvirtObstacle } from "../hosts/libvirt";
import { findPulumi } from "../hosts/pulumi";
import { qemuCommands } from "../hosts/qemu";
import { sshObstacle } from "../hosts/ssh";
import { virtualboxObstacle } from "../hosts/virtualbox";
import { vsphereObstacle } from "../hosts/vsphere";

/** Why a suite can't run on this machine, or null when it can. */
export type Requirement = () => string | null;

export const pulumi: Requirement = () => (findPulumi() ? null : "Pulumi is neither on PATH nor built (make hosts)");

export const qemu: Requirement = () => {
    const missing = Object.keys(qemuCommands).filter((command) => onPath(command) === null);
    return missing.length > 0 ? `${missing.join(", ")} not on PATH (make hosts)` : null;
};

export const libvirt: Requirement = () => libvirtObstacle("installed");

export const newerLibvirt: Requirement = () => libvirtObstacle("newer");

export const virtualbox: Requirement = virtualboxObstacle;

export const ssh: Requirement = sshObstacle;

export const vsphere: Requirement = vsphereObstacle;

/** The first reason that stands in the way, or null. */
export function needs(...requirements: Requirement[]): string | null {
    for (const requirement of requirements) {
        const reason = requirement();
        if (reason) return reason;
    }
    return null;
}

/**
 * A `describe` that needs something of the machine. Where it is missing, one skipped test states the reason in its name,
 * which `make test` prints; with CI=true that test fails instead: there, nothing may be missing unnoticed.
 * @example
 * suiteWith(needs(qemu, pulumi), "a snapshot resource", () => { test(…) });
 */
export function suiteWith(reason: string | null, name: string, define: () => void): void {
    if (reason === null) {
        describe(name, define);
    } else if (process.env.CI === "true") {
        test(name, () => {
            throw new Error(`not run: ${reason}`);
        });
    } else {
        test.skip(`${name} (skipped: ${reason})`, () => {});
    }
}
