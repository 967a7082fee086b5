// Writes 64 KiB of one character into a virtual disk, as a guest would:
//     node write-slot.mjs VARIABLE SLOT CHARACTER    the environment's VARIABLE names the VDI file
// A block that the file does not have yet starts from what the files under it hold, which are looked for in the machine's folder.
import { Buffer } from "node:buffer";
import { closeSync, existsSync, openSync, readdirSync, readSync, writeSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { basename, dirname, join } from "node:path";

const SLOT = 64 * 1024;
const HEADER = 512;
const SIGNATURE = 0xbeda107f;
/** From here on a block's number means that the file does not have it. */
const NONE = 0xfffffffe;

/** Where a header has what: as VirtualBox 4 and later write it (version 1.1). */
const AT = { signature: 64, map: 340, data: 344, block: 376, extra: 380, allocated: 388, uuid: 392, modified: 408, parent: 424 };

function part(fd, bytes, position) {
    const buffer = Buffer.alloc(bytes); // Past the end stand zeros.
    readSync(fd, buffer, 0, bytes, position);
    return buffer;
}

function opened(file, flags) {
    const fd = openSync(file, flags);
    const header = part(fd, HEADER, 0);
    if (header.readUInt32LE(AT.signature) !== SIGNATURE) throw new Error(`${file} is no VDI`);
    const field = (at) => header.readUInt32LE(at);
    const uuid = (at) => header.toString("hex", at, at + 16);
    return { fd, file, header, field, uuid: uuid(AT.uuid), parent: /^0*$/.test(uuid(AT.parent)) ? null : uuid(AT.parent) };
}

/** The virtual disks of the machine that a file belongs to. */
function disksBeside(file) {
    const folder = dirname(file);
    const top = basename(folder) === "Snapshots" ? dirname(folder) : folder;
    const folders = [top, join(top, "Snapshots")].filter(existsSync);
    return folders.flatMap((each) => readdirSync(each).map((name) => join(each, name))).filter((each) => each.endsWith(".vdi"));
}

function positionOf(disk, entry) {
    return disk.field(AT.data) + entry * (disk.field(AT.block) + disk.field(AT.extra)) + disk.field(AT.extra);
}

function entryOf(disk, block) {
    return part(disk.fd, 4, disk.field(AT.map) + 4 * block).readUInt32LE();
}

/** What a disk holds in a block, wherever in its chain that stands. */
function contentsOf(disk, block, others) {
    const entry = entryOf(disk, block);
    const size = disk.field(AT.block);
    if (entry < NONE) return part(disk.fd, size, positionOf(disk, entry));
    if (entry === NONE || disk.parent === null) return Buffer.alloc(size);
    const under = others.find(({ uuid }) => uuid === disk.parent);
    if (!under) throw new Error(`what ${disk.file} stands on is not in the machine's folder`);
    return contentsOf(under, block, others);
}

/** Gives a disk a block of its own. @returns its number in the file */
function allocate(disk, block, others) {
    const bytes = contentsOf(disk, block, others);
    const entry = disk.field(AT.allocated);
    writeSync(disk.fd, bytes, 0, bytes.length, positionOf(disk, entry));
    const number = Buffer.alloc(4);
    number.writeUInt32LE(entry);
    writeSync(disk.fd, number, 0, 4, disk.field(AT.map) + 4 * block);
    disk.header.writeUInt32LE(entry + 1, AT.allocated);
    return entry;
}

const [variable = "", slot = "", character = ""] = process.argv.slice(2);
const file = process.env[variable];
if (!file) throw new Error(`no ${variable} in the environment`);
const disk = opened(file, "r+");
const others = disksBeside(file).map((each) => opened(each, "r"));
const above = others.find(({ parent }) => parent === disk.uuid);
if (above) throw new Error(`${above.file} stands on ${file}: no guest writes there`);

const offset = Number(slot) * SLOT;
const block = Math.floor(offset / disk.field(AT.block));
const had = entryOf(disk, block);
const entry = had < NONE ? had : allocate(disk, block, others);
writeSync(disk.fd, Buffer.alloc(SLOT, character), 0, SLOT, positionOf(disk, entry) + (offset % disk.field(AT.block)));
randomBytes(16).copy(disk.header, AT.modified); // Whoever opens a disk to write gives it a new one.
writeSync(disk.fd, disk.header, 0, HEADER, 0);
for (const { fd } of [disk, ...others]) closeSync(fd);
