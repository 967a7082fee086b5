/** libvirt's words for the domain's state when a snapshot was taken (`<state>`). */
export type SnapshotState = "nostate" | "running" | "blocked" | "paused" | "shutdown" | "shutoff" | "crashed" | "pmsuspended" | "disk-snapshot";

/** Kept inside the qcow2 file, or by freezing the file and writing to an overlay on top of it. */
export type Mode = "internal" | "external";

/** A frozen, named point in a domain's life. */
export interface Snapshot {
    readonly name: string;
    /** Name of the parent snapshot; null: a root. */
    readonly parent: string | null;
    /** Null where there is none. */
    readonly description: string | null;
    /** Whole seconds since 1970, UTC. */
    readonly creationTime: number;
    readonly state: SnapshotState;
    /** Null where the backend knows no such difference. */
    readonly mode: Mode | null;
    /** True: a checkpoint, which holds the guest's memory. */
    readonly memory: boolean;
    /** Disk target to the absolute path of the file that holds this snapshot's contents. */
    readonly files: Readonly<Record<string, string>>;
    /** Commands made its contents, or they are its parent's: they never were the domain's live state. */
    readonly made: boolean;
    /** New at each creation, the same for as long as the snapshot keeps its contents; null where the host has kept none. */
    readonly contentId: string | null;
    /** A leaf is being merged into its contents, and that was interrupted: until it is run again to its end, there is no going back to it. */
    readonly committing: boolean;
    /** Who manages it; null: nobody said so. */
    readonly owner: string | null;
    /** Bytes that it takes on the disk and that nothing else needs; null where that was not asked for or is not known. */
    readonly bytes: number | null;
}
