import { readFile } from "node:fs/promises";
import { EXPORT_VERSION, type ExportedBranch, type ExportedSnapshot, type Hierarchy, type HierarchyExport } from "../model";
import { packed } from "./nvram";
import type { BranchRecord, Records, SnapshotRecord } from "./records";

/** What is exported of a domain. */
export interface Exporting {
    readonly hierarchy: Hierarchy;
    readonly records: Records;
    /** The domain's `<domain>` document. */
    readonly xml: string;
    /** A snapshot's document, as it is now. */
    readonly document: (record: SnapshotRecord) => string | Promise<string>;
    /** The `<domain>` document that travels with a branch. */
    readonly configuration: (record: BranchRecord) => string | Promise<string>;
}

async function nvramIn(file: string | null): Promise<string | null> {
    return file === null ? null : packed(await readFile(file));
}

async function exportedSnapshot({ name, contentId, made, owner, nvram }: SnapshotRecord, xml: string): Promise<ExportedSnapshot> {
    return { name, xml, contentId, made, owner: owner ?? null, nvram: await nvramIn(nvram) };
}

async function exportedBranch({ name, from, tip, files, tag, owner, nvram }: BranchRecord, xml: string): Promise<ExportedBranch> {
    return { name, from, tip, files, tag, xml, owner: owner ?? null, nvram: await nvramIn(nvram) };
}

/** All that is remembered of a domain, to be remembered elsewhere. */
export async function exportOf({ hierarchy, records, xml, document, configuration }: Exporting): Promise<HierarchyExport> {
    const snapshots: ExportedSnapshot[] = [];
    for (const { name } of hierarchy.snapshots) {
        const record = records.snapshots.get(name);
        if (record) snapshots.push(await exportedSnapshot(record, await document(record)));
    }
    const branches: ExportedBranch[] = [];
    for (const record of records.branches.values()) branches.push(await exportedBranch(record, await configuration(record)));
    const { domain, uuid, current, branch } = hierarchy;
    return { version: EXPORT_VERSION, domain, uuid, xml, snapshots, branches, current, branch };
}
