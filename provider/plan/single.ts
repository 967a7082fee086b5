import {
    AlreadyExistsError,
    type DeleteOperation,
    type DeleteScope,
    type Hierarchy,
    InvalidInputError,
    NotFoundError,
    type Operation,
    quoted,
    type RedefineOperation,
    type Snapshot,
    Tree,
} from "../model";
import { described } from "./desired";
import { type Plan, planOf } from "./plan";
import { refuseCommitting, standsOn } from "./moves";
import { type NewSnapshot, planNewSnapshot, tipOf } from "./tip";

/** A name for a snapshot that was given none: the seconds since 1970, as libvirt does; where it has that already, `SECONDS-2` and so on, where libvirt fails. */
export function timeName(hierarchy: Hierarchy, seconds: number): string {
    const { names } = tipOf(hierarchy);
    for (let n = 1; ; n++) {
        const name = n === 1 ? String(seconds) : `${seconds}-${n}`;
        if (!names.has(name)) return name;
    }
}

/** Takes a snapshot; `parent` undefined: under the current one. With `replace`, one of that name goes first. */
export function planCreate(hierarchy: Hierarchy, wanted: Omit<NewSnapshot, "parent"> & { parent?: string | null | undefined }, replace: boolean): Plan {
    const tip = tipOf(hierarchy);
    const tree = new Tree(hierarchy.snapshots);
    const old = tree.get(wanted.name);
    const replaced = old !== undefined && replace;
    if (tip.names.has(wanted.name) && !replaced) {
        throw new AlreadyExistsError(
            `there is a ${old ? "snapshot" : "branch"} ${quoted(wanted.name)} already; choose another name${old ? ", or replace it with force" : ""}`,
        );
    }
    if (replaced) refuseChildren(tree, old);
    if (replaced && tip.current === wanted.name) Object.assign(tip, { current: old.parent, dirty: true });
    // The tip can always be frozen, as libvirt does: where its snapshot's name is gone, as a root.
    tip.roots = wanted.parent !== undefined && tree.size > (replaced ? 1 : 0);
    const parent = wanted.parent === undefined ? tip.current : wanted.parent;
    if (parent !== null && (!tree.has(parent) || parent === wanted.name)) throw new NotFoundError(`the parent ${quoted(parent)} is not there; create it first`);
    const operation = planNewSnapshot(tip, { ...wanted, parent });
    const above = parent === null ? undefined : tree.get(parent);
    if (above) refuseCommitting(above);
    return planOf(hierarchy, [{ ...operation, ...(replaced && { replace: true }) }]);
}

/** As savevm does, but never under children (design section 2). */
function refuseChildren(tree: Tree<Snapshot>, old: Snapshot): void {
    if (tree.children(old.name).length > 0)
        throw new AlreadyExistsError(`the snapshot ${quoted(old.name)} has children, so it can't be replaced; delete it first, or choose another name`);
}

/** The branches that stand on snapshots, the one that runs excepted: what it holds stays in the tip. */
function branchesOn(hierarchy: Hierarchy, gone: ReadonlySet<string>): string[] {
    return hierarchy.branches.filter((branch) => !branch.active && standsOn(branch, gone)).map(({ name }) => name);
}

/** The revert to the parent that takes back where a creation left the domain; nothing where it left something of its own there. */
function wayBack({ current, dirty, branch }: Hierarchy, { name, parent, made }: Snapshot): Operation[] {
    return made && current === name && !dirty && branch === null && parent !== null ? [{ kind: "revert", name: parent, keepTip: null }] : [];
}

/**
 * Deletes a snapshot, or what is below it. With `parent` for the tip, a domain that stands at the snapshot, and has nothing but what commands made there,
 * goes back to its parent first: that is undoing the creation, and spares it a copy of what goes.
 *
 * @throws NotFoundError
 */
export function planDelete(hierarchy: Hierarchy, name: string, scope: DeleteScope, tip: "keep" | "parent" = "keep"): Plan {
    const tree = new Tree(hierarchy.snapshots);
    const snapshot = tree.need(name);
    if (scope === "metadata") refuseCommitting(snapshot); // Restored, it would pass for whole.
    const below = tree.descendants(name).map((snapshot) => snapshot.name);
    const gone = { keepChildren: [], metadata: [name], subtree: [name, ...below], children: below }[scope];
    const branches = branchesOn(hierarchy, new Set(gone));
    const operation: DeleteOperation = { kind: "delete", name, scope, branches };
    return planOf(
        hierarchy,
        [...(tip === "parent" ? wayBack(hierarchy, snapshot) : []), operation],
        branches.map((branch) => `branch:${branch}`),
    );
}

/** Restores or alters metadata. */
export function planRedefine(hierarchy: Hierarchy, operation: RedefineOperation): Plan {
    const tree = new Tree(hierarchy.snapshots);
    if (operation.xml === undefined) tree.need(operation.name);
    const { names } = tipOf(hierarchy);
    const name = operation.rename ?? operation.name;
    if (names.has(name) && !(name === operation.name && tree.has(name))) {
        throw new InvalidInputError(`there is a ${tree.has(name) ? "snapshot" : "branch"} ${quoted(name)} already; choose another name`, "name");
    }
    const { description } = operation;
    return planOf(hierarchy, [{ ...operation, ...(description === undefined ? {} : { description: described(description) }) }]);
}
