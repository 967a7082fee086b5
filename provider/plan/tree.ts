import {
    AlreadyExistsError,
    checkNewName,
    type CreateSettings,
    type Hierarchy,
    InvalidInputError,
    type Operation,
    quoted,
    type Snapshot,
    Tree,
} from "../model";
import { type Plan, planOf } from "./plan";
import { planNewSnapshot, type Tip, tipLoss, tipOf } from "./tip";

/** A snapshot that a hierarchy should have. */
export interface DesiredSnapshot extends CreateSettings {
    /** Name of the parent; null or absent: a root. */
    readonly parent?: string | null;
    /** Commands change its contents before it is taken. */
    readonly provisioned?: boolean;
    /** The name that it had: where that is there and this is not, it is renamed. */
    readonly renamedFrom?: string;
}

/** A branch that a hierarchy should have. */
export interface DesiredBranch {
    /** The snapshot that it forks from. */
    readonly from: string;
}

/** The hierarchy that a program wants. */
export interface Desired {
    /** Name to snapshot. */
    readonly snapshots: Readonly<Record<string, DesiredSnapshot>>;
    /** Name to branch. */
    readonly branches?: Readonly<Record<string, DesiredBranch>>;
    /** The branch or snapshot that the domain should be at afterwards; absent: wherever it ends. */
    readonly current?: string;
    /** What is not listed is deleted: `all` of it, what `owner` once made (`managed`), or nothing (`none`, the default). */
    readonly prune?: "all" | "managed" | "none";
    /** Who manages what is made, as the records mark it. */
    readonly owner?: string;
}

interface Node {
    readonly name: string;
    readonly parent: string | null;
    /** Null: it is there and not listed, and can still be a parent. */
    readonly wanted: DesiredSnapshot | null;
}

function wantedTree(current: Hierarchy, { snapshots }: Desired): Tree<Node> {
    const nodes = Object.entries(snapshots).map(([name, wanted]): Node => ({ name, parent: wanted.parent ?? null, wanted }));
    for (const { name, parent } of current.snapshots) if (!Object.hasOwn(snapshots, name)) nodes.push({ name, parent, wanted: null });
    return new Tree(nodes);
}

/**
 * Depth first, with the fewest moves of the tip: what stands on the current snapshot comes first, while the tip is still there; a new child before those
 * that are there already, so that it follows its parent directly; and the way to where the tip is to end comes last.
 */
function depthFirst(tree: Tree<Node>, there: ReadonlyMap<string, Snapshot>, start: string | null, goal: string | undefined): Node[] {
    const last = new Set(goal === undefined ? [] : [goal, ...tree.ancestors(goal).map(({ name }) => name)]);
    const rank = ({ name, parent }: Node) => (there.has(name) ? (last.has(name) ? 3 : 2) : !last.has(name) ? 0 : parent === start ? 1 : 3);
    // The stack's end comes first, so those of the same rank are turned round.
    const stacked = (nodes: readonly Node[]) => (nodes.length < 2 ? [...nodes] : nodes.toReversed().sort((a, b) => rank(b) - rank(a)));
    const done = new Set<string>();
    const order: Node[] = [];
    const walk = (nodes: readonly Node[]) => {
        const stack = stacked(nodes);
        for (let node = stack.pop(); node; node = stack.pop()) {
            if (done.has(node.name)) continue;
            done.add(node.name);
            order.push(node);
            for (const child of stacked(tree.children(node.name))) stack.push(child);
        }
    };
    if (start !== null) walk(tree.children(start));
    walk(tree.roots());
    return order;
}

/** Name to what will stand in its place once all that is not listed is deleted: itself, or the nearest that stays above it. */
function survivors(current: Hierarchy, { snapshots, prune }: Desired): Map<string | null, string | null> {
    const stays = (name: string) => prune !== "all" || Object.hasOwn(snapshots, name);
    const found = new Map<string | null, string | null>([[null, null]]);
    for (const { name, parent } of current.snapshots) found.set(name, stays(name) ? name : (found.get(parent) ?? null));
    return found;
}

