import { InvalidInputError, quoted, type SnapshotState } from "../model";
import { child, element, isElement, textOf, type XmlElement, type XmlNode } from "./element";
import { parseXml } from "./read";
import { formatDisks, formatMemory, readDisks, readMemory, type MemorySnapshot, type SnapshotDisk } from "./snapshot-parts";
import { formatXml } from "./write";

/** A `<domainsnapshot>`; null and empty lists for what the document does not say. */
export interface SnapshotDocument {
    readonly name: string | null;
    readonly description: string | null;
    readonly state: SnapshotState | null;
    /** Whole seconds since 1970, UTC. */
    readonly creationTime: number | null;
    /** Name of the parent snapshot. */
    readonly parent: string | null;
    /** How memory is compressed (seed 003, one of the three fields that a creator may set). */
    readonly compression: string | null;
    readonly memory: MemorySnapshot | null;
    /** What taking the snapshot did to each disk: of an external one, the overlay that was put on it. */
    readonly disks: readonly SnapshotDisk[];
    /** The overlays that the last revert to this snapshot made (libvirt 9.9 and later). */
    readonly revertDisks: readonly SnapshotDisk[];
    /** The domain when the snapshot was taken; before libvirt 0.9.5 with a `<uuid>` only. */
    readonly domain: XmlElement | null;
    /** Its configuration for the next start, where the domain was running. */
    readonly inactiveDomain: XmlElement | null;
    /** What the hypervisor driver wants back at a revert. */
    readonly cookie: XmlElement | null;
    /** `<active>`, in libvirt's own files only: the snapshot is the current one. */
    readonly active: boolean | null;
    /** Of the outermost element: its namespaces. */
    readonly attributes: Readonly<Record<string, string>>;
    /** Elements and comments that are none of these, in document order. */
    readonly unknown: readonly XmlNode[];
}

/** A document that says nothing, to spread what is known over. */
export const emptySnapshot: SnapshotDocument = {
    name: null,
    description: null,
    state: null,
    creationTime: null,
    parent: null,
    compression: null,
    memory: null,
    disks: [],
    revertDisks: [],
    domain: null,
    inactiveDomain: null,
    cookie: null,
    active: null,
    attributes: {},
    unknown: [],
};

/** libvirt 11's order (virDomainSnapshotDefFormatInternal); `compression`, which is not libvirt's, stands last. */
const KNOWN = [
    "name",
    "description",
    "state",
    "parent",
    "creationTime",
    "memory",
    "disks",
    "revertDisks",
    "domain",
    "inactiveDomain",
    "cookie",
    "active",
    "compression",
] as const;

const STATES: ReadonlySet<string> = new Set<SnapshotState>([
    "nostate",
    "running",
    "blocked",
    "paused",
    "shutdown",
    "shutoff",
    "crashed",
    "pmsuspended",
    "disk-snapshot",
]);

function isState(text: string): text is SnapshotState {
    return STATES.has(text);
}

/** Nobody could say which of two counts, so none is guessed. */
function refuseDuplicates(snapshot: XmlElement): void {
    const seen = new Set<string>();
    for (const { name } of snapshot.children.filter(isElement)) {
        if (seen.has(name) && KNOWN.some((known) => known === name))
            throw new InvalidInputError(`the snapshot's XML has two <${name}> elements; leave the one that counts`, name);
        seen.add(name);
    }
}

function readState(snapshot: XmlElement): SnapshotState | null {
    const state = textOf(snapshot, "state")?.trim();
    if (!state) return null;
    if (isState(state)) return state;
    throw new InvalidInputError(`the snapshot's <state> ${quoted(state)} is none that libvirt knows; use one of ${[...STATES].join(", ")}`, "state");
}

function readCreationTime(snapshot: XmlElement): number | null {
    const text = textOf(snapshot, "creationTime")?.trim();
    if (!text) return null;
    const seconds = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(seconds)) return seconds;
    throw new InvalidInputError(`the snapshot's <creationTime> ${quoted(text)} is no time; write whole seconds since 1970`, "creationTime");
}

