import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { type Command, connect, type Hierarchy, type Host, type VirtualMachine } from "../../../provider/engine";
import type { Bench, Disks, Write } from "../../conformance/bench";
import type { Vsphere, VsphereDisk, VsphereMachine, VsphereSnapshot } from "../../hosts/vsphere";
import type { Crashable, Saved } from "../qemu/crash";
import type { Modelled } from "../qemu/pair";

const writer = join(__dirname, "write-slot.mjs");

/** A machine of a simulated vSphere host, seen through govc and the host's own memory. */
export class EsxMachine implements Crashable, Modelled {
    readonly compares = false;
    host!: Host; // Set by connect, before anybody has the machine.
    vm!: VirtualMachine;
    /** Snapshots of the host's that stay, by id: those that were only forgotten, and those that others stand on for as long as they do. */
    private readonly allowed = { left: new Set<string>(), kept: new Set<string>() };

    private constructor(
        readonly vsphere: Vsphere,
        readonly domain: string,
        readonly targets: readonly string[],
    ) {}

    static async make(vsphere: Vsphere, targets: readonly string[]): Promise<EsxMachine> {
        const machine = new EsxMachine(vsphere, `vm-${randomBytes(4).toString("hex")}`, targets);
        await vsphere.createMachine(machine.domain, targets.length, { bus: "nvme" }); // Whose disks libvirt calls vda and on.
        for (const target of targets) await vsphere.write(machine.domain, target, 0, "0");
        await machine.connect();
        return machine;
    }

    get uri(): string {
        return this.vsphere.uri;
    }

    /** A new connection: nothing that an earlier one remembered helps. */
    async connect(): Promise<void> {
        const { host } = this as { host?: Host };
        await host?.[Symbol.asyncDispose]();
        this.host = await connect(this.uri, { password: this.vsphere.password });
        this.vm = await this.host.domain(this.domain);
    }

    /** No folder of a host's is here. */
    get folder(): string {
        throw new Error("a vSphere host keeps its machines itself");
    }

    seal(): Promise<void> {
        return Promise.reject(new Error("a machine of vSphere's writes to its first disk until a snapshot is taken"));
    }

    save(): Saved {
        const saved = this.vsphere.save(this.domain);
        return { restore: () => this.vsphere.restore(this.domain, saved), [Symbol.asyncDispose]: () => Promise.resolve() };
    }

    private look(): Promise<VsphereMachine> {
        return this.vsphere.look(this.domain);
    }

    async write(target: string, slot: number, character: string): Promise<void> {
        await this.vsphere.write(this.domain, target, slot, character);
    }

    async tip(): Promise<Disks> {
        const machine = await this.look();
        return held(machine, machine.disks);
    }

    async snapshot(name: string): Promise<Disks> {
        const machine = await this.look();
        const found = machine.snapshots.filter((snapshot) => snapshot.name === name || withId(snapshot) === name);
        expect([name, found.length]).toEqual([name, 1]);
        return held(machine, found[0]?.disks ?? []);
    }

    async branch(name: string): Promise<Disks> {
        const branch = (await this.vm.hierarchy()).branches.find((each) => each.name === name);
        if (!branch) throw new Error(`no branch ${name}`);
        if (branch.active) return this.tip();
        const disks = Object.entries(branch.files).map(([target, file]) => ({ target, file }));
        return held(await this.look(), disks);
    }

    async title(): Promise<string | null> {
        return (await this.look()).annotation || null;
    }

    async entitle(title: string): Promise<void> {
        await this.vsphere.govc("vm.change", "-vm", this.domain, `-annotation=${title}`);
    }

    provision(writes: readonly Write[]): Command[] {
        const write = ({ target, slot, character }: Write) => [this.vsphere.socket, this.domain, target, `${slot}`, character];
        return writes.map((each) => ({ command: [process.execPath, writer, ...write(each)] }));
    }

    async leave(): Promise<void> {
        for (const { id } of this.idle(await this.look(), await this.vm.hierarchy(), false)) this.allowed.left.add(id);
    }

    async keepChain(name: string): Promise<void> {
        for (const { id } of (await this.look()).snapshots.filter((snapshot) => snapshot.name === name)) this.allowed.kept.add(id);
    }

    async sound({ single = false } = {}): Promise<void> {
        const machine = await this.look();
        const hierarchy = await this.vm.hierarchy();
        expect(this.idle(machine, hierarchy, single)).toEqual([]);
        await this.agrees(machine);
    }

