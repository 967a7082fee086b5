import type { CreationFlags } from "./flags";
import type { Capabilities } from "../backends/backend";
import { type DiskChoice, type Domain, InvalidInputError, type Mode, quoted, type Snapshot, UnsupportedError } from "../model";
import { childrenOf, parseSnapshot, parseXml, type SnapshotDisk, type SnapshotDocument } from "../xml";
import type { CreateRequest, RedefineRequest } from "./requests";

/*
 * The API of the snapshot mails (RFC “Snapshot API v2” and “v3” of 2010, and what libvirt made of it): documents and flags become the requests that the
 * rest of the library has, and lists are filtered as libvirt filters them.
 */

/** Flags of `createXML`, as `virDomainSnapshotCreateXML` has them. All default to false. */
export interface CreateXMLFlags extends Omit<CreationFlags, "memoryFile"> {
    /** All disks or none, which they always are here. */
    readonly atomic?: boolean;
    /** Replace a snapshot of that name, as savevm does; with `redefine`, also where the guest would see another machine. */
    readonly force?: boolean;
}

/** What a creator may set: of anything else a document is silent, whatever it says. */
const SETTABLE = new Set(["name", "description", "compression", "memory", "disks"]);

function settable(xml: string): SnapshotDocument {
    const root = parseXml(xml, "the snapshot's XML");
    return parseSnapshot(root.name === "domainsnapshot" ? { ...root, children: childrenOf(root).filter(({ name }) => SETTABLE.has(name)) } : root);
}

/**
 * The creation that a `<domainsnapshot>` asks for. Name, description and compression count (seed mail of v2), memory and disks (libvirt today); the rest
 * is filled in when the snapshot is taken.
 */
export function creationOf(xml: string, flags: CreateXMLFlags, domain: Domain, { backend, running }: Capabilities): CreateRequest {
    const { redefine: _, current: __, ...settings } = flags;
    const { name, description, compression, memory, disks } = settable(xml);
    const asked = memory?.snapshot === "no" ? null : (memory?.snapshot ?? null);
    if (asked !== null && flags.diskOnly)
        throw new InvalidInputError("memory state cannot be saved with offline or disk-only snapshot; leave <memory> out, or disk-only", "memory");
    if (asked === "internal" && !running)
        throw new UnsupportedError(backend, "<memory> in a snapshot", "domains are shut off here: leave it out, or manage a running one through libvirt");
    const choices = choicesOf(disks, domain, backend);
    return {
        ...settings,
        ...(name !== null && { name }),
        ...(description !== null && { description }),
        ...(compression !== null && { compression }),
        ...(typeof memory?.file === "string" && { memoryFile: memory.file }),
        ...modeOf(asked, choices, flags),
        ...(disks.length > 0 && { disks: choices }),
    };
}

function modeOf(memory: Mode | null, choices: Readonly<Record<string, DiskChoice>>, { diskOnly }: CreateXMLFlags): { readonly mode?: Mode } {
    const said = Object.values(choices).flatMap(({ snapshot }) => (snapshot === undefined || snapshot === "no" ? [] : [snapshot]));
    const mode = memory ?? said[0];
    if (mode === "internal" && diskOnly) {
        const [target = ""] = Object.entries(choices).find(([, { snapshot }]) => snapshot === "internal") ?? [];
        throw new InvalidInputError(`disk ${quoted(target)} must use snapshot mode 'external', as disk-only snapshots do`, `disks.${target}.snapshot`);
    }
    return mode === undefined ? {} : { mode };
}

/** Disk target to how that disk takes part. A document may name a disk by its file. */
function choicesOf(disks: readonly SnapshotDisk[], domain: Domain, backend: string): Record<string, DiskChoice> {
    const choices = new Map<string, DiskChoice>();
    for (const disk of disks) {
        const target = domain.disks.find((known) => known.target === disk.name || known.file === disk.name)?.target ?? disk.name;
        if (choices.has(target)) throw new InvalidInputError(`disk ${quoted(target)} specified twice in <disks>; leave the one that counts`, `disks.${target}`);
        choices.set(target, choiceOf(disk, target, backend));
    }
    return Object.fromEntries(choices);
}

function choiceOf({ snapshot, type, file, driver }: SnapshotDisk, target: string, backend: string): DiskChoice {
    if (snapshot === "manual") throw new UnsupportedError(backend, `a manual snapshot of disk ${target}`, "use no, internal or external");
    if (type !== "file") throw new UnsupportedError(backend, `an overlay of the type ${type} (disk ${target})`, "give it a file");
    const how = snapshot ?? (file === null && driver === null ? null : "external");
    if (file !== null && how !== "external") {
        throw new InvalidInputError(
            `file ${quoted(file)} for disk ${quoted(target)} requires use of external snapshot mode; set its snapshot to external, or leave the file out`,
            `disks.${target}.file`,
        );
    }
    return { ...(how !== null && { snapshot: how }), ...(file !== null && { file }), ...(driver !== null && { driver }) };
}

/** The redefinition that a whole `<domainsnapshot>` asks for. */
export function redefinitionOf(xml: string, { current, diskOnly, force }: CreateXMLFlags): RedefineRequest {
    const { name, state } = parseSnapshot(xml);
    if (name === null) throw new InvalidInputError("a redefined snapshot must have a name; add <name>", "name");
    if (diskOnly && state !== "disk-snapshot")
        throw new InvalidInputError(
            `disk-only flag for snapshot ${quoted(name)} requires disk-snapshot state; correct <state>, or leave the flag out`,
            "state",
        );
    return { name, xml, ...(current && { current }), ...(force && { force }) };
}

/**
 * Which snapshots are counted and listed: those that every group of filters lets through. A group of which nothing or everything is set lets all through,
 * as in libvirt. libvirt's other filters would tell nothing apart here: all snapshots that are listed have metadata, and parents always come first.
 */
export interface SnapshotFilter {
    /** Only those without a parent. */
    readonly roots?: boolean;
    /** Those without children. */
    readonly leaves?: boolean;
    /** Those with children. */
    readonly noLeaves?: boolean;
    /** Those taken of a domain that was shut off. */
    readonly inactive?: boolean;
    /** Those that hold a guest's memory, or were taken while it ran and could be started at. */
    readonly active?: boolean;
    /** Those of the disks of a running guest alone. */
    readonly diskOnly?: boolean;
    /** Those within the disks' own files. */
    readonly internal?: boolean;
    /** Those in files of their own. */
    readonly external?: boolean;
}

type Choice = readonly [wanted: boolean | undefined, fits: boolean];

function letsThrough(group: readonly Choice[]): boolean {
    return group.every(([wanted]) => !wanted) || group.some(([wanted, fits]) => wanted && fits);
}

/** The snapshots that a filter lets through, in the order in which they come. */
export function filtered(snapshots: readonly Snapshot[], wanted: SnapshotFilter): Snapshot[] {
    const parents = new Set(snapshots.map(({ parent }) => parent));
    return snapshots.filter(({ name, parent, state, mode }) => {
        const isParent = parents.has(name);
        const [isOff, isDisks] = [state === "shutoff", state === "disk-snapshot"];
        return [
            [[wanted.roots, parent === null]] as const,
            [[wanted.leaves, !isParent] as const, [wanted.noLeaves, isParent] as const],
            [[wanted.inactive, isOff] as const, [wanted.diskOnly, isDisks] as const, [wanted.active, !isOff && !isDisks] as const],
            [[wanted.internal, mode === "internal"] as const, [wanted.external, mode === "external"] as const],
        ].every(letsThrough);
    });
}