function readActive(snapshot: XmlElement): boolean | null {
    const text = textOf(snapshot, "active")?.trim();
    if (!text) return null;
    if (/^-?\d+$/.test(text)) return Number(text) !== 0;
    throw new InvalidInputError(`the snapshot's <active> ${quoted(text)} is no number; write 1 for the current snapshot, else 0`, "active");
}

/**
 * Reads a `<domainsnapshot>`. None of its parts is required: `<domainsnapshot/>` is valid (seed 003). An empty element counts as absent,
 * as in libvirt. Whether a name can be given or parents exist is not looked at here.
 *
 * @throws InvalidInputError with the property that can't be read: `creationTime`, `disks.vda.snapshot`.
 */
export function parseSnapshot(xml: string | XmlElement): SnapshotDocument {
    const snapshot = typeof xml === "string" ? parseXml(xml, "the snapshot's XML") : xml;
    if (snapshot.name !== "domainsnapshot")
        throw new InvalidInputError(`the snapshot's XML begins with <${snapshot.name}>; pass a <domainsnapshot>, as “virsh snapshot-dumpxml” prints it`);
    refuseDuplicates(snapshot);
    return {
        name: textOf(snapshot, "name") || null,
        description: textOf(snapshot, "description") || null,
        state: readState(snapshot),
        creationTime: readCreationTime(snapshot),
        parent: textOf(snapshot, "parent", "name") || null,
        compression: textOf(snapshot, "compression")?.trim() || null,
        memory: readMemory(child(snapshot, "memory")),
        disks: readDisks(snapshot, "disks"),
        revertDisks: readDisks(snapshot, "revertDisks"),
        domain: child(snapshot, "domain"),
        inactiveDomain: child(snapshot, "inactiveDomain"),
        cookie: child(snapshot, "cookie"),
        active: readActive(snapshot),
        attributes: snapshot.attributes,
        unknown: snapshot.children.filter((node) => typeof node === "object" && !(isElement(node) && KNOWN.some((known) => known === node.name))),
    };
}

function leaf(name: string, value: string | number | null): XmlElement | null {
    return value === null || value === "" ? null : element(name, {}, [String(value)]);
}

function knownParts(doc: SnapshotDocument): Record<(typeof KNOWN)[number], XmlElement | null> {
    const parent = leaf("name", doc.parent);
    return {
        name: leaf("name", doc.name),
        description: leaf("description", doc.description),
        state: leaf("state", doc.state),
        parent: parent && element("parent", {}, [parent]),
        creationTime: leaf("creationTime", doc.creationTime),
        memory: formatMemory(doc.memory),
        disks: formatDisks("disks", doc.disks),
        revertDisks: formatDisks("revertDisks", doc.revertDisks),
        domain: doc.domain && { ...doc.domain, name: "domain" },
        inactiveDomain: doc.inactiveDomain && { ...doc.inactiveDomain, name: "inactiveDomain" },
        cookie: doc.cookie,
        active: doc.active === null ? null : leaf("active", doc.active ? 1 : 0),
        compression: leaf("compression", doc.compression),
    };
}

/**
 * Writes a `<domainsnapshot>` as libvirt 11 does, in its order; what libvirt does not know comes last. A `<domain>` may be passed as
 * `inactiveDomain` as it is.
 *
 * @throws InvalidInputError for characters that XML forbids.
 * @example `formatSnapshot({ ...emptySnapshot, name: "base", description: "fresh install" })`
 */
export function formatSnapshot(doc: SnapshotDocument): string {
    const parts = knownParts(doc);
    const known = KNOWN.map((name) => parts[name]).filter((part) => part !== null);
    return formatXml(element("domainsnapshot", doc.attributes, [...known, ...doc.unknown]));
}
