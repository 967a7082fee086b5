import type { dynamic } from "@pulumi/pulumi";
import { connect } from "../engine";
import { BranchResource } from "../resources/branch";
import { Connections } from "../resources/connections";
import type { Resource, Running } from "../resources/resource";
import { SnapshotResource } from "../resources/snapshot";
import { TreeResource } from "../resources/tree";
import type { Properties } from "../resources/unknown";
import { adapt } from "./adapter";
import { Lifetime } from "./lifetime";
import { printProgress } from "./progress";

/** Reads of one refresh come one after another: so many milliseconds after the last one, a listing is old. */
const MOMENT = 2000;

const connections = new Connections(connect, { moment: MOMENT });
const lifetime = new Lifetime(() => connections.close());
let isHooked = false;

/**
 * The providers of the resources, as their stored loaders ask for them in Pulumi's provider process. Connections to hosts are kept for the life of
 * that process and closed when the engine ends it.
 */
function provide(Kind: new (connections: Connections, running: Running) => Resource): dynamic.ResourceProvider<Properties, Properties> {
    if (!isHooked) lifetime.endWith(process);
    isHooked = true;
    return adapt(new Kind(connections, { onProgress: printProgress, signal: lifetime.signal }), lifetime.run);
}

/** The provider of Snapshot resources. */
export const snapshot = () => provide(SnapshotResource);

/** The provider of SnapshotBranch resources. */
export const branch = () => provide(BranchResource);

/** The provider of SnapshotTree resources. */
export const tree = () => provide(TreeResource);

/** Stops what is under way and closes every connection; after that the provider can't be used any more. */
export function close(): Promise<void> {
    return lifetime.close();
}
