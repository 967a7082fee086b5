import { dirname, isAbsolute, resolve } from "node:path";
import { HostError, quoted } from "../../model";
import { child, childrenOf, parseXml, textOf, type XmlElement } from "../../xml";
import { disksIn } from "./attachments";
import { HardwareOf } from "./hardware";

/** VirtualBox nests snapshots up to 250 deep, two elements each. */
export const DEEPEST = 640;

/** A virtual disk, or a differencing image on one. */
export interface Medium {
    readonly uuid: string;
    /** Absolute path. */
    readonly file: string;
    /** `VDI`, `VMDK`, `VHD`, … */
    readonly format: string;
    /** UUID of the medium that it stands on; null: it stands alone. */
    readonly parent: string | null;
}

/** A snapshot as VirtualBox has it. */
export interface Node {
    readonly uuid: string;
    readonly parent: string | null;
    readonly name: string;
    readonly description: string | null;
    /** Whole seconds since 1970, UTC. */
    readonly time: number;
    /** Absolute path of the memory; null where the machine was powered off. */
    readonly memory: string | null;
    /** Its configuration (`<Hardware>`). */
    readonly hardware: () => XmlElement;
    /** Disk target to the UUID of the medium that holds its contents. */
    readonly disks: Readonly<Record<string, string>>;
}

/** A machine's document (`.vbox`), which says exactly what VirtualBox knows. */
export interface MachineDocument {
    readonly uuid: string;
    readonly name: string;
    readonly os: string;
    /** Absolute path of the document. */
    readonly file: string;
    /** The snapshot that the current state stands on; null where there is none. */
    readonly current: string | null;
    /** Absolute path of a saved state's memory; null where there is none. */
    readonly saved: string | null;
    /** The configuration (`<Hardware>`) of the current state. */
    readonly hardware: () => XmlElement;
    /** Disk target to the UUID of the medium that the machine writes to. */
    readonly disks: Readonly<Record<string, string>>;
    /** By UUID, parents before children. */
    readonly nodes: ReadonlyMap<string, Node>;
    readonly media: ReadonlyMap<string, Medium>;
    /** Extra data: what programs keep with the machine. */
    readonly extra: ReadonlyMap<string, string>;
}

/** `{1f93BB04-…}` as VirtualBox writes it, without the braces and in lower case. */
function bareUuid(text: string | undefined): string | null {
    return text === undefined ? null : text.replace(/^\{|\}$/g, "").toLowerCase();
}

function required(element: XmlElement, attribute: string, file: string): string {
    const value = element.attributes[attribute];
    if (value === undefined)
        throw new HostError(`${quoted(file)} has a <${element.name}> without ${attribute}, so it can't be read; see that VirtualBox opens the machine`, {
            file,
        });
    return value;
}

function mediaIn(machine: XmlElement, file: string): Map<string, Medium> {
    const media = new Map<string, Medium>();
    const add = (element: XmlElement, parent: string | null): void => {
        const uuid = bareUuid(required(element, "uuid", file)) ?? "";
        const location = required(element, "location", file);
        media.set(uuid, {
            uuid,
            file: isAbsolute(location) ? location : resolve(dirname(file), location),
            format: element.attributes.format ?? "VDI",
            parent,
        });
        for (const overlay of childrenOf(element, "HardDisk")) add(overlay, uuid);
    };
    const disks = child(machine, "MediaRegistry");
    for (const list of disks ? childrenOf(disks, "HardDisks") : []) for (const disk of childrenOf(list, "HardDisk")) add(disk, null);
    return media;
}

function nodesIn(machine: XmlElement, file: string, parts: HardwareOf): Map<string, Node> {
    const nodes = new Map<string, Node>();
    const near = (path: string | undefined) => (path === undefined ? null : resolve(dirname(file), path));
    const add = (element: XmlElement, parent: string | null): void => {
        const uuid = bareUuid(required(element, "uuid", file)) ?? "";
        nodes.set(uuid, {
            uuid,
            parent,
            name: required(element, "name", file),
            description: textOf(element, "Description") || null,
            time: Math.floor(Date.parse(required(element, "timeStamp", file)) / 1000),
            memory: near(element.attributes.stateFile),
            hardware: () => parts.whole(element),
            disks: disksIn(parts.storage(element)),
        });
        for (const list of childrenOf(element, "Snapshots")) for (const below of childrenOf(list, "Snapshot")) add(below, uuid);
    };
    for (const root of childrenOf(machine, "Snapshot")) add(root, null);
    return nodes;
}

function rootOf(text: string, what: string, file: string): XmlElement {
    try {
        return parseXml(text, what, DEEPEST);
    } catch (error) {
        // Nobody gave it to us: it stands on the host.
        throw new HostError(`${(error as Error).message}; put it back from a backup, or see that VirtualBox opens the machine`, { file }, { cause: error });
    }
}

/**
 * Reads a machine's document.
 *
 * @param text what stands in it
 * @param file its absolute path, to which the paths in it are relative
 * @throws HostError where it is no document of a machine, or one that is encrypted.
 */
export function parseMachine(text: string, file: string): MachineDocument {
    const what = `the machine's document ${quoted(file)}`;
    const parts = new HardwareOf(text, what);
    const machine = child(rootOf(parts.rest, what, file), "Machine");
    if (!machine)
        throw new HostError(`${quoted(file)} is not the document of a machine that can be read (an encrypted one can't); see that VirtualBox opens it`, {
            file,
        });
    const extra = child(machine, "ExtraData");
    const { stateFile } = machine.attributes;
    return {
        uuid: bareUuid(required(machine, "uuid", file)) ?? "",
        name: required(machine, "name", file),
        os: machine.attributes.OSType ?? "",
        file,
        current: bareUuid(machine.attributes.currentSnapshot),
        saved: stateFile === undefined ? null : resolve(dirname(file), stateFile),
        hardware: () => parts.whole(machine),
        disks: disksIn(parts.storage(machine)),
        nodes: nodesIn(machine, file, parts),
        media: mediaIn(machine, file),
        extra: new Map((extra ? childrenOf(extra, "ExtraDataItem") : []).map(({ attributes }) => [attributes.name ?? "", attributes.value ?? ""])),
    };
}

/** Images that neither the machine nor a snapshot of it is on. */
export function unattached({ disks, nodes, media }: MachineDocument): Medium[] {
    const used = new Set([disks, ...[...nodes.values()].map((node) => node.disks)].flatMap((each) => Object.values(each)));
    return [...media.values()].filter(({ uuid }) => !used.has(uuid));
}
