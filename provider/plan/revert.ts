import { type Hierarchy, InvalidInputError, type Loss, type Operation, quoted, type Snapshot, Tree } from "../model";
import { type Arrival, type Leaf, type Resetting, leafOn, type Moved, refuseCommitting, resetTo, standsOn, switchTo } from "./moves";
import { type Plan, planOf } from "./plan";

/** What is asked of a revert; one of the three, default `reset`. */
export interface Revert extends Resetting {
    readonly how?: "reset" | "follow" | "commit";
    /** The snapshot's name goes afterwards. */
    readonly discard?: boolean;
}

/** The tip becomes a snapshot's state again (reset), or goes on from the leaf on it (follow), or is merged into it (commit). @throws NotFoundError */
export function planRevert(hierarchy: Hierarchy, name: string, { how = "reset", discard = false, ...arrival }: Revert): Plan {
    if (how === "commit") return planRevertCommit(hierarchy, name, discard, arrival);
    const { operations, losses } = how === "reset" ? resetTo(hierarchy, name, arrival) : follow(hierarchy, name, arrival);
    const removal: Operation[] = discard ? [{ kind: "delete", name, scope: "keepChildren", branches: [], chain: "keep" }] : [];
    return planOf(hierarchy, [...operations, ...removal], losses);
}

function follow(hierarchy: Hierarchy, name: string, arrival: Arrival): Moved {
    new Tree(hierarchy.snapshots).need(name);
    const { branch } = leafOn(hierarchy, name);
    return branch === null ? { operations: [], losses: [] } : switchTo(hierarchy, branch, arrival);
}

/** What stands on a snapshot's contents besides one leaf or one child, and becomes invalid when they change. */
export interface Others {
    /** Children first. */
    readonly snapshots: readonly string[];
    readonly branches: readonly string[];
    readonly losses: readonly Loss[];
}

/** @param spared what may stand on it: the leaf or the snapshot that is merged into it, and all that stands on that. */
export function othersOn(hierarchy: Hierarchy, name: string, spared: { readonly branch?: string | null; readonly snapshot?: string }): Others {
    const tree = new Tree(hierarchy.snapshots);
    const kept = new Set<string>();
    if (spared.snapshot !== undefined) for (const { name: below } of [tree.need(spared.snapshot), ...tree.descendants(spared.snapshot)]) kept.add(below);
    const snapshots = tree
        .descendants(name)
        .map((snapshot) => snapshot.name)
        .filter((below) => !kept.has(below));
    const on = new Set([name, ...snapshots]);
    const branches = hierarchy.branches
        .filter((branch) => branch.name !== spared.branch && branch.tip !== null && on.has(branch.tip))
        .map((branch) => branch.name);
    const looseTip = hierarchy.branch === null && spared.branch !== null && hierarchy.current !== null && on.has(hierarchy.current) && hierarchy.dirty;
    const losses = [...snapshots.map((below) => `snapshot:${below}`), ...branches.map((branch) => `branch:${branch}`), ...(looseTip ? ["tip"] : [])];
    return { snapshots: snapshots.reverse(), branches, losses };
}

/** The leaf that the domain runs on, where it stands there; else the only one. */
function leafToCommit(hierarchy: Hierarchy, name: string): Leaf {
    const runsThere = hierarchy.current === name && (hierarchy.branch !== null || hierarchy.dirty);
    return runsThere ? { branch: hierarchy.branch } : leafOn(hierarchy, name);
}

/** Merges the leaf on a snapshot into it; the domain goes to it first. */
function planRevertCommit(hierarchy: Hierarchy, name: string, discard: boolean, arrival: Arrival): Plan {
    new Tree(hierarchy.snapshots).need(name);
    const { branch } = leafToCommit(hierarchy, name);
    const { snapshots, branches, losses } = othersOn(hierarchy, name, { branch });
    // A tip that would be invalid afterwards is none to keep.
    const there = branch === null ? [] : switchTo(hierarchy, branch, arrival).operations;
    const moved = there.map((operation) => (operation.kind === "switch" && losses.includes("tip") ? { ...operation, keepTip: null } : operation));
    return planOf(hierarchy, [...moved, { kind: "commit", name, branch, discard, snapshots, branches }], losses);
}

/** How a snapshot is used no more: its leaf is kept, merged with it into the parent, or goes with it. */
export type Deactivation = "keep" | "merge" | "discard";

function usedBy(hierarchy: Hierarchy, name: string): boolean {
    const tree = new Tree(hierarchy.snapshots);
    return hierarchy.current === name || (hierarchy.current !== null && tree.ancestors(hierarchy.current).some((above) => above.name === name));
}

function parentOf({ name, parent }: Snapshot): string {
    if (parent !== null) return parent;
    throw new InvalidInputError(`snapshot ${quoted(name)} has no parent that the domain could go to; revert to it, or delete it`, "name");
}

/**
 * Stops using a snapshot (API v2). Keep: the tip moves to its parent, and what was written since stays as a branch. Merge: its contents become its
 * parent's, and its name goes. Discard: it goes, with what the tip holds.
 *
 * @throws NotFoundError; InvalidInputError for a root.
 */
export function planDeactivate(hierarchy: Hierarchy, name: string, how: Deactivation, arrival: Arrival = {}): Plan {
    const tree = new Tree(hierarchy.snapshots);
    const parent = parentOf(tree.need(name));
    if (how === "merge") {
        refuseCommitting(tree.need(name));
        const { snapshots, branches, losses } = othersOn(hierarchy, parent, { snapshot: name });
        refuseInUse(hierarchy, parent, snapshots, branches);
        return planOf(hierarchy, [{ kind: "merge", name, into: parent, snapshots, branches }], losses);
    }
    const away = usedBy(hierarchy, name) ? resetTo(hierarchy, parent, { ...arrival, ...(how === "keep" ? { keep: true } : {}) }) : null;
    if (how === "keep") return planOf(hierarchy, away?.operations ?? [], away?.losses);
    const below = tree.descendants(name).map((snapshot) => snapshot.name);
    const gone = new Set([name, ...below]);
    const branches = hierarchy.branches.filter((branch) => standsOn(branch, gone)).map((branch) => branch.name);
    const losses = [...below.map((snapshot) => `snapshot:${snapshot}`), ...branches.map((branch) => `branch:${branch}`), ...(away?.losses ?? [])];
    return planOf(hierarchy, [...(away?.operations ?? []), { kind: "delete", name, scope: "subtree", branches }], [...new Set(losses)]);
}

/** What the domain stands on can't become invalid under it. */
export function refuseInUse(hierarchy: Hierarchy, into: string, snapshots: readonly string[], branches: readonly string[]): void {
    const active = hierarchy.branches.find((branch) => branch.active && branches.includes(branch.name));
    const gone = [into, ...snapshots].find((name) => hierarchy.branch === null && name === hierarchy.current);
    if (!active && gone === undefined) return;
    const where = active ? `branch ${quoted(active.name)}` : `snapshot ${quoted(gone ?? "")}`;
    throw new InvalidInputError(`the domain stands on ${where}, which would change under it; switch to another branch or revert elsewhere first`, "name");
}
