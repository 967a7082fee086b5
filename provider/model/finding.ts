/**
 * What a finding is about:
 * - `journal`: an operation that was interrupted and waits to be finished or taken back;
 * - `leftover`: a temporary file or an empty overlay that nothing needs;
 * - `orphan`: a file in the domain's folder, or an internal snapshot in an image, that the records don't know;
 * - `chain`: a file is missing, or stands on another one than it should;
 * - `image`: an image is damaged;
 * - `document`: a `<domainsnapshot>` or `<domain>` document, or a copy of firmware variables, is missing or can't be read;
 * - `records`: the records can't be read, or contradict themselves;
 * - `domain`: the domain's own document can't be read, or contradicts the records;
 * - `commit`: a merge into a snapshot was interrupted, and the snapshot is no use until it is run again;
 * - `neighbour`: another domain of the host can't be read, and keeps this one's files from being told from its own;
 * - `kept`: no fault: contents that were only forgotten, or that somebody else keeps in an image, and that take room.
 */
export type FindingKind = "journal" | "leftover" | "orphan" | "chain" | "image" | "document" | "records" | "domain" | "commit" | "neighbour" | "kept";

/** Something that is wrong with what a domain keeps on its host. */
export interface Finding {
    readonly kind: FindingKind;
    /** The absolute path of the file that it is about; where it is about no single file, the name of the snapshot or domain. */
    readonly what: string;
    /** One sentence: what is wrong, why that matters, and what to do. */
    readonly message: string;
    /** It can be repaired without losing anything. */
    readonly repairable: boolean;
    /** It was. */
    readonly repaired: boolean;
}
