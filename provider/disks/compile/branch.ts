import {
    type AdoptOperation,
    type BranchOperation,
    HostError,
    noSuchBranch,
    quoted,
    type RenameOperation,
    type ResetOperation,
    type SwitchOperation,
    type UnbranchOperation,
} from "../../model";
import { formatXml, parseDomain, parseXml, type XmlElement } from "../../xml";
import type { Draft } from "../draft";
import type { BranchRecord, Files, SnapshotRecord } from "../records";
import { compileDelete, removeBranch } from "./delete";
import { overlaysOn } from "./overlays";
import { applyTag, holdTip, tagOf } from "./internal";
import { refuseTaken } from "./rename";
import { settle } from "./settle";
import { dropTag } from "./tags";
import { type Arrival, imagesLeft, keepTip, leaves, saveNvram } from "./tip";
import { adopt, configOf, configure, nvramOf, onFiles, snapshotOf, type World } from "./world";

/** @throws NotFoundError */
export function branchOf(draft: Draft, name: string): BranchRecord {
    const found = draft.branches.get(name);
    if (!found) throw noSuchBranch(name);
    return found;
}

/** A configuration as a branch keeps it: with its own disks where it has them. */
export function branchDocument(draft: Draft, config: XmlElement, files: Files): string {
    return draft.addFile("branch", "xml", formatXml(onFiles(draft, config, files)));
}

/** A fresh tip on a snapshot that the domain does not go to: empty overlays, or in the internal model the snapshot's own contents by another name. */
async function freshTip(draft: Draft, world: World, snapshot: SnapshotRecord): Promise<Pick<BranchRecord, "files" | "tag" | "document" | "nvram">> {
    const files = snapshot.mode === "external" ? await overlaysOn(draft, world, snapshot.files) : snapshot.files;
    const config = (await configOf(draft, world, snapshot)) ?? draft.config;
    return { files, tag: snapshot.tag, document: branchDocument(draft, config, files), nvram: saveNvram(draft, snapshot.nvram) };
}

/** Forks a branch; the domain stays where it is. */
export async function compileBranch(draft: Draft, world: World, { name, from, owner }: BranchOperation): Promise<void> {
    refuseTaken(draft, name);
    const snapshot = snapshotOf(draft, from);
    // What an image holds under a tag stays as it is, whoever writes to the image.
    if (snapshot.tag === null) draft.freeze(Object.values(snapshot.files));
    draft.branches.set(name, { name, from, tip: from, ...(await freshTip(draft, world, snapshot)), ...(owner !== undefined && { owner }) });
}

/** What the domain leaves on these disks goes on as a branch. @param tag null in the external model, where the leaves themselves keep it */
export async function holdAs(draft: Draft, world: World, name: string, arrival: Arrival, tag: string | null): Promise<void> {
    const nvram = await nvramOf(draft, world, draft.domain());
    if (tag !== null) {
        const images = imagesLeft(draft, name, arrival.files);
        draft.alter(Object.values(images));
        return void keepTip(draft, name, images, nvram, await holdTip(draft, world, Object.values(images), name));
    }
    const { kept, goOn } = await leaves(draft, world, name, arrival);
    keepTip(draft, name, kept, nvram);
    draft.pointTip(goOn);
}

/** Where a configuration leads. */
export function arrivalAt(config: XmlElement, files: Files): Arrival {
    const targets = new Set(parseDomain(config).disks.map(({ target }) => target));
    return { files, has: (target) => targets.has(target) };
}

/** The domain goes over to a branch and on from its disks as they are. Nothing is copied. */
export async function compileSwitch(draft: Draft, world: World, { name, keepTip: keep }: SwitchOperation): Promise<void> {
    if (draft.branch === name) return;
    const { files, tag, tip, document, nvram } = branchOf(draft, name);
    for (const [target, file] of Object.entries(files)) if (!draft.sizes.has(file)) await refuseMissing(world, name, target, file);
    // A domain that somebody runs would go on writing where it is no more; and nobody may run on what it goes to.
    draft.freeze([...Object.values(draft.tip()), ...Object.values(files)]);
    if (tag !== null) draft.alter(Object.values(files));
    const keeper = draft.branch ?? keep;
    const config = parseXml(draft.pending(document) ?? (await world.read(document)));
    if (keeper !== null) await holdAs(draft, world, keeper, arrivalAt(config, files), tag);
    configure(draft, config, files, nvram);
    if (tag !== null) await applyTag(draft, world, files, tag);
    draft.branch = name;
    draft.current = tip;
}

/** A domain would not start on a leaf that is gone. */
async function refuseMissing(world: World, name: string, target: string, file: string): Promise<void> {
    if (await world.exists(file)) return;
    throw new HostError(
        `the leaf of branch ${quoted(name)} for disk ${target}, ${quoted(file)}, is not there; put it back from a backup, or remove the branch`,
        { file },
    );
}