const shown = (parent: string | null) => (parent === null ? "nothing" : quoted(parent));

/** @param parent where it will stand without what is deleted. */
function change(there: Snapshot, parent: string | null, node: Node, { description }: DesiredSnapshot): Operation | null {
    if (parent !== node.parent) {
        throw new InvalidInputError(
            `snapshot ${quoted(node.name)} stands under ${shown(there.parent)}, and ${shown(node.parent)} is wanted; a snapshot can't be moved: delete it, or correct the parent`,
            `snapshots.${node.name}.parent`,
        );
    }
    if (description === undefined || description === there.description) return null;
    return { kind: "redefine", name: node.name, description };
}

function creation(tip: Tip, { name, parent }: Node, wanted: DesiredSnapshot): Operation {
    checkNewName(name, `snapshots.${name}`);
    if (tip.names.has(name))
        throw new AlreadyExistsError(`there is a branch ${quoted(name)} already, and snapshots and branches share one name space; choose another name`);
    return planNewSnapshot(tip, { ...wanted, name, parent, provisioned: wanted.provisioned ?? false });
}

/** Children first, so that no deletion merges what the next one deletes. */
function deletions(current: Hierarchy, desired: Desired): Operation[] {
    if (desired.prune !== "all") return [];
    const unlisted = current.snapshots.filter(({ name }) => !Object.hasOwn(desired.snapshots, name));
    return unlisted.reverse().map(({ name }) => ({ kind: "delete", name, scope: "keepChildren", branches: [] }));
}

/** What prune deletes can neither be a parent nor where the domain is to be. */
function checkPruned({ snapshots, prune }: Desired): void {
    if (prune !== "all") return;
    for (const [name, { parent }] of Object.entries(snapshots)) {
        if (parent == null || Object.hasOwn(snapshots, parent)) continue;
        throw new InvalidInputError(
            `snapshot ${quoted(name)} has the parent ${quoted(parent)}, which is not listed, so prune would delete it; list it`,
            `snapshots.${name}.parent`,
        );
    }
}

function checkGoal(tree: Tree<Node>, { current, snapshots, prune }: Desired): void {
    if (current === undefined) return;
    if (!tree.has(current)) throw new InvalidInputError(`current ${quoted(current)} is neither there nor among the snapshots`, "current");
    if (prune === "all" && !Object.hasOwn(snapshots, current))
        throw new InvalidInputError(`current ${quoted(current)} is not among the snapshots, so prune would delete it; list it`, "current");
}

/**
 * From the hierarchy that is there to the one that is wanted: the operations in order, what they would lose, and what to know. Pure: no I/O, no clock;
 * linear in the number of snapshots. Carrying a plan out and planning again gives nothing to do.
 *
 * @throws InvalidInputError for a missing parent, a cycle, a second root, or a snapshot that stands elsewhere.
 */
export function plan(current: Hierarchy, desired: Desired): Plan {
    const there = new Map(current.snapshots.map((snapshot) => [snapshot.name, snapshot]));
    const tree = wantedTree(current, desired);
    checkPruned(desired);
    checkGoal(tree, desired);
    const surviving = survivors(current, desired);
    const tip = tipOf(current);
    const operations: Operation[] = [];
    for (const node of depthFirst(tree, there, tip.current, desired.current)) {
        if (!node.wanted) continue;
        const existing = there.get(node.name);
        const operation = existing ? change(existing, surviving.get(existing.parent) ?? null, node, node.wanted) : creation(tip, node, node.wanted);
        if (operation) operations.push(operation);
    }
    const losses: string[] = [];
    if (desired.current !== undefined && desired.current !== tip.current) {
        losses.push(...tipLoss(tip));
        operations.push({ kind: "revert", name: desired.current, keepTip: null });
    }
    operations.push(...deletions(current, desired));
    return planOf(current, operations, losses);
}
