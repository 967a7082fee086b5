import type { Medium } from "./document";

/** Reads a part of a file on the machine that VirtualBox runs on; less where it ends. */
export type ReadPart = (file: string, offset: number, bytes: number) => Promise<Buffer>;

export const VDI_SIGNATURE = 0xbeda107f;
/** Where a VDI's header (version 1.1) has what is read of it, in bytes. */
const VDI = { signature: 0x40, blocks: 0x154, count: 0x180, allocated: 0x184, end: 0x188 } as const;
/** An entry of an image's map that leads to the image under it. */
const UNWRITTEN = 0xff;
const PART = 1024 * 1024;

/** Some entry of a map says that something is there. */
async function hasEntries(read: ReadPart, file: string, offset: number, bytes: number): Promise<boolean> {
    for (let at = 0; at < bytes; at += PART) {
        const part = await read(file, offset + at, Math.min(PART, bytes - at));
        if (part.length === 0 || part.some((byte) => byte !== UNWRITTEN)) return true;
    }
    return false;
}

/** Blocks that a guest zeroed are not counted as allocated, so the map is read too. */
async function vdiIsWritten(read: ReadPart, file: string): Promise<boolean> {
    const header = await read(file, 0, VDI.end);
    if (header.length < VDI.end || header.readUInt32LE(VDI.signature) !== VDI_SIGNATURE || header.readUInt32LE(VDI.allocated) !== 0) return true;
    return hasEntries(read, file, header.readUInt32LE(VDI.blocks), header.readUInt32LE(VDI.count) * 4);
}

const VHD_HEADER = 512;
const VHD = { table: 16, entries: 28, end: 32 } as const;

async function vhdIsWritten(read: ReadPart, file: string): Promise<boolean> {
    const header = await read(file, VHD_HEADER, VHD.end);
    if (header.length < VHD.end || header.toString("latin1", 0, 8) !== "cxsparse") return true;
    return hasEntries(read, file, Number(header.readBigUInt64BE(VHD.table)), header.readUInt32BE(VHD.entries) * 4);
}

const SECTOR = 512;
const VMDK = { capacity: 12, grain: 20, entries: 44, directory: 56, end: 64 } as const;

/** A grain table has an entry for each grain; 0: it is in the image under this one. */
async function vmdkIsWritten(read: ReadPart, file: string): Promise<boolean> {
    const header = await read(file, 0, VMDK.end);
    if (header.length < VMDK.end || header.toString("latin1", 0, 4) !== "KDMV") return true;
    const [capacity, grain] = [header.readBigUInt64LE(VMDK.capacity), header.readBigUInt64LE(VMDK.grain)];
    const perTable = header.readUInt32LE(VMDK.entries);
    if (grain === 0n || perTable === 0) return true;
    const tables = Number((capacity + grain * BigInt(perTable) - 1n) / (grain * BigInt(perTable)));
    const directory = await read(file, Number(header.readBigUInt64LE(VMDK.directory)) * SECTOR, tables * 4);
    if (directory.length < tables * 4) return true;
    for (let i = 0; i < tables; i++) {
        const table = directory.readUInt32LE(i * 4);
        if (table === 0) continue;
        const entries = await read(file, table * SECTOR, perTable * 4);
        if (entries.length < perTable * 4 || entries.some((byte) => byte !== 0)) return true;
    }
    return false;
}

/** Whether a differencing image holds anything. Of a format that is not known, nobody can say, so it counts as written. */
export function isWritten(read: ReadPart, { file, format }: Medium): Promise<boolean> {
    switch (format.toUpperCase()) {
        case "VDI":
            return vdiIsWritten(read, file);
        case "VHD":
            return vhdIsWritten(read, file);
        case "VMDK":
            return vmdkIsWritten(read, file);
        default:
            return Promise.resolve(true);
    }
}
