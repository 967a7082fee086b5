import type { dynamic } from "@pulumi/pulumi";
import { connect } from "../engine";
import { Connections } from "../resources/connections";
import { SnapshotResource } from "../resources/snapshot";
import type { Properties } from "../resources/unknown";
import { adaptSnapshot } from "./adapter";
import { Lifetime } from "./lifetime";
import { snapshotProgress } from "./progress";

export { snapshotLoader } from "./loader";

const connections = new Connections(connect);
const lifetime = new Lifetime(() => connections.close());
let isHooked = false;

/**
 * The provider of Snapshot resources, as their stored loader asks for it in Pulumi's provider process. Connections to hosts are kept for the life
 * of that process and closed when the engine ends it.
 */
export function snapshot(): dynamic.ResourceProvider<Properties, Properties> {
    if (!isHooked) lifetime.endWith(process);
    isHooked = true;
    return adaptSnapshot(new SnapshotResource(connections, { onProgress: snapshotProgress, signal: lifetime.signal }), lifetime.run);
}

/** Stops what is under way and closes every connection; after that the provider can't be used any more. */
export function close(): Promise<void> {
    return lifetime.close();
}
