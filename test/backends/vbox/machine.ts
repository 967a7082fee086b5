import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Command, connect, type Hierarchy, type Host, type VirtualMachine } from "../../../provider/engine";
import type { Bench, Disks, Write } from "../../conformance/bench";
import type { VirtualBox } from "../../hosts/virtualbox";
import { type Crashable, saveFolder, type Saved } from "../qemu/crash";
import type { Modelled } from "../qemu/pair";
import { type Document, read, type Snapshot, TITLE } from "./document";
import { pristine } from "./pristine";
import { bytesOf, chainOf, contentsOf, copyOf, diskIn, disksIn, writeSlot, writing } from "./vdi";

/** What a machine's folder holds besides virtual disks. */
const KNOWN = /^(Snapshots|Logs)$|\.(vbox|vbox-prev|vdi|lock)$/;

/** Lengths of chains of disks of which VirtualBox has made a copy for us. */
const COMPARED = new WeakMap<VirtualBox, Set<number>>();

/** A machine of a real VirtualBox, seen through its document, its disks' files and VBoxManage alone. */
export class VboxMachine implements Crashable, Modelled {
    host!: Host; // Set by connect, before anybody has the machine.
    vm!: VirtualMachine;
    /** Snapshots of VirtualBox's that stay, by UUID: those that were only forgotten, and those that others stand on for as long as they do. */
    private readonly allowed = { left: new Set<string>(), kept: new Set<string>() };

    private constructor(
        readonly virtualbox: VirtualBox,
        readonly domain: string,
        readonly targets: readonly string[],
    ) {}

    static async make(virtualbox: VirtualBox, targets: readonly string[]): Promise<VboxMachine> {
        const machine = new VboxMachine(virtualbox, `vm-${randomBytes(4).toString("hex")}`, targets);
        await pristine(virtualbox, machine.domain, targets);
        await machine.connect();
        return machine;
    }

    get uri(): string {
        return this.virtualbox.uri;
    }

    get folder(): string {
        return join(this.virtualbox.machines, this.domain);
    }

    /** A new connection: nothing that an earlier one remembered helps. */
    async connect(): Promise<void> {
        const { host } = this as { host?: Host };
        await host?.[Symbol.asyncDispose]();
        this.host = await connect(this.uri);
        this.vm = await this.host.domain(this.domain);
    }

    async document(): Promise<Document> {
        return read(await readFile(join(this.folder, `${this.domain}.vbox`), "utf8"), this.folder);
    }

    /** Disk target to the file that the machine writes to. */
    async files(): Promise<Record<string, string>> {
        const { now, media } = await this.document();
        return Object.fromEntries(Object.entries(now.disks).map(([target, uuid]) => [target, media.get(uuid) ?? ""]));
    }

    async write(target: string, slot: number, character: string): Promise<void> {
        const file = (await this.files())[target];
        if (!file) throw new Error(`no disk ${target}`);
        await writeSlot(file, slot, character);
    }

    async tip(): Promise<Disks> {
        return this.read((await this.document()).now.disks);
    }

    async snapshot(name: string): Promise<Disks> {
        const found = (await this.document()).snapshots.filter((snapshot) => snapshot.name === name || withUuid(snapshot) === name);
        expect([name, found.length]).toEqual([name, 1]);
        return this.read(found[0]?.disks ?? {});
    }

    async branch(name: string): Promise<Disks> {
        const branch = (await this.vm.hierarchy()).branches.find((each) => each.name === name);
        if (!branch) throw new Error(`no branch ${name}`);
        if (branch.active) return this.tip(); // What the machine runs on is in its document.
        const disks: Record<string, string> = {};
        for (const [target, file] of Object.entries(branch.files)) disks[target] = (await diskIn(file)).uuid;
        return this.read(disks);
    }

    private async read(disks: Readonly<Record<string, string>>): Promise<Disks> {
        const found: Record<string, string> = {};
        for (const [target, uuid] of Object.entries(disks)) found[target] = await contentsOf(uuid, this.folder);
        return found;
    }

    async title(): Promise<string | null> {
        return (await this.document()).now.title;
    }

    async entitle(title: string): Promise<void> {
        await this.virtualbox.run("guestproperty", "set", this.domain, TITLE, title);
    }

    provision(writes: readonly Write[]): Command[] {
        return writes.map(writing);
    }

    /** No disk of these machines is anybody else's. */
    seal(): Promise<void> {
        return Promise.reject(new Error("a machine of VirtualBox's writes to its first disk until a snapshot is taken"));
    }

