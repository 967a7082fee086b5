import { tipSnapshotName } from "../../model";
import type { Draft } from "../draft";
import type { BranchRecord, SnapshotRecord } from "../records";
import { freeTag, refuseStrangers } from "./internal";
import { dropTag } from "./tags";
import type { World } from "./world";

/*
 * Where others find a snapshot inside its images by its own name, that is the name it has there once a transaction is through: one that was renamed,
 * replaced or committed into gets it last. So does a branch that shared its contents with a snapshot whose name is gone: what has no snapshot's name is hidden.
 */

/** What is to have another name in images. */
interface Misnamed {
    readonly from: string;
    readonly to: string;
    readonly files: readonly string[];
}

function isHidden(tag: string): boolean {
    return tag.startsWith(tipSnapshotName(""));
}

function namesOfSnapshots(draft: Draft): ReadonlySet<string | null> {
    return new Set([...draft.snapshots.values()].map(({ tag }) => tag));
}

/** Of the branch that the domain is on, the live state is what counts; what it was forked from, or left with, goes where no other name has it. */
async function giveUp(draft: Draft, world: World): Promise<void> {
    const branch = draft.activeBranch();
    if (!branch || branch.tag === null || isHidden(branch.tag) || namesOfSnapshots(draft).has(branch.tag)) return;
    const { name, tag, files } = branch;
    draft.branches.set(name, { ...branch, tag: await freeTag(draft, world, Object.values(files), tipSnapshotName(name)) }); // Taken when the domain leaves it.
    dropTag(draft, files, tag);
}

function filesUnder(draft: Draft, tag: string): string[] {
    const nodes: (SnapshotRecord | BranchRecord)[] = [...draft.snapshots.values(), ...draft.branches.values()];
    return [...new Set(nodes.filter((node) => node.tag === tag).flatMap(({ files }) => Object.values(files)))];
}

async function misnamed(draft: Draft, world: World): Promise<Misnamed[]> {
    const found = new Map<string, Misnamed>();
    for (const { name, tag } of draft.snapshots.values()) {
        if (tag === null || tag === name) continue;
        const files = filesUnder(draft, tag);
        await refuseStrangers(draft, world, files, name);
        found.set(tag, { from: tag, to: name, files });
    }
    const named = namesOfSnapshots(draft);
    for (const { name, tag } of draft.branches.values()) {
        if (tag === null || named.has(tag) || found.has(tag) || isHidden(tag)) continue;
        const files = filesUnder(draft, tag);
        found.set(tag, { from: tag, to: await freeTag(draft, world, files, tipSnapshotName(name)), files });
    }
    return [...found.values()];
}

/** Where one is to get a name that another one gives up, all get names first that nobody has. */
async function aside(draft: Draft, world: World, wrong: readonly Misnamed[]): Promise<Misnamed[]> {
    const hidden: Misnamed[] = [];
    for (const [i, { files, ...each }] of wrong.entries())
        hidden.push({ ...each, files, to: await freeTag(draft, world, files, tipSnapshotName(`retag-${i}`)) });
    return hidden;
}

function retag(draft: Draft, wrong: readonly Misnamed[]): void {
    const files = [...new Set(wrong.flatMap((each) => each.files))];
    draft.alter(files);
    draft.after({ kind: "retag", files, names: Object.fromEntries(wrong.map(({ from, to }) => [from, to])) });
}

/** Has images call what is in them by the names that it has outside. */
export async function settleTags(draft: Draft, world: World): Promise<void> {
    await giveUp(draft, world);
    const wrong = await misnamed(draft, world);
    if (wrong.length === 0) return;
    const given = new Map(wrong.map(({ from, to }) => [from, to]));
    if (wrong.some(({ to }) => given.has(to))) {
        const hidden = await aside(draft, world, wrong);
        retag(draft, hidden);
        retag(
            draft,
            wrong.map((each, i) => ({ ...each, from: hidden[i]?.to ?? each.from })),
        );
    } else retag(draft, wrong);
    const renamed = <T extends SnapshotRecord | BranchRecord>(node: T): T => (node.tag === null ? node : { ...node, tag: given.get(node.tag) ?? node.tag });
    for (const snapshot of [...draft.snapshots.values()]) draft.snapshots.set(snapshot.name, renamed(snapshot));
    for (const branch of [...draft.branches.values()]) draft.branches.set(branch.name, renamed(branch));
}
