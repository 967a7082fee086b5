import { type Branch, called, type Hierarchy, type Loss, type Operation, InvalidInputError, quoted, type Snapshot } from "../model";
import { type Desired, wantedBranches } from "./desired";
import { refuseCommitting } from "./moves";
import { goesToo, type Tip } from "./tip";

/** Whether a snapshot or branch that is there is not listed, and goes for it. */
export type Pruned = (node: Snapshot | Branch) => boolean;

export function prunedBy(desired: Desired): Pruned {
    const { snapshots, prune = "none", owner } = desired;
    const branches = wantedBranches(desired);
    const listed = (node: Snapshot | Branch) => Object.hasOwn("contentId" in node ? snapshots : branches, node.name);
    if (prune === "all") return (node) => !listed(node);
    if (prune === "managed" && owner !== undefined) return (node) => node.owner === owner && !listed(node);
    return () => false;
}

/** Name to what will stand in a snapshot's place once all that is pruned is deleted: itself, or the nearest that stays above it. */
export function survivors({ snapshots }: Hierarchy, pruned: Pruned): Map<string | null, string | null> {
    const found = new Map<string | null, string | null>([[null, null]]);
    for (const snapshot of snapshots) found.set(snapshot.name, pruned(snapshot) ? (found.get(snapshot.parent) ?? null) : snapshot.name);
    return found;
}

/** What removes what is not listed, and what that loses. */
export interface Pruning {
    readonly operations: readonly Operation[];
    readonly losses: readonly Loss[];
    readonly warnings: readonly string[];
}

/**
 * Removes the branches that are pruned, then the snapshots, children first, so that no deletion merges what the next one deletes.
 *
 * @param tip where the domain's live state is before it moves; its branch may have moved on.
 * @param active the branch that the domain is on after it moved.
 */
export function pruning(hierarchy: Hierarchy, desired: Desired, pruned: Pruned, tip: Tip, active: string | null): Pruning {
    const operations: Operation[] = [];
    const losses: Loss[] = [];
    const branches = hierarchy.branches.filter(pruned);
    for (const branch of branches) {
        const dirty = branch.active ? tip.dirty : branch.dirty;
        if (branch.name === active) operations.push(...leaving(hierarchy, desired, tip, active));
        // Where no snapshot is under the tip, it goes on as it is.
        if (dirty && !(branch.name === active && tip.current === null)) losses.push(`branch:${branch.name}`, ...goesToo(tip, branch.tip));
        operations.push({ kind: "unbranch", name: branch.name });
    }
    const snapshots = hierarchy.snapshots.filter(pruned);
    for (const { name } of snapshots.toReversed()) operations.push({ kind: "delete", name, scope: "keepChildren", branches: [] });
    return { operations, losses, warnings: foreignWarnings(desired, [...branches, ...snapshots]) };
}

/** The branch that the domain is on loses its name, and what it holds unless it stands on nothing else. */
function leaving({ snapshots }: Hierarchy, { prune, current }: Desired, tip: Tip, name: string): Operation[] {
    if (prune === "all" && current === undefined) {
        throw new InvalidInputError(
            `the domain is on branch ${quoted(name)}, which prune would remove; list it, or say in current where the domain is to be`,
            "current",
        );
    }
    if (!tip.dirty || tip.current === null) return [];
    const { current: to } = tip;
    const under = snapshots.find((snapshot) => snapshot.name === to);
    if (under) refuseCommitting(under);
    return [{ kind: "reset", name, to, snapshots: [] }];
}

const SHOWN = 3;

/** What somebody else manages goes with the rest under `all`. */
export function foreignWarnings({ owner }: Desired, going: readonly (Snapshot | Branch)[]): string[] {
    const others = going.filter((node) => node.owner !== null && node.owner !== owner);
    if (others.length === 0) return [];
    const more = others.length > SHOWN ? ` and ${others.length - SHOWN} more` : "";
    const names = others.slice(0, SHOWN).map(({ name, owner: whose }) => `${called(name)} (${called(whose ?? "")})`);
    return [`prune removes what others manage: ${names.join(", ")}${more}`];
}
