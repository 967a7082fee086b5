/** A name for a tip that can be left and returned to. */
export interface Branch {
    readonly name: string;
    /** The snapshot that it forks from; null: from before the first snapshot. */
    readonly from: string | null;
    /** The newest snapshot on it; its fork where it has none of its own. */
    readonly tip: string | null;
    /** The domain runs on this branch. */
    readonly active: boolean;
    /** Its tip differs from its newest snapshot. */
    readonly dirty: boolean;
    /** Disk target to the absolute path of its leaf; in the internal model, of the image that holds its tip snapshot. */
    readonly files: Readonly<Record<string, string>>;
    /** Who manages it; null: nobody said so. */
    readonly owner: string | null;
    /** Bytes that its leaf takes on the disk; null where that was not asked for or is not known. */
    readonly bytes: number | null;
}
