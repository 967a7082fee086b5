import type { Domain, Hierarchy, PowerState, Snapshot } from "../model";
import { listed } from "../model";
import { branchDiffers, tipDiffers } from "./dirty";
import { filesOf, type Records, type SnapshotRecord } from "./records";
import { type Sizes, sizesOf } from "./sizes";

function toSnapshot(record: SnapshotRecord, sizes: Sizes | null): Snapshot {
    const { name, parent, description, creationTime, state, mode, files, made, contentId, committing, owner, memory } = record;
    return {
        name,
        parent,
        description,
        creationTime,
        state,
        mode,
        memory: memory ?? false,
        files,
        made,
        contentId,
        committing: committing ?? false,
        owner: owner ?? null,
        bytes: sizes?.snapshot(record) ?? null,
    };
}

async function branchesOf(records: Records, tipDirty: boolean, sizes: Sizes | null, isUnseen: boolean): Promise<Hierarchy["branches"]> {
    const named = [...records.branches.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    const dirty = await Promise.all(named.map(async (branch) => isUnseen || (branch.name === records.branch ? tipDirty : branchDiffers(records, branch))));
    return named.map((branch, i) => {
        const { name, from, tip, files, owner } = branch;
        const bytes = sizes?.branch(branch) ?? null;
        return { name, from, tip, files, active: name === records.branch, dirty: dirty[i] === true, owner: owner ?? null, bytes };
    });
}

/** A domain that is listed. */
export interface Listed {
    readonly name: string;
    readonly domain: Domain;
    readonly records: Records;
    readonly powerState: PowerState;
    /** Fill in `bytes`. */
    readonly sizes: boolean;
    /** Disks can't be looked at: nobody knows what was written, so everything counts as dirty. Default: false. */
    readonly isUnseen?: boolean;
}

/** The hierarchy that records tell. What a guest that runs has in its memory is in no snapshot, so its tip is dirty. */
export async function hierarchyOf({ name, domain, records, powerState, sizes: wanted, isUnseen = false }: Listed): Promise<Hierarchy> {
    const sizes = wanted ? await sizesOf(records) : null;
    const dirty = isUnseen || powerState !== "shutoff" || (await tipDiffers(domain, filesOf(domain), records));
    return {
        domain: name,
        uuid: domain.uuid,
        powerState,
        current: records.current,
        branch: records.branch,
        dirty,
        snapshots: listed([...records.snapshots.values()].map((record) => toSnapshot(record, sizes))),
        branches: await branchesOf(records, dirty, sizes, isUnseen),
    };
}
