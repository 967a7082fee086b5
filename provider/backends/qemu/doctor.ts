import { type HostError, quoted } from "../../model";
import type { Diagnosis, Remedy } from "../backend";
import type { Folder } from "./folder";
import type { Records } from "./records";

/** What is examined. */
export interface Case {
    readonly folder: Folder;
    /** Null where they can't be read. */
    readonly records: Records | null;
}

/** An operation that was interrupted: the lock is held, so nobody is still at it. */
async function journalFinding({ folder, records }: Case): Promise<Diagnosis | null> {
    const file = folder.journalFile;
    const about = (message: string, remedy: Remedy | null = null): Diagnosis => ({ kind: "journal", what: file, message, remedy });
    const entry = await folder.journal().catch((error: unknown) => error as HostError);
    if (entry === null) return null;
    if (entry instanceof Error) return about(entry.message);
    const interrupted = `an operation was interrupted in “${entry.title}”`;
    if (records === null) return about(`${interrupted}, and can't be gone on with before the records can be read; restore them first`);
    if (records.generation > entry.generation)
        return about(`${interrupted} before later ones that went through, so nothing can be begun; move ${quoted(file)} away once the disks are checked`);
    const how = records.generation === entry.generation ? "finished" : "taken back";
    return about(`${interrupted}; nothing is lost: a repair, or the next operation, sees that it is ${how}`, { kind: "recover" });
}

/** What is wrong with a domain. Changes nothing. */
export async function examine(folder: Folder): Promise<readonly Diagnosis[]> {
    const records = await folder.records().catch(() => null);
    const journal = await journalFinding({ folder, records });
    return journal ? [journal] : [];
}
