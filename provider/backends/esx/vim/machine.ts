import { HostError, quoted } from "../../../model";
import type { Held, Wanted } from "./properties";
import {
    isTrue,
    MalformedAnswer,
    numberOf,
    oneOf,
    partOf,
    partsOf,
    refOf,
    requiredNumber,
    requiredPart,
    requiredText,
    requiredTime,
    textOf,
    wordOf,
    type Part,
} from "./part";
import type { DiskChain, MachineConfig, MachineFile, MachineRead, MachineSummary, SnapshotFiles, SnapshotRead, VimDisk, VimNic, VimPowerState } from "./types";

/*
 * Machines as the properties that were read describe them.
 */

const POWER: readonly VimPowerState[] = ["poweredOn", "poweredOff", "suspended"];

/** Of a machine, and of what a snapshot keeps of one. */
const CONFIG = [
    "config.changeVersion",
    "config.name",
    "config.uuid",
    "config.annotation",
    "config.guestId",
    "config.version",
    "config.firmware",
    "config.files.vmPathName",
    "config.hardware.memoryMB",
    "config.hardware.numCPU",
    "config.hardware.device",
    "config.extraConfig",
];

const SUMMARY = [
    "name",
    "parent",
    "parentVApp",
    "runtime.powerState",
    "runtime.connectionState",
    "config.uuid",
    "config.instanceUuid",
    "config.template",
    "snapshot",
];

const LAYOUT = ["layoutEx.file", "layoutEx.disk", "layoutEx.snapshot"];

export const SNAPSHOT_CONFIG: Wanted = [["VirtualMachineSnapshot", CONFIG]];

/** What makes inventory paths. */
export const PLACES: Wanted = [
    ["ManagedEntity", ["name", "parent"]],
    ["VirtualApp", ["parentFolder"]],
];

export const NAMES: Wanted = [["VirtualMachine", ["name", "parent", "parentVApp", "config.instanceUuid"]], ...PLACES];

export const SUMMARIES: Wanted = [["VirtualMachine", SUMMARY], ...PLACES];

export const WHOLE: Wanted = [
    ["VirtualMachine", [...new Set([...SUMMARY, ...CONFIG, ...LAYOUT, "runtime.consolidationNeeded", "guest.toolsRunningStatus"])]],
    ...PLACES,
];

/** The controllers of each bus, whatever their model. */
const BUSES: Readonly<Record<string, string>> = {
    VirtualSCSIController: "scsi",
    VirtualBusLogicController: "scsi",
    VirtualLsiLogicController: "scsi",
    VirtualLsiLogicSASController: "scsi",
    ParaVirtualSCSIController: "scsi",
    VirtualSATAController: "sata",
    VirtualAHCIController: "sata",
    VirtualNVMEController: "nvme",
    VirtualIDEController: "ide",
};

/** Properties under the names under which they were asked for, as one part, so that values are taken from them as from any other. */
function partFrom({ ref, properties }: Held): Part {
    const parts = [...properties].map(([name, value]) => ({ ...value, name }));
    return { name: ref.id, kind: null, refType: null, text: "", parts };
}

