import { Config } from "@pulumi/pulumi";
import { type LeavePolicy, Snapshot, SnapshotBranch } from "pulumi-snaptree";

/*
 * A guest on a libvirt host, with a branch for each day.
 *
 * installed
 *   |
 *   +- updated
 *       |
 *       +- monday (branch)
 *       |
 *       +- tuesday (branch)
 *
 * The guest runs on the branch that the configuration names. `pulumi config set branch tuesday` and `pulumi up` shut it down, put its disks where tuesday
 * was left, and start it there. `virsh snapshot-list --tree`, `virsh domblklist` and virt-manager show the same.
 */

const config = new Config();
const host = config.get("host") || undefined; // Otherwise SNAPTREE_HOST says it.
const domain = config.get("domain") ?? "lab";

/** The branch that the guest runs on. */
const current = config.get("branch") ?? "monday";

/** What happens to a guest that runs before its disks become others: `shutdown` is its power button. */
const leave = config.get<LeavePolicy>("leave") ?? "shutdown";

const installed = new Snapshot("installed", { host, domain, description: "as it was installed" });
const updated = new Snapshot("updated", { host, domain, parent: installed, description: "with this month's updates" });

const days = ["monday", "tuesday"].map(
    (name) => new SnapshotBranch(name, { host, domain, from: updated, active: name === current, powerState: "running", leave }),
);

/** The name of each branch, and whether the guest is on it. */
export const branches = days.map(({ name, active }) => ({ name, active }));
