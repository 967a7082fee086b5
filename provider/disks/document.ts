import { child, formatSnapshot, parseSnapshot, type SnapshotDocument, withDiskFiles } from "../xml";
import type { Records, SnapshotRecord } from "./records";
import { withTag } from "./tag";

/** What a document says of the guest's memory. */
export function memoryIn({ memory }: SnapshotDocument): Pick<SnapshotRecord, "memory" | "memoryFile"> {
    if (memory === null || memory.snapshot === "no") return {};
    return { memory: true, ...(memory.file !== null && { memoryFile: memory.file }) };
}

/** A snapshot's document as it was stored, with what changed since: the place in the tree, the description, where the contents are. */
export function documentNow(record: SnapshotRecord, text: string, { images }: Pick<Records, "images">): string {
    const stored = parseSnapshot(text);
    const files = Object.fromEntries(Object.entries(record.files).map(([target, file]) => [target, { file, format: images.get(file)?.format ?? "qcow2" }]));
    const { name, parent, description, creationTime, state } = record;
    const domain = stored.domain && child(stored.domain, "devices") ? withDiskFiles(stored.domain, files) : stored.domain;
    return formatSnapshot({ ...stored, name, parent, description, creationTime, state, domain, unknown: withTag(stored.unknown, name, record.tag) });
}
