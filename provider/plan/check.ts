import { checkNewName, type Hierarchy, InvalidInputError, quoted } from "../model";
import { type Desired, wantedBranches } from "./desired";
import type { Pruned } from "./prune";

/** What is there by name: snapshots and branches share one name space, but hosts hold what they hold. */
interface There {
    readonly snapshots: ReadonlySet<string>;
    readonly branches: ReadonlySet<string>;
    readonly pruned: ReadonlySet<string>;
}

function thereIn({ snapshots, branches }: Hierarchy, pruned: Pruned): There {
    return {
        snapshots: new Set(snapshots.map(({ name }) => name)),
        branches: new Set(branches.map(({ name }) => name)),
        pruned: new Set([...snapshots, ...branches].filter(pruned).map(({ name }) => name)),
    };
}

function refuseShared(name: string, what: "snapshot" | "branch", property: string): never {
    throw new InvalidInputError(`there is a ${what} ${quoted(name)} already, and snapshots and branches share one name space; choose another name`, property);
}

function checkNames(before: There, there: There, { snapshots }: Desired, branches: object): void {
    for (const name of Object.keys(snapshots)) {
        const property = `snapshots.${name}`;
        if (Object.hasOwn(branches, name)) {
            throw new InvalidInputError(`a snapshot and a branch are both called ${quoted(name)}, and they share one name space; rename one`, property);
        }
        if (before.snapshots.has(name)) continue;
        checkNewName(name, property);
        if (before.branches.has(name)) refuseShared(name, "branch", property);
    }
    for (const name of Object.keys(branches)) {
        if (before.branches.has(name)) continue;
        checkNewName(name, `branches.${name}`);
        if (there.snapshots.has(name)) refuseShared(name, "snapshot", `branches.${name}`);
    }
}

/** A snapshot that others name must be there or listed, and stay. */
function checkReference({ snapshots, pruned }: There, desired: Desired, says: string, name: string, property: string): void {
    if (Object.hasOwn(desired.snapshots, name)) return;
    if (!snapshots.has(name)) throw new InvalidInputError(`${says} ${quoted(name)}, which is neither there nor listed; list it`, property);
    if (pruned.has(name)) throw new InvalidInputError(`${says} ${quoted(name)}, which is not listed, so prune would delete it; list it`, property);
}

function checkReferences(there: There, desired: Desired): void {
    for (const [name, { parent }] of Object.entries(desired.snapshots)) {
        if (parent != null) checkReference(there, desired, `snapshot ${quoted(name)} has the parent`, parent, `snapshots.${name}.parent`);
    }
    for (const [name, { from }] of Object.entries(wantedBranches(desired))) {
        checkReference(there, desired, `branch ${quoted(name)} forks from`, from, `branches.${name}.from`);
    }
}

function checkGoal(there: There, desired: Desired): void {
    const { current, snapshots } = desired;
    if (current === undefined || Object.hasOwn(snapshots, current) || Object.hasOwn(wantedBranches(desired), current)) return;
    if (!there.snapshots.has(current) && !there.branches.has(current))
        throw new InvalidInputError(`current ${quoted(current)} is neither there nor among the snapshots and branches`, "current");
    if (there.pruned.has(current))
        throw new InvalidInputError(`current ${quoted(current)} is not among the snapshots and branches, so prune would delete it; list it`, "current");
}

/**
 * Names that can't be given, and references to what is not there or will not stay.
 *
 * @param before the hierarchy before anything is renamed; `hierarchy`: after that.
 * @throws InvalidInputError with the property.
 */
export function checkDesired(before: Hierarchy, hierarchy: Hierarchy, desired: Desired, pruned: Pruned): void {
    const there = thereIn(hierarchy, pruned);
    checkNames(
        thereIn(before, () => false),
        there,
        desired,
        wantedBranches(desired),
    );
    checkReferences(there, desired);
    checkGoal(there, desired);
}
