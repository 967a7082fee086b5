import type { BranchRecord, Files, ImageRecord, SnapshotRecord } from "../../disks/records";

/** Of a snapshot, what libvirt has no place for. */
export interface StoredSnapshot extends Pick<SnapshotRecord, "made" | "tag" | "nvram" | "contentId" | "committing" | "owner"> {
    /** Tells it from another one of the same name, taken behind our back. */
    readonly creationTime: number;
    /** Where children and branches go when it is gone. */
    readonly parent: string | null;
}

/** What Snaptree keeps in a domain's `<metadata>`, besides its generation: all that libvirt has no place for. */
export interface Stored {
    readonly version: number;
    /** The transaction that made it so: by it a journal is known whose commit this is. */
    readonly transaction: string | null;
    /** The folder of the domain's lock, which stays where it is wherever the disks go: two locks would keep nobody out. Null: it was out of reach. */
    readonly home: string | null;
    /** Number for the next new file. */
    readonly next: number;
    readonly current: string | null;
    /** libvirt's own current snapshot at that time: as long as it is that, ours counts. */
    readonly shown: string | null;
    readonly branch: string | null;
    readonly tip: Files;
    readonly images: readonly ImageRecord[];
    readonly snapshots: Readonly<Record<string, StoredSnapshot>>;
    /** With the text of the `<domain>` that travels with each. */
    readonly branches: readonly (BranchRecord & { readonly xml: string })[];
}

export const VERSION = 1;
