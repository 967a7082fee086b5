import { Config } from "@pulumi/pulumi";
import { Snapshot, SnapshotBranch } from "pulumi-snaptree";

/*
 * A machine of a vCenter or an ESX host, with what a release needs, and two branches to work on.
 *
 * installed
 *   |
 *   +- release-1
 *   |
 *   +- updated
 *       |
 *       +- work (branch)
 *       |
 *       +- trial (branch)
 *
 * The machine, powered off, is on the branch that the configuration names. `pulumi config set branch trial` and `pulumi up` take it there; what was written
 * on the other stays there. vCenter's “Manage snapshots” and `govc snapshot.tree -vm lab` show the same snapshots, and a `snaptree-tip-…` for each branch
 * that was left after something was written on it.
 */

const config = new Config();
const machine = {
    host: config.get("host") || undefined, // Otherwise SNAPTREE_HOST says it.
    password: config.getSecret("password"), // Otherwise SNAPTREE_PASSWORD says it, or libvirt's auth.conf.
    domain: config.get("domain") ?? "lab",
};

/** The branch that the machine is on. */
const current = config.get("branch") ?? "work";

const installed = new Snapshot("installed", { ...machine, description: "as it was installed" });
const updated = new Snapshot("updated", { ...machine, parent: installed, description: "with this month's updates" });
new Snapshot("release-1", { ...machine, parent: installed, description: "what the first release was tested on" });

const uses = ["work", "trial"].map((name) => new SnapshotBranch(name, { ...machine, from: updated, active: name === current }));

/** The name of each branch, and whether the machine is on it. */
export const branches = uses.map(({ name, active }) => ({ name, active }));