    /** VirtualBox reads a machine's document when its server starts, and writes it whole at each change. */
    save(): Saved {
        const folder = saveFolder(this.folder);
        const restore = async () => {
            await this.virtualbox.killServer();
            await folder.restore();
            await this.virtualbox.run("list", "vms");
        };
        return { restore, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
    }

    async leave(): Promise<void> {
        const left = await this.leftOvers(await this.document(), await this.vm.hierarchy(), false);
        for (const what of left.keys()) this.allowed.left.add(what);
    }

    async keepChain(name: string): Promise<void> {
        for (const { uuid } of (await this.document()).snapshots.filter((snapshot) => snapshot.name === name)) this.allowed.kept.add(uuid);
    }

    async sound({ single = false } = {}): Promise<void> {
        const document = await this.document();
        const left = await this.leftOvers(document, await this.vm.hierarchy(), single);
        expect([...left.values()]).toEqual([]);
        await this.opens(document);
        await this.agrees(document);
        await this.copies(document);
    }

    /** What is there for nothing, by what it is. */
    private async leftOvers(document: Document, hierarchy: Hierarchy, single: boolean): Promise<ReadonlyMap<string, string>> {
        const found = new Map<string, string>();
        for (const { uuid, name } of this.idle(document, hierarchy, single)) found.set(uuid, `snapshot ${name}`);
        const used = new Set([document.now, ...document.snapshots].flatMap(({ disks }) => Object.values(disks)));
        const files = new Set(document.media.values());
        for (const [uuid, file] of document.media) if (!used.has(uuid)) found.set(uuid, `disk that nothing is on: ${file}`);
        for (const { uuid, file } of (await disksIn(this.folder)).values()) if (!files.has(file)) found.set(uuid, `file that is not registered: ${file}`);
        for (const name of await readdir(this.folder)) if (!KNOWN.test(name)) found.set(name, name);
        for (const what of this.allowed.left) found.delete(what);
        return found;
    }

    /** Snapshots of VirtualBox's that are none of the hierarchy, and that nothing needs. */
    private idle({ snapshots, current, media }: Document, hierarchy: Hierarchy, single: boolean): Snapshot[] {
        const visible = new Set(hierarchy.snapshots.map(({ name }) => name));
        const tips = new Set(hierarchy.branches.map(({ name }) => `snaptree-tip-${name}`)); // That of the active one goes when it is left again.
        const tipFiles = new Set(hierarchy.branches.filter(({ active }) => !active).flatMap(({ files }) => Object.values(files)));
        const isTip = ({ disks }: Snapshot) => Object.values(disks).some((disk) => tipFiles.has(media.get(disk) ?? ""));
        const standing = (uuid: string) => snapshots.filter(({ parent }) => parent === uuid).length + (current === uuid ? 1 : 0);
        const enough = (uuid: string) => standing(uuid) >= (single || this.allowed.kept.has(uuid) ? 1 : 2);
        expect(snapshots.flatMap((each) => [each.name, withUuid(each)])).toEqual(expect.arrayContaining([...visible]));
        return snapshots.filter((snapshot) => {
            const { uuid, name } = snapshot;
            if (/^snaptree-(inner|forgotten)-/.test(name)) return !enough(uuid) && !isTip(snapshot);
            return !visible.has(name) && !visible.has(withUuid(snapshot)) && !tips.has(name);
        });
    }

    /** VirtualBox opens every disk. */
    private async opens({ media }: Document): Promise<void> {
        const states = new Map<string, string>();
        for (const text of (await this.virtualbox.run("list", "hdds")).split("\n\n")) {
            const field = (name: string) => new RegExp(`^${name}: +(.*)$`, "m").exec(text)?.[1] ?? "";
            if (media.has(field("UUID"))) states.set(field("UUID"), `${field("State")}, ${field("Location")}`);
        }
        expect(states).toEqual(new Map([...media].map(([uuid, file]) => [uuid, `created, ${file}`])));
    }

    /** VirtualBox and the document tell the same story. */
    private async agrees({ uuid, snapshots, current }: Document): Promise<void> {
        const told = await this.virtualbox.run("showvminfo", uuid, "--machinereadable");
        expect(told).not.toContain("inaccessible");
        const places = new Map([...told.matchAll(/^SnapshotUUID((?:-\d+)*)="(.*)"$/gm)].map(([, place = "", uuid = ""]) => [place, uuid]));
        const parents = [...places].map(([place, uuid]) => [uuid, place === "" ? null : places.get(place.replace(/-\d+$/, ""))] as const);
        expect(new Map(parents)).toEqual(new Map(snapshots.map(({ uuid, parent }) => [uuid, parent])));
        expect(/^CurrentSnapshotUUID="(.*)"$/m.exec(told)?.[1] ?? null).toBe(current);
    }

    /** VirtualBox reads of the disks that the machine runs on what we do: of the first of each VirtualBox, and the first that stand on so many others. */
    private async copies({ now }: Document): Promise<void> {
        const compared = COMPARED.get(this.virtualbox) ?? new Set();
        COMPARED.set(this.virtualbox, compared);
        for (const uuid of Object.values(now.disks)) {
            const { length } = await chainOf(uuid, this.folder);
            if (compared.has(length)) continue;
            compared.add(length);
            expect((await copyOf(uuid, this.virtualbox)).equals(await bytesOf(uuid, this.folder))).toBe(true);
        }
    }

    /** The machine can be removed as any other, which takes all its disks along. */
    async [Symbol.asyncDispose](): Promise<void> {
        await this.host[Symbol.asyncDispose]();
        await this.virtualbox.run("unregistervm", this.domain, "--delete");
        if (!existsSync(this.folder)) return;
        const disks = await disksIn(this.folder);
        await rm(this.folder, { recursive: true });
        expect([...disks.values()]).toEqual([]);
    }
}

/** What a snapshot is called where others have its name. */
function withUuid({ name, uuid }: Snapshot): string {
    return `${name} {${uuid}}`;
}

/** A real VirtualBox under the suite. */
export function vboxBench(virtualbox: () => VirtualBox): Bench {
    return { mode: null, machine: (targets) => VboxMachine.make(virtualbox(), targets) };
}
