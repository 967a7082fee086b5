import { isDeepStrictEqual } from "node:util";
import { snapshotProperties } from "../generated/properties";
import { declared, driftError, driftOf, mayReplaceDrifted, unmendable } from "./drift";
import { comparable, compareReferences } from "./compare";
import type { ResourceDiff } from "./resource";
import { type Properties, isUnknown } from "./unknown";

const replacing: readonly string[] = snapshotProperties.replacing;
const parent = { name: "parent", id: "parentId", contentId: "parentContentId" } as const;
const parentInputs: readonly string[] = Object.values(parent);
/** Given only with `redefine`; as outputs they hold what the host has. */
const factsOfTheHost: readonly string[] = ["creationTime", "state"];

/**
 * Compares what is stored with what the program wants. `canRename` is asked only when the name is all that could replace.
 * What the host changed by itself never replaces, unless `force` accepts that.
 */
export async function diffSnapshot(olds: Properties, news: Properties, canRename: () => Promise<boolean>): Promise<ResourceDiff> {
    const before = declared(olds);
    const drift = driftOf(olds);
    const actualParent = (olds.parent as string | undefined) ?? null;
    const acceptsDrift = drift.parent !== undefined && (news.parent ?? null) === actualParent;
    const stuck = unmendable(drift, actualParent, news);
    // A parent that somebody removed is taken again under its name, and what stood on it is not lost for that.
    const lostParent = stuck.includes("parent") && news.parent === before.parent;
    const below = acceptsDrift || lostParent ? "updated" : compareReferences(parent, before, news);
    const changed = changedInputs(before, news);
    const candidates: string[] = changed.filter((name) => replacing.includes(name));
    if (below === "other") candidates.push("parent");
    if (mayReplaceDrifted(news)) candidates.push(...stuck);
    if (before.redefine === true) candidates.push("redefine");
    // What is redefined changes in place throughout; only its place is another.
    const replaces = candidates.filter((name) => news.redefine !== true || name === "host" || name === "domain");
    if (replaces.length === 0 && changed.includes("name") && !(await isRenamable(olds, news, canRename))) replaces.push("name");
    const isReplaced = replaces.length > 0;
    return {
        changes: isReplaced || changed.length > 0 || below !== "same" || Object.keys(drift).length > 0,
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
