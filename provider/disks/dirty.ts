import { readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Domain } from "../model";
import { readQcow2 } from "./qcow2";
import type { BranchRecord, Files, Records, SnapshotRecord } from "./records";

/**
 * Whether files differ from a snapshot: known, not guessed. In the external model, something was written between the tip and the file that holds
 * the snapshot's contents; in the internal one, the tip maps other clusters than the snapshot does.
 */
async function differs(tip: Files, snapshot: SnapshotRecord | undefined): Promise<boolean> {
    if (!snapshot) return true;
    for (const [target, contents] of Object.entries(snapshot.files)) {
        const file = tip[target];
        if (file !== undefined && (await fileDiffers(file, snapshot, contents))) return true;
    }
    return false;
}

async function fileDiffers(file: string, snapshot: SnapshotRecord, contents: string): Promise<boolean> {
    if (snapshot.mode === "external") return overlayWritten(file, new Set([contents]));
    return file !== contents || !(await readQcow2(file, snapshot.tag ?? snapshot.name)).unchanged;
}

/** An image that can't be read counts as written: what is not known clean is not given up. */
async function overlayWritten(file: string, frozen: ReadonlySet<string>): Promise<boolean> {
    let at = file;
    while (!frozen.has(at)) {
        const header = await readQcow2(at).catch(() => null);
        if (!header || header.allocated || header.backing === null) return true;
        at = resolve(dirname(at), header.backing);
    }
    return false;
}

/**
 * Whether a disk that the current snapshot leaves out holds what no snapshot does. Others take that disk in, so going to one of them would replace it:
 * the tip counts as dirty, though it does not differ from the current snapshot.
 */
async function leftOutDiffers(tip: Files, records: Records, current: SnapshotRecord): Promise<boolean> {
    const snapshots = [...records.snapshots.values()];
    for (const [target, file] of Object.entries(tip)) {
        if (current.files[target] !== undefined) continue;
        const holding = snapshots.filter(({ files }) => files[target] !== undefined);
        if (holding.length > 0 && !(await heldBy(file, target, holding))) return true;
    }
    return false;
}

async function heldBy(file: string, target: string, snapshots: readonly SnapshotRecord[]): Promise<boolean> {
    const external = snapshots.filter(({ mode }) => mode === "external").flatMap(({ files }) => files[target] ?? []);
    if (external.length > 0) return !(await overlayWritten(file, new Set(external)));
    for (const snapshot of snapshots) if (!(await fileDiffers(file, snapshot, snapshot.files[target] ?? ""))) return true;
    return false;
}

/** The firmware variables are none of the disks, and going back to a snapshot replaces them too: where the current one holds none, nobody holds them. */
async function nvramDiffers(nvram: string | null, saved: string | null): Promise<boolean> {
    if (nvram === null) return false;
    const size = (file: string) =>
        stat(file).then(
            (found) => found.size,
            () => null,
        );
    const bytes = await size(nvram);
    if (bytes === null) return false; // There is nothing that could go.
    return saved === null || bytes !== (await size(saved)) || !(await readFile(nvram)).equals(await readFile(saved));
}

/**
 * Whether an image that is no disk of the domain now, and that going to what is kept inside it would write over all the same, holds what nothing else does:
 * neither a snapshot, nor a branch that was left.
 */
async function detachedDiffers(tip: Files, { snapshots, branches, branch }: Records): Promise<boolean> {
    const nodes = [...snapshots.values(), ...[...branches.values()].filter(({ name }) => name !== branch)];
    const holding = new Map<string, Set<string>>();
    for (const { files, tag } of nodes) {
        for (const [target, file] of Object.entries(files))
            if (tag !== null && tip[target] === undefined) holding.set(file, new Set(holding.get(file)).add(tag));
    }
    for (const [file, tags] of holding) if (!(await heldUnder(file, tags))) return true;
    return false;
}

/** An image that is gone holds nothing. */
async function heldUnder(file: string, tags: ReadonlySet<string>): Promise<boolean> {
    for (const tag of tags) if ((await readQcow2(file, tag).catch(() => null))?.unchanged !== false) return true;
    return false;
}

/** Whether the domain's live state differs from its current snapshot. */
export async function tipDiffers(domain: Domain, tip: Files, records: Records): Promise<boolean> {
    const current = records.current === null ? undefined : records.snapshots.get(records.current);
    if (!current || (await differs(tip, current))) return true;
    return (await leftOutDiffers(tip, records, current)) || (await detachedDiffers(tip, records)) || (await nvramDiffers(domain.nvram, current.nvram));
}

/**
 * Whether the tip of a branch that the domain is not on differs from its newest snapshot. A disk which that one leaves out is held by the branch alone,
 * unless another snapshot has the same.
 */
export async function branchDiffers(records: Records, branch: BranchRecord): Promise<boolean> {
    const newest = branch.tip === null ? undefined : records.snapshots.get(branch.tip);
    if (!newest || (await nvramDiffers(branch.nvram, newest.nvram))) return true;
    for (const [target, file] of Object.entries(branch.files)) {
        const holding = newest.files[target] === undefined ? [...records.snapshots.values()].filter(({ files }) => files[target] !== undefined) : [newest];
        if (!(await (branch.tag === null ? heldBy(file, target, holding) : tagHeldBy(file, target, branch.tag, holding)))) return true;
    }
    return false;
}

/** Whether one of the snapshots holds what an image does under a tag. */
async function tagHeldBy(file: string, target: string, tag: string, snapshots: readonly SnapshotRecord[]): Promise<boolean> {
    for (const { files, ...snapshot } of snapshots) {
        if (files[target] !== file) continue;
        if (tag === snapshot.tag || (await readQcow2(file, snapshot.tag ?? snapshot.name, tag).catch(() => null))?.unchanged) return true;
    }
    return false;
}
