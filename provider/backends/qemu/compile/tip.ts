import { type CreateOperation, InvalidInputError } from "../../../model";
import { formatXml } from "../../../xml";
import type { Draft } from "../draft";
import type { BranchRecord, Files } from "../records";
import { dropTag } from "./tags";

/** The disks of a parent that a snapshot elsewhere takes in. */
export function chosen(files: Files, operation: CreateOperation): Files {
    const wanted = Object.entries(files).filter(([target]) => operation.disks?.[target]?.snapshot !== "no");
    if (wanted.length === 0) throw new InvalidInputError("no disk takes part in the snapshot; include at least one of its parent's", "disks");
    return Object.fromEntries(wanted);
}

/** The leaves that the domain leaves. The others go on with it: two names for what is written to would be one for what is frozen and one for what is not. */
function left(draft: Draft, targets: readonly string[], tag: string | null): Files {
    const files: Record<string, string> = {};
    for (const { target, file, format } of draft.domain().disks) {
        if (file === null || !targets.includes(target)) continue;
        // A leaf that the records don't know, because the snapshots were redefined or the disk was put there by somebody, is as much the tip as any.
        if (tag === null) draft.know(file, format ?? "qcow2");
        if (draft.images.has(file)) files[target] = file;
    }
    return files;
}

/** Copies the firmware variables into the folder; null where the domain has none. */
export function saveNvram(draft: Draft, nvram: string | null): string | null {
    return nvram === null ? null : draft.addFile("nvram", "fd", { copyOf: nvram });
}

/** Keeps the tip that is about to be left, on these disks, as a branch with its configuration. */
export function keepTip(draft: Draft, name: string, targets: readonly string[], nvram: string | null, tag: string | null = null): BranchRecord {
    const known = draft.branches.get(name);
    if (known) draft.remove(known.document);
    if (known && known.nvram !== null) draft.remove(known.nvram);
    const branch: BranchRecord = {
        name,
        from: known ? known.from : draft.current, // A branch from before the first snapshot forks from none, wherever it has got to.
        tip: draft.current,
        files: left(draft, targets, tag),
        tag,
        document: draft.addFile("branch", "xml", formatXml(draft.config)),
        nvram: saveNvram(draft, nvram),
        ...(known?.owner !== undefined && { owner: known.owner }),
    };
    draft.branches.set(name, branch);
    if (known && known.tag !== null && known.tag !== tag) dropTag(draft, known.files, known.tag);
    return branch;
}
