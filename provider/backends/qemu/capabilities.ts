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
    quiesce: false,
    compression: ["zlib", "zstd"],
    disks: true,
    define: true,
};
