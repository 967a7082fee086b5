import { randomUUID } from "node:crypto";
import { type CommitOperation, HostError, type MergeOperation, quoted, UnsupportedError } from "../../model";
import { parseXml, type XmlElement } from "../../xml";
import type { Draft } from "../draft";
import type { Files, SnapshotRecord } from "../records";
import { branchOf } from "./branch";
import { documentOf } from "./create";
import { moveUp, removeBranch, removeSnapshot } from "./delete";
import { overlaysOn } from "./overlays";
import { freeTag } from "./internal";
import { checkChain, dropUnused, expendable, settle } from "./settle";
import { dropTag } from "./tags";
import { saveNvram } from "./tip";
import { nvramOf, onFiles, snapshotOf, type World } from "./world";

/** What is committed: files or a tip snapshot, and what travels with them. */
interface Leaf {
    /** Null: the domain's tip, or the branch that it is on. */
    readonly branch: string | null;
    readonly files: Files;
    readonly tag: string | null;
    readonly config: XmlElement;
    readonly nvram: string | null;
}

async function leafOf(draft: Draft, world: World, name: string | null): Promise<Leaf> {
    if (name === null || name === draft.branch) {
        // Where the same transaction goes over to the branch first, the images don't hold its tip yet.
        const tag = name === null || name === draft.stored.branch ? null : branchOf(draft, name).tag;
        return { branch: null, files: draft.tip(), tag, config: draft.config, nvram: await nvramOf(draft, world, draft.domain()) };
    }
    const { files, tag, document, nvram } = branchOf(draft, name);
    return { branch: name, files, tag, config: parseXml(draft.pending(document) ?? (await world.read(document))), nvram };
}

/** Others that stand on the old contents: they would read what is written over them. */
function removeOthers(draft: Draft, { snapshots, branches }: Pick<CommitOperation, "snapshots" | "branches">): void {
    for (const name of branches) removeBranch(draft, name);
    const gone = snapshots.map((name) => snapshotOf(draft, name));
    moveUp(draft, new Set(snapshots));
    for (const snapshot of gone) removeSnapshot(draft, snapshot);
}

/** What the new contents of a snapshot are said to be: of this moment, with the leaf's configuration. */
function takenAgain(draft: Draft, snapshot: SnapshotRecord, leaf: Leaf, files: Files, tag: string | null): SnapshotRecord {
    const creationTime = Math.floor(Date.now() / 1000);
    const config = onFiles(draft, leaf.config, files);
    const document = documentOf(snapshot, { mode: snapshot.mode, files, overlays: {}, config }, creationTime);
    draft.remove(snapshot.document);
    if (snapshot.nvram !== null) draft.remove(snapshot.nvram);
    if (snapshot.memoryFile !== undefined) draft.remove(snapshot.memoryFile);
    // Old memory over new disks would corrupt what the guest has on them.
    const { committing: _c, memory: _m, memoryFile: _f, ...kept } = snapshot;
    return {
        ...kept,
        ...{ creationTime, state: "shutoff", made: false, files, tag, contentId: randomUUID() },
        document: draft.addFile("snapshot", "xml", document),
        nvram: saveNvram(draft, leaf.nvram),
    };
}

/** The leaf can be written into the file right under it: both are ours alone, only the leaf stands there, no other name has it, and neither is larger. */
async function canMerge(draft: Draft, world: World, leaf: string, file: string): Promise<boolean> {
    const names = [...draft.snapshots.values(), ...draft.branches.values()].filter(({ files }) => Object.values(files).includes(file));
    if (names.length > 1 || draft.images.get(leaf)?.backing !== file || draft.dependents(file).length !== 1) return false;
    if (!(await expendable(draft, file, world)) || !(await expendable(draft, leaf, world))) return false;
    await checkChain(draft, { inner: file, overlay: leaf }, world);
    return (await world.virtualSize(leaf, "qcow2")) === (await world.virtualSize(file, "qcow2"));
}

/** A file that is ours and that another domain stands on is neither written nor left behind: what it holds would no longer be what it is called. */
async function refuseForeign(draft: Draft, world: World, name: string, files: Files): Promise<void> {
    const foreign = await world.foreign();
    for (const file of Object.values(files)) {
        if (draft.images.get(file)?.created !== true || !(foreign.has(file) || foreign.has(await world.real(file)))) continue;
        throw new HostError(
            `another domain of this host stands on ${quoted(file)}, which snapshot ${quoted(name)} is in, so nothing is committed into it; give that domain a file of its own`,
            { file },
        );
    }
}

/** Points what was committed at what it goes on from. */
function moveLeaf(draft: Draft, leaf: Leaf, files: Files): void {
    if (leaf.branch === null) draft.pointTip(files);
    const branch = leaf.branch === null ? draft.activeBranch() : branchOf(draft, leaf.branch);
    if (branch) draft.branches.set(branch.name, { ...branch, files: { ...branch.files, ...files } });
}

/**
 * Writes the leaf's clusters into the snapshot's own file where that can be written; a golden image can't: there the leaf itself becomes the snapshot's
 * file, which comes to the same. While clusters are written the snapshot is marked, since its file is neither what it was nor what it will be; the leaf
 * on it reads the same all the time.
 */
