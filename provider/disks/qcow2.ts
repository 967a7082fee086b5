import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { HostError, quoted } from "../model";

/*
 * What a qcow2 file says of itself, read from its header without starting a process (docs/interop/qcow2.txt of QEMU).
 * Only ever read, and only while no other process writes; everything that changes an image goes through QEMU's own tools, but for renaming (table.ts).
 */

const MAGIC = 0x514649fb;
const BACKING_FORMAT_EXTENSION = 0xe2792aca;
/** QEMU's own limits: an L1 table of 32 MiB, a snapshot table of 64 MiB, 65,536 snapshots. */
const MAX_L1_BYTES = 32 * 1024 * 1024;
const MAX_SNAPSHOT_BYTES = 64 * 1024 * 1024;
const MAX_SNAPSHOTS = 65_536;
/** Bytes that QEMU allows for an entry of the snapshot table at most: 40, 1,024 of extra data, an ID and a name of 255 each. */
const LARGEST_ENTRY = 2048;
const HEADER_BYTES = 4096;
export const MAX_BACKING_BYTES = 1023;
const EXTENDED_L2 = 0x10n;
/** Incompatible features that QEMU knows: dirty, corrupt, external data file, compression type, extended L2 entries. */
const KNOWN_FEATURES = 0x1fn;
const EXTERNAL_DATA = 0x4n;
const OFFSET_MASK = 0x00ff_ffff_ffff_fe00n;

/** An internal snapshot in a qcow2 file's own table. */
export interface InternalSnapshot {
    readonly id: string;
    readonly name: string;
}

/** The header of a qcow2 file. */
export interface Qcow2Header {
    /** Bytes that the guest sees. */
    readonly virtualSize: number;
    /** As it stands in the header: absolute, or relative to the file's own folder. */
    readonly backing: string | null;
    readonly backingFormat: string | null;
    readonly snapshots: readonly InternalSnapshot[];
    /** Some cluster has been written since the file was made as an empty overlay. */
    readonly allocated: boolean;
    /** A checksum of the clusters that the tip maps: another one after every write to what an internal snapshot holds too. */
    readonly mapping: string;
    /** The tip, or the other internal snapshot asked about, has cluster for cluster what the first one holds; false where there is none. */
    readonly unchanged: boolean;
}

export interface Table {
    readonly offset: number;
    readonly entries: number;
}

export function tableBytes(table: Table, what: string): number {
    if (table.entries * 8 > MAX_L1_BYTES) throw new Error(`its ${what} is too large`);
    return table.entries * 8;
}

/** A file that ends before what its header promises has lost something: nothing can be concluded from the rest. */
export async function readAt(file: FileHandle, offset: number, length: number, what: string): Promise<Buffer> {
    const { size } = await file.stat();
    if (offset + length > size) throw new Error(`its ${what} is cut short`);
    const buffer = Buffer.alloc(length);
    const { bytesRead } = await file.read(buffer, 0, length, offset);
    if (bytesRead < length) throw new Error(`its ${what} is cut short`);
    return buffer;
}

/** The first bytes of a file, which may be shorter. */
async function readStart(file: FileHandle): Promise<Buffer> {
    const buffer = Buffer.alloc(HEADER_BYTES);
    const { bytesRead } = await file.read(buffer, 0, HEADER_BYTES, 0);
    return buffer.subarray(0, bytesRead);
}

function readOffset(buffer: Buffer, at: number): number {
    const value = buffer.readBigUInt64BE(at);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Error("an offset in its header is out of range");
    return Number(value);
}

function backingFormat(header: Buffer, start: number): string | null {
    for (let at = start; at + 8 <= header.length;) {
        const type = header.readUInt32BE(at);
        const length = header.readUInt32BE(at + 4);
        if (type === 0 || at + 8 + length > header.length) return null;
        if (type === BACKING_FORMAT_EXTENSION) return header.toString("utf8", at + 8, at + 8 + length);
        at += 8 + Math.ceil(length / 8) * 8;
    }
    return null;
}

