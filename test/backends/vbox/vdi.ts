// Virtual disks, as the tests write and read them: as a guest would, and through VirtualBox's own copies, with nothing of Snaptree's in between.
import { open, readdir, readFile, stat } from "node:fs/promises";
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

const none = "00000000-0000-0000-0000-000000000000";

export async function diskIn(file: string): Promise<Disk> {
    await using handle = await open(file);
    const header = Buffer.alloc(512);
    await handle.read(header, 0, header.length, 0);
    if (header.readUInt32LE(64) !== 0xbeda107f) throw new Error(`${file} is no VDI`);
    const parent = uuidAt(header, 424);
    return { file, uuid: uuidAt(header, 392), parent: parent === none ? null : parent };
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

/** Reads virtual disks through copies that VirtualBox makes. Never beside another call on the same machine. */
export class Eye {
    /** What was read, and of which files in which state. */
    private readonly seen = new Map<string, Contents>();
    private copies = 0;

    constructor(private readonly virtualbox: VirtualBox) {}

    /** @param folder the machine's */
    async contentsOf(uuid: string, folder: string): Promise<Contents> {
        const state = await stateOf(uuid, await disksIn(folder));
        const contents = this.seen.get(state) ?? (await this.copied(uuid));
        this.seen.set(state, contents);
        return contents;
    }

    private async copied(uuid: string): Promise<Contents> {
        const raw = join(this.virtualbox.folder, `copy-${++this.copies}.raw`);
        await this.virtualbox.run("clonemedium", "disk", uuid, raw, "--format=RAW");
        const bytes = await readFile(raw);
        await this.virtualbox.run("closemedium", "disk", raw, "--delete");
        if (bytes.length !== DISK_BYTES) throw new Error(`${uuid} has ${bytes.length} bytes`);
        const beyond = slotsOf(bytes.subarray(SLOTS * SLOT_BYTES));
        if (/[^.]/.test(beyond)) throw new Error(`something stands in ${uuid} where nothing was written: ${beyond}`);
        return slotsOf(bytes.subarray(0, SLOTS * SLOT_BYTES));
    }
}

/** The files that hold a disk's contents, and how they are: whoever writes one changes this. */
async function stateOf(uuid: string, disks: ReadonlyMap<string, Disk>): Promise<string> {
    const chain: string[] = [];
    for (let at: string | null = uuid; at !== null;) {
        const disk = disks.get(at);
        if (!disk) throw new Error(`there is no file of the disk ${at}`);
        const { mtimeNs, size } = await stat(disk.file, { bigint: true });
        chain.push(`${at} ${mtimeNs} ${size}`);
        at = disk.parent;
    }
    return chain.join("\n");
}