async function commitExternal(
    draft: Draft,
    world: World,
    snapshot: SnapshotRecord,
    leaf: Leaf,
    { discard, snapshots, branches }: CommitOperation,
): Promise<void> {
    await refuseForeign(draft, world, snapshot.name, snapshot.files);
    const contents: Record<string, string> = { ...snapshot.files };
    const merged: string[] = [];
    // Others that go would read what is half written, and be there still, when that is interrupted: their files are merged once they are gone.
    const alone = snapshots.length === 0 && branches.length === 0;
    for (const [target, file] of Object.entries(snapshot.files)) {
        const top = leaf.files[target];
        if (top === undefined || top === file) continue;
        draft.know(top, "qcow2");
        if (alone && (await canMerge(draft, world, top, file))) merged.push(top);
        else contents[target] = top;
        draft.alter([top]);
    }
    if (merged.length > 0) draft.before({ kind: "mark", snapshot: snapshot.name });
    for (const overlay of merged) {
        draft.alter([draft.images.get(overlay)?.backing ?? overlay]);
        draft.before({ kind: "merge", overlay });
    }
    const targets = Object.fromEntries(Object.entries(contents).filter(([target]) => leaf.files[target] !== undefined));
    moveLeaf(draft, leaf, discard ? targets : await overlaysOn(draft, world, targets));
    if (discard) return void forget(draft, snapshot);
    draft.snapshots.set(snapshot.name, takenAgain(draft, snapshot, leaf, contents, null));
}

/** The snapshot's name goes; what it held has become the leaf's. */
function forget(draft: Draft, snapshot: SnapshotRecord): void {
    moveUp(draft, new Set([snapshot.name]));
    removeSnapshot(draft, snapshot);
}

/** One name in all images holds an internal snapshot: what holds only some of its disks can't take its place. */
function refuseLeftOut({ place: { backend } }: Draft, tag: string | null, files: Files, { name, files: contents }: SnapshotRecord): void {
    const [out] = tag === null ? [] : Object.entries(contents).filter(([target, file]) => files[target] !== file);
    if (!out) return;
    throw new UnsupportedError(
        backend,
        `merging into the internal snapshot ${quoted(name)} what leaves out its disk ${out[0]}, whose contents would go`,
        "delete the snapshot that leaves it out, or take one of all disks instead",
    );
}

/** Takes the snapshot again of what the images or the branch's tip snapshot hold. Nothing is copied. */
async function commitInternal(draft: Draft, world: World, snapshot: SnapshotRecord, leaf: Leaf, { discard }: CommitOperation): Promise<void> {
    if (discard) return void forget(draft, snapshot);
    refuseLeftOut(draft, leaf.tag, leaf.files, snapshot);
    const tag = leaf.tag ?? (await takeAgain(draft, world, snapshot));
    draft.snapshots.set(snapshot.name, takenAgain(draft, snapshot, leaf, snapshot.files, tag));
    if (snapshot.tag !== null) dropTag(draft, snapshot.files, snapshot.tag);
}

async function takeAgain(draft: Draft, world: World, { name, files }: SnapshotRecord): Promise<string> {
    const images = Object.values(files);
    draft.alter(images);
    const tag = await freeTag(draft, world, images, name);
    draft.before({ kind: "take", files: images, tags: [tag] });
    return tag;
}

/** Merges a leaf into the snapshot that it stands on. */
export async function compileCommit(draft: Draft, world: World, operation: CommitOperation): Promise<void> {
    const snapshot = snapshotOf(draft, operation.name);
    removeOthers(draft, operation);
    await dropUnused(draft, world);
    const leaf = await leafOf(draft, world, operation.branch);
    await (snapshot.mode === "external" ? commitExternal : commitInternal)(draft, world, snapshot, leaf, operation);
    await settle(draft, world, between(draft, leaf.files, snapshot.files));
}

/** The files from leaves down to those that they are committed into. */
function between(draft: Draft, leaves: Files, files: Files): Set<string> {
    const found = new Set<string>();
    for (const [target, end] of Object.entries(files)) {
        let at: string | null = leaves[target] ?? null;
        for (; at !== null && at !== end; at = draft.stored.images.get(at)?.backing ?? null) found.add(at);
        if (at === end) found.add(end);
    }
    return found;
}

/** A snapshot's contents become its parent's: no byte is moved but by what tidies up. */
export async function compileMerge(draft: Draft, world: World, operation: MergeOperation): Promise<void> {
    const snapshot = snapshotOf(draft, operation.name);
    const parent = snapshotOf(draft, operation.into);
    await refuseForeign(draft, world, parent.name, parent.files);
    refuseLeftOut(draft, snapshot.tag, snapshot.files, parent);
    removeOthers(draft, operation);
    moveUp(draft, new Set([snapshot.name]));
    draft.snapshots.delete(snapshot.name);
    draft.remove(parent.document);
    if (parent.nvram !== null) draft.remove(parent.nvram);
    if (parent.memoryFile !== undefined) draft.remove(parent.memoryFile);
    const { creationTime, state, made, document, nvram, tag, memory, memoryFile } = snapshot;
    const files = { ...parent.files, ...snapshot.files };
    const { committing: _c, memory: _m, memoryFile: _f, ...kept } = parent;
    const held = { ...(memory && { memory }), ...(memoryFile !== undefined && { memoryFile }) };
    draft.snapshots.set(parent.name, { ...kept, ...held, creationTime, state, made, document, nvram, tag, files, contentId: randomUUID() });
    if (parent.tag !== null) dropTag(draft, parent.files, parent.tag);
    await settle(draft, world, new Set(Object.values(parent.files)));
}
