import { AlreadyExistsError, bounded, type CreateOperation, HostError, InvalidInputError, quoted, tipSnapshotName } from "../../model";
import type { Draft } from "../draft";
import type { Files } from "../records";
import { remember } from "./create";
import { participants } from "./disks";
import { chosen, imagesLeft, keepTip } from "./tip";
import { adopt, configOf, nvramOf, snapshotOf, type World } from "./world";

/** Names in images that are ours: of snapshots and branches, and what holds a tip for a while; those that are only about to go included. */
function ownTags(draft: Draft): Set<string> {
    const { snapshots, branches } = draft.stored;
    const all = [...draft.snapshots.values(), ...draft.branches.values(), ...snapshots.values(), ...branches.values()];
    return new Set([...all.flatMap(({ tag }) => tag ?? []), ...draft.tags]);
}

/**
 * The name for a new snapshot in images: its own, or one made from it where another of ours has that, which was renamed or is about to go. Refuses one
 * that Snaptree does not know, or that is the ID of another snapshot: qemu-img takes a number for an ID first.
 */
export async function freeTag(draft: Draft, world: World, files: readonly string[], wanted: string): Promise<string> {
    const there = await refuseStrangers(draft, world, files, wanted);
    const taken = new Set([...ownTags(draft), ...there.flatMap(({ id, name }) => [id, name])]);
    let tag = wanted;
    for (let n = 2; taken.has(tag); n++) tag = bounded(`${wanted}~${n}`);
    return tag;
}

/** Refuses a name that images can't give to a snapshot of ours, once none of ours has it. Gives what they hold. */
export async function refuseStrangers(draft: Draft, world: World, files: readonly string[], wanted: string) {
    const own = ownTags(draft);
    const there = (await Promise.all(files.map((file) => world.tags(file)))).flat();
    const stranger = there.find(({ name }) => name === wanted && !own.has(name));
    if (stranger)
        throw new AlreadyExistsError(
            `the images hold an internal snapshot ${quoted(wanted)} that Snaptree knows nothing of; redefine it, or choose another name`,
        );
    const other = there.find(({ id, name }) => id === wanted && name !== wanted);
    if (other)
        throw new InvalidInputError(
            `the name ${quoted(wanted)} is the ID of the internal snapshot ${quoted(other.name)} in its image; choose a name that is no small number`,
            "name",
        );
    return there;
}

/** Takes a hidden snapshot of the tip; gives its name in the images. */
export async function holdTip(draft: Draft, world: World, files: readonly string[], branch: string): Promise<string> {
    const tag = await freeTag(draft, world, files, tipSnapshotName(branch));
    draft.before({ kind: "take", files, tags: [tag] });
    return tag;
}

/** The images of the disks that take part. */
function imagesOf(draft: Draft, operation: CreateOperation): Files {
    const parts = participants(draft, operation, "internal");
    for (const { file, format } of parts) draft.know(file, format);
    return Object.fromEntries(parts.map(({ target, file }) => [target, file]));
}

/** Takes an internal snapshot of every disk as it is. */
export async function internalFromTip(draft: Draft, world: World, operation: CreateOperation): Promise<void> {
    const domain = draft.domain();
    const files = imagesOf(draft, operation);
    const tag = await take(draft, world, operation, files);
    const config = draft.config;
    remember(draft, operation, { mode: "internal", files, tag, overlays: {}, config, nvram: await nvramOf(draft, world, domain) });
    if (operation.noMetadata) return;
    draft.current = operation.name;
    const branch = draft.activeBranch();
    if (branch) draft.branches.set(branch.name, { ...branch, tip: operation.name });
}

async function take(draft: Draft, world: World, operation: CreateOperation, files: Files): Promise<string> {
    const images = Object.values(files);
    draft.alter(images);
    const tag = await freeTag(draft, world, images, operation.name);
    draft.before({ kind: "take", files: images, tags: [tag] });
    return tag;
}

/** The snapshot whose contents the tip has, for a way back to it; null where it leaves out one of the images. */
function wayBack(draft: Draft, images: readonly string[]): string | null {
    const current = draft.current === null ? null : snapshotOf(draft, draft.current);
    if (current === null || current.tag === null)
        throw new HostError("the tip belongs to no snapshot, so there is no way back to it; take a snapshot of it first");
    const held = new Set(Object.values(current.files));
    return images.every((image) => held.has(image)) ? current.tag : null;
}

/** Goes to the parent, where commands may change the disks, takes the snapshot there, and comes back if the domain is on a branch. */
export async function internalFromParent(draft: Draft, world: World, operation: CreateOperation): Promise<void> {
    const domain = draft.domain();
    const parent = operation.parent === null ? null : snapshotOf(draft, operation.parent);
    const files = parent ? chosen(parent.files, operation) : imagesOf(draft, operation);
    const images = Object.values(files);
    draft.alter(images);
    const keep = operation.moveTip ? operation.keepTip : (draft.branch ?? "work");
    // Commands write to the disks themselves: without a snapshot of them first there would be no way back from a failure.
    const known = keep !== null || (operation.provisioned && parent === null) ? null : wayBack(draft, images);
    const kept = operation.moveTip && operation.keepTip !== null ? imagesLeft(draft, operation.keepTip, files) : files;
    draft.alter(Object.values(kept));
    const held = known ?? (await holdTip(draft, world, Object.values(kept), keep ?? "work"));
    if (parent) draft.before({ kind: "apply", files: images, tag: tagOf(parent.tag, parent.name), undo: held, open: operation.provisioned });
    else if (operation.provisioned) draft.before({ kind: "apply", files: images, tag: held, undo: held, open: true });
    if (operation.provisioned) draft.before({ kind: "provision", files });
    const tag = await take(draft, world, operation, files);
    const config = (parent && (await configOf(draft, world, parent))) ?? draft.config;
    remember(draft, operation, { mode: "internal", files, tag, overlays: {}, config, nvram: parent ? parent.nvram : await nvramOf(draft, world, domain) });
    if (!operation.moveTip) {
        draft.before({ kind: "apply", files: images, tag: held, undo: tag });
        draft.after({ kind: "drop", files: images, tags: [held] });
        return;
    }
    if (operation.keepTip !== null) keepTip(draft, operation.keepTip, kept, await nvramOf(draft, world, domain), held);
    else if (known === null) draft.after({ kind: "drop", files: images, tags: [held] });
    if (parent) await adopt(draft, world, parent, files);
    draft.current = operation.noMetadata ? operation.parent : operation.name;
}

/** Once the commit is through, the images' live state becomes what they hold under a tag. */
export async function applyTag(draft: Draft, world: World, files: Files, tag: string): Promise<void> {
    const images = Object.values(files);
    draft.alter(images);
    for (const file of images) {
        if (draft.tags.has(tag) || (await world.tags(file)).some(({ name }) => name === tag)) continue;
        throw new HostError(
            `the image ${quoted(file)} holds no internal snapshot ${quoted(tag)} any more; somebody deleted it outside Snaptree: “snaptree doctor” says what is left`,
            { file },
        );
    }
    const from: Record<string, string> = {};
    for (const file of images) from[file] = await world.mapping(file);
    draft.after({ kind: "apply", files: images, tag, undo: null, from });
}

/** The name of an internal snapshot in its images. */
export function tagOf(tag: string | null, name: string): string {
    if (tag === null) throw new HostError(`snapshot ${quoted(name)} is not kept inside its images`);
    return tag;
}
