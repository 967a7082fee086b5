import type { Capabilities } from "../backend";

/** How errors name this backend. */
export const BACKEND = "the VirtualBox backend";

export const capabilities: Capabilities = {
    backend: BACKEND,
    // VirtualBox has snapshots of one kind: differencing images, with the memory where the machine runs.
    modes: [],
    defaultMode: null,
    running: true,
    redefine: true,
    rename: true,
    longestName: 255,
    quiesce: false,
    compression: [],
    disks: false,
    define: false,
    branches: true,
    together: true,
};
