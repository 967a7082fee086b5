/** A snapshot in a {@link HierarchyExport}. */
export interface ExportedSnapshot {
    readonly name: string;
    /** Its whole `<domainsnapshot>` document, secrets included. */
    readonly xml: string;
    readonly contentId: string | null;
    readonly made: boolean;
    readonly owner: string | null;
    /** The guest's firmware variables: gzip, as base64; null where it holds none. */
    readonly nvram: string | null;
}

/** A branch in a {@link HierarchyExport}. */
export interface ExportedBranch {
    readonly name: string;
    readonly from: string | null;
    readonly tip: string | null;
    /** Disk target to the absolute path of its leaf; in the internal model, of the image that holds its tip snapshot. */
    readonly files: Readonly<Record<string, string>>;
    /** Name of its tip snapshot in its images, in the internal model; null in the external one. */
    readonly tag: string | null;
    /** The `<domain>` document that travels with it, secrets included. */
    readonly xml: string;
    readonly owner: string | null;
    /** As a snapshot's. */
    readonly nvram: string | null;
}

/**
 * A hierarchy as it is carried from host to host: all that is remembered of it, as plain data that survives JSON. What the disks hold is none of it: they stay
 * where they are, and are named by their absolute paths. It holds the secrets that the documents hold.
 */
export interface HierarchyExport {
    readonly version: typeof EXPORT_VERSION;
    readonly domain: string;
    readonly uuid: string;
    /** The `<domain>` document, secrets included; its disks are the tip's files. */
    readonly xml: string;
    /** Parents before children. */
    readonly snapshots: readonly ExportedSnapshot[];
    readonly branches: readonly ExportedBranch[];
    readonly current: string | null;
    /** The active branch. */
    readonly branch: string | null;
}

/** Of the form in which hierarchies are exported. */
export const EXPORT_VERSION = 1;
