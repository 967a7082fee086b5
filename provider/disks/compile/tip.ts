import { type CreateOperation, InvalidInputError } from "../../model";
import { formatXml } from "../../xml";
import type { Draft } from "../draft";
import { overlaysOn } from "./overlays";
import type { World } from "./world";
import type { BranchRecord, Files } from "../records";
import { dropTag } from "./tags";

/** The disks of a parent that a snapshot elsewhere takes in. */
export function chosen(files: Files, operation: CreateOperation): Files {
    const wanted = Object.entries(files).filter(([target]) => operation.disks?.[target]?.snapshot !== "no");
    if (wanted.length === 0) throw new InvalidInputError("no disk takes part in the snapshot; include at least one of its parent's", "disks");
    return Object.fromEntries(wanted);
}

/** The disks that a tip holds as its own: those of its branch and of its snapshot, and those that are another's where the domain goes. */
function owned(draft: Draft, name: string, arriving: Files): string[] {
    const current = draft.current === null ? undefined : draft.snapshots.get(draft.current);
    return [...new Set([draft.branches.get(name)?.files, current?.files, arriving].flatMap((files) => Object.keys(files ?? {})))];
}

/** Where the domain goes to. */
export interface Arrival {
    readonly files: Files;
    /** Its configuration has that disk. */
    readonly has: (target: string) => boolean;
}

/**
 * The leaves that a branch keeps of the tip which the domain leaves. A disk that goes on with the domain, since nothing is said of it where that goes, is
 * forked: two names for what is written to would be one for what is frozen and one for what is not, and each would get what the other wrote.
 */
export async function leaves(draft: Draft, world: World, name: string, { files, has }: Arrival): Promise<{ readonly kept: Files; readonly goOn: Files }> {
    const own = owned(draft, name, files);
    // A leaf that the records don't know, because the snapshots were redefined or the disk was put there by somebody, is as much the tip as any.
    for (const { target, file, format } of draft.domain().disks) if (file !== null && own.includes(target)) draft.know(file, format ?? "qcow2");
    const left = Object.entries(draft.tip()).filter(([target]) => own.includes(target));
    const forked = Object.fromEntries(left.filter(([target]) => files[target] === undefined && has(target)));
    draft.freeze(Object.values(forked));
    const kept = { ...Object.fromEntries(left), ...(await overlaysOn(draft, world, forked)) };
    return { kept, goOn: await overlaysOn(draft, world, forked) };
}

/** The images of the tip which the domain leaves, and those that are written over where it goes, though somebody took them out of the domain. */
export function imagesLeft(draft: Draft, name: string, arriving: Files): Files {
    const own = owned(draft, name, arriving);
    const left = Object.entries(draft.tip()).filter(([target, file]) => own.includes(target) && draft.images.has(file));
    return { ...arriving, ...Object.fromEntries(left) };
}

/** Copies the firmware variables into the folder; null where the domain has none. */
export function saveNvram(draft: Draft, nvram: string | null): string | null {
    return nvram === null ? null : draft.addFile("nvram", "fd", { copyOf: nvram }, draft.domain().nvram);
}

/** Keeps the tip that is about to be left, with these files, as a branch with its configuration. */
export function keepTip(draft: Draft, name: string, files: Files, nvram: string | null, tag: string | null = null): BranchRecord {
    const known = draft.branches.get(name);
    if (known) draft.remove(known.document);
    if (known && known.nvram !== null) draft.remove(known.nvram);
    const branch: BranchRecord = {
        name,
        from: known ? known.from : draft.current, // A branch from before the first snapshot forks from none, wherever it has got to.
        tip: draft.current,
        files,
        tag,
        document: draft.addFile("branch", "xml", formatXml(draft.config)),
        nvram: saveNvram(draft, nvram),
        ...(known?.owner !== undefined && { owner: known.owner }),
    };
    draft.branches.set(name, branch);
    if (known && known.tag !== null && known.tag !== tag) dropTag(draft, known.files, known.tag);
    return branch;
}
