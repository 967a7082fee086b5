import type { Capabilities } from "../backend";

/** How errors name this backend. */
export const BACKEND = "the vSphere backend";

export const capabilities: Capabilities = {
    backend: BACKEND,
    // vSphere has snapshots of one kind: delta disks, with the memory where that is asked for.
    modes: [],
    defaultMode: null,
    running: true,
    redefine: false,
    rename: true,
    // What vCenter keeps of a name.
    longestName: 80,
    quiesce: true,
    compression: [],
    disks: false,
    define: false,
    branches: true,
    together: true,
};