/** Offsets of clusters in an L1 table, without the flag that says whether a cluster is shared. */
async function readL1(file: FileHandle, table: Table): Promise<bigint[]> {
    const bytes = await readAt(file, table.offset, tableBytes(table, "L1 table"), "L1 table");
    return Array.from({ length: table.entries }, (_, i) => bytes.readBigUInt64BE(i * 8) & OFFSET_MASK);
}

function sameL1(a: readonly bigint[], b: readonly bigint[]): boolean {
    for (let i = 0; i < Math.max(a.length, b.length); i++) if ((a[i] ?? 0n) !== (b[i] ?? 0n)) return false;
    return true;
}

export interface SnapshotEntry extends InternalSnapshot {
    readonly l1: Table;
    /** The entry as it stands in the file, which ends with the name. */
    readonly bytes: Buffer;
}

async function readSnapshots(file: FileHandle, offset: number, count: number): Promise<SnapshotEntry[]> {
    if (count > MAX_SNAPSHOTS) throw new Error("its snapshot table is too large");
    if (count === 0) return [];
    const { size } = await file.stat();
    const length = Math.min(Math.max(size - offset, 0), MAX_SNAPSHOT_BYTES, count * LARGEST_ENTRY);
    return parseSnapshots(await readAt(file, offset, length, "snapshot table"), count);
}

function parseSnapshots(table: Buffer, count: number): SnapshotEntry[] {
    const entries: SnapshotEntry[] = [];
    for (let at = 0; entries.length < count;) {
        if (at + 40 > table.length) throw new Error("its snapshot table is cut short");
        const idLength = table.readUInt16BE(at + 12);
        const nameLength = table.readUInt16BE(at + 14);
        const id = at + 40 + table.readUInt32BE(at + 36);
        const end = id + idLength + nameLength;
        if (end > table.length) throw new Error("its snapshot table is cut short");
        entries.push({
            l1: { offset: readOffset(table, at), entries: table.readUInt32BE(at + 8) },
            id: table.toString("utf8", id, id + idLength),
            name: table.toString("utf8", id + idLength, end),
            bytes: table.subarray(at, end),
        });
        at = Math.ceil(end / 8) * 8;
    }
    return entries;
}

/** What the fixed part of a header says, checked against what QEMU itself would refuse. */
function fields(header: Buffer) {
    if (header.length < 72 || header.readUInt32BE(0) !== MAGIC) throw new Error("it does not begin as a qcow2 file does");
    const version = header.readUInt32BE(4);
    if (version !== 2 && version !== 3) throw new Error(`it has version ${version}, and 2 and 3 are known`);
    if (version === 3 && header.length < 104) throw new Error("its header is cut short");
    const features = version === 3 ? header.readBigUInt64BE(72) : 0n;
    if ((features & ~KNOWN_FEATURES) !== 0n) throw new Error("it has features that are not known");
    const clusterBits = header.readUInt32BE(20);
    if (clusterBits < 9 || clusterBits > 21) throw new Error("its cluster size is out of range");
    const virtualSize = readOffset(header, 24);
    const l1 = { offset: readOffset(header, 40), entries: header.readUInt32BE(36) };
    const entryBytes = (features & EXTENDED_L2) === 0n ? 8 : 16;
    // Bytes that one L1 entry stands for: a cluster full of L2 entries, each for a cluster.
    if (l1.entries < Math.ceil(virtualSize / (2 ** (2 * clusterBits) / entryBytes))) throw new Error("its L1 table is too small for its size");
    return { version, features, clusterBits, entryBytes, virtualSize, l1, headerLength: version === 3 ? header.readUInt32BE(100) : 72 };
}

