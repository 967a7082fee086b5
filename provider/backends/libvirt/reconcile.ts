import type { Mode } from "../../model";
import { parseDomain, type SnapshotDocument } from "../../xml";
import { memoryIn } from "../../disks/document";
import { type BranchRecord, type Files, filesOf, type ImageRecord, type Records, type SnapshotRecord } from "../../disks/records";
import { type Headers, imagesOf } from "./graph";
import { documentOf } from "./place";
import type { Seen } from "./seen";
import type { Stored, StoredSnapshot } from "./stored";

/*
 * libvirt is the truth about snapshots, and what Snaptree keeps is the truth about the rest. Others work on the domain too, by virsh, by virt-manager, by an
 * upgrade: whatever they did is read as what it is, and no branch is lost by it.
 */

/** Where a document says that the contents are. */
export interface Contents {
    readonly mode: Mode;
    readonly files: Files;
    /** Some disks are internal and others external. */
    readonly mixed: boolean;
}

export function contentsIn(document: SnapshotDocument): Contents {
    const taking = new Map(document.disks.map((disk) => [disk.name, disk]));
    const files: Record<string, string> = {};
    const modes = new Set<Mode>();
    const disks = document.domain ? parseDomain(document.domain).disks : [];
    for (const { target, file, device, readonly } of disks) {
        // A document that lists none is of a time when all were internal.
        const how =
            (taking.get(target) ?? (file === null ? undefined : taking.get(file)))?.snapshot ??
            (document.disks.length === 0 && !readonly && device === "disk" ? "internal" : "no");
        if (file === null || how === "no" || how === "manual") continue;
        files[target] = file;
        modes.add(how);
    }
    const external =
        modes.has("external") ||
        (modes.size === 0 && (document.memory?.snapshot === "external" || document.disks.some(({ snapshot }) => snapshot === "external")));
    return { mode: external ? "external" : "internal", files, mixed: modes.size > 1 };
}

function recordOf(name: string, document: SnapshotDocument, stored: StoredSnapshot | undefined): SnapshotRecord {
    const { mode, files, mixed } = contentsIn(document);
    const creationTime = document.creationTime ?? 0;
    const known = stored?.creationTime === creationTime ? stored : undefined;
    return {
        name,
        parent: document.parent,
        description: document.description,
        creationTime,
        state: document.state ?? "shutoff",
        mode,
        made: known?.made ?? false,
        files,
        tag: mode === "internal" ? (known?.tag ?? name) : null,
        document: documentOf(name),
        nvram: known?.nvram ?? null,
        contentId: known?.contentId ?? null,
        ...(known?.committing && { committing: true }),
        ...(known?.owner !== undefined && { owner: known.owner }),
        ...(mixed && { mixed }),
        ...memoryIn(document),
    };
}

/** The nearest of a node's remembered ancestors that is there still. */
function survivor(name: string | null, snapshots: ReadonlyMap<string, SnapshotRecord>, stored: Stored): string | null {
    const seen = new Set<string>();
    let at = name;
    while (at !== null && !snapshots.has(at) && !seen.has(at)) {
        seen.add(at);
        at = stored.snapshots[at]?.parent ?? null;
    }
    return at !== null && snapshots.has(at) ? at : null;
}

interface Situation {
    readonly snapshots: ReadonlyMap<string, SnapshotRecord>;
    readonly stored: Stored;
    readonly current: string | null;
    /** Disk target to the file that the domain is on now. */
    readonly tip: Files;
}

/** Whether others took snapshots on a branch and went on: whatever lies between its newest snapshot and the current one is new. */
function isOnward({ tip: newest }: BranchRecord, { snapshots, stored, current }: Situation): boolean {
    const seen = new Set<string>();
    let at = current;
    while (at !== null && at !== newest && !seen.has(at)) {
        const snapshot = snapshots.get(at);
        if (!snapshot || stored.snapshots[at]?.creationTime === snapshot.creationTime) return false;
        seen.add(at);
        at = snapshot.parent;
    }
    return at === newest;
}

/** The active branch as it is now; null where somebody took the domain elsewhere. Where leaves are files, they tell; inside images, only the current snapshot does. */
async function goneOn(branch: BranchRecord, situation: Situation, headers: Headers): Promise<BranchRecord | null> {
    const { snapshots, current, tip } = situation;
    const onward = isOnward(branch, situation);
    if (!onward && isInternal(snapshots)) return null;
    const now: Record<string, string> = {};
    for (const [target, leaf] of Object.entries(branch.files)) {
        const file = tip[target] ?? leaf; // A disk that was detached keeps what it has.
        if (file !== leaf && !(await headers.standsOn(file, leaf)) && !(await isMergedInto(file, leaf, situation, headers))) return null;
        now[target] = file;
    }
    return { ...branch, files: now, tip: onward ? current : branch.tip };
}

