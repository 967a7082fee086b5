import { type CreateOperation, type Hierarchy, InvalidInputError, type Loss, type Operation, called, quoted, type Snapshot, Tree } from "../model";
import { arrive, leavesForGood, unkept } from "./arrive";
import { checkDesired } from "./check";
import { type Desired, described, type DesiredSnapshot, wantedBranches } from "./desired";
import { refuseCommitting } from "./moves";
import { depthFirst, type Node } from "./order";
import { type Plan, planOf } from "./plan";
import { prunedBy, pruning, survivors } from "./prune";
import { afterRenames, renames } from "./renames";
import { planNewSnapshot, type Tip, tipOf } from "./tip";

function wantedTree(current: Hierarchy, { snapshots }: Desired): Tree<Node> {
    const nodes = Object.entries(snapshots).map(([name, wanted]): Node => ({ name, parent: wanted.parent ?? null, wanted }));
    for (const { name, parent } of current.snapshots) if (!Object.hasOwn(snapshots, name)) nodes.push({ name, parent, wanted: null });
    return new Tree(nodes, parentOf);
}

const parentOf = (name: string) => `snapshots.${name}.parent`;
const shown = (parent: string | null) => (parent === null ? "nothing" : quoted(parent));

/** @param parent where it will stand without what is deleted. */
function change(there: Snapshot, parent: string | null, node: Node, { description }: DesiredSnapshot): Operation | null {
    if (parent !== node.parent) {
        throw new InvalidInputError(
            `snapshot ${quoted(node.name)} stands under ${shown(there.parent)}, and ${shown(node.parent)} is wanted; a snapshot can't be moved: delete it, or correct the parent`,
            parentOf(node.name),
        );
    }
    if (description === undefined || described(description) === described(there.description)) return null;
    return { kind: "redefine", name: node.name, description: described(description) };
}

function creation(tip: Tip, { name, parent }: Node, { renamedFrom: _, ...wanted }: DesiredSnapshot, owner: string | undefined): CreateOperation {
    const settings = { ...wanted, provisioned: wanted.provisioned ?? false, ...(owner === undefined ? {} : { owner }) };
    return planNewSnapshot(tip, { ...settings, name, parent }, parentOf(name));
}

/** What is planned so far. */
interface Draft {
    readonly operations: Operation[];
    readonly losses: Loss[];
    readonly warnings: string[];
    /** The automatic branch that keeps the tip which creations left. */
    kept: string | null;
}

/** Creates and describes snapshots, and moves the tip as that moves it. */
function planSnapshots(hierarchy: Hierarchy, desired: Desired, tip: Tip, stands: ReadonlyMap<string | null, string | null>): Draft {
    const draft: Draft = { operations: [], losses: [], warnings: [], kept: null };
    const there = new Map(hierarchy.snapshots.map((snapshot) => [snapshot.name, snapshot]));
    const forGood = leavesForGood(hierarchy, desired);
    for (const node of depthFirst(wantedTree(hierarchy, desired), there, tip.current, desired.current)) {
        if (!node.wanted) continue;
        const existing = there.get(node.name);
        if (existing) {
            const operation = change(existing, stands.get(existing.parent) ?? null, node, node.wanted);
            if (operation) draft.operations.push(operation);
            continue;
        }
        const { dirty } = tip;
        const made = creation(tip, node, node.wanted, desired.owner);
        const above = node.parent === null ? undefined : there.get(node.parent);
        if (above) refuseCommitting(above);
        if (above && made.source === "tip" && dirty) draft.warnings.push(freezing(above.name, node.name));
        const { operation, losses } = forGood ? unkept(made) : { operation: made, losses: [] };
        draft.operations.push(operation);
        draft.losses.push(...losses);
        draft.kept ??= operation.keepTip;
    }
    return draft;
}

function freezing(parent: string, name: string): string {
    return `${called(name)} freezes what was written since ${called(parent)}, which no plan makes again on another machine; provision would`;
}

/** Forks the branches that are missing. */
function forks(hierarchy: Hierarchy, desired: Desired, stands: ReadonlyMap<string | null, string | null>): Operation[] {
    const there = new Map(hierarchy.branches.map((branch) => [branch.name, branch]));
    const snapshots = new Map(hierarchy.snapshots.map((snapshot) => [snapshot.name, snapshot]));
    const operations: Operation[] = [];
    for (const [name, { from }] of Object.entries(wantedBranches(desired))) {
        const branch = there.get(name);
        const source = snapshots.get(from);
        if (!branch && source) refuseCommitting(source);
        if (!branch) operations.push({ kind: "branch", name, from, ...(desired.owner === undefined ? {} : { owner: desired.owner }) });
        else if ((stands.get(branch.from) ?? null) !== from) {
            throw new InvalidInputError(
                `branch ${quoted(name)} forks from ${shown(branch.from)}, and ${shown(from)} is wanted; a branch can't be moved: remove it, or correct from`,
                `branches.${name}.from`,
            );
        }
    }
    return operations;
}

/**
 * From the hierarchy that is there to the one that is wanted: the operations in order, what they would lose, and what to know. Pure: no I/O, no clock;
 * linear in the number of snapshots and branches. Carrying a plan out and planning again gives nothing to do.
 *
 * In this order: renames, creations and descriptions, forks, one switch or revert where `current` asks for it, removals. A snapshot that is to be current
 * and is, stays so with what was written since; going to another one loses a tip that has no branch, where going to a branch keeps it as an automatic one.
 * With `prune: all` no automatic branch can stay, so what would become one is lost there, unless the domain comes back to it at the end.
 *
 * @throws InvalidInputError for a missing parent, a cycle, a second root, a name that is taken or can't be given, and a snapshot or branch that stands
 * elsewhere; BusyError for what stands on a snapshot whose contents are half committed.
 */
export function plan(current: Hierarchy, desired: Desired): Plan {
    const renaming = renames(current, desired);
    const hierarchy = afterRenames(current, renaming);
    const pruned = prunedBy(desired);
    checkDesired(current, hierarchy, desired, pruned);
    const stands = survivors(hierarchy, pruned);
    const tip = tipOf(hierarchy);
    const made = planSnapshots(hierarchy, desired, tip, stands);
    const forked = forks(hierarchy, desired, stands);
    const arrived = arrive(hierarchy, desired, tip, made.kept);
    const gone = pruning(hierarchy, desired, pruned, tip, arrived.active);
    const operations = [...renaming, ...made.operations, ...forked, ...arrived.operations, ...gone.operations];
    return planOf(current, operations, [...made.losses, ...arrived.losses, ...gone.losses], [...made.warnings, ...gone.warnings]);
}
