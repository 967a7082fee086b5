import { Config } from "@pulumi/pulumi";
import { Snapshot, SnapshotBranch } from "pulumi-snaptree";

/*
 * A malware lab: one machine, with a branch for each case.
 *
 * clean
 *   |
 *   +- tools
 *       |
 *       +- case-17 (branch)
 *       |
 *       +- case-42 (branch)
 *
 * A sample runs on the branch of its case, and what it does to the disk stays there. `pulumi config set case case-42` and `pulumi up` move the machine
 * to the other case, as it was left; nothing is copied. Where the machine lives is in SNAPTREE_HOST.
 */

const config = new Config();
const domain = config.get("domain") ?? "lab";

/** The case that the machine works on; without one it stays where it is. */
const current = config.get("case");

/** Stands for an installer, which changes the disk before a snapshot is taken. */
const installs = (what: string) => [{ command: ["node", "../quickstart/write.js", what] }];

const clean = new Snapshot("clean", { domain, description: "the golden image, as it came" });
const tools = new Snapshot("tools", { domain, parent: clean, description: "with debugger and traffic recorder", provision: installs("tools") });

const cases = ["case-17", "case-42"].map((name) => new SnapshotBranch(name, { domain, from: tools, active: name === current }));

/** The name of each branch, and whether the machine is on it. */
export const branches = cases.map(({ name, active }) => ({ name, active }));
