import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { readFile, realpath, stat } from "node:fs/promises";
import { BusyError, quoted } from "../../model";

/*
 * Who has an image open: from /proc, where every process of ours (of everybody, for root) shows its files, and every lock that QEMU puts on an
 * image (OFD locks on bytes 100 and up, one for each permission) shows whoever holds it. Where there is no /proc, QEMU's own locks still refuse.
 */

/** `write` and `resize` in QEMU's permissions (include/block/block-common.h), as bytes from RAW_LOCK_PERM_BASE. */
const WRITE_LOCKS = [101, 103];

interface Holder {
    readonly who: string;
    readonly writes: boolean;
}

interface ImageKey {
    readonly path: string;
    readonly inode: string;
}

async function keyOf(path: string): Promise<ImageKey | null> {
    try {
        const real = await realpath(path);
        return { path: real, inode: String((await stat(real)).ino) };
    } catch {
        return null; // A file that is not there is held by nobody; whoever needs it says so better.
    }
}

async function keysOf(paths: readonly string[]): Promise<ImageKey[]> {
    return (await Promise.all([...new Set(paths)].map(keyOf))).filter((key) => key !== null);
}

function opensForWriting(pid: string, fd: string): boolean {
    const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8"))?.[1];
    return flags === undefined || (parseInt(flags, 8) & 3) !== 0;
}

function command(pid: string): string {
    return `${readFileSync(`/proc/${pid}/comm`, "utf8").trim()} (process ${pid})`;
}

/** What stands behind a link; null where it went away meanwhile, or belongs to somebody else. */
function linkTarget(path: string): string | null {
    try {
        return readlinkSync(path);
    } catch {
        return null;
    }
}

/** Synchronous on purpose: thousands of calls of a microsecond each, before anything is changed. */
function openFiles(paths: ReadonlySet<string>): Map<string, Holder> {
    const holders = new Map<string, Holder>();
    for (const pid of listIfThere("/proc")) {
        if (!/^\d+$/.test(pid) || pid === String(process.pid)) continue;
        for (const fd of listIfThere(`/proc/${pid}/fd`)) {
            const target = linkTarget(`/proc/${pid}/fd/${fd}`);
            if (target === null || !paths.has(target)) continue;
            try {
                const holder = { who: command(pid), writes: opensForWriting(pid, fd) };
                if (holder.writes || !holders.has(target)) holders.set(target, holder);
            } catch {
                // It ended while it was looked at, and holds nothing any more.
            }
        }
    }
    return holders;
}

function listIfThere(folder: string): string[] {
    try {
        return readdirSync(folder);
    } catch {
        return [];
    }
}

/** Inodes on which QEMU, of any user, has a lock for writing. */
async function lockedForWriting(): Promise<Set<string>> {
    const inodes = new Set<string>();
    for (const line of (await readFile("/proc/locks", "utf8").catch(() => "")).split("\n")) {
        const match = /OFDLCK\s+\S+\s+\S+\s+\S+\s+[0-9a-f]+:[0-9a-f]+:(\d+)\s+(\d+)\s+(\d+|EOF)/.exec(line);
        if (!match) continue;
        const [, inode = "", start, end] = match;
        if (WRITE_LOCKS.some((byte) => Number(start) <= byte && (end === "EOF" || byte <= Number(end)))) inodes.add(inode);
    }
    return inodes;
}

/** What is about to happen to images. */
export interface Use {
    /** Frozen under a new overlay: others may read them. */
    readonly frozen: readonly string[];
    /** Rewritten or removed: nobody else may have them open. */
    readonly altered: readonly string[];
}

/**
 * Refuses images that another process has open.
 *
 * @throws BusyError with who holds it, if known.
 */
export async function refuseOpenImages(use: Use): Promise<void> {
    const [frozen, altered] = await Promise.all([keysOf(use.frozen), keysOf(use.altered)]);
    const keys = [...frozen, ...altered];
    if (keys.length === 0) return;
    const exclusive = new Set(altered.map(({ path }) => path));
    const holders = openFiles(new Set(keys.map((key) => key.path)));
    const locked = await lockedForWriting();
    for (const { path, inode } of keys) {
        const holder = holders.get(path);
        const writes = holder?.writes === true || locked.has(inode);
        if (!writes && !(holder && exclusive.has(path))) continue;
        const who = holder?.who ?? null;
        throw new BusyError(
            `the image ${quoted(path)} is open in ${who ?? "another process"}, so nothing was done; shut that down, or manage a running domain through libvirt (qemu:///system)`,
            who,
        );
    }
}
