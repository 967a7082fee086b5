import { readdirSync, readFileSync, readlinkSync, realpathSync, statfsSync, statSync } from "node:fs";
import { basename } from "node:path";
import { setTimeout } from "node:timers/promises";
import { BusyError, quoted } from "../model";

/*
 * Who has an image open: from /proc, where every process of ours (of everybody, for root) shows its files, and every lock that QEMU puts on an
 * image (OFD locks on bytes 100 and up, one for each permission) shows whoever holds it. Where there is no /proc, QEMU's own locks still refuse.
 */

/** `write` and `resize` in QEMU's permissions (include/block/block-common.h), as bytes from RAW_LOCK_PERM_BASE. */
const WRITE_LOCKS = [101, 103];

/** File systems whose files show another device in /proc/locks than to stat: btrfs and overlayfs (statfs(2)). */
const OTHER_DEVICE = new Set([0x9123683e, 0x794c7630]);

/**
 * How often it is looked again whether somebody is through, so many milliseconds apart. Whoever reads what is to be altered mostly is in a moment, as every
 * listing of a hierarchy, and much later where many have to share the processors: it is waited for some 20 s. A guest or a server keeps what it reads open.
 */
const LOOKS = 400;
const LOOKS_AT_QEMU = 20;
const PAUSE = 50;

const QEMU = /qemu|kvm/i;
/** QEMU's tools that we start, as the kernel has their names: its first 15 bytes. */
const OUR_TOOLS = ["qemu-img", "qemu-storage-da"];

interface Holder {
    readonly who: string;
    readonly writes: boolean;
    /** A guest, a server or a tool. */
    readonly isQemu: boolean;
    /** One of QEMU's that we start. */
    readonly isTool: boolean;
}

const UNKNOWN: Holder = { who: "another process", writes: true, isQemu: true, isTool: false };

/** How long a holder is likely to stay, against others. */
function weight({ writes, isQemu }: Holder): number {
    return writes ? 2 : isQemu ? 1 : 0;
}

/** An image, and how /proc shows it. */
interface Image {
    readonly path: string;
    /** `DEVICE:INODE` as stat has them. */
    readonly number: string;
    /** `MAJOR:MINOR:INODE` as /proc/locks has it; on some file systems only the inode can be known. */
    readonly lock: string;
    /** It has other names, so that a descriptor of any name may be open on it. */
    readonly linked: boolean;
}

/** Linux' numbers of a device, as makedev(3) packs them. */
function lockKey(device: bigint, inode: bigint): string {
    const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n);
    const minor = (device & 0xffn) | ((device >> 12n) & 0xffffff00n);
    const hex = (value: bigint) => value.toString(16).padStart(2, "0");
    return `${hex(major)}:${hex(minor)}:${inode}`;
}

function look(path: string): Image | null {
    try {
        const real = realpathSync.native(path);
        const { dev, ino, nlink } = statSync(real, { bigint: true });
        const loose = OTHER_DEVICE.has(statfsSync(real).type);
        return { path: real, number: `${dev}:${ino}`, lock: loose ? String(ino) : lockKey(dev, ino), linked: nlink > 1n };
    } catch {
        return null; // A file that is not there is held by nobody; whoever needs it says so better.
    }
}

function imagesOf(paths: readonly string[]): Image[] {
    return [...new Set(paths)].map(look).filter((image) => image !== null);
}

function opensForWriting(pid: string, fd: string): boolean {
    const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8"))?.[1];
    return flags === undefined || (parseInt(flags, 8) & 3) !== 0;
}

/** Finds images among open files: by path, and by what is behind it where another name, mount or container may show another path. */
function matcher(images: readonly Image[]): (link: string, target: string) => Image | undefined {
    const byPath = new Map(images.map((image) => [image.path, image]));
    const byName = new Set(images.map(({ path }) => basename(path)));
    const byNumber = new Map(images.map((image) => [image.number, image]));
    const anyName = images.some(({ linked }) => linked);
    return (link, target) => {
        const known = byPath.get(target);
        if (known || !target.startsWith("/") || !(anyName || byName.has(basename(target)))) return known;
        const there = statSync(link, { bigint: true, throwIfNoEntry: false });
        return there && byNumber.get(`${there.dev}:${there.ino}`);
    };
}

/** What a descriptor is open on: null where it was closed meanwhile, false where its process is not ours to look into. */
function targetOf(link: string): string | null | false {
    try {
        return readlinkSync(link);
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === "EACCES" ? false : null;
    }
}

function holderOf(pid: string, fd: string): Holder | null {
    try {
        const program = readFileSync(`/proc/${pid}/comm`, "utf8").trim();
        // A guest may be given another name than its program's. What a program is told, as our own are of “qemu:///embed”, says nothing.
        const [path = ""] = textOf(`/proc/${pid}/cmdline`).split("\0");
        return {
            who: `${program} (process ${pid})`,
            writes: opensForWriting(pid, fd),
            isQemu: QEMU.test(program) || QEMU.test(basename(path)),
            isTool: OUR_TOOLS.includes(program),
        };
    } catch {
        return null; // It ended while it was looked at, and holds nothing any more.
    }
}

/** Open images by path, and whether some process of QEMU's could not be looked into. */
interface Seen {
    readonly holders: Map<string, Holder>;
    readonly isWhole: boolean;
}

/** Images that one domain's guest may have open, by their real paths. */
interface Spared {
    readonly images: ReadonlySet<string>;
    readonly uuid: string;
}

