import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { execaSync } from "execa";
import { type Command, connect, type Hierarchy, type Host, type Mode, type VirtualMachine } from "../../../provider/engine";
import { type Bench, type Disks, SLOT_BYTES, SLOTS, type Write } from "../../conformance/bench";
import type { Libvirt } from "../../hosts/libvirt";
import { type Crashable, saveFolder, type Saved } from "../qemu/crash";
import { idleImages } from "../qemu/left-overs";
import { type Disk, disksOf } from "../qemu/machine";
import { checkImage, contentsOf, imageOf, qemuImg, sha256, writeSlot } from "../qemu/tools";

interface Kept {
    readonly branches: readonly { readonly name: string; readonly tag: string | null }[];
}

let count = 0;

/** A domain of a real libvirt, seen through virsh and QEMU's tools alone. `golden/` holds an image that is nobody's of ours, and `disks/` the domain's. */
export class LibvirtMachine implements Crashable {
    host!: Host; // Set by connect, before anybody has the machine.
    vm!: VirtualMachine;
    private readonly sealed = new Map<string, string>();
    private readonly bases = new Set<string>();
    private readonly allowed = { left: new Set<string>(), kept: new Set<string>(), single: false };

    private constructor(
        public libvirt: Libvirt,
        readonly temporary: string,
        readonly domain: string,
        readonly targets: readonly string[],
    ) {}

    /** @param within the folder for its own. Default: where libvirt's images are */
    static async make(libvirt: Libvirt, targets: readonly string[], { within = libvirt.images } = {}): Promise<LibvirtMachine> {
        const temporary = await mkdtemp(join(within, "machine-"));
        const machine = new LibvirtMachine(libvirt, temporary, `vm-${++count}`, targets);
        await mkdir(machine.folder);
        const disks: Disk[] = [];
        for (const target of targets) disks.push({ target, file: await machine.image(target), format: "qcow2" });
        machine.host = await connect(libvirt.uri);
        machine.vm = await machine.host.define({ name: machine.domain, disks });
        return machine;
    }

    /** The domain as another host has it, on the same disks. Whoever has this one disposes of those. */
    async on(libvirt: Libvirt): Promise<LibvirtMachine> {
        const machine = new LibvirtMachine(libvirt, this.temporary, this.domain, this.targets);
        for (const [file, sum] of this.sealed) machine.sealed.set(file, sum);
        for (const file of this.bases) machine.bases.add(file);
        machine.host = await connect(libvirt.uri);
        machine.vm = await machine.host.domain(this.domain);
        return machine;
    }

    get uri(): string {
        return this.libvirt.uri;
    }

    get folder(): string {
        return join(this.temporary, "disks");
    }

    /** A golden image, and an image of the user's own on it. */
    private async image(stem: string): Promise<string> {
        const golden = join(this.temporary, "golden");
        await mkdir(golden, { recursive: true });
        const raw = join(golden, `${stem}.raw`);
        await qemuImg("create", "-q", "-f", "raw", "--", raw, String(SLOTS * SLOT_BYTES));
        await writeSlot(raw, "raw", 0, "0");
        await this.seal(raw);
        const image = join(this.folder, `${stem}.qcow2`);
        await qemuImg("create", "-q", "-f", "qcow2", "-b", raw, "-F", "raw", "--", image);
        this.bases.add(image);
        return image;
    }

    /** A new connection: nothing that an earlier one remembered helps. */
    async connect(): Promise<void> {
        await this.host[Symbol.asyncDispose]();
        this.host = await connect(this.libvirt.uri);
        this.vm = await this.host.domain(this.domain);
    }

    /** The domain is another libvirt's from now on, which finds what this one kept in its own folders, as after an upgrade. The files stay where they are. */
    async upgrade(to: Libvirt): Promise<void> {
        await to.kill();
        for (const kept of [`etc/qemu/${this.domain}.xml`, `lib/qemu/snapshot/${this.domain}`])
            await cp(join(this.libvirt.folder, kept), join(to.folder, kept), { recursive: true });
        await to.restart();
        this.libvirt = to;
        await this.connect();
    }

