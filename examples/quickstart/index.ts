import { Config } from "@pulumi/pulumi";
import { Snapshot } from "pulumi-snaptree";

/*
 * a
 *   |
 *   +- b
 *       |
 *       +- c
 *       |   |
 *       |   +- d
 *       |
 *       +- e
 *
 * Each snapshot changes what its parent holds and is frozen. Where the domain lives is in SNAPTREE_HOST.
 */

const config = new Config();
const domain = config.get("domain") ?? "web";

/** Commands that change the disk before a snapshot is taken: here one that writes a text to it. They run in this folder. */
const writes = (text: string) => [{ command: ["node", "write.js", text] }];

const a = new Snapshot("a", { domain, description: "as installed", provision: writes("a") });
const b = new Snapshot("b", { domain, parent: a, description: "updated", provision: writes("b") });
const c = new Snapshot("c", { domain, parent: b, description: "with tools", provision: writes(config.get("c") ?? "c") });
const d = new Snapshot("d", { domain, parent: c, description: "with tools, configured", provision: writes("d") });
const e = new Snapshot("e", { domain, parent: b, description: "without tools", provision: writes("e") });

/** The name of each snapshot, and what it is for. */
export const snapshots = [a, b, c, d, e].map(({ name, description }) => ({ name, description }));
