import { ensureCommands } from "./commands";
import type { Log } from "./progress";

/** What the embedded backend and its tests call → the Debian package that holds it. */
export const qemuCommands = {
    "qemu-img": "qemu-utils",
    "qemu-io": "qemu-utils",
    "qemu-storage-daemon": "qemu-system-common",
    flock: "util-linux",
    setpriv: "util-linux",
};

/** QEMU's disk tools on PATH, installed if need be and possible. */
export async function ensureQemu({ log }: { log: Log }): Promise<void> {
    await ensureCommands(qemuCommands, log);
}
