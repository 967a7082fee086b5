import type { Capabilities } from "../backend";

/** How errors name this backend. */
export const BACKEND = "the embedded QEMU backend";

export const capabilities: Capabilities = {
    backend: BACKEND,
    modes: ["external", "internal"],
    defaultMode: "external",
    running: false,
    redefine: true,
    rename: true,
    longestName: 255,
    quiesce: false,
    compression: ["zlib", "zstd"],
    disks: true,
    define: true,
    branches: true,
    together: true,
};