/** Where a qcow2 file keeps what: enough to find every cluster that it uses. */
export interface Qcow2Layout {
    readonly clusterBits: number;
    /** Bytes of an entry of an L2 table. */
    readonly entryBytes: number;
    /** The L1 table of the tip. */
    readonly l1: Table;
    readonly snapshots: readonly SnapshotEntry[];
    /** Refcounts are this many bits wide: 1 to 64. */
    readonly refcountBits: number;
    readonly refcounts: Table;
    /** What the guest wrote is in another file. */
    readonly externalData: boolean;
}

/** @throws Error when the file is not a sound qcow2 file. */
export async function readLayout(file: FileHandle): Promise<Qcow2Layout> {
    const header = await readStart(file);
    const { version, features, clusterBits, entryBytes, l1 } = fields(header);
    const order = version === 3 ? header.readUInt32BE(96) : 4;
    if (order > 6) throw new Error("its refcounts are too wide");
    return {
        ...{ clusterBits, entryBytes, l1 },
        snapshots: await readSnapshots(file, readOffset(header, 64), header.readUInt32BE(60)),
        refcountBits: 1 << order,
        refcounts: { offset: readOffset(header, 48), entries: (header.readUInt32BE(56) * 2 ** clusterBits) / 8 },
        externalData: (features & EXTERNAL_DATA) !== 0n,
    };
}

async function readBacking(file: FileHandle, header: Buffer): Promise<string | null> {
    const offset = readOffset(header, 8);
    if (offset === 0) return null;
    const length = header.readUInt32BE(16);
    if (length > MAX_BACKING_BYTES) throw new Error("the name of its backing file is too long");
    return length === 0 ? null : (await readAt(file, offset, length, "name of a backing file")).toString("utf8");
}

async function parse(file: FileHandle, since: string | null, state: string | null): Promise<Qcow2Header> {
    const header = await readStart(file);
    const { virtualSize, l1: table, headerLength } = fields(header);
    const l1 = await readL1(file, table);
    const snapshots = await readSnapshots(file, readOffset(header, 64), header.readUInt32BE(60));
    const base = snapshots.find(({ name }) => name === since);
    const compared = state === null ? { l1: table } : snapshots.find(({ name }) => name === state);
    return {
        virtualSize,
        backing: await readBacking(file, header),
        backingFormat: backingFormat(header, headerLength),
        snapshots: snapshots.map(({ id, name }) => ({ id, name })),
        allocated: l1.some((entry) => entry !== 0n),
        mapping: createHash("sha256").update(l1.join()).digest("hex"),
        unchanged:
            base !== undefined && compared !== undefined && sameL1(compared.l1 === table ? l1 : await readL1(file, compared.l1), await readL1(file, base.l1)),
    };
}

/**
 * Reads a header.
 *
 * @param since the internal snapshot that `unchanged` compares with.
 * @param state the internal snapshot that it compares; null: the tip.
 * @throws HostError when the file can't be read or is not a sound qcow2 file.
 */
export async function readQcow2(path: string, since: string | null = null, state: string | null = null): Promise<Qcow2Header> {
    let file: FileHandle;
    try {
        file = await open(path, "r");
    } catch (error) {
        throw new HostError(`the image ${quoted(path)} can't be opened: ${(error as Error).message}`, { file: path }, { cause: error });
    }
    try {
        return await parse(file, since, state);
    } catch (error) {
        throw new HostError(
            `the image ${quoted(path)} can't be read as qcow2: ${(error as Error).message}; give its real format, or restore it from a copy`,
            { file: path },
            { cause: error },
        );
    } finally {
        await file.close();
    }
}

/** Two internal snapshots hold the same, cluster for cluster; false where one is not there, or two have its name. */
export async function holdsTheSame(path: string, one: string, other: string): Promise<boolean> {
    await using file = await open(path, "r");
    const { snapshots, externalData } = await readLayout(file);
    const [a, ...second] = snapshots.filter(({ name }) => name === one);
    const [b, ...third] = snapshots.filter(({ name }) => name === other);
    if (!a || !b || a === b || second.length + third.length > 0 || externalData) return false;
    return sameL1(await readL1(file, a.l1), await readL1(file, b.l1));
}
