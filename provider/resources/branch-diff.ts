import { isDeepStrictEqual } from "node:util";
import { snapshotBranchProperties } from "../generated/properties";
import { type Branch, type Hierarchy, SnaptreeError, quoted } from "../model";
import { compareReferences, plain } from "./compare";
import { type Drift, declared, driftOf } from "./drift";
import { accepts } from "./force";
import type { ResourceDiff } from "./resource";
import { type Properties, isUnknown } from "./unknown";

const fork = { name: "from", id: "fromId", contentId: "fromContentId" } as const;
/** Inputs that are not compared one by one: those that say which snapshot is the fork, and those that say where the domain is to be. */
const together: readonly string[] = [...Object.values(fork), "active", "activeElsewhere"];

/** Compares what is stored with what the program wants. What the host changed by itself never replaces, unless `force` accepts that. */
export function diffBranch(olds: Properties, news: Properties): ResourceDiff {
    const drift = driftOf(olds);
    const stuck = isStuck(drift, olds.from, news);
    const changed = changedInputs(olds, news);
    const standing = drift.from === undefined ? compareReferences(fork, olds, news) : compareDrifted(olds, news);
    const replaces = changed.filter((name) => snapshotBranchProperties.replacing.includes(name));
    if (standing === "other" || (stuck && accepts(news.force, `branch:${String(news.name)}`))) replaces.push("from");
    const isReplaced = replaces.length > 0;
    return {
        changes: isReplaced || changed.length > 0 || standing !== "same" || moves(olds, news),
        replaces,
        deleteBeforeReplace: isReplaced,
        stables: isReplaced ? [] : ["host", "domain"],
        warnings: stuck && !isReplaced ? [forkError(olds.from, news).message] : [],
    };
}

/** Whether `resetOn` has another value. */
export function isReset(olds: Properties, news: Properties): boolean {
    return !isDeepStrictEqual(plain(olds.resetOn), plain(news.resetOn));
}

function changedInputs(before: Properties, news: Properties): string[] {
    return snapshotBranchProperties.inputs.filter((name) => !together.includes(name) && !isDeepStrictEqual(plain(before[name]), plain(news[name])));
}

/** A fork that drifted is accepted by a program that says what the host has, and mended by none; a program that changes its mind asks for another fork. */
function compareDrifted(olds: Properties, news: Properties): "updated" | "other" {
    const before = declared(olds);
    if (news.from === olds.from || news.from === before.from) return "updated";
    return compareReferences(fork, before, news) === "other" ? "other" : "updated";
}

/**
 * Whether the domain is to be elsewhere than the state says. A branch that the program merely does not call active never acts; but where the program
 * moves the domain to another one, this one's output has to follow, whichever of the two is updated first.
 */
function moves({ active }: Properties, news: Properties): boolean {
    if (news.active === true || isUnknown(news.active)) return active !== true;
    return active === true && news.activeElsewhere === true;
}

/** What drifted of a branch: where it forks. A snapshot that was renamed is still the same fork. */
export function findForkDrift(hierarchy: Hierarchy, branch: Branch, outputs: Properties): Drift {
    const { from, fromContentId } = declared(outputs);
    const below = hierarchy.snapshots.find((snapshot) => snapshot.name === branch.from);
    const isSame = (branch.from ?? "") === from || (Boolean(fromContentId) && below?.contentId === fromContentId);
    return isSame ? {} : { from: from as string };
}

/** A fork that moved can't be mended by an update, unless the program now says what the host has. */
export function isStuck(drift: Drift, actual: unknown, news: Properties): boolean {
    return drift.from !== undefined && !isUnknown(news.from) && news.from !== actual;
}

/** The error for a fork that moved: what the host has, and the ways out. */
export function forkError(actual: unknown, news: Properties): SnaptreeError {
    const branch = `branch ${quoted(String(news.name))} of domain ${quoted(String(news.domain))}`;
    const place = actual ? quoted(String(actual)) : "no snapshot";
    return new SnaptreeError(
        `${branch} forks from ${place} now and not from ${quoted(String(news.from))}, which can't be mended in place; let the program say so, or set “force” (or SNAPTREE_FORCE=1) to have it forked again, without what was written on it`,
    );
}
