import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { cached, cacheFolder } from "./cache";
import { isRoot, needsRoot } from "./commands";
import { bootstrap, inside, install } from "./debian";
import type { Log } from "./progress";

/** The Debian that has VirtualBox: 7.2 at the time of writing. */
const debian = "sid";
const cacheName = `virtualbox-${debian}`;
/** An empty package in place of what only running machines need: compilers for the kernel module, and OpenGL. They would take as much room as all else. */
const standIn = "not-for-machines-that-run";
/** Where its own programs are, seen from within. */
export const programs = "/usr/lib/virtualbox";

/** The folder of a Debian with VirtualBox, or null where `ensureVirtualBox` has not made it yet. */
export function findVirtualBox(): string | null {
    const folder = join(cacheFolder(), cacheName);
    return existsSync(folder) ? folder : null;
}

/** VirtualBox in a folder with a Debian of its own (made once: a minute, and half a gigabyte). It starts no machine: the kernel module is missing. */
export async function ensureVirtualBox({ log }: { log: Log }): Promise<void> {
    if (findVirtualBox()) return;
    if (!isRoot()) return void log(`${needsRoot}: tests with it are skipped`);
    await cached(cacheName, log, async (folder) => {
        await bootstrap(folder, { debian, components: ["main", "contrib"] }, log);
        await install(folder, "VirtualBox", ["virtualbox", "systemd-standalone-sysusers", await makeStandIn(folder)], log);
        for (const each of ["usr/share/doc", "usr/share/man", "usr/share/locale", standIn, `${standIn}.deb`]) await rm(join(folder, each), { recursive: true });
    });
}

/** Makes the package of that name, and gives it as apt takes it. */
async function makeStandIn(folder: string): Promise<string> {
    const control = {
        Package: standIn,
        Version: "1",
        Architecture: "all",
        Maintainer: "nobody",
        Provides: "virtualbox-modules, libgl1",
        Description: "nothing",
    };
    await mkdir(join(folder, standIn, "DEBIAN"), { recursive: true });
    const lines = Object.entries(control).map(([field, value]) => `${field}: ${value}\n`);
    await writeFile(join(folder, standIn, "DEBIAN/control"), lines.join(""));
    const [command, ...args] = inside(folder, "dpkg-deb", "--build", `/${standIn}`);
    await execa(command, args);
    return `/${standIn}.deb`;
}