    async seal(file: string): Promise<void> {
        this.sealed.set(file, await sha256(file));
    }

    /** With what libvirt has of it. */
    save(): Saved {
        const folder = saveFolder(this.temporary);
        const at = mkdtempSync(`${this.temporary}.documents-`);
        const virsh = (commands: string) => execaSync("virsh", ["--connect", this.uri, commands]).stdout;
        const keep = (name: string, contents: string) => {
            writeFileSync(join(at, name), contents);
            return join(at, name);
        };
        const restore = [`undefine ${this.domain} --snapshots-metadata --keep-nvram`];
        restore.push(`define ${keep("domain.xml", virsh(`dumpxml ${this.domain} --inactive --security-info`))}`);
        const names = virsh(`snapshot-list ${this.domain} --name --topological`).split("\n").filter(Boolean);
        const current = execaSync("virsh", ["--connect", this.uri, "snapshot-current", this.domain, "--name"], { reject: false }).stdout.trim();
        for (const [i, name] of names.entries()) {
            const file = keep(`${i}.xml`, virsh(`snapshot-dumpxml ${this.domain} --snapshotname=${name} --security-info`));
            restore.push(`snapshot-create ${this.domain} ${file} --redefine${name === current ? " --current" : ""}`);
        }
        return {
            async restore() {
                await folder.restore();
                virsh(restore.join("; "));
            },
            async [Symbol.asyncDispose]() {
                await folder[Symbol.asyncDispose]();
                await rm(at, { recursive: true });
            },
        };
    }

    async xml(): Promise<string> {
        return this.libvirt.virsh("dumpxml", "--inactive", this.domain);
    }

    async disks(): Promise<Disk[]> {
        return disksOf(await this.xml());
    }

    async write(target: string, slot: number, character: string): Promise<void> {
        const disk = (await this.disks()).find((each) => each.target === target);
        if (!disk) throw new Error(`no disk ${target}`);
        await writeSlot(disk.file, disk.format, slot, character);
    }

    async tip(): Promise<Disks> {
        return this.read(Object.fromEntries((await this.disks()).map(({ target, file }) => [target, file])), null);
    }

    /** As libvirt itself has it: the disks of its `<domain>`, and inside them its own name. */
    async snapshot(name: string): Promise<Disks> {
        const xml = await this.libvirt.virsh("snapshot-dumpxml", this.domain, `--snapshotname=${name}`);
        const listed = /<disks>[\s\S]*?<\/disks>/.exec(xml)?.[0] ?? "";
        const how = new Map([...listed.matchAll(/<disk name='(\w+)' snapshot='(\w+)'/g)].map(([, target = "", snapshot = ""]) => [target, snapshot]));
        const files = disksOf(/<domain\b[\s\S]*?<\/domain>/.exec(xml)?.[0] ?? "").filter(({ target }) => how.get(target) !== "no");
        return this.read(Object.fromEntries(files.map(({ target, file }) => [target, file])), [...how.values()].includes("internal") ? name : null);
    }

    async branch(name: string): Promise<Disks> {
        const branch = (await this.vm.hierarchy()).branches.find((each) => each.name === name);
        if (!branch) throw new Error(`no branch ${name}`);
        return branch.active ? this.tip() : this.read(branch.files, (await this.tags()).get(name) ?? null);
    }

    /** The names that branches have inside images, of which only what Snaptree keeps with the domain tells. */
    private async tags(): Promise<ReadonlyMap<string, string>> {
        const packed = /<snaptree:records\b[^>]*>([^<]*)</.exec(await this.xml())?.[1];
        const { branches } = packed === undefined ? { branches: [] } : (JSON.parse(gunzipSync(Buffer.from(packed, "base64")).toString()) as Kept);
        return new Map(branches.flatMap(({ name, tag }) => (tag === null ? [] : [[name, tag]])));
    }

    async title(): Promise<string | null> {
        return /<title>(.*?)<\/title>/.exec(await this.xml())?.[1] ?? null;
    }