/** The vSphere API writes these three characters of a name so; %25 only where it would begin such a sequence. */
function unescaped(name: string): string {
    return name.replace(/%(2f|5c|25)/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
}

function snapshotsIn(list: readonly Part[], parent: string | null): SnapshotRead[] {
    return list.flatMap((tree) => {
        const ref = refOf(requiredPart(tree, "snapshot")).id;
        const snapshot = {
            ref,
            id: requiredNumber(tree, "id"),
            parent,
            name: requiredText(tree, "name"),
            description: wordOf(tree, "description"),
            time: requiredTime(tree, "createTime"),
            state: oneOf(tree, "state", POWER),
            quiesced: isTrue(tree, "quiesced"),
        };
        return [snapshot, ...snapshotsIn(partsOf(tree, "childSnapshotList"), ref)];
    });
}

/** A key of the layout that stands for no file is −1, or absent. */
function fileAt(files: ReadonlyMap<number, MachineFile>, key: number | null): MachineFile | null {
    return key === null ? null : (files.get(key) ?? null);
}

function fileFrom(part: Part): MachineFile {
    return {
        key: requiredNumber(part, "key"),
        name: requiredText(part, "name"),
        type: requiredText(part, "type"),
        size: requiredNumber(part, "size"),
        unique: numberOf(part, "uniqueSize"),
    };
}

function chainFrom(part: Part, files: ReadonlyMap<number, MachineFile>): DiskChain {
    const unit = (chain: Part) =>
        partsOf(chain, "fileKey").flatMap(({ text }) => {
            const file = files.get(Number(text));
            return file ? [file] : [];
        });
    return { key: requiredNumber(part, "key"), files: partsOf(part, "chain").map(unit) };
}

function snapshotFilesFrom(part: Part, files: ReadonlyMap<number, MachineFile>): SnapshotFiles {
    return {
        ref: refOf(requiredPart(part, "key")).id,
        data: fileAt(files, numberOf(part, "dataKey")),
        memory: fileAt(files, numberOf(part, "memoryKey")),
        disks: partsOf(part, "disk").map((disk) => chainFrom(disk, files)),
    };
}

function parentsOf(backing: Part | null): string[] {
    const parent = backing && partOf(backing, "parent");
    const file = parent && wordOf(parent, "fileName");
    return file ? [file, ...parentsOf(parent)] : [];
}

function diskFrom(device: Part, controllers: ReadonlyMap<number, Part>): VimDisk {
    const backing = partOf(device, "backing");
    const controller = controllers.get(numberOf(device, "controllerKey") ?? -1) ?? null;
    const mode = backing && wordOf(backing, "diskMode");
    return {
        key: requiredNumber(device, "key"),
        label: partOf(device, "deviceInfo", "label")?.text ?? "",
        file: backing && wordOf(backing, "fileName"),
        parents: parentsOf(backing),
        capacityBytes: numberOf(device, "capacityInBytes") ?? requiredNumber(device, "capacityInKB") * 1024,
        bus: BUSES[controller?.kind ?? ""] ?? controller?.kind ?? "none",
        controller: (controller && numberOf(controller, "busNumber")) ?? 0,
        unit: numberOf(device, "unitNumber") ?? 0,
        mode,
        independent: mode?.startsWith("independent") ?? false,
        uuid: backing && wordOf(backing, "uuid"),
    };
}

function nicFrom(device: Part): VimNic {
    const backing = partOf(device, "backing");
    return {
        key: requiredNumber(device, "key"),
        label: partOf(device, "deviceInfo", "label")?.text ?? "",
        model: device.kind ?? "",
        mac: wordOf(device, "macAddress"),
        network: backing && (wordOf(backing, "deviceName") ?? wordOf(backing, "opaqueNetworkId") ?? (partOf(backing, "port", "portgroupKey")?.text || null)),
    };
}

/** A key with an empty value is one that was removed. */
function extraFrom(list: Part | null): ReadonlyMap<string, string> {
    const entries = list?.parts.map((option) => [requiredText(option, "key"), textOf(option, "value") ?? ""] as const) ?? [];
    return new Map(entries.filter(([, value]) => value !== ""));
}

/** A configuration as the properties below `config` describe it. */
function configFrom(part: Part): MachineConfig {
    const devices = partOf(part, "config.hardware.device")?.parts ?? [];
    const byKey = new Map(devices.map((device) => [requiredNumber(device, "key"), device]));
    return {
        changeVersion: wordOf(part, "config.changeVersion"),
        name: unescaped(textOf(part, "config.name") ?? ""),
        uuid: uuidOf(part, "config.uuid"),
        annotation: wordOf(part, "config.annotation"),
        guestId: wordOf(part, "config.guestId"),
        version: wordOf(part, "config.version"),
        memoryMB: numberOf(part, "config.hardware.memoryMB") ?? 0,
        cpus: numberOf(part, "config.hardware.numCPU") ?? 0,
        firmware: wordOf(part, "config.firmware"),
        vmx: wordOf(part, "config.files.vmPathName"),
        disks: devices.filter(({ kind }) => kind === "VirtualDisk").map((device) => diskFrom(device, byKey)),
        nics: devices.filter((device) => partOf(device, "macAddress") !== null).map(nicFrom),
        tpm: devices.some(({ kind }) => kind === "VirtualTPM"),
        extra: extraFrom(partOf(part, "config.extraConfig")),
    };
}

function uuidOf(part: Part, name: string): string | null {
    return wordOf(part, name)?.toLowerCase() ?? null;
}

/** Where managed objects stand in the inventory, by their ids. */
export type Inventory = ReadonlyMap<string, Held>;

export function inventoryOf(all: readonly Held[]): Inventory {
    return new Map(all.map((held) => [held.ref.id, held]));
}

/** The names on the way from the root folder, which itself counts for none; from the first that the user may see. */
export function pathOf({ properties }: Held, inventory: Inventory): string {
    const names = [properties.get("name")?.text ?? ""];
    let up = properties.get("parentVApp") ?? properties.get("parent");
    for (let steps = 0; up !== undefined && steps < 100; steps++) {
        const at = inventory.get(up.text)?.properties;
        const next = at?.get("parentFolder") ?? at?.get("parent");
        const name = at?.get("name")?.text;
        // The root folder, or one that the user may not see.
        if (next === undefined || name === undefined) break;
        names.unshift(name);
        up = next;
    }
    return names.join("/");
}

/** @throws HostError where a property could not be read. */
function checkReadable(held: Held, shown: string): void {
    const [first] = held.faults;
    if (first === undefined) return;
    const [property, { type, facts }] = first;
    const name = held.properties.get("name")?.text;
    const what = name === undefined ? held.ref.id : `the machine ${quoted(unescaped(name))}`;
    const why =
        type === "NoPermission"
            ? `the user lacks the privilege ${quoted(textOf(facts, "privilegeId") ?? "System.Read")}: have it granted`
            : `${type}; look at it there`;
    throw new HostError(`${shown} does not tell ${property} of ${what}: ${why}`);
}

/** @throws HostError where the host does not let the user see it. */
export function summaryFrom(held: Held, inventory: Inventory, shown: string): MachineSummary {
    checkReadable(held, shown);
    const part = partFrom(held);
    const tree = partOf(part, "snapshot");
    const current = tree && partOf(tree, "currentSnapshot");
    return {
        ref: held.ref.id,
        name: nameOf(held),
        uuid: uuidOf(part, "config.uuid"),
        instanceUuid: uuidOf(part, "config.instanceUuid"),
        path: pathOf(held, inventory),
        powerState: oneOf(part, "runtime.powerState", POWER),
        template: isTrue(part, "config.template"),
        connection: wordOf(part, "runtime.connectionState") ?? "connected",
        current: current && refOf(current).id,
        snapshots: tree ? snapshotsIn(partsOf(tree, "rootSnapshotList"), null) : [],
    };
}

/** What a machine is to its vCenter, whichever way leads to it; null where the host does not say. */
export function instanceUuidOf({ properties }: Held): string | null {
    return properties.get("config.instanceUuid")?.text.toLowerCase() || null;
}

export function nameOf({ properties }: Held): string {
    return unescaped(properties.get("name")?.text ?? "");
}

/** @throws HostError where the machine is inaccessible, so that the host knows nothing but its name. */
export function machineFrom(held: Held, inventory: Inventory, shown: string): MachineRead {
    const summary = summaryFrom(held, inventory, shown);
    const part = partFrom(held);
    if (!held.properties.has("config.hardware.device"))
        throw new HostError(
            `${shown} knows nothing of the machine ${quoted(summary.name)} but that it is ${summary.connection}; bring it back there, and run again`,
        );
    const files = (partOf(part, "layoutEx.file")?.parts ?? []).map(fileFrom);
    const byKey = new Map(files.map((file) => [file.key, file]));
    return {
        ...summary,
        config: configFrom(part),
        files,
        chains: (partOf(part, "layoutEx.disk")?.parts ?? []).map((disk) => chainFrom(disk, byKey)),
        snapshotFiles: (partOf(part, "layoutEx.snapshot")?.parts ?? []).map((layout) => snapshotFilesFrom(layout, byKey)),
        consolidationNeeded: isTrue(part, "runtime.consolidationNeeded"),
        toolsRunning: textOf(part, "guest.toolsRunningStatus") === "guestToolsRunning",
    };
}

/** Whether the user may read all that was asked for. */
export function isReadable({ faults }: Held): boolean {
    return faults.size === 0;
}

/** @throws HostError where the host does not let the user see it; MalformedAnswer where there is none. */
export function snapshotConfigFrom(held: Held, shown: string): MachineConfig {
    checkReadable(held, shown);
    if (!held.properties.has("config.hardware.device")) throw new MalformedAnswer(`the snapshot ${held.ref.id} has no configuration`);
    return configFrom(partFrom(held));
}
