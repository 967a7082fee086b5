import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Command, connect, type Host, type Mode, type VirtualMachine } from "../../../provider/engine";
import { type Bench, type Disks, SLOT_BYTES, SLOTS, type Write } from "../../conformance/bench";
import { type Crashable, saveFolder, type Saved } from "./crash";
import { leftOvers, tagsIn } from "./left-overs";
import { checkImage, contentsOf, qemuImg, sha256, writeSlot } from "./tools";

const ENTITIES: Readonly<Record<string, string>> = { "&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": '"', "&apos;": "'", "&#10;": "\n", "&#xA;": "\n" };

function attribute(text: string, pattern: RegExp): string {
    const value = pattern.exec(text)?.[2];
    if (value === undefined) throw new Error(`no ${String(pattern)} in ${text}`);
    return value.replace(/&#?\w+;/g, (entity) => ENTITIES[entity] ?? entity);
}

export interface Disk {
    readonly target: string;
    readonly file: string;
    readonly format: string;
}

/** The disks in a domain's document, read with the eyes of a test. */
export function disksOf(xml: string): Disk[] {
    return [...xml.matchAll(/<disk\b[\s\S]*?<\/disk>/g)].map(([disk]) => ({
        target: attribute(disk, /<target\b[^>]*\bdev=(["'])(.*?)\1/s),
        file: attribute(disk, /<source\b[^>]*\bfile=(["'])(.*?)\1/s),
        format: attribute(disk, /<driver\b[^>]*\btype=(["'])(.*?)\1/s),
    }));
}

export interface Placement {
    /** A folder that is there; default: that for temporary files. */
    readonly within?: string;
    /** Name of the folder that holds all; any characters. */
    readonly folder?: string;
    readonly domain?: string;
    /** Format of the first image of each disk. */
    readonly format?: "qcow2" | "raw";
}

/** A machine of the embedded backend: `golden/` with images that are nobody's of ours, `root/` with the domain. */
export class QemuMachine implements Crashable {
    host!: Host; // Set by connect, before anybody has the machine.
    vm!: VirtualMachine;
    /** Files that must stay as they are, with their checksums. */
    private readonly sealed = new Map<string, string>();
    /** What a test leaves in the domain's folder knowingly. */
    private readonly allowed = { left: new Set<string>(), kept: new Set<string>(), single: false };

    private constructor(
        readonly temporary: string,
        readonly root: string,
        readonly domain: string,
        readonly targets: readonly string[],
    ) {}

    static async make(
        targets: readonly string[],
        { within = tmpdir(), folder = "host", domain = "vm", format = "qcow2" }: Placement = {},
    ): Promise<QemuMachine> {
        const temporary = await mkdtemp(join(await realpath(within), "snaptree-qemu-"));
        const root = join(temporary, folder, "root");
        await mkdir(root, { recursive: true });
        const machine = new QemuMachine(temporary, root, domain, targets);
        const disks: Disk[] = [];
        for (const target of targets) disks.push({ target, file: await machine.image(target, format), format });
        await machine.connect();
        machine.vm = await machine.host.define({ name: domain, disks });
        return machine;
    }

    /** A golden image, and under qcow2 an image of the user's own on it; outside the domain's folder. */
    async image(stem: string, format: "qcow2" | "raw"): Promise<string> {
        const golden = join(dirname(this.root), "golden");
        await mkdir(golden, { recursive: true });
        const raw = join(golden, `${stem}.raw`);
        await qemuImg("create", "-q", "-f", "raw", "--", raw, String(SLOTS * SLOT_BYTES));
        await writeSlot(raw, "raw", 0, "0");
        if (format === "raw") return raw;
        await this.seal(raw);
        const image = join(golden, `${stem}.qcow2`);
        await qemuImg("create", "-q", "-f", "qcow2", "-b", raw, "-F", "raw", "--", image);
        return image;
    }

    get folder(): string {
        return join(this.root, this.domain);
    }

    get uri(): string {
        return `qemu:///embed?root=${encodeURIComponent(this.root)}`;
    }

    /** A new connection: nothing that an earlier one remembered helps. */
    async connect(): Promise<void> {
        const { host } = this as { host?: Host };
        await host?.[Symbol.asyncDispose]();
        this.host = await connect(this.uri);
        if (existsSync(this.folder)) this.vm = await this.host.domain(this.domain);
    }

    async seal(file: string): Promise<void> {
        this.sealed.set(file, await sha256(file));
    }

    async disks(): Promise<Disk[]> {
        return disksOf(await readFile(join(this.folder, "domain.xml"), "utf8"));
    }

    /** Disk target to the file that the domain writes to. */
    async files(): Promise<Record<string, string>> {
        return Object.fromEntries((await this.disks()).map(({ target, file }) => [target, file]));
    }

    async write(target: string, slot: number, character: string): Promise<void> {
        const disk = (await this.disks()).find((d) => d.target === target);
        if (!disk) throw new Error(`no disk ${target}`);
        await writeSlot(disk.file, disk.format, slot, character);
    }

    async tip(): Promise<Disks> {
        const found: Record<string, string> = {};
        for (const { target, file, format } of await this.disks()) found[target] = await contentsOf(file, format);
        return found;
    }

    async snapshot(name: string): Promise<Disks> {
        const snapshot = (await this.vm.hierarchy()).snapshots.find((s) => s.name === name);
        if (!snapshot) throw new Error(`no snapshot ${name}`);
        return this.read(snapshot.files, (await tagsIn(this.folder)).get(name) ?? null);
    }

    async branch(name: string): Promise<Disks> {
        const branch = (await this.vm.hierarchy()).branches.find((b) => b.name === name);
        if (!branch) throw new Error(`no branch ${name}`);
        // What the domain runs on is in its document; a branch that was left may be a snapshot inside its images.
        return branch.active ? this.tip() : this.read(branch.files, (await tagsIn(this.folder)).get(name) ?? null);
    }

    async title(): Promise<string | null> {
        return /<title>(.*?)<\/title>/.exec(await readFile(join(this.folder, "domain.xml"), "utf8"))?.[1] ?? null;
    }

    async entitle(title: string): Promise<void> {
        await this.edit((xml) => xml.replace(/\s*<title>.*?<\/title>/, "").replace("</name>", `</name><title>${title}</title>`));
    }

    /** Changes the domain's document as a user with an editor does. */
    async edit(change: (xml: string) => string): Promise<void> {
        const file = join(this.folder, "domain.xml");
        const before = await readFile(file, "utf8");
        const after = change(before);
        expect(after).not.toBe(before);
        await writeFile(file, after);
    }

    private async read(files: Readonly<Record<string, string>>, internal: string | null): Promise<Disks> {
        const found: Record<string, string> = {};
        for (const [target, file] of Object.entries(files)) found[target] = await contentsOf(file, file.endsWith(".raw") ? "raw" : "qcow2", internal);
        return found;
    }

    provision(writes: readonly Write[]): Command[] {
        return writes.map(({ target, slot, character }) => {
            const write = `write -P ${character.charCodeAt(0)} ${slot * SLOT_BYTES} ${SLOT_BYTES}`;
            return { command: ["sh", "-c", `exec qemu-io -f qcow2 -c "$1" "$SNAPTREE_DISK_${target.toUpperCase()}"`, "sh", write] };
        });
    }

    /** All qcow2 files in the domain's folder. */
    async images(): Promise<string[]> {
        return (await readdir(this.folder)).filter((name) => name.endsWith(".qcow2")).map((name) => join(this.folder, name));
    }

    save(): Saved {
        return saveFolder(this.temporary);
    }

    async leave(): Promise<void> {
        const left = await leftOvers(this.folder, await this.vm.hierarchy(), await this.files(), this.allowed);
        expect(left).not.toEqual([]);
        for (const what of left) this.allowed.left.add(what);
    }

    /** A snapshot is about to be discarded, which keeps the chain as it is: its files may stay though nothing else names them. */
    async keepChain(name: string): Promise<void> {
        const { files = {} } = (await this.vm.hierarchy()).snapshots.find((snapshot) => snapshot.name === name) ?? {};
        for (const file of Object.values(files)) this.allowed.kept.add(file);
    }

    async sound({ single = false } = {}): Promise<void> {
        const hierarchy = await this.vm.hierarchy();
        for (const file of new Set([...(await this.images()), ...hierarchy.snapshots.flatMap(({ files }) => Object.values(files))])) {
            if (file.endsWith(".qcow2")) await checkImage(file);
        }
        for (const [file, before] of this.sealed) expect([file, await sha256(file)]).toEqual([file, before]);
        expect(await leftOvers(this.folder, hierarchy, await this.files(), { ...this.allowed, single })).toEqual([]);
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.host[Symbol.asyncDispose]();
        await rm(this.temporary, { recursive: true, force: true });
    }
}

/** The embedded backend under the suite, in one mode. */
export function qemuBench(mode: Mode): Bench {
    return { mode, machine: (targets) => QemuMachine.make(targets) };
}
