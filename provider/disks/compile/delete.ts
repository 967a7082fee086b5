import type { DeleteOperation } from "../../model";
import { tipSnapshotName, Tree } from "../../model";
import type { Draft } from "../draft";
import type { SnapshotRecord } from "../records";
import { freeTag } from "./internal";
import { dropUnused, settle } from "./settle";
import { dropTag } from "./tags";
import { snapshotOf, type World } from "./world";

/** The snapshots whose names go. */
function going(draft: Draft, operation: DeleteOperation): SnapshotRecord[] {
    const snapshot = snapshotOf(draft, operation.name);
    if (operation.scope === "keepChildren" || operation.scope === "metadata") return [snapshot];
    const below = new Tree(draft.snapshots.values()).descendants(operation.name);
    return operation.scope === "subtree" ? [snapshot, ...below] : below;
}

/** The nearest ancestor that stays. */
function survivor(draft: Draft, name: string | null, gone: ReadonlySet<string>): string | null {
    let at = name;
    while (at !== null && gone.has(at)) at = draft.snapshots.get(at)?.parent ?? null;
    return at;
}

/** Children and branches move up to what stays, and so does the domain. */
export function moveUp(draft: Draft, gone: ReadonlySet<string>): void {
    for (const snapshot of [...draft.snapshots.values()]) {
        const parent = survivor(draft, snapshot.parent, gone);
        if (parent !== snapshot.parent && !gone.has(snapshot.name)) draft.snapshots.set(snapshot.name, { ...snapshot, parent });
    }
    for (const branch of [...draft.branches.values()]) {
        draft.branches.set(branch.name, { ...branch, from: survivor(draft, branch.from, gone), tip: survivor(draft, branch.tip, gone) });
    }
    draft.current = survivor(draft, draft.current, gone);
}

/** A branch goes from the records; its leaf, once nothing names it. */
export function removeBranch(draft: Draft, name: string): void {
    const branch = draft.branches.get(name);
    if (!branch) return;
    draft.branches.delete(name);
    draft.remove(branch.document);
    if (branch.nvram !== null) draft.remove(branch.nvram);
    if (branch.tag !== null) dropTag(draft, branch.files, branch.tag);
    if (draft.branch === name) draft.branch = null;
}

/** A snapshot goes from the records, with what an image holds for it alone. What stands on it must have been moved. */
export function removeSnapshot(draft: Draft, snapshot: SnapshotRecord): void {
    draft.snapshots.delete(snapshot.name);
    draft.remove(snapshot.document);
    if (snapshot.nvram !== null) draft.remove(snapshot.nvram);
    if (snapshot.memoryFile !== undefined) draft.remove(snapshot.memoryFile);
    if (snapshot.tag !== null) dropTag(draft, snapshot.files, snapshot.tag);
}

/** What is only forgotten keeps its contents, for good: nothing of it is ours to remove any more, and a branch that shared its tag gets one of its own. */
async function forget(draft: Draft, world: World, snapshot: SnapshotRecord): Promise<void> {
    for (const file of Object.values(snapshot.files)) draft.release(file);
    for (const branch of [...draft.branches.values()]) {
        if (snapshot.tag === null || branch.tag !== snapshot.tag) continue;
        const tag = await freeTag(draft, world, Object.values(branch.files), tipSnapshotName(branch.name)); // The domain is on it: it is taken when that leaves.
        draft.branches.set(branch.name, { ...branch, tag });
    }
}

/** Removes names, and the contents that no other name needs. */
export async function compileDelete(draft: Draft, world: World, operation: DeleteOperation): Promise<void> {
    const snapshots = going(draft, operation);
    const gone = new Set(snapshots.map(({ name }) => name));
    for (const name of operation.branches) removeBranch(draft, name);
    moveUp(draft, gone);
    for (const snapshot of snapshots) {
        if (operation.scope === "metadata") await forget(draft, world, snapshot);
        const { memoryFile: _, ...kept } = snapshot;
        removeSnapshot(draft, operation.scope === "metadata" ? { ...kept, tag: null } : snapshot);
    }
    if (operation.scope === "metadata" ? operation.branches.length > 0 : operation.chain === "keep") await dropUnused(draft, world);
    else if (operation.scope !== "metadata") await settle(draft, world);
}
