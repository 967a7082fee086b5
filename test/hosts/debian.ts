import { execa } from "execa";
import { chmod, cp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureCommands } from "./commands";
import { type Log, runLong } from "./progress";

/** Which Debian, by its code name, and which of its components (default: main). */
export interface Release {
    readonly debian: string;
    readonly components?: readonly string[];
}

/** Makes the smallest Debian in a folder that is there and empty. It starts no service of what is installed there. */
export async function bootstrap(folder: string, { debian, components = ["main"] }: Release, log: Log): Promise<void> {
    await ensureCommands({ debootstrap: "debootstrap", unshare: "util-linux" }, log);
    await chmod(folder, 0o755);
    const command = ["debootstrap", "--variant=minbase", `--components=${components.join(",")}`, debian, folder, await mirror()];
    await runLong(log, `making a Debian ${debian}`, withoutTraces(...command), { timeout: 900_000 });
    await writeFile(join(folder, "usr/sbin/policy-rc.d"), "#!/bin/sh\nexit 101\n", { mode: 0o755 });
    await cp("/etc/apt/apt.conf.d", join(folder, "etc/apt/apt.conf.d"), { recursive: true }); // The way to the mirror may be said there.
}

/** Installs packages in such a folder, for good: what apt would need to install more goes. */
export async function install(folder: string, what: string, packages: readonly string[], log: Log): Promise<void> {
    const quickly = ["-o", "DPkg::Options::=--force-unsafe-io"]; // A folder that is half made is made anew.
    await runLong(log, `installing ${what} there`, inside(folder, "apt-get", "-q", ...quickly, "install", "--yes", "--no-install-recommends", ...packages), {
        env: { DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8" },
        timeout: 900_000,
    });
    for (const each of ["var/cache/apt", "var/lib/apt/lists"]) await rm(join(folder, each), { recursive: true });
}

/** A command with such a folder as its root. */
export function inside(folder: string, ...command: string[]): [string, ...string[]] {
    return withoutTraces("--root", folder, "--mount-proc", ...command);
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
