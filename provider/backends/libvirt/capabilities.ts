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
};
