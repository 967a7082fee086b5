import { type FileHandle, open } from "node:fs/promises";
import { type Qcow2Layout, readAt, readLayout, type Table, tableBytes } from "./qcow2";

/*
 * What internal snapshots cost: the clusters of a qcow2 file that only one of them refers to, counted from its refcounts (docs/interop/qcow2.txt of
 * QEMU). A table that is shared has only shared clusters below it, so of those that are read each is read once. An image in which that is not so is
 * damaged, and perhaps made to be expensive to read: it is given up.
 */

/** Most bytes of tables that are read of one image: those of 64 TiB, with clusters of 64 KiB. */
const MAX_TABLE_BYTES = 8 * 1024 ** 3;
/** A refcount table of more is refused by QEMU too (QCOW_MAX_REFTABLE_SIZE). */
const MAX_REFCOUNT_TABLE_BYTES = 8 * 1024 * 1024;
/** Bytes of refcounts that are kept: for 1 TiB, with clusters of 64 KiB. */
const MAX_BLOCK_BYTES = 32 * 1024 * 1024;
const COMPRESSED = 0x4000_0000;

/** Bits 9 to 55 of an entry are where its cluster begins. Two halves, as 64 bits are slow here. */
export function clusterOffset(table: Buffer, at: number): number {
    return (table.readUInt32BE(at) & 0x00ff_ffff) * 2 ** 32 + ((table.readUInt32BE(at + 4) & 0xffff_fe00) >>> 0);
}

/** One of the widths of refcounts, 1 to 64 bits. */
export function refcountAt(block: Buffer, index: number, bits: number): number {
    if (bits < 8) {
        const perByte = 8 / bits;
        return ((block[Math.floor(index / perByte)] ?? 0) >> (bits * (index % perByte))) & ((1 << bits) - 1);
    }
    if (bits === 64) return Number(block.readBigUInt64BE(index * 8));
    return block.readUIntBE((index * bits) / 8, bits / 8);
}

/** Where each block of refcounts begins, as entries of 8 bytes. */
export function readRefcountTable(file: FileHandle, { refcounts }: Qcow2Layout): Promise<Buffer> {
    const bytes = refcounts.entries * 8;
    if (bytes > MAX_REFCOUNT_TABLE_BYTES) throw new Error("its refcount table is too large");
    return readAt(file, refcounts.offset, bytes, "refcount table");
}

/** How often a file's clusters are referred to, read as needed. */
class Refcounts {
    private table: Buffer | null = null;
    private readonly blocks = new Map<number, Buffer | null>();
    private readonly perBlock: number;

    constructor(
        private readonly file: FileHandle,
        private readonly layout: Qcow2Layout,
    ) {
        this.perBlock = (2 ** layout.clusterBits * 8) / layout.refcountBits;
    }

    /** Bytes up to the end of the last cluster that is referred to. */
    async end(): Promise<number> {
        for (let number = this.layout.refcounts.entries - 1; number >= 0; number--) {
            const block = await this.read(number);
            if (block === null) continue;
            for (let cluster = (number + 1) * this.perBlock - 1; cluster >= number * this.perBlock; cluster--)
                if (this.at(block, cluster) !== 0) return (cluster + 1) * 2 ** this.layout.clusterBits;
        }
        return 0;
    }

    /** A promise only where something must be read: there are millions of clusters. */
    of(cluster: number): number | Promise<number> {
        const block = this.blocks.get(Math.floor(cluster / this.perBlock));
        return block === undefined ? this.load(cluster) : this.at(block, cluster);
    }

    private at(block: Buffer | null, cluster: number): number {
        return block === null ? 0 : refcountAt(block, cluster % this.perBlock, this.layout.refcountBits);
    }

    private async load(cluster: number): Promise<number> {
        const number = Math.floor(cluster / this.perBlock);
        const block = await this.read(number);
        const [oldest] = this.blocks.keys();
        if (oldest !== undefined && this.blocks.size * 2 ** this.layout.clusterBits >= MAX_BLOCK_BYTES) this.blocks.delete(oldest);
        this.blocks.set(number, block);
        return this.at(block, cluster);
    }

    private async read(number: number): Promise<Buffer | null> {
        const { refcounts, clusterBits } = this.layout;
        this.table ??= await readRefcountTable(this.file, this.layout);
        const offset = number < refcounts.entries ? clusterOffset(this.table, number * 8) : 0;
        return offset === 0 ? null : readAt(this.file, offset, 2 ** clusterBits, "refcount block");
    }
}

