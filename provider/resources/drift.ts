import { type Hierarchy, type Snapshot, SnaptreeError, quoted } from "../model";
import { accepts } from "./force";
import { type Properties, isUnknown } from "./unknown";

/**
 * What the host has otherwise than the program said, found by a refresh and kept in the state under a name that Pulumi does not show. Outputs hold
 * what is there; this holds what was declared, so that a program that changes and a host that changed can be told apart: drift never replaces.
 */
export interface Drift {
    /** The declared name. */
    readonly name?: string;
    /** The declared parent; empty: none. */
    readonly parent?: string;
    /** The snapshot from which a branch was declared to fork. */
    readonly from?: string;
    /** The snapshot of this name has other contents than those that were taken; the output keeps those. */
    readonly contentId?: true;
}

export const driftKey = "__drift";

export function driftOf(outputs: Properties): Drift {
    return (outputs[driftKey] as Drift | undefined) ?? {};
}

/** What was declared when these outputs were stored: the outputs themselves, but for what drifted since. */
export function declared(outputs: Properties): Properties {
    const { contentId: _, ...said } = driftOf(outputs);
    return { ...outputs, ...said };
}

/** The snapshot that a resource stands for: by its contents, whatever its name is now; where the host keeps no such mark, by name. */
export function locate(hierarchy: Hierarchy, { name, contentId }: Properties): Snapshot | undefined {
    const same = contentId ? hierarchy.snapshots.find((snapshot) => snapshot.contentId === contentId) : undefined;
    return same ?? hierarchy.snapshots.find((snapshot) => snapshot.name === name);
}

/** The snapshot has the resource's name and not its contents: somebody took another one there. */
export function isStranger(snapshot: Snapshot, { contentId }: Properties): boolean {
    return Boolean(contentId) && snapshot.contentId !== null && snapshot.contentId !== contentId;
}

/** What drifted since the outputs were stored. A parent that was renamed is still the same parent. */
export function findDrift(hierarchy: Hierarchy, snapshot: Snapshot, outputs: Properties): Drift {
    const { name, parent = "", parentContentId, redefine } = declared(outputs);
    const above = hierarchy.snapshots.find((other) => other.name === snapshot.parent);
    const sameParent = (snapshot.parent ?? "") === parent || (Boolean(parentContentId) && above?.contentId === parentContentId);
    return {
        ...(snapshot.name === name ? {} : { name: name as string }),
        ...(sameParent ? {} : { parent: parent as string }),
        ...(isStranger(snapshot, outputs) && redefine !== true ? { contentId: true as const } : {}),
    };
}

/**
 * Drift that an update can't mend: the parent or the contents. A name and a description are simply set again, and what is redefined is
 * redefined again. A program that now says what the host has accepts the drift.
 */
export function unmendable(drift: Drift, actualParent: string | null, news: Properties): ("parent" | "contentId")[] {
    if (news.redefine === true) return [];
    const parentStays = drift.parent !== undefined && !isUnknown(news.parent) && (news.parent ?? "") !== (actualParent ?? "");
    return [...(parentStays ? (["parent"] as const) : []), ...(drift.contentId ? (["contentId"] as const) : [])];
}

/** The error for drift that can't be mended: what the host has, and the ways out. */
export function driftError(what: "parent" | "contentId", actualParent: string | null, news: Properties): SnaptreeError {
    const snapshot = `snapshot ${quoted(String(news.name))} of domain ${quoted(String(news.domain))}`;
    const force = "set “force” (or SNAPTREE_FORCE=1) to have it taken again";
    if (what === "contentId") {
        return new SnaptreeError(
            `${snapshot} was replaced by another one of the same name since it was taken; restore it and run “pulumi refresh”, or ${force}`,
        );
    }
    const place = (parent: unknown): string => (parent ? `on ${quoted(String(parent))}` : "without a parent");
    return new SnaptreeError(
        `${snapshot} stands ${place(actualParent)} now and not ${place(news.parent)}, which can't be mended in place; let the program say so, or ${force}`,
    );
}

/** Whether the program lets a snapshot that drifted be taken again, although its contents go. */
export function mayReplaceDrifted({ force, name }: Properties): boolean {
    return accepts(force, `snapshot:${String(name)}`);
}
