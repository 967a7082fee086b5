import { formatXml } from "../../../xml";
import type { Draft } from "../draft";
import type { BranchRecord, Files } from "../records";

/** Files of which only some disks are wanted. */
export function only(files: Files, targets: Iterable<string>): Files {
    return Object.fromEntries([...targets].flatMap((target) => (files[target] === undefined ? [] : [[target, files[target]]])));
}

/** The disks that snapshots know: a disk that none ever froze has no leaf of its own. */
function leaves(draft: Draft): Files {
    const tip = draft.tip();
    return Object.fromEntries(Object.entries(tip).filter(([, file]) => draft.images.has(file)));
}

/** Copies the firmware variables into the folder; null where the domain has none. */
export function saveNvram(draft: Draft, nvram: string | null): string | null {
    return nvram === null ? null : draft.addFile("nvram", "fd", { copyOf: nvram });
}

/** Keeps the tip that is about to be left as a branch, with its configuration. */
export function keepTip(draft: Draft, name: string, nvram: string | null, tag: string | null = null): BranchRecord {
    const known = draft.branches.get(name);
    if (known) draft.remove(known.document);
    if (known && known.nvram !== null) draft.remove(known.nvram);
    const branch: BranchRecord = {
        name,
        from: known?.from ?? draft.current,
        tip: draft.current,
        files: leaves(draft),
        tag,
        document: draft.addFile("branch", "xml", formatXml(draft.config)),
        nvram: saveNvram(draft, nvram),
    };
    draft.branches.set(name, branch);
    return branch;
}
