import type { PowerState } from "../../model";
import type { Files, NativeNode, Standing } from "../../native";
import type { DiskChain, MachineRead, SnapshotFiles, SnapshotRead, VimDisk, VimPowerState } from "./vim";
import { unmarked } from "./marks";
import { startsOf } from "./starts";

/** A snapshot as the host has it. */
export interface EsxNode extends NativeNode {
    /** Counted within the machine, and never used again: the same whichever way leads there, and wherever the machine is registered. `uuid` is this too. */
    readonly id: number;
    readonly mark: string | null;
    /** Managed object id, which is each host's own. */
    readonly shown: string;
    /** Disk target to the file that holds its contents: `[datastore] folder/name.vmdk`. */
    readonly files: Files;
}

/** A machine as the host shows it in one read. */
export interface EsxMachine extends Standing {
    readonly read: MachineRead;
    readonly powerState: PowerState;
    readonly nodes: ReadonlyMap<string, EsxNode>;
    /** Disk target to the file that the machine writes to. */
    readonly files: Files;
    /** See {@link startsOf}. */
    readonly starts: string | null;
}

/** libvirt's words for vSphere's. */
export const POWER_STATES: Readonly<Record<VimPowerState, PowerState>> = { poweredOn: "running", poweredOff: "shutoff", suspended: "paused" };

/** Letters of libvirt's for the disks of a bus: `sda`, `hda`. */
const PREFIXES: Readonly<Record<string, string>> = { ide: "hd", nvme: "vd" };
/** Disks that a controller can have, as libvirt counts them. */
const UNITS: Readonly<Record<string, number>> = { scsi: 15, ide: 2, sata: 30, nvme: 15 };
const RESERVED_SCSI_UNIT = 7;

/** `a` … `z`, `aa` … */
function letters(place: number): string {
    return place < 26 ? String.fromCharCode(97 + place) : letters(Math.floor(place / 26) - 1) + letters(place % 26);
}

/** libvirt's name for a disk: `sda` for the first of the first SCSI controller. */
export function targetOf({ bus, controller, unit }: VimDisk): string {
    const place = bus === "scsi" && unit > RESERVED_SCSI_UNIT ? unit - 1 : unit;
    return `${PREFIXES[bus] ?? "sd"}${letters(controller * (UNITS[bus] ?? UNITS.scsi ?? 15) + place)}`;
}

/** libvirt's word for a disk's bus. */
export function busOf({ bus }: VimDisk): string {
    return bus === "nvme" ? "virtio" : bus;
}

/** Each disk's name. Disks of two kinds of controller may share libvirt's name: then the later ones have theirs after all others. */
export function targetsOf(disks: readonly VimDisk[]): ReadonlyMap<number, string> {
    const found = new Map<number, string>();
    const taken = new Set<string>();
    for (const disk of disks) {
        let target = targetOf(disk);
        for (let place = 0; taken.has(target); place++) target = `${target.slice(0, 2)}${letters(place)}`;
        taken.add(target);
        found.set(disk.key, target);
    }
    return found;
}

/** The files that a snapshot's contents end in. */
function topsOf(chains: readonly DiskChain[], targets: ReadonlyMap<number, string>): Files {
    const found: Record<string, string> = {};
    for (const { key, files } of chains) {
        const [target, file] = [targets.get(key), files.at(-1)?.[0]?.name];
        if (target !== undefined && file !== undefined) found[target] = file;
    }
    return found;
}

function nodeOf(snapshot: SnapshotRead, keys: ReadonlyMap<string, string>, files: SnapshotFiles | undefined, targets: ReadonlyMap<number, string>): EsxNode {
    const { ref, id, name, time, state } = snapshot;
    const parent = snapshot.parent === null ? null : (keys.get(snapshot.parent) ?? null);
    return {
        ...{ uuid: `${id}`, shown: ref, id, parent, name, ...unmarked(snapshot.description) },
        time: Math.floor(time / 1000),
        memory: state === "poweredOff" ? null : (files?.memory?.name ?? state),
        files: topsOf(files?.disks ?? [], targets),
    };
}

/** What one read of a machine tells. */
export function machineOf(read: MachineRead): EsxMachine {
    const disks = read.config.disks.filter(({ independent }) => !independent);
    const targets = targetsOf(disks);
    const layouts = new Map(read.snapshotFiles.map((files) => [files.ref, files]));
    const keys = new Map(read.snapshots.map(({ ref, id }) => [ref, `${id}`]));
    const nodes = read.snapshots.map((snapshot) => nodeOf(snapshot, keys, layouts.get(snapshot.ref), targets));
    return {
        read,
        powerState: POWER_STATES[read.powerState],
        current: read.current === null ? null : (keys.get(read.current) ?? null),
        nodes: new Map(nodes.map((node) => [node.uuid, node])),
        files: Object.fromEntries(disks.flatMap(({ key, file }) => (file === null ? [] : [[targets.get(key) ?? "", file]]))),
        starts: startsOf(read),
    };
}
