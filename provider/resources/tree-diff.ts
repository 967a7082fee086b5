import { isDeepStrictEqual } from "node:util";
import { snapshotProperties, snapshotTreeProperties } from "../generated/properties";
import { quoted } from "../model";
import { comparable } from "./compare";
import { driftError } from "./drift";
import { accepts } from "./force";
import type { ResourceDiff } from "./resource";
import { declaredTree, type Nodes, nodesOf, treeDriftOf } from "./tree-drift";
import { type Properties, isUnknown } from "./unknown";

/** What a program changed since the tree was last brought about. */
export interface TreeChange {
    /** Snapshots whose contents are to be made otherwise. */
    readonly again: ReadonlySet<string>;
    /** Snapshots with another parent, and branches with another fork. */
    readonly moved: ReadonlySet<string>;
    /** Anything is different. */
    readonly changes: boolean;
}

/** What replaces a Snapshot makes one of a tree be taken again, but for its place, which the tree as a whole decides. */
const making = snapshotProperties.replacing.filter((name) => !["host", "domain", "parent", "parentContentId"].includes(name));
const settings = snapshotTreeProperties.inputs.filter((name) => !["host", "domain", "snapshots", "branches", "owner"].includes(name));

const differs = (name: string, before: Properties, news: Properties) => !isDeepStrictEqual(comparable(name, before[name]), comparable(name, news[name]));

/** What the program called a snapshot before it renamed it. */
function nameBefore(name: string, { renamedFrom }: Properties, before: Nodes): string {
    return Object.hasOwn(before, name) || typeof renamedFrom !== "string" ? name : renamedFrom;
}

/** A snapshot that is still listed, as it was said and as it is said now. */
interface Kept {
    readonly name: string;
    readonly old: Properties;
    readonly node: Properties;
}

function keptNodes(before: Nodes, news: Nodes): Kept[] {
    return Object.entries(news).flatMap(([name, node]) => {
        const old = isUnknown(node) ? undefined : before[nameBefore(name, node, before)];
        return old ? [{ name, old, node }] : [];
    });
}

const sameNames = (before: Nodes, news: Nodes) => isDeepStrictEqual(Object.keys(before).sort(), Object.keys(news).sort());

/** Something else is different than how contents are made and where they stand. */
function hasOther(before: Properties, news: Properties, kept: readonly Kept[]): boolean {
    const isUnknownSomewhere = [news.snapshots, news.branches].some((nodes) => isUnknown(nodes) || Object.values(nodesOf(nodes)).some(isUnknown));
    return (
        isUnknownSomewhere ||
        !sameNames(nodesOf(before.snapshots), nodesOf(news.snapshots)) ||
        !sameNames(nodesOf(before.branches), nodesOf(news.branches)) ||
        kept.some(({ node, old }) => differs("description", old, node)) ||
        settings.some((name) => differs(name, before, news))
    );
}

/** Compares what was declared with what a program says now. */
export function compareTrees(before: Properties, news: Properties): TreeChange {
    const [snapshotsBefore, snapshots] = [nodesOf(before.snapshots), nodesOf(news.snapshots)];
    const names = new Map(Object.entries(snapshots).map(([name, node]) => [nameBefore(name, node, snapshotsBefore), name]));
    const called = (name: unknown) => (typeof name === "string" ? (names.get(name) ?? name) : "");
    const kept = keptNodes(snapshotsBefore, snapshots);
    const forks = keptNodes(nodesOf(before.branches), nodesOf(news.branches));
    const again = kept.filter(({ node, old }) => making.some((field) => differs(field, old, node)));
    const moved = [
        ...kept.filter(({ node, old }) => called(old.parent) !== (node.parent ?? "")),
        ...forks.filter(({ node, old }) => called(old.from) !== node.from),
    ];
    return {
        again: new Set(again.map(({ name }) => name)),
        moved: new Set(moved.map(({ name }) => name)),
        changes: again.length > 0 || moved.length > 0 || hasOther(before, news, kept),
    };
}

const SHOWN = 10;

/** Some names for a sentence. */
function some(names: readonly string[]): string {
    const shown = names.slice(0, SHOWN).map(quoted).join(", ");
    return names.length > SHOWN ? `${shown} and ${names.length - SHOWN} more` : shown;
}

/** Snapshots, and those of the program's that stand on them. */
function withBelow(tops: ReadonlySet<string>, snapshots: Nodes): string[] {
    const found = new Set(tops);
    const children = new Map<unknown, string[]>();
    for (const [name, { parent }] of Object.entries(snapshots)) {
        const siblings = children.get(parent);
        if (siblings) siblings.push(name);
        else children.set(parent, [name]);
    }
    for (const name of found) for (const child of children.get(name) ?? []) found.add(child);
    return [...found];
}

/** What a user should know before the update: what is taken again, what is missing, and drift at which it will fail. */
function warningsOf(olds: Properties, news: Properties, { again }: TreeChange): string[] {
    const drift = treeDriftOf(olds);
    const snapshots = nodesOf(news.snapshots);
    const of = `of domain ${quoted(String(news.domain))}`;
    const goes = withBelow(again, snapshots);
    const missing = Object.keys({ ...drift.missing, ...drift.missingBranches });
    const stuck = Object.keys(drift.parents ?? {}).filter((name) => {
        const actual = nodesOf(olds.snapshots)[name]?.parent ?? "";
        return Object.hasOwn(snapshots, name) && !again.has(name) && (snapshots[name]?.parent ?? "") !== actual && !accepts(news.force, `snapshot:${name}`);
    });
    const strange = (drift.contents ?? []).filter((name) => Object.hasOwn(snapshots, name) && !again.has(name) && !accepts(news.force, `snapshot:${name}`));
    const error = (what: "parent" | "contentId") => (name: string) => {
        const actual = nodesOf(olds.snapshots)[name]?.parent;
        return driftError(what, typeof actual === "string" ? actual : null, { ...snapshots[name], name, domain: news.domain }).message;
    };
    return [
        ...(goes.length > 0 ? [`taken again ${of}, so that what they hold goes: ${some(goes)}`] : []),
        ...(missing.length > 0 ? [`missing ${of}, and made again where they are still listed: ${some(missing)}`] : []),
        ...stuck.map(error("parent")),
        ...strange.map(error("contentId")),
    ];
}

/** Compares stored outputs with checked inputs, and contacts no host. */
export function diffTree(olds: Properties, news: Properties): ResourceDiff {
    const before = declaredTree(olds);
    const replaces = ["host", "domain"].filter((name) => differs(name, before, news));
    const change = compareTrees(before, news);
    const isReplaced = replaces.length > 0;
    return {
        changes: isReplaced || change.changes || Object.keys(treeDriftOf(olds)).length > 0,
        replaces,
        deleteBeforeReplace: isReplaced,
        stables: isReplaced ? [] : ["host", "domain"],
        warnings: isReplaced ? [] : warningsOf(olds, news, change),
    };
}