/** Adds what one process has open; false where that can't be seen. */
function addOpenFiles(pid: string, find: ReturnType<typeof matcher>, holders: Map<string, Holder>, spared: Spared): boolean {
    const descriptors = list(`/proc/${pid}/fd`);
    if (descriptors === false) return false;
    for (const fd of descriptors ?? []) {
        const link = `/proc/${pid}/fd/${fd}`;
        const target = targetOf(link);
        if (target === false) return false;
        const image = target === null ? undefined : find(link, target);
        if (image && spared.images.has(image.path) && runs(spared.uuid, pid)) continue;
        const holder = image && holderOf(pid, fd);
        if (!image || !holder) continue;
        const other = holders.get(image.path);
        if (!other || weight(holder) > weight(other)) holders.set(image.path, holder);
    }
    return true;
}

/** Synchronous on purpose: thousands of calls of a microsecond each, before anything is changed. */
function openFiles(images: readonly Image[], spared: Spared): Seen {
    const holders = new Map<string, Holder>();
    const find = matcher(images);
    const pids = (list("/proc") || []).filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
    const unseen = pids.filter((pid) => !addOpenFiles(pid, find, holders, spared));
    // Where even the first process is hidden (hidepid), so may any other be.
    return { holders, isWhole: pids.includes("1") && !unseen.some(mayBeQemu) };
}

/** Of a process that can't be looked into. */
function mayBeQemu(pid: string): boolean {
    return QEMU.test(textOf(`/proc/${pid}/cmdline`));
}

/** Null where there is no such folder, false where it is not ours to look into. */
function list(folder: string): string[] | null | false {
    try {
        return readdirSync(folder);
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === "EACCES" ? false : null;
    }
}

/** Empty where there is no such file. */
function textOf(file: string): string {
    try {
        return readFileSync(file, "utf8");
    } catch {
        return "";
    }
}

/**
 * Files, as {@link Image.lock} has them and by inode alone, on which QEMU, of any user, has a lock for writing. Only asked for where it may tell more
 * than the open files do: it takes milliseconds, for which the kernel holds up everybody else's locks.
 */
function lockedForWriting(): Set<string> {
    const locked = new Set<string>();
    for (const line of textOf("/proc/locks").split("\n")) {
        const match = /OFDLCK\s+\S+\s+\S+\s+\S+\s+([0-9a-f]+:[0-9a-f]+:(\d+))\s+(\d+)\s+(\d+|EOF)/.exec(line);
        if (!match) continue;
        const [, file = "", inode = "", start, end] = match;
        if (WRITE_LOCKS.some((byte) => Number(start) <= byte && (end === "EOF" || byte <= Number(end)))) locked.add(file).add(inode);
    }
    return locked;
}

/** What is about to happen to images. */
export interface Use {
    /** Frozen under a new overlay: others may read them. */
    readonly frozen: readonly string[];
    /** Rewritten or removed: nobody else may have them open. */
    readonly altered: readonly string[];
    /** Those that a guest has open which works on them itself. */
    readonly own?: { readonly images: readonly string[]; readonly uuid: string };
}

/** Whether a process is the QEMU of a domain of libvirt's. */
function runs(uuid: string, pid: string): boolean {
    const args = textOf(`/proc/${pid}/cmdline`).split("\0");
    return args[args.indexOf("-uuid") + 1] === uuid;
}

/** An image that is in somebody's way, and by whom, as far as that is known: of several the one that will stay longest. */
function conflict({ frozen, altered, own }: Use): { readonly path: string; readonly holder: Holder } | null {
    const images = imagesOf([...frozen, ...altered]);
    if (images.length === 0) return null;
    const exclusive = new Set(imagesOf(altered).map(({ path }) => path));
    const spared: Spared = { images: new Set(imagesOf(own?.images ?? []).map(({ path }) => path)), uuid: own?.uuid ?? "" };
    const { holders, isWhole } = openFiles(images, spared);
    const locked = isWhole ? new Set<string>() : lockedForWriting();
    let found: { readonly path: string; readonly holder: Holder } | null = null;
    for (const { path, lock } of images) {
        const seen = holders.get(path);
        // The guest's own lock keeps out whoever else would write.
        const holder = locked.has(lock) && !spared.images.has(path) ? { ...UNKNOWN, ...seen, writes: true } : seen;
        if (!holder || !(holder.writes || exclusive.has(path))) continue;
        if (!found || weight(holder) > weight(found.holder)) found = { path, holder };
    }
    return found;
}

/**
 * Refuses images that another process has open.
 *
 * @param most how often it is looked at most, while a program that is not QEMU reads what is to be altered.
 * @throws BusyError with who holds it, if known.
 */
export async function refuseOpenImages(use: Use, most = LOOKS): Promise<void> {
    for (let looks = 1; ; looks++) {
        const found = conflict(use);
        if (!found) return;
        const { who, writes, isQemu } = found.holder;
        if (writes || looks >= (isQemu ? LOOKS_AT_QEMU : most)) throw inUse(found.path, who);
        await setTimeout(PAUSE);
    }
}

/**
 * Does what needs an image to itself, once the tools of a run that was killed are through with it: they end with that run, and yet not before the kernel has
 * written what they were at. Nobody else is waited for.
 *
 * @throws BusyError
 */
export async function afterTools(file: string, work: () => Promise<void>): Promise<void> {
    for (let looks = 1; ; looks++) {
        try {
            await work();
            return;
        } catch (error) {
            if (!(error instanceof BusyError) || looks >= LOOKS) throw error;
            // Nobody of QEMU's: it was through in this moment, or is too far gone to show what it has open.
            const holder = conflict({ frozen: [], altered: [file] })?.holder;
            if (holder && weight(holder) > 0 && !holder.isTool) throw error;
        }
        await setTimeout(PAUSE);
    }
}

function inUse(path: string, who: string): BusyError {
    return new BusyError(
        `the image ${quoted(path)} is open in ${who}, so nothing was done; shut that down, or manage a running domain through libvirt (qemu:///system)`,
        who === "another process" ? null : who,
    );
}
