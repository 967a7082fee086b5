import { type Properties, isUnknown, ownProperties } from "./unknown";

/** What counts of an input when it is compared: what is empty or false is as good as absent. */
export function plain(value: unknown): unknown {
    if (value === null || value === false || value === "") return undefined;
    if (typeof value !== "object") return value;
    return Object.keys(value).length === 0 ? undefined : ownProperties({ value }).value;
}

/** What counts of one of a snapshot's inputs: of `provision` only the commands. */
export function comparable(name: string, value: unknown): unknown {
    return name === "provision" && Array.isArray(value) && value.length > 0 ? value.map(commandOf) : plain(value);
}

/** An element that is not known yet stands for its command. */
function commandOf(step: unknown): unknown {
    return (step as { command?: unknown } | null)?.command ?? step;
}

/** The inputs that say which snapshot is meant: its name and, where the program gave the resource, its id and what it holds. */
export interface Reference {
    readonly name: string;
    readonly id: string;
    readonly contentId: string;
}

/**
 * Whether a snapshot that is referred to is the same. Its contents decide: a renamed one is the same, one that was taken again is another. In a
 * preview the contents of one that changes are unknown: its id is known then if it changes in place, and unknown if it is replaced.
 */
export function compareReferences(reference: Reference, before: Properties, news: Properties): "same" | "updated" | "other" {
    const [old, now] = [before, news].map((from) => ({ name: from[reference.name], id: from[reference.id], contentId: from[reference.contentId] })) as [
        Record<keyof Reference, unknown>,
        Record<keyof Reference, unknown>,
    ];
    const sameName = (old.name ?? "") === (now.name ?? "");
    const sameId = (old.id ?? "") === (now.id ?? "");
    if (isUnknown(now.contentId)) {
        if (isUnknown(now.id)) return "other";
        if (sameId) return "same";
        return old.id === undefined && sameName ? "updated" : "other";
    }
    if (old.contentId && now.contentId) {
        if (old.contentId !== now.contentId) return "other";
        return sameName && sameId ? "same" : "updated";
    }
    if (!sameName) return "other";
    return sameId && (old.contentId ?? "") === (now.contentId ?? "") ? "same" : "updated";
}
