import { execa } from "execa";
import { existsSync } from "node:fs";
import { chmod, cp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cached, cacheFolder } from "./cache";
import { ensureCommands, isRoot, needsRoot } from "./commands";
import { type Log, runLong } from "./progress";

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
    await ensureCommands({ debootstrap: "debootstrap", unshare: "util-linux" }, log);
    await cached(cacheName, log, async (folder) => {
        await chmod(folder, 0o755);
        const bootstrap = ["debootstrap", "--variant=minbase", debian, folder, await mirror()];
        await runLong(log, `making a Debian ${debian}`, withoutTraces(...bootstrap), { timeout: 900_000 });
        await writeFile(join(folder, "usr/sbin/policy-rc.d"), "#!/bin/sh\nexit 101\n", { mode: 0o755 });
        await cp("/etc/apt/apt.conf.d", join(folder, "etc/apt/apt.conf.d"), { recursive: true }); // The way to the mirror may be said there.
        const quickly = ["-o", "DPkg::Options::=--force-unsafe-io"]; // A folder that is half made is made anew.
        const install = ["apt-get", "-q", ...quickly, "install", "--yes", "--no-install-recommends", ...packages];
        await runLong(log, "installing libvirt there", withoutTraces("--root", folder, "--mount-proc", ...install), {
            env: { DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8" },
            timeout: 900_000,
        });
        for (const each of ["var/cache/apt", "var/lib/apt/lists"]) await rm(join(folder, each), { recursive: true });
    });
}

/** What is mounted ends with the command, and so do the processes that it leaves, however it ends. */
function withoutTraces(...command: string[]): [string, ...string[]] {
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private", ...command];
}

/** Where the machine's own packages come from; apt knows, in whichever format its sources are written. */
async function mirror(): Promise<string> {
    const { stdout } = await execa("apt-get", ["--no-release-info", "indextargets", "--format", "$(REPO_URI)"]);
    const first = stdout.split("\n")[0];
    if (!first) throw new Error("apt has no sources: a mirror of Debian must be the first of them");
    return first;
}