/** Whether libvirt merged a leaf down: it does so where the snapshot right under it is deleted. */
async function isMergedInto(file: string, leaf: string, { snapshots, stored }: Situation, headers: Headers): Promise<boolean> {
    if ((await headers.of(leaf)) !== null) return false;
    if ([...snapshots.values()].some(({ mode, files }) => mode === "external" && Object.values(files).includes(file))) return false;
    const under = new Map(stored.images.map(({ path, backing }) => [path, backing]));
    const seen = new Set<string>();
    for (let at: string | null = leaf; at !== null && !seen.has(at); at = under.get(at) ?? null) {
        if (at === file) return true;
        seen.add(at);
    }
    return false;
}

/** A branch that the domain was taken away from. What was never put under a name of its own is its newest snapshot's. */
function left(branch: BranchRecord, snapshots: ReadonlyMap<string, SnapshotRecord>, inImages: boolean): BranchRecord | null {
    if (!inImages) return branch;
    const newest = branch.tip === null ? undefined : snapshots.get(branch.tip);
    return newest?.tag ? { ...branch, tag: newest.tag, files: newest.files, nvram: newest.nvram } : null;
}

/** In a hierarchy of both kinds, only the external ones have branches. */
function isInternal(snapshots: ReadonlyMap<string, SnapshotRecord>): boolean {
    return snapshots.size > 0 && [...snapshots.values()].every(({ mode }) => mode === "internal");
}

async function branchesNow(situation: Situation, headers: Headers): Promise<{ readonly branches: Map<string, BranchRecord>; readonly active: string | null }> {
    const { snapshots, stored } = situation;
    const branches = new Map<string, BranchRecord>();
    let active: string | null = null;
    for (const { xml: _, ...kept } of stored.branches) {
        const branch = { ...kept, from: survivor(kept.from, snapshots, stored), tip: survivor(kept.tip, snapshots, stored) };
        if (branch.name !== stored.branch) {
            branches.set(branch.name, branch);
            continue;
        }
        const on = await goneOn(branch, situation, headers);
        const now = on ?? left(branch, snapshots, isInternal(snapshots));
        if (now) branches.set(now.name, now);
        if (on) active = on.name;
    }
    return { branches, active };
}

/** Overlays that libvirt made: those that snapshots' documents name. */
function overlaysIn(seen: Seen): Set<string> {
    const disks = [...seen.documents.values()].flatMap(({ document }) => [...document.disks, ...document.revertDisks]);
    return new Set(disks.flatMap(({ snapshot, file }) => (snapshot === "external" && file !== null ? [file] : [])));
}

function formatsIn(seen: Seen): Map<string, string> {
    const domains = [seen.config, ...[...seen.documents.values()].flatMap(({ document }) => document.domain ?? [])];
    return new Map(
        domains.flatMap((domain) =>
            parseDomain(domain).disks.flatMap(({ file, format }) => (file === null || format === null ? [] : [[file, format] as const])),
        ),
    );
}

/**
 * The tip, as it was left for what nobody could go on from: of a disk that stands on what is frozen, or another's, the recorded file stays, so that it is found
 * out; and so does that of a disk which somebody took out of the domain, so that it stays theirs.
 */
function tipOf(files: Files, stored: Stored | undefined, nodes: readonly (SnapshotRecord | BranchRecord)[]): Files {
    if (!stored) return files;
    const frozen = new Set(nodes.flatMap((node) => (node.tag === null ? Object.values(node.files) : [])));
    const now = Object.entries(files).map(([target, file]) => [target, frozen.has(file) ? (stored.tip[target] ?? file) : file]);
    return { ...stored.tip, ...(Object.fromEntries(now) as Files) };
}

/** The records that libvirt's own knowledge, what Snaptree keeps there, and the images' headers come to. @param whole with all images, which a listing needs not */
export async function recordsOf(seen: Seen, headers: Headers, whole: boolean): Promise<Records> {
    const stored = seen.stored?.data;
    const snapshots = new Map([...seen.documents].map(([name, { document }]) => [name, recordOf(name, document, stored?.snapshots[name])]));
    const files = filesOf(parseDomain(seen.config));
    const current = stored && seen.current === survivor(stored.shown, snapshots, stored) ? survivor(stored.current, snapshots, stored) : seen.current;
    const situation = stored && { snapshots, stored, current, tip: files };
    const { branches, active } = situation ? await branchesNow(situation, headers) : { branches: new Map<string, BranchRecord>(), active: null };
    const on = active === null ? undefined : branches.get(active);
    const known = new Map((stored?.images ?? []).map((image): [string, ImageRecord] => [image.path, image]));
    const nodes = [...snapshots.values(), ...[...branches.values()].filter(({ name }) => name !== active)];
    const named = [files, ...nodes.map((node) => node.files), ...[...branches.values()].map((branch) => branch.files)].flatMap((each) => Object.values(each));
    return {
        generation: seen.stored?.generation ?? 0,
        next: stored?.next ?? 1,
        current: on ? on.tip : current,
        branch: active,
        tip: tipOf(files, stored, nodes),
        images: whole ? await imagesOf(named, { formats: formatsIn(seen), stored: known, overlays: overlaysIn(seen) }, headers) : known,
        snapshots,
        branches,
    };
}
