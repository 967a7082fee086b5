// Virtual disks, as the tests write and read them: as a guest would, file by file, with nothing of Snaptree's in between. VirtualBox's own copies are the judge.
import { type FileHandle, open, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import type { Command } from "../../../provider/engine";
import { type Contents, SLOT_BYTES, SLOTS, type Write } from "../../conformance/bench";
import type { VirtualBox } from "../../hosts/virtualbox";
import { slotsOf } from "../qemu/tools";

/** Bytes of the smallest virtual disk. */
export const DISK_BYTES = 1024 * 1024;

const writer = join(__dirname, "write-slot.mjs");

export async function writeSlot(file: string, slot: number, character: string): Promise<void> {
    await execa(process.execPath, [writer, "DISK", String(slot), character], { env: { DISK: file } });
}

/** A command that writes a slot of the file that provisioning gives it. */
export function writing({ target, slot, character }: Write): Command {
    return { command: [process.execPath, writer, `SNAPTREE_DISK_${target.toUpperCase()}`, String(slot), character] };
}

/** A virtual disk, as its file says. */
export interface Disk {
    readonly file: string;
    readonly uuid: string;
    /** The one under it. */
    readonly parent: string | null;
}

const SIGNATURE = 0xbeda107f;
const HEADER = 512;
/** Where a header has what, as VirtualBox 4 and later write it (version 1.1). */
const AT = { signature: 64, map: 340, data: 344, bytes: 368, block: 376, extra: 380, uuid: 392, parent: 424 };
/** What stands in a disk's map where the file does not have a block: a guest zeroed it; nobody wrote it here. */
const [ZERO, UNWRITTEN] = [0xfffffffe, 0xffffffff];

const none = "00000000-0000-0000-0000-000000000000";

export async function diskIn(file: string): Promise<Disk> {
    await using handle = await open(file);
    const header = await headerOf(handle, file);
    const parent = uuidAt(header, AT.parent);
    return { file, uuid: uuidAt(header, AT.uuid), parent: parent === none ? null : parent };
}

async function headerOf(handle: FileHandle, file: string): Promise<Buffer> {
    const header = await part(handle, 0, HEADER);
    if (header.readUInt32LE(AT.signature) !== SIGNATURE) throw new Error(`${file} is no VDI`);
    return header;
}

/** Bytes of a file; past its end stand zeros. */
async function part(handle: FileHandle, position: number, bytes: number): Promise<Buffer> {
    const buffer = Buffer.alloc(bytes);
    await handle.read(buffer, 0, bytes, position);
    return buffer;
}

/** A UUID as it stands in a header: its first three fields in the order of the machine. */
function uuidAt(header: Buffer, at: number): string {
    const hex = (from: number, to: number) => header.toString("hex", at + from, at + to);
    const [one, two, three] = [header.readUInt32LE(at), header.readUInt16LE(at + 4), header.readUInt16LE(at + 6)];
    return [one.toString(16).padStart(8, "0"), two.toString(16).padStart(4, "0"), three.toString(16).padStart(4, "0"), hex(8, 10), hex(10, 16)].join("-");
}

/** The virtual disks in a machine's folder, by UUID. */
export async function disksIn(folder: string): Promise<ReadonlyMap<string, Disk>> {
    const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".vdi"));
    const disks = await Promise.all(files.map((name) => diskIn(join(folder, name))));
    return new Map(disks.map((disk) => [disk.uuid, disk]));
}

/** A disk and all that it stands on, the uppermost first. @param folder the machine's, where they all are */
export async function chainOf(uuid: string, folder: string): Promise<readonly Disk[]> {
    const disks = await disksIn(folder);
    const chain: Disk[] = [];
    for (let at: string | null = uuid; at !== null;) {
        const disk = disks.get(at);
        if (!disk || chain.includes(disk)) throw new Error(disk ? `${disk.file} stands on itself` : `there is no file of the disk ${at}`);
        chain.push(disk);
        at = disk.parent;
    }
    return chain;
}

/** Every byte that a guest sees of a disk. */
export async function bytesOf(uuid: string, folder: string): Promise<Buffer> {
    let bytes: Buffer | null = null;
    for (const disk of (await chainOf(uuid, folder)).toReversed()) bytes = await over(bytes, disk);
    return bytes ?? Buffer.alloc(0);
}

/** What a guest sees once a disk lies on what is under it. */
async function over(under: Buffer | null, { file }: Disk): Promise<Buffer> {
    await using handle = await open(file);
    const header = await headerOf(handle, file);
    const [block, extra, data] = [header.readUInt32LE(AT.block), header.readUInt32LE(AT.extra), header.readUInt32LE(AT.data)];
    const bytes = Buffer.alloc(Number(header.readBigUInt64LE(AT.bytes)));
    under?.copy(bytes);
    const map = await part(handle, header.readUInt32LE(AT.map), 4 * Math.ceil(bytes.length / block));
    for (let at = 0; at < bytes.length; at += block) {
        const entry = map.readUInt32LE((at / block) * 4);
        if (entry === ZERO) bytes.fill(0, at, at + block);
        else if (entry !== UNWRITTEN) (await part(handle, data + entry * (block + extra) + extra, block)).copy(bytes, at);
    }
    return bytes;
}

/** What a machine's disk holds, slot by slot. */
export async function contentsOf(uuid: string, folder: string): Promise<Contents> {
    const bytes = await bytesOf(uuid, folder);
    if (bytes.length !== DISK_BYTES) throw new Error(`${uuid} has ${bytes.length} bytes`);
    const beyond = slotsOf(bytes.subarray(SLOTS * SLOT_BYTES));
    if (/[^.]/.test(beyond)) throw new Error(`something stands in ${uuid} where nothing was written: ${beyond}`);
    return slotsOf(bytes.subarray(0, SLOTS * SLOT_BYTES));
}

/** Every byte of a registered disk, by VirtualBox's own copy of it. Never beside another call on the same machine. */
export async function copyOf(uuid: string, virtualbox: VirtualBox): Promise<Buffer> {
    const raw = join(virtualbox.folder, `${uuid}.raw`);
    await virtualbox.run("clonemedium", "disk", uuid, raw, "--format=RAW");
    const bytes = await readFile(raw);
    await virtualbox.run("closemedium", "disk", raw, "--delete");
    return bytes;
}
