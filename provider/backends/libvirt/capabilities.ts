import type { Capabilities } from "../backend";

/** How errors name this backend. */
export const BACKEND = "the libvirt backend";

export const capabilities: Capabilities = {
    backend: BACKEND,
    modes: ["external", "internal"],
    defaultMode: "external",
    running: true,
    redefine: true,
    rename: true,
    // It keeps each in a file of that name, which it replaces by way of `NAME.xml.new`.
    longestName: 247,
    quiesce: true,
    compression: ["zlib", "zstd"],
    disks: true,
    define: true,
    branches: true,
    together: true,
};

/** Of domains whose disks are out of reach: what libvirt does by itself. */
export const nativeCapabilities: Capabilities = { ...capabilities, defaultMode: "internal", compression: [], branches: false, together: false };

/** libvirt's test driver, which plays at running domains: it has no disks. */
export const testCapabilities: Capabilities = {
    ...nativeCapabilities,
    backend: "libvirt’s test driver",
    modes: ["internal"],
    rename: false,
    quiesce: false,
    disks: false,
};
