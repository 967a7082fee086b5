import { readFile } from "node:fs/promises";
import { EXPORT_VERSION, type ExportedBranch, type ExportedSnapshot, type Hierarchy, type HierarchyExport } from "../../model";
import type { Folder } from "./folder";
import { packed } from "../../disks/nvram";
import type { BranchRecord, SnapshotRecord } from "../../disks/records";

async function nvramIn(file: string | null): Promise<string | null> {
    return file === null ? null : packed(await readFile(file));
}

async function exportedSnapshot({ name, contentId, made, owner, nvram }: SnapshotRecord, xml: string): Promise<ExportedSnapshot> {
    return { name, xml, contentId, made, owner: owner ?? null, nvram: await nvramIn(nvram) };
}

async function exportedBranch({ name, from, tip, files, tag, document, owner, nvram }: BranchRecord): Promise<ExportedBranch> {
    return { name, from, tip, files, tag, xml: await readFile(document, "utf8"), owner: owner ?? null, nvram: await nvramIn(nvram) };
}

/** All that a folder remembers of its domain. @param document a snapshot's, as it is now */
export async function exportOf(folder: Folder, hierarchy: Hierarchy, document: (snapshot: string) => Promise<string>): Promise<HierarchyExport> {
    const records = await folder.records();
    const snapshots: ExportedSnapshot[] = [];
    for (const { name } of hierarchy.snapshots) {
        const record = records.snapshots.get(name);
        if (record) snapshots.push(await exportedSnapshot(record, await document(name)));
    }
    const branches: ExportedBranch[] = [];
    for (const record of records.branches.values()) branches.push(await exportedBranch(record));
    const { domain, uuid, current, branch } = hierarchy;
    return { version: EXPORT_VERSION, domain, uuid, xml: await folder.domainXml(), snapshots, branches, current, branch };
}
