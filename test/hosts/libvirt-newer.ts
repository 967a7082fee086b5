import { existsSync } from "node:fs";
import { join } from "node:path";
import { cached, cacheFolder } from "./cache";
import { isRoot, needsRoot } from "./commands";
import { bootstrap, install } from "./debian";
import type { Log } from "./progress";

/** The Debian whose libvirt is the newer one: 11.3, with QEMU 10.0. */
const debian = "trixie";
const packages = ["libvirt-daemon", "libvirt-daemon-driver-qemu", "libvirt-daemon-driver-storage", "libvirt-clients", "qemu-system-x86", "qemu-utils"];
const cacheName = `libvirt-${debian}`;

/** The folder of a Debian with a newer libvirt, or null where `ensureNewerLibvirt` has not made it yet. */
export function findNewerLibvirt(): string | null {
    const folder = join(cacheFolder(), cacheName);
    return existsSync(folder) ? folder : null;
}

/** A newer libvirt than the machine's own, in a folder with a Debian of its own (made once: a minute or three, and a third of a gigabyte). */
export async function ensureNewerLibvirt({ log }: { log: Log }): Promise<void> {
    if (findNewerLibvirt()) return;
    if (!isRoot()) return void log(`${needsRoot}: tests with it are skipped`);
    await cached(cacheName, log, async (folder) => {
        await bootstrap(folder, { debian }, log);
        await install(folder, "libvirt", packages, log);
    });
}
