import { type Branch, type Hierarchy, type Loss, type Operation, type Snapshot, Tree } from "../model";
import { type Desired, wantedBranches } from "./desired";
import { refuseCommitting, standsOn } from "./moves";
import { type Plan, planOf } from "./plan";
import { foreignWarnings, type Pruned, prunedBy, survivors } from "./prune";
import { afterRenames, renames } from "./renames";
import { plan } from "./tree";

/** What of a hierarchy is taken again although it is there, by the names that it is to have. */
export interface Again {
    /** Snapshots, with all that stands on them: what makes their contents is another. */
    readonly snapshots: ReadonlySet<string>;
    /** Snapshots that may be taken again where they stand elsewhere than they should, and branches that may where they fork elsewhere. */
    readonly moved: ReadonlySet<string>;
}

/** What is there under the names that it is to have, beside what is wanted. */
interface Sides {
    readonly tree: Tree<Snapshot>;
    readonly desired: Desired;
    readonly again: Again;
    readonly pruned: Pruned;
    /** Name to what will stand in a snapshot's place once all that is pruned is deleted. */
    readonly stands: ReadonlyMap<string | null, string | null>;
}

/** Snapshots that are taken again, none of which stands on another of them. */
function topmost({ tree, desired, again, stands }: Sides): Snapshot[] {
    const isAgain = ({ name, parent }: Snapshot) => {
        if (!Object.hasOwn(desired.snapshots, name)) return false;
        return again.snapshots.has(name) || (again.moved.has(name) && (stands.get(parent) ?? null) !== (desired.snapshots[name]?.parent ?? null));
    };
    const found: Snapshot[] = [];
    const going = new Set<string>();
    for (const snapshot of tree.topDown()) {
        const isBelow = snapshot.parent !== null && going.has(snapshot.parent);
        if (!isBelow && !isAgain(snapshot)) continue;
        going.add(snapshot.name);
        if (!isBelow) found.push(snapshot);
    }
    return found;
}

/** The program can make a snapshot's contents again, or says that they may go. What is listed and somebody else's may hold anything. */
function isReproducible({ desired, again, pruned }: Sides, snapshot: Snapshot): boolean {
    const { name, made, owner } = snapshot;
    if (!Object.hasOwn(desired.snapshots, name)) return pruned(snapshot);
    return owner === (desired.owner ?? null) && (made || again.snapshots.has(name) || again.moved.has(name));
}

/** The same of a branch, whose leaf holds nothing of its own. One that nobody manages is forked again as well as one's own. */
function isReproducibleBranch({ desired, pruned }: Sides, branch: Branch): boolean {
    if (!Object.hasOwn(wantedBranches(desired), branch.name)) return pruned(branch);
    return branch.owner === null || branch.owner === desired.owner;
}

/** Operations, what they lose, and what is there afterwards. */
interface Stage {
    readonly hierarchy: Hierarchy;
    readonly operations: readonly Operation[];
    readonly losses: readonly Loss[];
}

/**
 * The domain leaves what is about to go: to its parent; where there is none, it takes the contents of the root along.
 *
 * @throws BusyError for a snapshot whose contents are half committed.
 */
function leave({ tree }: Sides, hierarchy: Hierarchy, top: Snapshot, gone: ReadonlySet<string>): Operation[] {
    const { current, dirty, branch } = hierarchy;
    if (current === null || !gone.has(current)) return [];
    if (top.parent === null && current === top.name && !dirty && branch === null) return [];
    const name = top.parent ?? top.name;
    refuseCommitting(tree.need(name));
    return [{ kind: "revert", name, keepTip: null }];
}

/** A subtree goes, with the branches on it. */
function clear(sides: Sides, { hierarchy, operations, losses }: Stage, top: Snapshot): Stage {
    const subtree = [top, ...sides.tree.descendants(top.name)];
    const gone = new Set(subtree.map(({ name }) => name));
    const isOn = (branch: Branch) => standsOn(branch, gone);
    const branches = hierarchy.branches.filter(isOn);
    const moves = leave(sides, hierarchy, top, gone);
    const tipGoes = moves.length > 0 && hierarchy.dirty && hierarchy.branch === null;
    const deletion: Operation = { kind: "delete", name: top.name, scope: "subtree", branches: branches.map(({ name }) => name) };
    const isInside = hierarchy.current !== null && gone.has(hierarchy.current);
    const snapshots = hierarchy.snapshots.filter(({ name }) => !gone.has(name));
    // What the domain takes along of the only root is made again there, and nothing to keep.
    const tip = isInside ? { current: top.parent, branch: null, dirty: top.parent === null && snapshots.length > 0 } : {};
    return {
        hierarchy: {
            ...hierarchy,
            ...tip,
            snapshots,
            branches: hierarchy.branches.filter((b) => !isOn(b)),
        },
        operations: [...operations, ...moves, deletion],
        losses: [
            ...losses,
            ...subtree.filter((snapshot) => !isReproducible(sides, snapshot)).map(({ name }) => `snapshot:${name}`),
            ...branches.filter((branch) => branch.dirty || !isReproducibleBranch(sides, branch)).map(({ name }) => `branch:${name}`),
            ...(tipGoes ? ["tip"] : []),
        ],
    };
}

