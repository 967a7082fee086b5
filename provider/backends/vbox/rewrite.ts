import { HostError, quoted } from "../../model";
import { child, element, formatXml, isElement, parseXml, withChild, type XmlElement, type XmlNode } from "../../xml";
import { disksIn } from "./attachments";
import { DEEPEST, type Medium } from "./document";

/** A snapshot that VirtualBox knows no more, to be put back into its document. */
export interface Insertion {
    readonly uuid: string;
    readonly parent: string | null;
    readonly name: string;
    readonly description: string | null;
    /** Whole seconds since 1970, UTC. */
    readonly time: number;
    readonly hardware: XmlElement;
    /** Its images that the document does not list. */
    readonly media: readonly Medium[];
}

/** What is to be other in a machine's document. */
export interface Rewriting {
    /** Of snapshots, by UUID: whole seconds since 1970, UTC. */
    readonly times: Readonly<Record<string, number>>;
    readonly insert: readonly Insertion[];
}

function braced(uuid: string): string {
    return `{${uuid}}`;
}

export function isCalled(node: XmlElement, uuid: string): boolean {
    return node.attributes.uuid?.toLowerCase() === braced(uuid);
}

/** As VirtualBox writes it. */
function timeStamp(seconds: number): string {
    return new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, "Z");
}

/** A copy in which each element is what comes of it, from the inside out. */
export function mapped(node: XmlElement, change: (element: XmlElement) => XmlElement): XmlElement {
    return change({ ...node, children: node.children.map((each) => (isElement(each) ? mapped(each, change) : each)) });
}

function dated(root: XmlElement, times: Rewriting["times"]): XmlElement {
    const wanted = new Map(Object.entries(times));
    return mapped(root, (node) => {
        const seconds = node.name === "Snapshot" ? wanted.get((node.attributes.uuid ?? "").slice(1, -1).toLowerCase()) : undefined;
        return seconds === undefined ? node : { ...node, attributes: { ...node.attributes, timeStamp: timeStamp(seconds) } };
    });
}

/** Medium to the one under it, and where each is. */
function withMedium(root: XmlElement, medium: Medium): XmlElement {
    const added = element("HardDisk", { uuid: braced(medium.uuid), location: medium.file, format: medium.format });
    const known = new Set([...parentsIn(root).entries()].flat());
    if (medium.parent === null || !known.has(medium.parent))
        throw new HostError(
            `the image ${quoted(medium.file)} stands on {${medium.parent ?? ""}}, which the machine's document does not list; nothing was changed`,
        );
    const { parent } = medium;
    return mapped(root, (node) => (node.name === "HardDisk" && isCalled(node, parent) ? { ...node, children: [...node.children, added] } : node));
}

function newSnapshot({ uuid, name, description, time, hardware }: Insertion, below: readonly XmlNode[]): XmlElement {
    return element("Snapshot", { uuid: braced(uuid), name, timeStamp: timeStamp(time) }, [
        ...(description === null ? [] : [element("Description", {}, [description])]),
        hardware,
        ...(below.length === 0 ? [] : [element("Snapshots", {}, below)]),
    ]);
}

/** UUID of each image to that of the one under it, or to nothing. */
function parentsIn(root: XmlElement): Map<string, string> {
    const parents = new Map<string, string>();
    const read = (node: XmlElement, above: string | null): void => {
        const uuid = node.name === "HardDisk" ? (node.attributes.uuid ?? "").slice(1, -1).toLowerCase() : above;
        if (node.name === "HardDisk" && uuid !== null) parents.set(uuid, above ?? "");
        for (const each of node.children) if (isElement(each)) read(each, uuid);
    };
    read(child(child(root, "Machine") ?? root, "MediaRegistry") ?? element("none"), null);
    return parents;
}

/** What stands on its images is below it from now on. */
function withSnapshot(root: XmlElement, insertion: Insertion): XmlElement {
    const parents = parentsIn(root);
    const own = new Set(Object.values(disksIn(insertion.hardware)));
    const standsOnIt = (owner: XmlElement) => {
        const disks = Object.values(disksIn(child(owner, "Hardware") ?? element("Hardware")));
        return disks.some((disk) => own.has(parents.get(disk) ?? ""));
    };
    const split = (nodes: readonly XmlNode[]) => {
        const isBelow = (node: XmlNode) => isElement(node) && node.name === "Snapshot" && standsOnIt(node);
        return { below: nodes.filter(isBelow), beside: nodes.filter((node) => !isBelow(node)) };
    };
    const machine = child(root, "Machine");
    if (!machine) throw new HostError("the machine's document has no <Machine>; see that VirtualBox opens it");
    const current = standsOnIt(machine) ? { currentSnapshot: braced(insertion.uuid) } : {};
    const moved = { ...machine, attributes: { ...machine.attributes, ...current } };
    if (insertion.parent === null) {
        const { below, beside } = split(moved.children);
        // Before the first element that VirtualBox writes after snapshots.
        const at = beside.findIndex((node) => isElement(node) && node.name === "Hardware");
        const children = [...beside.slice(0, at), newSnapshot(insertion, below), ...beside.slice(at)];
        return withChild(root, { ...moved, children });
    }
    const { parent } = insertion;
    return withChild(
        root,
        mapped(moved, (node) => {
            if (node.name !== "Snapshot" || !isCalled(node, parent)) return node;
            const list = child(node, "Snapshots") ?? element("Snapshots");
            const { below, beside } = split(list.children);
            return withChild(node, { ...list, children: [...beside, newSnapshot(insertion, below)] });
        }),
    );
}

/** A machine's document in which something is other. VirtualBox reads it anew only when the machine is registered, and writes it as it likes then. */
export function withChanged(text: string, change: (root: XmlElement) => XmlElement): string {
    return `<?xml version="1.0"?>\n${formatXml(change(parseXml(text, "the machine's document", DEEPEST)))}`;
}

/** The same with other times, and with snapshots that VirtualBox knows no more. @param text the document as it stands */
export function rewritten(text: string, { times, insert }: Rewriting): string {
    return withChanged(text, (document) => {
        let root = dated(document, times);
        for (const insertion of insert) {
            for (const medium of insertion.media) root = withMedium(root, medium);
            root = withSnapshot(root, insertion);
        }
        return root;
    });
}
