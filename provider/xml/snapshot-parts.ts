import { InvalidInputError, quoted } from "../model";
import { child, childrenOf, element, withChild, withoutChildren, type XmlElement } from "./element";

/** What a snapshot does with a disk; `manual`: whoever took it keeps the disk's contents (libvirt 8.2 and later). */
export type DiskSnapshotMode = "no" | "internal" | "external" | "manual";

/** `<memory>`: whether the guest's memory is held, and in which file. */
export interface MemorySnapshot {
    readonly snapshot: "no" | "internal" | "external";
    /** Absolute path; only where `external`. */
    readonly file: string | null;
}

/** A `<disk>` of `<disks>` or `<revertDisks>`. */
export interface SnapshotDisk {
    /** The disk's target (`vda`); a creator may give its path instead. */
    readonly name: string;
    /** Null where the document does not say: the domain's default, or external where a file or driver is given. */
    readonly snapshot: DiskSnapshotMode | null;
    /** `file`, `block`, `network`. */
    readonly type: string;
    /** `<source file>`: absolute path of the overlay; null where there is none. */
    readonly file: string | null;
    /** `<driver type>`: the overlay's format; null where the document does not say. */
    readonly driver: string | null;
    /** The element as it was read: what the other fields don't say is written from it again. */
    readonly element?: XmlElement;
}

function isMode(text: string): text is DiskSnapshotMode {
    return ["no", "internal", "external", "manual"].includes(text);
}

/**
 * Reads `<memory>`, with libvirt's default (a file makes it external) and its rules.
 *
 * @throws InvalidInputError
 */
export function readMemory(memory: XmlElement | null): MemorySnapshot | null {
    const { snapshot, file = null } = memory?.attributes ?? {};
    const mode = snapshot ?? (file === null ? null : "external");
    if (mode === null) return null;
    if (!isMode(mode) || mode === "manual")
        throw new InvalidInputError(`memory can't be kept as ${quoted(mode)}; use no, internal or external`, "memory.snapshot");
    if (file !== null && mode !== "external")
        throw new InvalidInputError(
            `memory filename ${quoted(file)} requires external snapshot; set memory's snapshot to external, or leave the file out`,
            "memory.file",
        );
    if (file === null && mode === "external") throw new InvalidInputError("external memory snapshots require a filename; add memory's file", "memory.file");
    return { snapshot: mode, file };
}

function readDisk(disk: XmlElement, list: string): SnapshotDisk {
    const { name, snapshot = null, type = "file" } = disk.attributes;
    if (!name) throw new InvalidInputError(`a <disk> in <${list}> has no name; add name='vda' or the like`, list);
    if (snapshot !== null && !isMode(snapshot))
        throw new InvalidInputError(
            `disk ${quoted(name)} can't be kept as ${quoted(snapshot)}; use no, internal, external or manual`,
            `${list}.${name}.snapshot`,
        );
    const file = child(disk, "source")?.attributes.file ?? null;
    return { name, snapshot, type, file, driver: child(disk, "driver")?.attributes.type ?? null, element: disk };
}

/**
 * Reads `<disks>` or `<revertDisks>`; empty where there is none.
 *
 * @throws InvalidInputError
 */
export function readDisks(snapshot: XmlElement, list: "disks" | "revertDisks"): SnapshotDisk[] {
    const parent = child(snapshot, list);
    const disks = parent ? childrenOf(parent, "disk").map((disk) => readDisk(disk, list)) : [];
    const seen = new Set<string>();
    for (const { name } of disks) {
        if (seen.has(name)) throw new InvalidInputError(`disk ${quoted(name)} specified twice in <${list}>; leave the one that counts`, `${list}.${name}`);
        seen.add(name);
    }
    return disks;
}

export function formatMemory(memory: MemorySnapshot | null): XmlElement | null {
    if (!memory) return null;
    return element("memory", { snapshot: memory.snapshot, ...(memory.file === null ? {} : { file: memory.file }) });
}

function without(attributes: XmlElement["attributes"], ...keys: readonly string[]): XmlElement["attributes"] {
    return Object.fromEntries(Object.entries(attributes).filter(([key]) => !keys.includes(key)));
}

/** The disk with one attribute of one child set; a child that has nothing left to say goes. */
function withAttribute(disk: XmlElement, name: string, key: string, value: string | null): XmlElement {
    const old = child(disk, name);
    if ((old?.attributes[key] ?? null) === value) return disk;
    const others = without(old?.attributes ?? {}, key);
    const changed = element(name, value === null ? others : { ...others, [key]: value }, old?.children);
    const empty = Object.keys(changed.attributes).length === 0 && changed.children.length === 0;
    return empty ? withoutChildren(disk, name) : withChild(disk, changed);
}

function formatDisk({ name, snapshot, type, file, driver, element: read = element("disk") }: SnapshotDisk): XmlElement {
    // libvirt writes the type only where there is a source or a driver that it can be the type of.
    const typed = read.attributes.type !== undefined || file !== null || driver !== null || type !== "file";
    const attributes = {
        name,
        ...(snapshot === null ? {} : { snapshot }),
        ...(typed ? { type } : {}),
        ...without(read.attributes, "name", "snapshot", "type"),
    };
    return withAttribute(withAttribute({ ...read, attributes }, "driver", "type", driver), "source", "file", file);
}

export function formatDisks(list: "disks" | "revertDisks", disks: readonly SnapshotDisk[]): XmlElement | null {
    return disks.length === 0 ? null : element(list, {}, disks.map(formatDisk));
}