/** Counts what is referred to from one L1 table alone, over an image's tables one after another. */
class Counter {
    private readonly refcounts: Refcounts;
    private readonly seen = new Set<number>();
    private readonly cluster: number;
    private left = MAX_TABLE_BYTES;

    constructor(
        private readonly file: FileHandle,
        private readonly layout: Qcow2Layout,
    ) {
        this.refcounts = new Refcounts(file, layout);
        this.cluster = 2 ** layout.clusterBits;
    }

    /** Bytes; the L1 table itself is none of them. */
    async below(l1: Table): Promise<number> {
        if (l1.entries === 0) return 0;
        const table = await this.read(l1.offset, tableBytes(l1, "L1 table"), "L1 table");
        const compressed = new Map<number, number>();
        let count = 0;
        for (let i = 0; i < l1.entries; i++) {
            const offset = clusterOffset(table, i * 8);
            if (offset !== 0 && (await this.refcounts.of(this.number(offset))) === 1) count += 1 + (await this.belowL2(offset, compressed));
        }
        for (const [number, times] of compressed) if ((await this.refcounts.of(number)) === times) count++;
        return count * this.cluster;
    }

    /** @param compressed host cluster to how often compressed data in it is referred to: several share one. */
    private async belowL2(offset: number, compressed: Map<number, number>): Promise<number> {
        const table = await this.read(offset, this.cluster, "L2 table");
        let count = 0;
        for (let at = 0; at < table.length; at += this.layout.entryBytes) {
            if (table.readUInt32BE(at) & COMPRESSED) this.addCompressed(table.readBigUInt64BE(at), compressed);
            else {
                const data = clusterOffset(table, at);
                const times = data === 0 ? 0 : this.refcounts.of(this.number(data));
                if ((typeof times === "number" ? times : await times) === 1) count++;
            }
        }
        return count;
    }

    /** A compressed cluster begins anywhere and takes whole sectors: how many, the upper bits of its descriptor say. */
    private addCompressed(descriptor: bigint, compressed: Map<number, number>): void {
        const shift = BigInt(62 - (this.layout.clusterBits - 8));
        const start = Number(descriptor & ((1n << shift) - 1n));
        const sectors = Number((descriptor & ((1n << 62n) - 1n)) >> shift) + 1;
        const end = start - (start % 512) + sectors * 512;
        for (let number = Math.floor(start / this.cluster); number * this.cluster < end; number++) compressed.set(number, (compressed.get(number) ?? 0) + 1);
    }

    private number(offset: number): number {
        if (offset % this.cluster !== 0) throw new Error("a cluster in it is out of place");
        return offset / this.cluster;
    }

    private read(offset: number, length: number, what: string): Promise<Buffer> {
        this.left -= length;
        if (this.seen.has(offset) || this.left < 0) throw new Error(`its ${what}s overlap`);
        this.seen.add(offset);
        return readAt(this.file, offset, length, what);
    }
}

/** Bytes of a qcow2 file that only one of its states needs. */
export interface OwnBytes {
    /** Of the tip. */
    readonly tip: number;
    /** Internal snapshot's name to bytes. Two of the same name can't be told apart. */
    readonly snapshots: ReadonlyMap<string, number>;
}

async function count(file: FileHandle): Promise<OwnBytes | null> {
    const layout = await readLayout(file);
    if (layout.externalData) return null;
    const counter = new Counter(file, layout);
    const cluster = 2 ** layout.clusterBits;
    const snapshots = new Map<string, number>();
    // Its L1 table goes with a snapshot; the tip always needs one.
    for (const { name, l1 } of layout.snapshots) snapshots.set(name, Math.ceil((l1.entries * 8) / cluster) * cluster + (await counter.below(l1)));
    return { tip: await counter.below(layout.l1), snapshots };
}

/** Null where the file can't be read, is no sound qcow2 file, or has its data in another file. */
export async function ownBytes(path: string): Promise<OwnBytes | null> {
    try {
        await using file = await open(path, "r");
        return await count(file);
    } catch {
        return null;
    }
}

/**
 * Bytes up to the end of the last cluster of a qcow2 file that is referred to by its refcounts: more than the file has where QEMU was killed between
 * taking a cluster and writing there.
 *
 * @throws Error when the file is not a sound qcow2 file.
 */
export async function takenBytes(path: string): Promise<number> {
    await using file = await open(path, "r");
    return await new Refcounts(file, await readLayout(file)).end();
}
