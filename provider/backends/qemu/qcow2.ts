import { type FileHandle, open } from "node:fs/promises";
import { HostError, quoted } from "../../model";

/*
 * What a qcow2 file says of itself, read from its header without starting a process (docs/interop/qcow2.txt of QEMU).
 * Only ever read, and only while no other process writes; everything that changes an image goes through QEMU's own tools.
 */

const MAGIC = 0x514649fb;
const BACKING_FORMAT_EXTENSION = 0xe2792aca;
/** QEMU's own limits: an L1 table of 32 MiB, a snapshot table of 64 MiB, 65,536 snapshots. */
const MAX_L1_BYTES = 32 * 1024 * 1024;
const MAX_SNAPSHOT_BYTES = 64 * 1024 * 1024;
const MAX_SNAPSHOTS = 65_536;
const HEADER_BYTES = 4096;
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
    /** The tip still has, cluster for cluster, what the internal snapshot asked about holds; false where there is none. */
    readonly unchanged: boolean;
}

interface Table {
    readonly offset: number;
    readonly entries: number;
}

function tableBytes(table: Table, what: string): number {
    if (table.entries * 8 > MAX_L1_BYTES) throw new Error(`its ${what} is too large`);
    return table.entries * 8;
}

async function readAt(file: FileHandle, offset: number, length: number): Promise<Buffer> {
    const buffer = Buffer.alloc(length);
    const { bytesRead } = await file.read(buffer, 0, length, offset);
    return buffer.subarray(0, bytesRead);
}

function readOffset(buffer: Buffer, at: number): number {
    const value = buffer.readBigUInt64BE(at);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Error("an offset in its header is out of range");
    return Number(value);
}

function backingFormat(header: Buffer, start: number): string | null {
    for (let at = start; at + 8 <= header.length; ) {
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
    const bytes = await readAt(file, table.offset, tableBytes(table, "L1 table"));
    return Array.from({ length: Math.floor(bytes.length / 8) }, (_, i) => bytes.readBigUInt64BE(i * 8) & OFFSET_MASK);
}

function sameL1(a: readonly bigint[], b: readonly bigint[]): boolean {
    for (let i = 0; i < Math.max(a.length, b.length); i++) if ((a[i] ?? 0n) !== (b[i] ?? 0n)) return false;
    return true;
}

interface SnapshotEntry extends InternalSnapshot {
    readonly l1: Table;
}

async function readSnapshots(file: FileHandle, offset: number, count: number): Promise<SnapshotEntry[]> {
    if (count > MAX_SNAPSHOTS) throw new Error("its snapshot table is too large");
    if (count === 0) return [];
    const { size } = await file.stat();
    const table = await readAt(file, offset, Math.min(Math.max(size - offset, 0), MAX_SNAPSHOT_BYTES, count * 4096));
    const entries: SnapshotEntry[] = [];
    for (let at = 0; entries.length < count; ) {
        const idLength = table.readUInt16BE(at + 12);
        const nameLength = table.readUInt16BE(at + 14);
        const id = at + 40 + table.readUInt32BE(at + 36);
        const end = id + idLength + nameLength;
        if (end > table.length) throw new Error("its snapshot table is cut short");
        entries.push({
            l1: { offset: readOffset(table, at), entries: table.readUInt32BE(at + 8) },
            id: table.toString("utf8", id, id + idLength),
            name: table.toString("utf8", id + idLength, end),
        });
        at = Math.ceil(end / 8) * 8;
    }
    return entries;
}

async function parse(file: FileHandle, since: string | null): Promise<Qcow2Header> {
    const header = await readAt(file, 0, HEADER_BYTES);
    if (header.length < 72 || header.readUInt32BE(0) !== MAGIC) throw new Error("it does not begin as a qcow2 file does");
    const backingOffset = readOffset(header, 8);
    const backingLength = header.readUInt32BE(16);
    const headerLength = header.readUInt32BE(4) >= 3 ? header.readUInt32BE(100) : 72;
    const l1 = await readL1(file, { offset: readOffset(header, 40), entries: header.readUInt32BE(36) });
    const snapshots = await readSnapshots(file, readOffset(header, 64), header.readUInt32BE(60));
    const base = snapshots.find(({ name }) => name === since);
    return {
        virtualSize: readOffset(header, 24),
        backing: backingOffset === 0 ? null : (await readAt(file, backingOffset, Math.min(backingLength, 1023))).toString("utf8"),
        backingFormat: backingFormat(header, headerLength),
        snapshots: snapshots.map(({ id, name }) => ({ id, name })),
        allocated: l1.some((entry) => entry !== 0n),
        unchanged: base !== undefined && sameL1(l1, await readL1(file, base.l1)),
    };
}

/**
 * Reads a header.
 *
 * @param since the internal snapshot that `unchanged` compares the tip with.
 * @throws HostError when the file can't be read or is not a sound qcow2 file.
 */
export async function readQcow2(path: string, since: string | null = null): Promise<Qcow2Header> {
    let file: FileHandle;
    try {
        file = await open(path, "r");
    } catch (error) {
        throw new HostError(`the image ${quoted(path)} can't be opened: ${(error as Error).message}`, { file: path }, { cause: error });
    }
    try {
        return await parse(file, since);
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