    /** Snapshots of the host's that are none of the hierarchy, and that nothing needs. */
    private idle({ snapshots, current }: VsphereMachine, hierarchy: Hierarchy, single: boolean): VsphereSnapshot[] {
        const visible = new Set(hierarchy.snapshots.map(({ name }) => name));
        expect(snapshots.flatMap((each) => [each.name, withId(each)])).toEqual(expect.arrayContaining([...visible]));
        const tips = new Set(hierarchy.branches.map(({ name }) => `snaptree-tip-${name}`)); // That of the active one goes when it is left again.
        const tipFiles = new Set(hierarchy.branches.filter(({ active }) => !active).flatMap(({ files }) => Object.values(files)));
        const isTip = ({ disks }: VsphereSnapshot) => disks.some(({ file }) => tipFiles.has(file));
        const standing = (id: string) => snapshots.filter(({ parent }) => parent === id).length + (current === id ? 1 : 0);
        const enough = (id: string) => standing(id) >= (single || this.allowed.kept.has(id) ? 1 : 2);
        return snapshots.filter((snapshot) => {
            const { id, name } = snapshot;
            if (this.allowed.left.has(id)) return false;
            if (/^snaptree-(inner|forgotten)-/.test(name)) return !enough(id) && !isTip(snapshot);
            return !visible.has(name) && !visible.has(withId(snapshot)) && !tips.has(name);
        });
    }

    /** govc sees the same snapshots, a layout whose chains are whole, and no disks that should be merged. */
    private async agrees({ snapshots, current }: VsphereMachine): Promise<void> {
        const path = `${this.vsphere.kind === "vpx" ? "/DC0" : "/ha-datacenter"}/vm/${this.domain}`;
        const told = await this.vsphere.govc("object.collect", "-json", path, "snapshot", "layoutEx", "runtime.consolidationNeeded");
        expect(told).not.toContain("Snaptree is taking"); // Which is said of a snapshot until what it is taken for is finished.
        const properties = new Map((JSON.parse(told) as Property[]).map(({ name, val }) => [name, val]));
        const info = properties.get("snapshot") as { currentSnapshot?: { value: string }; rootSnapshotList: Tree[] } | undefined;
        expect(new Map(placesIn(info?.rootSnapshotList ?? []))).toEqual(new Map(snapshots.map(({ id, parent }) => [id, parent])));
        expect(info?.currentSnapshot?.value ?? "").toBe(current);
        expect(properties.get("runtime.consolidationNeeded") ?? false).toBe(false);
        const layout = properties.get("layoutEx") as Layout;
        const keys = new Set(layout.file.map(({ key }) => key));
        const chains = [...layout.disk, ...(layout.snapshot ?? []).flatMap(({ disk }) => disk)].flatMap(({ chain }) => chain.flatMap(({ fileKey }) => fileKey));
        expect(chains.filter((key) => !keys.has(key))).toEqual([]);
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.host[Symbol.asyncDispose]();
        await this.vsphere.destroyMachine(this.domain);
    }
}

interface Property {
    readonly name: string;
    readonly val: unknown;
}

interface Tree {
    readonly snapshot: { readonly value: string };
    readonly childSnapshotList?: readonly Tree[];
}

interface Layout {
    readonly file: readonly { readonly key: number }[];
    readonly disk: readonly DiskLayout[];
    readonly snapshot?: readonly { readonly disk: readonly DiskLayout[] }[];
}

interface DiskLayout {
    readonly chain: readonly { readonly fileKey: readonly number[] }[];
}

/** Each snapshot's id with its parent's. */
function placesIn(trees: readonly Tree[], parent = ""): [id: string, parent: string][] {
    return trees.flatMap(({ snapshot, childSnapshotList }) => [[snapshot.value, parent], ...placesIn(childSnapshotList ?? [], snapshot.value)]);
}

function held({ files }: VsphereMachine, disks: readonly VsphereDisk[]): Disks {
    return Object.fromEntries(disks.map(({ target, file }) => [target, files[file] ?? `there is no ${file}`]));
}

/** What a snapshot is called where others have its name. */
function withId({ name, id }: VsphereSnapshot): string {
    return `${name} {${id}}`;
}

/** A simulated vSphere host under the suite. */
export function esxBench(vsphere: () => Vsphere): Bench {
    return { mode: null, quiescesOff: true, machine: (targets) => EsxMachine.make(vsphere(), targets) };
}