    async entitle(title: string): Promise<void> {
        await this.libvirt.virsh("desc", this.domain, "--config", "--title", title);
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

    async leave(): Promise<void> {
        const left = await this.leftOvers(await this.vm.hierarchy());
        expect(left).not.toEqual([]);
        for (const what of left) this.allowed.left.add(what);
    }

    async keepChain(name: string): Promise<void> {
        const { files = {} } = (await this.vm.hierarchy()).snapshots.find((snapshot) => snapshot.name === name) ?? {};
        for (const file of Object.values(files)) this.allowed.kept.add(file);
    }

    /** Files and internal snapshots that nothing names, and what a journal would still need. */
    private async leftOvers({ snapshots, branches, branch }: Hierarchy, single = false): Promise<string[]> {
        const nodes = [...snapshots, ...branches].map(({ files }) => files);
        const tip = Object.fromEntries((await this.disks()).map(({ target, file }) => [target, file]));
        const named = new Set([...[tip, ...nodes].flatMap((files) => Object.values(files)), ...this.bases]);
        const found = [...(await idleImages(this.folder, named, { ...this.allowed, single })), ...(await this.strayTags({ snapshots, branch }, [...named]))];
        for (const name of await readdir(this.folder)) if (!/\.(qcow2|lock)$/.test(name) && !named.has(join(this.folder, name))) found.push(name); // libvirt names its own overlays as it likes.
        if ((await this.xml()).includes("urn:snaptree:journal")) found.push("journal");
        return found.filter((what) => ![...this.allowed.left].some((file) => what.startsWith(file)));
    }

    private async strayTags({ snapshots, branch }: Pick<Hierarchy, "snapshots" | "branch">, images: readonly string[]): Promise<string[]> {
        const tags = await this.tags();
        const wanted = new Set([...snapshots.filter(({ mode }) => mode === "internal").map(({ name }) => name), ...tags.values()]);
        const there = (await Promise.all(images.filter((file) => existsSync(file) && file.endsWith(".qcow2")).map(imageOf))).flatMap(({ filename, internal }) =>
            internal.map((tag) => ({ filename, tag })),
        );
        const active = branch === null ? undefined : tags.get(branch); // Taken when the domain leaves it.
        const missing = [...wanted].filter((tag) => tag !== active && !there.some((each) => each.tag === tag));
        return [...there.filter(({ tag }) => !wanted.has(tag)).map(({ filename, tag }) => `${filename}: ${tag}`), ...missing.map((tag) => `nowhere: ${tag}`)];
    }

    async sound({ single = false } = {}): Promise<void> {
        const hierarchy = await this.vm.hierarchy();
        const images = (await readdir(this.folder)).filter((name) => name.endsWith(".qcow2")).map((name) => join(this.folder, name));
        for (const file of images) await checkImage(file);
        for (const [file, before] of this.sealed) expect([file, await sha256(file)]).toEqual([file, before]);
        expect(await this.leftOvers(hierarchy, single)).toEqual([]);
        await this.agrees(hierarchy);
    }

    /** libvirt and Snaptree tell the same story. */
    private async agrees(hierarchy: Hierarchy): Promise<void> {
        const told = new Map<string, string | null>();
        for (const name of (await this.libvirt.virsh("snapshot-list", this.domain, "--name")).split("\n").filter(Boolean)) {
            const xml = await this.libvirt.virsh("snapshot-dumpxml", this.domain, `--snapshotname=${name}`);
            told.set(name, /<parent>\s*<name>(.*?)<\/name>/.exec(xml)?.[1] ?? null);
        }
        expect(told).toEqual(new Map(hierarchy.snapshots.map(({ name, parent }) => [name, parent])));
        if (hierarchy.current !== null) expect(await this.libvirt.virsh("snapshot-current", this.domain, "--name")).toBe(hierarchy.current);
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.host[Symbol.asyncDispose]();
        await rm(this.temporary, { recursive: true, force: true });
    }
}

/** A real libvirt under the suite, in one mode. */
export function libvirtBench(mode: Mode, libvirt: () => Libvirt): Bench {
    return { mode, machine: (targets) => LibvirtMachine.make(libvirt(), targets) };
}
