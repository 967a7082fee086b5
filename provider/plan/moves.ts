import {
    type Branch,
    BusyError,
    type Hierarchy,
    InvalidInputError,
    type Leave,
    type Loss,
    type Move,
    noSuchBranch,
    NotFoundError,
    type Operation,
    type PowerChoice,
    quoted,
    type Snapshot,
    Tree,
} from "../model";
import { automaticBranch, goesToo, refuseTaken, type Tip, tipOf } from "./tip";

/** Whether a branch forks from, or has its tip on, one of some snapshots. */
export function standsOn({ from, tip }: Branch, snapshots: ReadonlySet<string>): boolean {
    return [from, tip].some((name) => name !== null && snapshots.has(name));
}

/** How a move keeps the tip that it leaves: as a branch of that name, as an automatic one, or not. */
export type Keep = string | true | undefined;

/** What is asked of a move besides where it goes. */
export interface Arrival {
    readonly keep?: Keep;
    readonly powerState?: PowerChoice | undefined;
    readonly leave?: Leave | undefined;
}

/** @throws NotFoundError */
export function branchOf(hierarchy: Hierarchy, name: string): Branch {
    const found = hierarchy.branches.find((branch) => branch.name === name);
    if (!found) throw noSuchBranch(name);
    return found;
}

/** @throws NotFoundError, BusyError where a commit into it was interrupted: it holds neither what it did nor what it will. */
export function wholeSnapshot(hierarchy: Hierarchy, name: string): Snapshot {
    const snapshot = new Tree(hierarchy.snapshots).need(name);
    refuseCommitting(snapshot);
    return snapshot;
}

export function refuseCommitting({ name, committing }: Snapshot): void {
    if (!committing) return;
    throw new BusyError(
        `a commit into snapshot ${quoted(name)} was not finished, so there is no going back to it; run the commit again, which goes on with it, or delete the snapshot`,
    );
}

/** What is asked of a reset besides. */
export interface Resetting extends Arrival {
    readonly resetNvram?: boolean | undefined;
    /** Also what the hypervisor calls risky. */
    readonly force?: boolean | undefined;
}

/** What a move does, and what it costs. */
export interface Moved {
    readonly operations: readonly Operation[];
    readonly losses: readonly Loss[];
}

function move({ powerState, leave }: Arrival, keepTip: string | null): Move {
    return { keepTip, ...(powerState === undefined ? {} : { powerState }), ...(leave === undefined ? {} : { leave }) };
}

/** The branch that keeps the tip which is left: one that is asked for, which must be new, or where the tip holds something an automatic one. */
function keeper(tip: Tip, keep: Keep): string | null {
    if (keep === undefined) return null;
    if (keep === true) return tip.dirty ? automaticBranch(tip) : null;
    refuseTaken(tip, keep);
    return keep;
}

/** A branch keeps its own tip; there is none to keep under another name. */
function refuseKeep(branch: string, keep: Keep): null {
    if (typeof keep !== "string") return null;
    throw new InvalidInputError(`the tip is that of branch ${quoted(branch)}, which keeps it; leave keep out`, "keep");
}

/** From where the tip is to a snapshot's own state (reset): the branch that runs directly on it is emptied; any other is left as it is. */
export function resetFrom(tip: Tip, name: string, arrival: Resetting): Moved {
    const stays = tip.branch !== null && tip.current !== name;
    const keepTip = tip.branch !== null && stays ? refuseKeep(tip.branch, arrival.keep) : keeper(tip, arrival.keep);
    const goes = tip.dirty && !stays && keepTip === null;
    const flags = { ...(arrival.resetNvram && { resetNvram: true }), ...(arrival.force && { force: true }) };
    const losses = goes ? [tip.branch === null ? "tip" : `branch:${tip.branch}`, ...goesToo(tip, tip.current)] : [];
    return { operations: [{ kind: "revert", name, ...move(arrival, keepTip), ...flags }], losses };
}

/** From where the tip is to a branch's tip as it is (follow). A dirty tip that has no branch is kept as one: nothing is lost by going elsewhere. */
export function switchFrom(tip: Tip, name: string, arrival: Arrival): Moved {
    const keepTip = tip.branch === null ? keeper(tip, arrival.keep ?? true) : refuseKeep(tip.branch, arrival.keep);
    return { operations: tip.branch === name ? [] : [{ kind: "switch", name, ...move(arrival, keepTip) }], losses: [] };
}

/** @throws NotFoundError, BusyError */
export function resetTo(hierarchy: Hierarchy, name: string, arrival: Resetting): Moved {
    wholeSnapshot(hierarchy, name);
    return resetFrom(tipOf(hierarchy), name, arrival);
}

/** @throws NotFoundError */
export function switchTo(hierarchy: Hierarchy, name: string, arrival: Arrival = {}): Moved {
    branchOf(hierarchy, name);
    return switchFrom(tipOf(hierarchy), name, arrival);
}

/** What goes on directly from a snapshot: a branch, or with null the domain's tip, which has none. */
export interface Leaf {
    readonly branch: string | null;
}

/**
 * The one leaf that stands directly on a snapshot.
 *
 * @throws NotFoundError where there is none, naming the branches further down; InvalidInputError where there are several.
 */
export function leafOn(hierarchy: Hierarchy, name: string): Leaf {
    const on = hierarchy.branches.filter(({ tip }) => tip === name).map((branch) => branch.name);
    const tipThere = hierarchy.branch === null && hierarchy.current === name && (hierarchy.dirty || on.length === 0);
    const [only, ...more] = [...on.map((branch) => ({ branch })), ...(tipThere ? [{ branch: null }] : [])];
    if (only && more.length === 0) return only;
    if (only) {
        throw new InvalidInputError(
            `several leaves stand on snapshot ${quoted(name)} (${[...on.map(quoted), ...(tipThere ? ["the tip, which has no branch"] : [])].join(", ")}); say which with switch`,
            "name",
        );
    }
    const below = new Set(new Tree(hierarchy.snapshots).descendants(name).map((snapshot) => snapshot.name));
    const further = hierarchy.branches.filter(({ tip }) => tip !== null && below.has(tip)).map((branch) => quoted(branch.name));
    throw new NotFoundError(
        `no leaf stands directly on snapshot ${quoted(name)}; ${further.length === 0 ? "no branch goes on from it: revert to it with reset, or fork one with branch" : `the branches further down are ${further.join(", ")}: go to one of them with switch`}`,
    );
}
