import { accessSync, constants, statSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { exclusively } from "./cache";
import { type Log, runLong } from "./progress";

/** The full path of a command, or null when it is not on PATH. */
export function onPath(command: string, path: string = process.env.PATH ?? ""): string | null {
    const candidates = path
        .split(delimiter)
        .filter(Boolean)
        .map((folder) => join(folder, command));
    return candidates.find(isExecutable) ?? null;
}

function isExecutable(file: string): boolean {
    try {
        accessSync(file, constants.X_OK);
        return statSync(file).isFile();
    } catch {
        return false;
    }
}

export const isRoot = (): boolean => process.getuid?.() === 0;

/** Why a daemon in namespaces of its own can't be started. */
export const needsRoot = "namespaces and mounts of our own need root";

/**
 * Sees to it that commands are there: where root runs a system with apt-get, the missing ones are installed; elsewhere
 * one sentence says what to install.
 * @param packages command → the Debian package that holds it
 */
export async function ensureCommands(packages: Record<string, string>, log: Log): Promise<void> {
    if (missing(packages).length === 0) return;
    if (isRoot() && onPath("apt-get")) {
        await exclusively("apt", log, async () => {
            const wanted = new Set(missing(packages).map((command) => packages[command] ?? command));
            if (wanted.size > 0) await aptInstall([...wanted], log);
        });
    }
    const still = missing(packages);
    if (still.length === 0) return;
    const wanted = [...new Set(still.map((command) => packages[command]))];
    throw new Error(`${list(still)} ${still.length > 1 ? "are" : "is"} not on PATH: install ${list(wanted)} (the packages' names on Debian and Ubuntu)`);
}

function missing(packages: Record<string, string>): string[] {
    return Object.keys(packages).filter((command) => onPath(command) === null);
}

function list(names: (string | undefined)[]): string {
    return names.join(", ").replace(/, ([^,]*)$/, " and $1");
}

async function aptInstall(packages: string[], log: Log): Promise<void> {
    const options = { env: { DEBIAN_FRONTEND: "noninteractive" } };
    const quietly = ["-q", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::http::Timeout=60", "-o", "Acquire::Retries=2"];
    await runLong(log, "reading the lists of packages", ["apt-get", ...quietly, "update"], { ...options, timeout: 300_000 });
    const install: [string, ...string[]] = ["apt-get", ...quietly, "install", "--yes", "--no-install-recommends", ...packages];
    await startingNoService(() => runLong(log, `installing ${list(packages)}`, install, { ...options, timeout: 900_000 }));
}

/** Debian's packages ask this file before they start what they installed. */
const policyFile = "/usr/sbin/policy-rc.d";
const policy = "#!/bin/sh\n# Snaptree's tests install packages without starting their services; this file can go once they have.\nexit 101\n";

/** A machine's own policy stays; one that a killed run of ours left is taken over. */
async function startingNoService(work: () => Promise<void>): Promise<void> {
    const before = await readFile(policyFile, "utf8").catch(() => null);
    if (before !== null && before !== policy) return work();
    await writeFile(policyFile, policy, { mode: 0o755 });
    try {
        await work();
    } finally {
        await rm(policyFile);
    }
}
