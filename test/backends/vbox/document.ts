// A machine's document (.vbox), read with the eyes of a test.
import { isAbsolute, join } from "node:path";
import { look, type Seen } from "../../support/xml-eye";

/** What a snapshot, or the machine as it is now, has on its disks and says of itself. */
export interface State {
    /** Disk target to the UUID of the virtual disk. */
    readonly disks: Readonly<Record<string, string>>;
    readonly title: string | null;
}

export interface Snapshot extends State {
    readonly uuid: string;
    readonly name: string;
    readonly parent: string | null;
}

export interface Document {
    readonly uuid: string;
    readonly name: string;
    readonly now: State;
    /** The snapshot that the machine stands on. */
    readonly current: string | null;
    /** Parents first. */
    readonly snapshots: readonly Snapshot[];
    /** UUID of each virtual disk that is registered with the machine, and its file. */
    readonly media: ReadonlyMap<string, string>;
    /** UUID of each of these to that of the one under it. */
    readonly under: ReadonlyMap<string, string>;
}

export const TITLE = "/snaptree/title";

/** @param xml the document @param folder of the machine */
export function read(xml: string, folder: string): Document {
    const machine = one(look(xml.slice(xml.indexOf("<VirtualBox"))), "Machine");
    const { uuid = "", name = "", currentSnapshot } = machine.attributes;
    const lists = all(one(machine, "MediaRegistry"), "HardDisks");
    return {
        uuid: bare(uuid),
        name,
        now: stateOf(machine),
        current: currentSnapshot === undefined ? null : bare(currentSnapshot),
        snapshots: all(machine, "Snapshot").flatMap((root) => snapshotsFrom(root, null)),
        media: new Map(lists.flatMap((list) => mediaUnder(list, folder))),
        under: new Map(lists.flatMap((list) => all(list, "HardDisk")).flatMap(linksUnder)),
    };
}

function bare(uuid: string): string {
    return uuid.replace(/^\{(.*)\}$/, "$1");
}

function all(seen: Seen, name: string): Seen[] {
    return seen.children.filter((child) => child.name === name);
}

function one(seen: Seen, name: string): Seen {
    const [found] = all(seen, name);
    if (!found) throw new Error(`no <${name}> in <${seen.name}>`);
    return found;
}

function snapshotsFrom(seen: Seen, parent: string | null): Snapshot[] {
    const uuid = bare(seen.attributes.uuid ?? "");
    const snapshot = { uuid, name: seen.attributes.name ?? "", parent, ...stateOf(seen) };
    const children = all(seen, "Snapshots").flatMap((list) => all(list, "Snapshot"));
    return [snapshot, ...children.flatMap((child) => snapshotsFrom(child, uuid))];
}

function mediaUnder(seen: Seen, folder: string): [string, string][] {
    return all(seen, "HardDisk").flatMap((disk) => {
        const { uuid = "", location = "" } = disk.attributes;
        return [[bare(uuid), isAbsolute(location) ? location : join(folder, location)], ...mediaUnder(disk, folder)] as [string, string][];
    });
}

function linksUnder(disk: Seen): [string, string][] {
    const uuid = bare(disk.attributes.uuid ?? "");
    return all(disk, "HardDisk").flatMap((upon) => [[bare(upon.attributes.uuid ?? ""), uuid], ...linksUnder(upon)] as [string, string][]);
}

/** Machines of the suite have one controller, whose ports are vda, vdb, … */
function stateOf(owner: Seen): State {
    const hardware = one(owner, "Hardware");
    const devices = all(one(one(hardware, "StorageControllers"), "StorageController"), "AttachedDevice");
    const disks = devices.map((device) => [targetOf(Number(device.attributes.port)), bare(one(device, "Image").attributes.uuid ?? "")]);
    const properties = all(hardware, "GuestProperties").flatMap((list) => all(list, "GuestProperty"));
    const title = properties.find(({ attributes }) => attributes.name === TITLE)?.attributes.value ?? null;
    return { disks: Object.fromEntries(disks) as Record<string, string>, title };
}

function targetOf(port: number): string {
    return `vd${String.fromCharCode("a".charCodeAt(0) + port)}`;
}
