import { formatXml, isElement, type XmlElement } from "../../xml";
import { type Current, type Looked, sinceByHand, type Stored } from "../../native";
import type { MachineDocument, Node } from "./document";
import { unpack } from "./records";
import { isWritten, type ReadPart } from "./written";

/** The configuration alone: without which images the disks are on. */
function bare(hardware: XmlElement): XmlElement {
    return {
        ...hardware,
        children: hardware.children.map((node) => {
            if (!isElement(node)) return node;
            if (node.name === "AttachedDevice" && node.attributes.type === "HardDisk") return { ...node, children: [] };
            return bare(node);
        }),
    };
}

function isConfiguredAs(one: XmlElement, other: XmlElement): boolean {
    return formatXml(bare(one)) === formatXml(bare(other));
}

/** What a snapshot, or the current state, has on its disks. */
type Disks = Readonly<Record<string, string>>;

/** Disks are on images of their own, and those hold something. Where both are on one image, it is one that takes part in no snapshot. */
async function isWrittenOver(machine: MachineDocument, read: ReadPart, disks: Disks, under: Disks): Promise<boolean> {
    for (const [target, uuid] of Object.entries(disks)) {
        const medium = machine.media.get(uuid);
        if (under[target] === uuid) continue;
        if (!medium || medium.parent !== under[target] || (await isWritten(read, medium))) return true;
    }
    return Object.keys(under).some((target) => disks[target] === undefined);
}

/** Whether the current state is just what the snapshot is on which it stands. */
async function isClean(machine: MachineDocument, read: ReadPart, node: Node): Promise<boolean> {
    if (machine.saved !== null || !isConfiguredAs(machine.hardware(), node.hardware())) return false;
    return !(await isWrittenOver(machine, read, machine.disks, node.disks));
}

/** Whether the machine holds just what the snapshot holds on which VirtualBox has it, wherever it is to be. */
export async function isUntouched(machine: MachineDocument, read: ReadPart): Promise<boolean> {
    const node = machine.current === null ? undefined : machine.nodes.get(machine.current);
    return node !== undefined && isClean(machine, read, node);
}

/** What is asked of the path from one node down to another. */
export interface Path {
    /** The node that it is compared with; null: nothing. */
    readonly base: string | null;
    /** The last node on the path. */
    readonly node: string | null;
    /** Besides, the current state on that node. */
    readonly withCurrent: boolean;
}

/** Whether what stands at the end of a path holds something else on its disks, or memory, than its base. */
export async function differs(machine: MachineDocument, read: ReadPart, { base, node, withCurrent }: Path): Promise<boolean> {
    if (base === null) return true;
    const path: Node[] = [];
    for (let at = node; at !== base;) {
        const found = at === null ? undefined : machine.nodes.get(at);
        if (!found) return true;
        path.push(found);
        at = found.parent;
    }
    if (withCurrent) {
        const under = node === null ? undefined : machine.nodes.get(node);
        if (machine.saved !== null || !under || (await isWrittenOver(machine, read, machine.disks, under.disks))) return true;
    }
    for (const each of path) {
        const under = machine.nodes.get(each.parent ?? "");
        if (each.memory !== null || !under || (await isWrittenOver(machine, read, each.disks, under.disks))) return true;
    }
    return false;
}

export function mediaOf({ disks }: Pick<MachineDocument, "disks">): string[] {
    return Object.values(disks).sort();
}

function sameMedia(machine: MachineDocument, media: readonly string[]): boolean {
    const now = mediaOf(machine);
    return now.length === media.length && now.every((uuid, i) => uuid === media[i]);
}

/** It was decided that the machine goes elsewhere, and it is not there yet. */
export function isPending(machine: MachineDocument, { pending }: Stored): boolean {
    return pending !== null && sameMedia(machine, pending.over);
}

/** What the machine's document tells. @param kept what Snaptree keeps with it, where that is still to be written; default: what stands in it */
export async function look(machine: MachineDocument, read: ReadPart, kept: Stored = unpack(machine.extra, machine.name)): Promise<Looked<Node>> {
    const pending = isPending(machine, kept);
    const stored = pending ? kept : sinceByHand(machine, kept);
    const current: Current =
        pending && kept.pending
            ? { node: kept.pending.node, clean: true, moved: false }
            : { node: machine.current, clean: await isUntouched(machine, read), moved: false };
    return { nodes: machine.nodes, stored, current };
}
