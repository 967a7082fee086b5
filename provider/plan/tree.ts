import { checkNewName, type CreateSettings, type Hierarchy, InvalidInputError, type Operation, quoted, type Snapshot, Tree } from "../model";
import { basisOf, Plan } from "./plan";
import { planNewSnapshot, tipLoss, tipOf } from "./tip";

/** A snapshot that a hierarchy should have. */
export interface DesiredSnapshot extends CreateSettings {
    /** Name of the parent; null or absent: a root. */
    readonly parent?: string | null;
    /** Commands change its contents before it is taken. */
    readonly provisioned?: boolean;
}

/** The hierarchy that a program wants. */
export interface Desired {
    /** Name to snapshot. */
    readonly snapshots: Readonly<Record<string, DesiredSnapshot>>;
    /** The snapshot that the domain should be at afterwards; absent: wherever it ends. */
    readonly current?: string;
    /** `all`: what is not listed is deleted. Default: `none`. */
    readonly prune?: "all" | "none";
}

interface Node extends DesiredSnapshot {
    readonly name: string;
    readonly parent: string | null;
}

function wantedTree(current: Hierarchy, desired: Desired): Tree<Node> {
    const wanted = Object.entries(desired.snapshots).map(([name, snapshot]): Node => ({ ...snapshot, name, parent: snapshot.parent ?? null }));
    const listed = new Set(wanted.map(({ name }) => name));
    // What is there and not listed can still be a parent.
    const others = current.snapshots.filter(({ name }) => !listed.has(name)).map(({ name, parent }): Node => ({ name, parent }));
    return new Tree([...wanted, ...others]);
}

/** Depth first: a child follows its parent while that is current, so that the tip moves as little as can be. */
function depthFirst(tree: Tree<Node>): Node[] {
    const order: Node[] = [];
    const stack = [...tree.roots()].reverse();
    for (let node = stack.pop(); node; node = stack.pop()) {
        order.push(node);
        const children = tree.children(node.name);
        for (let i = children.length - 1; i >= 0; i--) stack.push(children[i] as Node);
    }
    return order;
}

function change(there: Snapshot, wanted: Node): Operation | null {
    if (there.parent !== wanted.parent) {
        throw new InvalidInputError(
            `snapshot ${quoted(wanted.name)} stands under ${there.parent === null ? "nothing" : quoted(there.parent)}, and ${wanted.parent === null ? "nothing" : quoted(wanted.parent)} is wanted; a snapshot can't be moved: delete it, or correct the parent`,
            `snapshots.${wanted.name}.parent`,
        );
    }
    if (wanted.description === undefined || wanted.description === there.description) return null;
    return { kind: "redefine", name: wanted.name, description: wanted.description };
}

/** Children first, so that no deletion merges what the next one deletes. */
function deletions(current: Hierarchy, desired: Desired): Operation[] {
    if (desired.prune !== "all") return [];
    const unlisted = current.snapshots.filter(({ name }) => !Object.hasOwn(desired.snapshots, name));
    return unlisted.reverse().map(({ name }) => ({ kind: "delete", name, scope: "keepChildren", branches: [] }));
}

/**
 * From the hierarchy that is there to the one that is wanted: the operations in order, what they would lose, and what to know. Pure: no I/O, no clock;
 * linear in the number of snapshots. Carrying a plan out and planning again gives nothing to do.
 *
 * @throws InvalidInputError for a missing parent, a cycle, a second root, or a snapshot that stands elsewhere.
 */
export function plan(current: Hierarchy, desired: Desired): Plan {
    const there = new Map(current.snapshots.map((snapshot) => [snapshot.name, snapshot]));
    const tip = tipOf(current);
    const operations: Operation[] = [];
    for (const wanted of depthFirst(wantedTree(current, desired))) {
        if (!Object.hasOwn(desired.snapshots, wanted.name)) continue;
        const existing = there.get(wanted.name);
        if (!existing) checkNewName(wanted.name, `snapshots.${wanted.name}`);
        const operation = existing ? change(existing, wanted) : planNewSnapshot(tip, { ...wanted, provisioned: wanted.provisioned ?? false });
        if (operation) operations.push(operation);
    }
    operations.push(...deletions(current, desired));
    const losses: string[] = [];
    if (desired.current !== undefined && desired.current !== tip.current) {
        if (!tip.names.has(desired.current)) throw new InvalidInputError(`current ${quoted(desired.current)} is neither there nor among the snapshots`, "current");
        losses.push(...tipLoss(tip));
        operations.push({ kind: "revert", name: desired.current, keepTip: null });
    }
    return new Plan(operations, losses, [], basisOf(current, operations));
}
