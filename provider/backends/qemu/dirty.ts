import { dirname, resolve } from "node:path";
import { readQcow2 } from "./qcow2";
import type { BranchRecord, Files, Records, SnapshotRecord } from "./records";

/**
 * Whether files differ from a snapshot: known, not guessed. In the external model, something was written between the tip and the file that holds
 * the snapshot's contents; in the internal one, the tip maps other clusters than the snapshot does.
 */
export async function differs(tip: Files, snapshot: SnapshotRecord | undefined): Promise<boolean> {
    if (!snapshot) return true;
    const changed = snapshot.mode === "internal" ? imageChanged(snapshot.tag ?? snapshot.name) : overlayWritten;
    for (const [target, contents] of Object.entries(snapshot.files)) {
        const file = tip[target];
        if (file !== undefined && (await changed(file, contents))) return true;
    }
    return false;
}

function imageChanged(tag: string): (file: string) => Promise<boolean> {
    return async (file) => !(await readQcow2(file, tag)).unchanged;
}

/** An image that can't be read counts as written: what is not known clean is not given up. */
async function overlayWritten(file: string, contents: string): Promise<boolean> {
    let at = file;
    while (at !== contents) {
        const header = await readQcow2(at).catch(() => null);
        if (!header || header.allocated || header.backing === null) return true;
        at = resolve(dirname(at), header.backing);
    }
    return false;
}

/** Whether a branch's tip differs from its newest snapshot. */
export async function branchDiffers(records: Records, branch: BranchRecord): Promise<boolean> {
    if (branch.tag !== null) return true; // Its tip snapshot was taken because it differed.
    return differs(branch.files, branch.tip === null ? undefined : records.snapshots.get(branch.tip));
}
