import type { Hierarchy, Operation } from "../model";
import { type Desired, wantedBranches } from "./desired";
import { type Moved, refuseCommitting, resetFrom, switchFrom } from "./moves";
import type { Tip } from "./tip";

/** Where a domain stays or goes at the end of a plan. */
export interface Arrived extends Moved {
    /** The branch that it is on then. */
    readonly active: string | null;
}

/**
 * Under `prune: all` nothing stays that is not listed, so there is no branch for a tip that is left for good: it goes, which is a loss. Where the domain
 * comes back to where it was, its tip is only kept on the way; a root has nothing under it to come back to.
 */
export function leavesForGood(hierarchy: Hierarchy, { prune, current }: Desired): boolean {
    return prune === "all" && (hierarchy.snapshots.length === 0 || (current !== undefined && current !== hierarchy.current));
}

/** The same without the branch that would keep the tip: that goes. */
export function unkept<T extends Operation>(operation: T): { readonly operation: T; readonly losses: readonly string[] } {
    if (!("keepTip" in operation) || operation.keepTip === null) return { operation, losses: [] };
    return { operation: { ...operation, keepTip: null }, losses: ["tip"] };
}

/** Back to the tip that was only left on the way, which has no branch again. */
function back(kept: string): Arrived {
    const operations: Operation[] = [
        { kind: "switch", name: kept, keepTip: null },
        { kind: "unbranch", name: kept },
    ];
    return { operations, losses: [], active: null };
}

function toBranch(hierarchy: Hierarchy, desired: Desired, tip: Tip, name: string): Arrived {
    if (tip.branch === name) return { operations: [], losses: [], active: name };
    const { operations } = switchFrom(tip, name, {});
    const moved = leavesForGood(hierarchy, desired) ? operations.map(unkept) : operations.map((operation) => ({ operation, losses: [] }));
    return { operations: moved.map(({ operation }) => operation), losses: moved.flatMap(({ losses }) => losses), active: name };
}

/**
 * The way to where the domain is to end, in one move at most.
 *
 * @param tip where the creations left it.
 * @param kept the automatic branch that keeps the tip which they left.
 * @throws BusyError for a snapshot whose contents are half committed.
 */
export function arrive(hierarchy: Hierarchy, desired: Desired, tip: Tip, kept: string | null): Arrived {
    const { current, snapshots, prune } = desired;
    const stays = { operations: [], losses: [], active: tip.branch };
    if (current === undefined) return prune === "all" && kept !== null ? back(kept) : stays;
    if (!Object.hasOwn(snapshots, current) && isBranch(hierarchy, desired, current)) return toBranch(hierarchy, desired, tip, current);
    if (tip.current === current) return stays;
    if (kept !== null && hierarchy.current === current) return back(kept);
    const there = hierarchy.snapshots.find(({ name }) => name === current);
    if (there) refuseCommitting(there);
    return { ...resetFrom(tip, current, {}), active: null };
}

function isBranch({ branches }: Hierarchy, desired: Desired, name: string): boolean {
    return Object.hasOwn(wantedBranches(desired), name) || branches.some((branch) => branch.name === name);
}