/** Branches that are to fork elsewhere are removed, to be forked there. What the domain has on such a one stays in its tip. */
function unfork(sides: Sides, { hierarchy, operations, losses }: Stage): Stage {
    const { desired, again, stands } = sides;
    const wanted = wantedBranches(desired);
    const isMoved = ({ name, from }: Branch) => again.moved.has(name) && Object.hasOwn(wanted, name) && (stands.get(from) ?? null) !== wanted[name]?.from;
    const going = hierarchy.branches.filter(isMoved);
    const isLost = (branch: Branch) => (branch.dirty && !branch.active) || !isReproducibleBranch(sides, branch);
    return {
        hierarchy: {
            ...hierarchy,
            branch: going.some(({ active }) => active) ? null : hierarchy.branch,
            branches: hierarchy.branches.filter((branch) => !isMoved(branch)),
        },
        operations: [...operations, ...going.map(({ name }): Operation => ({ kind: "unbranch", name }))],
        losses: [...losses, ...going.filter(isLost).map(({ name }) => `branch:${name}`)],
    };
}

/** Where the domain is to be, if nobody says it: on the branch that it was on. */
function goal({ branch }: Hierarchy, desired: Desired): { readonly current?: string } {
    return desired.current === undefined && branch !== null && Object.hasOwn(wantedBranches(desired), branch) ? { current: branch } : {};
}

/** What is wanted once everything has its name: a snapshot that went for being taken again is none that another could be renamed to. */
function named(desired: Desired): Desired {
    const snapshots = Object.entries(desired.snapshots).map(([name, { renamedFrom: _, ...wanted }]) => [name, wanted] as const);
    return { ...desired, snapshots: Object.fromEntries(snapshots) };
}

/**
 * Like {@link plan}, with some snapshots taken again: they go, with all that stands on them, and are created as the program says now. Losses are what
 * the program can't make again: snapshots of others, those that hold what the domain once held, branches and tips that were written to.
 */
export function planAgain(current: Hierarchy, desired: Desired, again: Again): Plan {
    const renaming = renames(current, desired);
    const hierarchy = afterRenames(current, renaming);
    const pruned = prunedBy(desired);
    const sides = { tree: new Tree(hierarchy.snapshots), desired, again, pruned, stands: survivors(hierarchy, pruned) };
    const start: Stage = { hierarchy, operations: renaming, losses: [] };
    const cleared = topmost(sides).reduce((stage, top) => clear(sides, stage, top), start);
    const ready = unfork(sides, cleared);
    if (ready.operations.length === renaming.length) return plan(current, desired);
    const rest = plan(ready.hierarchy, { ...named(desired), ...goal(hierarchy, desired) });
    const stays = new Set([...ready.hierarchy.snapshots, ...ready.hierarchy.branches].map(({ name }) => name));
    const went = [...hierarchy.branches, ...hierarchy.snapshots].filter((node) => pruned(node) && !stays.has(node.name));
    const warnings = [...foreignWarnings(desired, went), ...rest.warnings];
    return planOf(current, [...ready.operations, ...rest.operations], [...ready.losses, ...rest.losses], warnings);
}

/** From a snapshot up to the nearest whose contents its owner did not make, or to the root; nowhere where that is half committed. */
function wayUp(tree: Tree<Snapshot>, name: string, owner: string): string {
    let at = tree.need(name);
    while (at.owner === owner && at.made && at.parent !== null) at = tree.need(at.parent);
    return at.committing ? name : at.name;
}

/**
 * Removes what an owner manages, children first. A domain that holds nothing of its own goes back up to where the owner's first commands found it:
 * that undoes what creating did, and spares a copy of what goes.
 */
export function planRemoval(hierarchy: Hierarchy, owner: string): Plan {
    const { current, dirty, branch } = hierarchy;
    const desired: Desired = { snapshots: {}, branches: {}, prune: "managed", owner };
    const active = hierarchy.branches.find((each) => each.name === branch);
    const isLoose = !dirty && (branch === null || active?.owner === owner);
    const target = current !== null && isLoose ? wayUp(new Tree(hierarchy.snapshots), current, owner) : current;
    if (target === null || target === current) return plan(hierarchy, desired);
    const left = hierarchy.branches.map((each) => ({ ...each, active: false }));
    const rest = plan({ ...hierarchy, current: target, branch: null, branches: left }, desired);
    return planOf(hierarchy, [{ kind: "revert", name: target, keepTip: null }, ...rest.operations], rest.losses, rest.warnings);
}
