import { isDeepStrictEqual } from "node:util";
import { snapshotProperties } from "../generated/properties";
import { declared, driftError, driftOf, mayReplaceDrifted, unmendable } from "./drift";
import { type Properties, isUnknown, ownProperties } from "./unknown";

/** What a change of inputs means, as Pulumi asks for it. */
export interface SnapshotDiff {
    readonly changes: boolean;
    /** Inputs because of which the snapshot is taken again; empty: it changes in place. */
    readonly replaces: string[];
    /** Names are unique within a domain, so the old snapshot has to go first. */
    readonly deleteBeforeReplace: boolean;
    /** Outputs that stay as they are whatever the update does. */
    readonly stables: string[];
    /** Drift at which an update will fail, as a sentence for the user. */
    readonly warnings: string[];
}

const replacing: readonly string[] = snapshotProperties.replacing;
const parentInputs: readonly string[] = ["parent", "parentId", "parentContentId"];
/** Given only with `redefine`; as outputs they hold what the host has. */
const factsOfTheHost: readonly string[] = ["creationTime", "state"];

/**
 * Compares what is stored with what the program wants. `canRename` is asked only when the name is all that could replace.
 * What the host changed by itself never replaces, unless `force` accepts that.
 */
export async function diffSnapshot(olds: Properties, news: Properties, canRename: () => Promise<boolean>): Promise<SnapshotDiff> {
    const before = declared(olds);
    const drift = driftOf(olds);
    const actualParent = (olds.parent as string | undefined) ?? null;
    const acceptsDrift = drift.parent !== undefined && (news.parent ?? null) === actualParent;
    const stuck = unmendable(drift, actualParent, news);
    // A parent that somebody removed is taken again under its name, and what stood on it is not lost for that.
    const lostParent = stuck.includes("parent") && news.parent === before.parent;
    const parent = acceptsDrift || lostParent ? "updated" : compareParents(before, news);
    const changed = changedInputs(before, news);
    const candidates: string[] = changed.filter((name) => replacing.includes(name));
    if (parent === "other") candidates.push("parent");
    if (mayReplaceDrifted(news)) candidates.push(...stuck);
    if (before.redefine === true) candidates.push("redefine");
    // What is redefined changes in place throughout; only its place is another.
    const replaces = candidates.filter((name) => news.redefine !== true || name === "host" || name === "domain");
    if (replaces.length === 0 && changed.includes("name") && !(await isRenamable(olds, news, canRename))) replaces.push("name");
    const isReplaced = replaces.length > 0;
    return {
        changes: isReplaced || changed.length > 0 || parent !== "same" || Object.keys(drift).length > 0,
        replaces: [...new Set(replaces)],
        deleteBeforeReplace: isReplaced,
        stables: isReplaced ? [] : ["host", "domain", "contentId"],
        warnings: isReplaced ? [] : stuck.map((what) => driftError(what, actualParent, news).message),
    };
}

/** What has no metadata has no name on the host that could be changed; what is redefined never replaces. */
async function isRenamable(olds: Properties, news: Properties, canRename: () => Promise<boolean>): Promise<boolean> {
    if (news.redefine === true || isUnknown(news.name) || news.name === olds.name) return true;
    return news.noMetadata !== true && (await canRename());
}

/** The inputs that differ, but for those that say which snapshot is the parent. */
function changedInputs(before: Properties, news: Properties): string[] {
    return snapshotProperties.inputs.filter((name) => {
        if (parentInputs.includes(name)) return false;
        if (factsOfTheHost.includes(name) && news[name] === undefined) return false;
        return !isDeepStrictEqual(comparable(name, before[name]), comparable(name, news[name]));
    });
}

/** What counts of an input: what is empty or false is as good as absent, and of `provision` only the commands count. */
function comparable(name: string, value: unknown): unknown {
    if (value === null || value === false || value === "") return undefined;
    if (typeof value === "object" && Object.keys(value).length === 0) return undefined;
    if (name === "provision" && Array.isArray(value)) return value.map(commandOf);
    return typeof value === "object" ? ownProperties({ value }).value : value;
}

/** An element that is not known yet stands for its command. */
function commandOf(step: unknown): unknown {
    return (step as { command?: unknown } | null)?.command ?? step;
}

/**
 * Whether the parent is the same snapshot. Its contents decide: a renamed parent is the same, one that was taken again is another. In a preview
 * the contents of a parent that changes are unknown: its id is known then if it changes in place, and unknown if it is replaced.
 */
function compareParents(before: Properties, news: Properties): "same" | "updated" | "other" {
    const sameName = (before.parent ?? "") === (news.parent ?? "");
    const sameId = (before.parentId ?? "") === (news.parentId ?? "");
    if (isUnknown(news.parentContentId)) {
        if (isUnknown(news.parentId)) return "other";
        if (sameId) return "same";
        return before.parentId === undefined && sameName ? "updated" : "other";
    }
    if (before.parentContentId && news.parentContentId) {
        if (before.parentContentId !== news.parentContentId) return "other";
        return sameName && sameId ? "same" : "updated";
    }
    if (!sameName) return "other";
    return sameId && (before.parentContentId ?? "") === (news.parentContentId ?? "") ? "same" : "updated";
}
