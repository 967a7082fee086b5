import { type Branch, checkNewName, type Hierarchy, InvalidInputError, type Operation, quoted, type ResetOperation, Tree } from "../model";
import { type Arrival, branchOf, switchTo, wholeSnapshot } from "./moves";
import { type Plan, planOf } from "./plan";
import { othersOn, refuseInUse } from "./revert";
import { goesToo, refuseTaken, tipOf } from "./tip";

/** Forks a branch at a snapshot, leaf or not. @throws NotFoundError, AlreadyExistsError */
export function planBranch(hierarchy: Hierarchy, name: string, from: string, owner?: string): Plan {
    wholeSnapshot(hierarchy, from);
    refuseTaken(tipOf(hierarchy), name);
    return planOf(hierarchy, [{ kind: "branch", name, from, ...(owner === undefined ? {} : { owner }) }]);
}

/** Goes over to a branch; nothing to do where the domain is on it. @throws NotFoundError */
export function planSwitch(hierarchy: Hierarchy, name: string, arrival: Arrival = {}): Plan {
    const { operations, losses } = switchTo(hierarchy, name, arrival);
    return planOf(hierarchy, operations, losses);
}

/** A branch's own snapshots, newest first: those from its tip up to where it forks. */
export function ownSnapshots(hierarchy: Hierarchy, { from, tip }: Branch): string[] {
    const tree = new Tree(hierarchy.snapshots);
    if (tip === null || tip === from) return [];
    const up = [tip, ...tree.ancestors(tip).map(({ name }) => name)];
    const end = from === null ? up.length : up.indexOf(from);
    return end < 0 ? [] : up.slice(0, end);
}

function resetOf(branch: Branch, to: string | null, snapshots: readonly string[]): ResetOperation {
    if (to === null)
        throw new InvalidInputError(`branch ${quoted(branch.name)} stands on no snapshot that it could be reset to; remove it, or keep it`, "name");
    return { kind: "reset", name: branch.name, to, snapshots };
}

/** Empties a branch's leaf; to its fork: its own snapshots go too. @throws NotFoundError */
export function planReset(hierarchy: Hierarchy, name: string, toFork: boolean): Plan {
    const branch = branchOf(hierarchy, name);
    const snapshots = toFork ? ownSnapshots(hierarchy, branch) : [];
    const operation = resetOf(branch, toFork ? branch.from : branch.tip, snapshots);
    wholeSnapshot(hierarchy, operation.to);
    if (!branch.dirty && snapshots.length === 0 && branch.tip === operation.to) return planOf(hierarchy, []);
    return planOf(hierarchy, [operation], [...(branch.dirty ? [`branch:${name}`] : []), ...snapshots.map((snapshot) => `snapshot:${snapshot}`)]);
}

/** How a branch is removed. */
export interface Unbranch {
    /** Its leaf is merged into the snapshot that it stands on first; otherwise it goes. */
    readonly commit?: boolean;
    /** Where the domain is on it: `refuse` (default), or `leave`: the tip goes on without a name, emptied where it is dirty and that is accepted. */
    readonly active?: "refuse" | "leave";
}

/** Removes a branch. @throws NotFoundError; InvalidInputError where the domain is on it. */
export function planUnbranch(hierarchy: Hierarchy, name: string, { commit = false, active = "refuse" }: Unbranch = {}): Plan {
    const branch = branchOf(hierarchy, name);
    if (branch.active && active === "refuse") {
        throw new InvalidInputError(`the domain is on branch ${quoted(name)}, and the active branch can't be removed; switch to another one first`, "name");
    }
    const removal: Operation = { kind: "unbranch", name };
    // Where the domain is on it and no snapshot is under it, the tip goes on as it is.
    if (!branch.dirty || (branch.active && branch.tip === null && !commit)) return planOf(hierarchy, [removal]);
    if (commit) return commitAndRemove(hierarchy, branch, removal);
    const emptied = branch.active ? [resetOf(branch, branch.tip, [])] : [];
    return planOf(hierarchy, [...emptied, removal], [`branch:${name}`, ...goesToo(tipOf(hierarchy), branch.tip)]);
}

function commitAndRemove(hierarchy: Hierarchy, { name, tip }: Branch, removal: Operation): Plan {
    if (tip === null)
        throw new InvalidInputError(`branch ${quoted(name)} stands on no snapshot that its leaf could be merged into; take one on it first`, "name");
    const { snapshots, branches, losses } = othersOn(hierarchy, tip, { branch: name });
    refuseInUse(hierarchy, tip, snapshots, branches);
    return planOf(hierarchy, [{ kind: "commit", name: tip, branch: name, discard: false, snapshots, branches }, removal], losses);
}

/** Gives a branch another name. @throws NotFoundError, AlreadyExistsError */
export function planRename(hierarchy: Hierarchy, name: string, to: string): Plan {
    branchOf(hierarchy, name);
    if (name === to) return planOf(hierarchy, []);
    checkNewName(to);
    refuseTaken(tipOf(hierarchy), to);
    return planOf(hierarchy, [{ kind: "rename", name, to }]);
}
