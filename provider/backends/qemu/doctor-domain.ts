import { HostError } from "../../model";
import type { Diagnosis } from "../backend";
import { Case, diagnosis } from "../../disks/doctor/case";
import { Draft } from "../../disks/draft";
import type { Folder } from "./folder";
import { placeIn } from "./place";

/** A domain of the embedded backend that is examined. */
export class FolderCase extends Case {
    constructor(
        readonly folder: Folder,
        ...known: ConstructorParameters<typeof Case>
    ) {
        super(...known);
    }
}

/** The domain's document has its disks where Snaptree left them. */
export function domainFindings({ folder, records, document }: FolderCase): Diagnosis[] {
    if (!document) return [];
    try {
        new Draft(placeIn(folder.path), records, document.config); // What nothing can be begun on.
        return [];
    } catch (error) {
        if (error instanceof HostError) return [diagnosis("domain", folder.domainFile, error.message)];
        throw error;
    }
}
