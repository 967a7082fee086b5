import { type FileHandle, open } from "node:fs/promises";
import { HostError, quoted } from "../model";
import { clusterOffset, readRefcountTable, refcountAt } from "./clusters";
import { type Qcow2Layout, readAt, readLayout, type SnapshotEntry } from "./qcow2";

/*
 * No tool of QEMU's renames an internal snapshot. So their table is replaced here as QEMU replaces it whenever it takes or deletes one
 * (block/qcow2-snapshot.c): the new one is written where nothing is, and then the header is pointed there, by one write within a sector. Wherever that is
 * cut short, the image has the old names or the new ones, and at worst clusters without an owner.
 */

/** Where the header says where the table begins. */
const TABLE_OFFSET_FIELD = 64;
/** Where an entry says how long its name is. */
const NAME_LENGTH_FIELD = 14;

function renamedEntry({ bytes }: SnapshotEntry, name: string): Buffer {
    const kept = bytes.subarray(0, bytes.length - bytes.readUInt16BE(NAME_LENGTH_FIELD));
    const text = Buffer.from(name);
    const entry = Buffer.alloc(Math.ceil((kept.length + text.length) / 8) * 8);
    kept.copy(entry);
    text.copy(entry, kept.length);
    entry.writeUInt16BE(text.length, NAME_LENGTH_FIELD);
    return entry;
}

/** Clusters that nothing refers to, one after another. */
interface Room {
    /** Of the first one. */
    readonly offset: number;
    /** The block of refcounts that says that they are taken, and where it begins in the file. */
    readonly refcounts: Buffer;
    readonly refcountsAt: number;
}

/** The first of so many clusters in a row whose refcount is 0; null: there are none. */
function firstFree(block: Buffer, clusters: number, bits: number): number | null {
    for (let i = 0, free = 0; i < (block.length * 8) / bits; i++) {
        free = refcountAt(block, i, bits) === 0 ? free + 1 : 0;
        if (free === clusters) return i - clusters + 1;
    }
    return null;
}

/** Makes 1 of a refcount that is 0: of its last byte, or, where several share one, of its lowest bit. */
function take(block: Buffer, index: number, bits: number): void {
    const byte = bits < 8 ? Math.floor((index * bits) / 8) : ((index + 1) * bits) / 8 - 1;
    block.writeUInt8(block.readUInt8(byte) | (1 << (bits < 8 ? (index * bits) % 8 : 0)), byte);
}

/** Looked for from the end, where most is free; null where none of the blocks of refcounts that are there has any left. */
async function findRoom(file: FileHandle, layout: Qcow2Layout, length: number): Promise<Room | null> {
    const cluster = 2 ** layout.clusterBits;
    const clusters = Math.ceil(length / cluster);
    const perBlock = (cluster * 8) / layout.refcountBits;
    const table = await readRefcountTable(file, layout);
    for (let number = layout.refcounts.entries - 1; number >= 0; number--) {
        const at = clusterOffset(table, number * 8);
        if (at === 0) continue;
        const block = await readAt(file, at, cluster, "refcount block");
        const first = firstFree(block, clusters, layout.refcountBits);
        if (first === null) continue;
        for (let i = first; i < first + clusters; i++) take(block, i, layout.refcountBits);
        return { offset: (number * perBlock + first) * cluster, refcounts: block, refcountsAt: at };
    }
    return null;
}

async function writeAt(file: FileHandle, bytes: Buffer, offset: number): Promise<void> {
    await file.write(bytes, 0, bytes.length, offset);
    await file.sync();
}

async function replaceTable(file: FileHandle, layout: Qcow2Layout, names: ReadonlyMap<string, string>): Promise<boolean> {
    const table = Buffer.concat(layout.snapshots.map((entry) => renamedEntry(entry, names.get(entry.name) ?? entry.name)));
    const cluster = 2 ** layout.clusterBits;
    const room = await findRoom(file, layout, table.length);
    if (!room) return false;
    await writeAt(file, room.refcounts, room.refcountsAt);
    await writeAt(file, Buffer.concat([table], Math.ceil(table.length / cluster) * cluster), room.offset);
    const pointer = Buffer.alloc(8);
    pointer.writeBigUInt64BE(BigInt(room.offset));
    await writeAt(file, pointer, TABLE_OFFSET_FIELD);
    return true;
}

/**
 * Gives internal snapshots of a qcow2 file other names, all at once. Nobody else has the file open. The old table's clusters are left without an owner.
 *
 * @param names old name to new one; those that the file does not hold, or has two of, are an error
 * @returns false where the file has no free cluster that its refcounts cover; nothing is changed then
 * @throws HostError where the file is not as it should be
 */
export async function renameInTable(path: string, names: ReadonlyMap<string, string>): Promise<boolean> {
    await using file = await open(path, "r+");
    const layout = await readLayout(file);
    const before = layout.snapshots.map(({ name }) => name);
    const wanted = before.map((name) => names.get(name) ?? name);
    const count = (among: readonly string[], name: string) => among.filter((each) => each === name).length;
    for (const [from, to] of names) {
        if (count(before, from) !== 1)
            throw new HostError(`the image ${quoted(path)} has ${count(before, from)} internal snapshots ${quoted(from)}`, { file: path });
        if (count(wanted, to) !== 1)
            throw new HostError(
                `the image ${quoted(path)} has an internal snapshot ${quoted(to)} of somebody else's, where ${quoted(from)} is to get that name; delete it there, and run again`,
                { file: path },
            );
    }
    if (!(await replaceTable(file, layout, names))) return false;
    const now = (await readLayout(file)).snapshots.map(({ name }) => name);
    if (now.join("\0") !== wanted.join("\0")) throw new HostError(`the image ${quoted(path)} was written by somebody else meanwhile`, { file: path });
    return true;
}
