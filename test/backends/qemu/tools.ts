// QEMU's own tools and plain file reads: the eyes and hands of the tests, with nothing of Snaptree's in between.
import { createHash } from "node:crypto";
import { mkdtemp, open, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { execa } from "execa";
import { type Contents, SLOT_BYTES, SLOTS } from "../../conformance/bench";

/** Bytes of a cluster of an image as qemu-img makes it. */
const CLUSTER = 65536;

/** The backing file's name in a qcow2 image's header; null where there is none, or no such header. */
async function backingOf(file: string): Promise<string | null> {
    await using handle = await open(file);
    const header = Buffer.alloc(20);
    await handle.read(header, 0, 20, 0);
    if (header.toString("latin1", 0, 4) !== "QFI\xfb") return null;
    const name = Buffer.alloc(header.readUInt32BE(16));
    await handle.read(name, 0, name.length, Number(header.readBigUInt64BE(8)));
    return name.length === 0 ? null : resolve(dirname(file), name.toString());
}

/** Other as soon as anybody writes to an image or to one that it stands on, or puts another in its place. */
async function stateOf(image: string): Promise<string> {
    const states: string[] = [];
    for (let file: string | null = image; file !== null; file = await backingOf(file)) {
        const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
        states.push([file, dev, ino, size, mtimeNs, ctimeNs].join(" "));
    }
    return states.join("\n");
}

const answers = new Map<string, unknown>();

/**
 * What a tool of QEMU's says of an image, asked once for each state of it: a test looks at everything after each step, and most of it stays as it was. Nothing is
 * written within the tick of the clock in which it was looked at, since the tool itself takes longer than that to start.
 */
async function askedOnce<T>(question: string, file: string, ask: () => Promise<T>): Promise<T> {
    const state = await stateOf(file).catch(() => null); // What can't be read is the tool's to complain of.
    if (state === null) return ask();
    const key = `${question}\n${state}`;
    if (!answers.has(key)) answers.set(key, await ask());
    return answers.get(key) as T;
}

export async function qemuImg(...args: string[]): Promise<string> {
    return (await execa("qemu-img", args)).stdout;
}

/** A path as qemu-io takes it whatever it holds: its own JSON form. */
function asJson(file: string, format: string): string {
    return `json:${JSON.stringify({ driver: format, file: { driver: "file", filename: file } })}`;
}

export async function writeSlot(file: string, format: string, slot: number, character: string): Promise<void> {
    const command = `write -P ${character.charCodeAt(0)} ${slot * SLOT_BYTES} ${SLOT_BYTES}`;
    const { stdout } = await execa("qemu-io", ["-c", command, asJson(file, format)]);
    if (!stdout.includes("wrote")) throw new Error(stdout);
}

/** Waits until nobody writes an image any more: what was killed takes a moment to be gone. */
export async function released(file: string): Promise<void> {
    for (let failed = true; failed;) ({ failed } = await execa("qemu-img", ["info", "-f", "qcow2", "--", file], { reject: false }));
}

/** Writes one character all over the start of a qcow2 file. */
export async function writeBytes(file: string, character: string, bytes: number): Promise<void> {
    await execa("qemu-io", ["-c", `write -q -P ${character.charCodeAt(0)} 0 ${bytes}`, asJson(file, "qcow2")]);
}

/** Fails where the start of a qcow2 file is anything but one character. */
export async function readsAs(file: string, character: string, bytes: number): Promise<void> {
    const { stdout } = await execa("qemu-io", ["-r", "-c", `read -q -P ${character.charCodeAt(0)} 0 ${bytes}`, asJson(file, "qcow2")]);
    expect(stdout).toBe("");
}

function slotOf(bytes: Buffer): string {
    const [first = 0] = bytes;
    if (!bytes.equals(Buffer.alloc(bytes.length, first))) return "?";
    return first === 0 ? "." : String.fromCharCode(first);
}

/** What stands in bytes, slot by slot. */
export function slotsOf(bytes: Buffer): Contents {
    return Array.from({ length: bytes.length / SLOT_BYTES }, (_, i) => slotOf(bytes.subarray(i * SLOT_BYTES, (i + 1) * SLOT_BYTES))).join("");
}

/** The bytes of an image as a guest sees them, or of an internal snapshot in it. */
export async function contentsOf(file: string, format: string, internal: string | null = null): Promise<Contents> {
    return askedOnce(`contents ${format} ${internal === null ? "" : JSON.stringify(internal)}`, file, () => converted(file, format, internal));
}

async function converted(file: string, format: string, internal: string | null): Promise<Contents> {
    const folder = await mkdtemp(join(tmpdir(), "snaptree-eye-"));
    try {
        const raw = join(folder, "raw");
        const which = internal === null ? [] : ["-l", `snapshot.name=${internal.replaceAll(",", ",,")}`];
        await qemuImg("convert", ...which, "-f", format, "-O", "raw", "--", file, raw);
        const bytes = await readFile(raw);
        if (bytes.length !== SLOTS * SLOT_BYTES) throw new Error(`${file} has ${bytes.length} bytes`);
        return slotsOf(bytes);
    } finally {
        await rm(folder, { recursive: true, force: true });
    }
}

export interface Image {
    readonly filename: string;
    readonly format: string;
    readonly backing: string | null;
    readonly backingFormat: string | null;
    /** Names of internal snapshots. */
    readonly internal: readonly string[];
}

interface Info {
    readonly filename: string;
    readonly format: string;
    readonly "full-backing-filename"?: string;
    readonly "backing-filename-format"?: string;
    readonly snapshots?: readonly { readonly name: string }[];
}

/** An image and all that it stands on, the uppermost first. */
export async function chainOf(file: string, format = "qcow2"): Promise<Image[]> {
    const ask = () => qemuImg("info", "--output=json", "--backing-chain", "-f", format, "--", file);
    const chain = JSON.parse(await askedOnce(`chain ${format}`, file, ask)) as Info[];
    return chain.map((info) => ({
        filename: info.filename,
        format: info.format,
        backing: info["full-backing-filename"] ?? null,
        backingFormat: info["backing-filename-format"] ?? null,
        internal: (info.snapshots ?? []).map(({ name }) => name),
    }));
}

export async function imageOf(file: string): Promise<Image> {
    const [image] = await chainOf(file);
    if (!image) throw new Error(`${file} has no chain`);
    return image;
}

/** Fails when an image has errors or leaks. */
export async function checkImage(file: string): Promise<void> {
    await askedOnce("check", file, () => qemuImg("check", "-q", "-f", "qcow2", "--", file));
}

/** Takes the cluster after the end of a qcow2 file, as QEMU does before it writes there. Of an image as qemu-img makes it: refcounts of 2 bytes. */
export async function takeClusterPastEnd(file: string): Promise<void> {
    await using handle = await open(file, "r+");
    const offsetAt = async (at: number) => Number((await handle.read(Buffer.alloc(8), 0, 8, at)).buffer.readBigUInt64BE());
    const block = await offsetAt(await offsetAt(48));
    const cluster = Math.ceil((await handle.stat()).size / CLUSTER);
    await handle.write(Buffer.from([0, 1]), 0, 2, block + 2 * cluster);
}

/** Makes a qcow2 file longer, as it is by and by: qemu-img check looks no further than to its end. */
export async function lengthen(file: string): Promise<void> {
    await using handle = await open(file, "r+");
    await handle.truncate((await handle.stat()).size + 4 * CLUSTER);
}

export async function sha256(file: string): Promise<string> {
    return createHash("sha256")
        .update(await readFile(file))
        .digest("hex");
}