/** A branch goes; where the domain is on it, the tip goes on without a name. */
export async function compileUnbranch(draft: Draft, world: World, { name }: UnbranchOperation): Promise<void> {
    branchOf(draft, name);
    removeBranch(draft, name);
    await settle(draft, world);
}

/** A branch's tip becomes what a snapshot holds, and its own snapshots above that go. */
export async function compileReset(draft: Draft, world: World, { name, to, snapshots }: ResetOperation): Promise<void> {
    const branch = branchOf(draft, name);
    const snapshot = snapshotOf(draft, to);
    await (draft.branch === name ? resetActive(draft, world, snapshot) : resetInactive(draft, world, branch, snapshot));
    for (const own of snapshots) await compileDelete(draft, world, { kind: "delete", name: own, scope: "keepChildren", branches: [] });
}

/** The domain, and the branch that it is on if any, start again from what a snapshot holds. */
export async function startFrom(draft: Draft, world: World, snapshot: SnapshotRecord): Promise<void> {
    const files = snapshot.mode === "external" ? await overlaysOn(draft, world, snapshot.files) : snapshot.files;
    await adopt(draft, world, snapshot, files);
    if (snapshot.mode === "internal") await applyTag(draft, world, files, tagOf(snapshot.tag, snapshot.name));
    const active = draft.activeBranch();
    if (active) draft.branches.set(active.name, { ...active, tip: snapshot.name, files });
    draft.current = snapshot.name;
}

async function resetActive(draft: Draft, world: World, snapshot: SnapshotRecord): Promise<void> {
    draft.freeze(Object.values(draft.tip()));
    await startFrom(draft, world, snapshot);
}

async function resetInactive(draft: Draft, world: World, branch: BranchRecord, snapshot: SnapshotRecord): Promise<void> {
    // Somebody may run on it all the same.
    draft.alter(branch.tag === null ? Object.values(branch.files) : []);
    draft.remove(branch.document);
    if (branch.nvram !== null) draft.remove(branch.nvram);
    draft.branches.set(branch.name, { ...branch, tip: snapshot.name, ...(await freshTip(draft, world, snapshot)) });
    if (branch.tag !== null) dropTag(draft, branch.files, branch.tag);
}

/** A branch gets another name. In images its tip snapshot keeps the one that it has. */
export function compileRename(draft: Draft, { name, to }: RenameOperation): void {
    const branch = branchOf(draft, name);
    refuseTaken(draft, to);
    draft.branches.delete(name);
    draft.branches.set(to, { ...branch, name: to });
    if (draft.branch === name) draft.branch = to;
}

/** A branch whose leaf is there comes into the records. */
export async function compileAdopt(draft: Draft, world: World, { name, from, tip, files, tag, xml, owner }: AdoptOperation): Promise<void> {
    refuseTaken(draft, name);
    const snapshot = tip === null ? null : snapshotOf(draft, tip);
    if (from !== null) snapshotOf(draft, from);
    for (const [target, file] of Object.entries(files)) await checkLeaf(draft, world, name, target, file, tag);
    if (tag === null) for (const file of Object.values(files)) await know(draft, world, file);
    const config = xml === undefined ? ((snapshot && (await configOf(draft, world, snapshot))) ?? draft.config) : parseXml(xml);
    const nvram = saveNvram(draft, snapshot?.nvram ?? null);
    draft.branches.set(name, { name, from, tip, files, tag, document: branchDocument(draft, config, files), nvram, ...(owner !== undefined && { owner }) });
}

export async function checkLeaf(draft: Draft, world: World, name: string, target: string, file: string, tag: string | null): Promise<void> {
    const unusable = (why: string) => new HostError(`disk ${target} of branch ${quoted(name)}: ${quoted(file)} ${why}; nothing was changed`, { file });
    if (!(await world.exists(file))) throw unusable("is not there");
    if (tag !== null) {
        if (!(await world.tags(file)).some((there) => there.name === tag)) throw unusable(`holds no internal snapshot ${quoted(tag)}`);
        return;
    }
    const nodes = [...draft.snapshots.values(), ...draft.branches.values()].filter((node) => Object.values(node.files).includes(file));
    const [owner] = nodes;
    if (owner || Object.values(draft.tip()).includes(file)) throw unusable(`is what ${owner ? quoted(owner.name) : "the domain"} has already`);
}

/** A leaf in the domain's own folder is Snaptree's to look after; one elsewhere stays somebody else's. */
async function know(draft: Draft, world: World, file: string): Promise<void> {
    const image = draft.images.get(file);
    const inside = draft.place.isInside(file);
    if (image) return void draft.images.set(file, { ...image, owned: image.created || inside });
    const backing = await world.backing(file);
    const real = backing === null ? null : await world.real(backing);
    const under = [backing, real].find((path) => path !== null && draft.images.has(path)) ?? null;
    draft.images.set(file, { path: file, backing: under, format: "qcow2", created: inside, owned: inside });
}
