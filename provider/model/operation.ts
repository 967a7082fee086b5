import type { Mode } from "./snapshot";

/** How one disk takes part in a snapshot (`<disk>` under `<disks>` of a `<domainsnapshot>`). */
export interface DiskChoice {
    /** `no` leaves the disk out: it is shared and untouched. */
    readonly snapshot?: Mode | "no";
    /** Absolute path of the overlay that goes on top; default: a file of Snaptree's own naming beside the domain. */
    readonly file?: string;
    /** Format of that overlay; only `qcow2` is known. */
    readonly driver?: string;
}

/** How a snapshot is taken, besides its name and its place. Every field is optional; absent means the backend's own default. */
export interface CreateSettings {
    readonly description?: string;
    readonly mode?: Mode;
    /** Without the guest's memory. */
    readonly diskOnly?: boolean;
    /** Where an external checkpoint keeps the guest's memory. */
    readonly memoryFile?: string;
    /** Freeze the guest's file systems first. */
    readonly quiesce?: boolean;
    /** Compress what the snapshot holds: `zlib` or `zstd`. */
    readonly compression?: string;
    /** Disk target to how that disk takes part. */
    readonly disks?: Readonly<Record<string, DiskChoice>>;
    /** Leave the domain shut off afterwards. */
    readonly halt?: boolean;
    /** All disks or none. Backends of Snaptree always are. */
    readonly atomic?: boolean;
    /** Keep the guest running while its memory is saved. */
    readonly live?: boolean;
    /** The overlays named in `disks` are there already. */
    readonly reuseExternal?: boolean;
    /** Take it, then forget it. */
    readonly noMetadata?: boolean;
}

/** A snapshot is taken: of the tip as it is, or of what stands at its parent. */
export interface CreateOperation extends CreateSettings {
    readonly kind: "create";
    readonly name: string;
    readonly parent: string | null;
    /** `tip`: freezes the domain's live state. `parent`: freezes a fresh leaf of `parent` (of the tip, for a provisioned root). */
    readonly source: "tip" | "parent";
    /** Commands change the fresh leaf before it is frozen. They are no part of the operation: they may hold secrets. */
    readonly provisioned: boolean;
    /** The tip moves to the new snapshot; otherwise the domain stays on its branch. */
    readonly moveTip: boolean;
    /** The automatic branch that keeps the tip which is left. */
    readonly keepTip: string | null;
    /** The snapshot that has the name goes, once this one is there: both happen or neither. */
    readonly replace?: boolean;
}

/** What `redefine` restores or alters; absent fields stay. */
export interface RedefineOperation {
    readonly kind: "redefine";
    readonly name: string;
    readonly rename?: string;
    readonly description?: string | null;
    /** A whole `<domainsnapshot>` document, which restores a snapshot that was forgotten or replaces what is remembered. */
    readonly xml?: string;
    readonly creationTime?: number;
    readonly state?: string;
    /** Also makes it the current snapshot. */
    readonly current?: boolean;
    readonly force?: boolean;
}

/** What a delete takes along: `keepChildren` only the name; `subtree` all below it too; `children` only all below it; `metadata` only what is remembered. */
export type DeleteScope = "keepChildren" | "subtree" | "children" | "metadata";

export interface DeleteOperation {
    readonly kind: "delete";
    readonly name: string;
    readonly scope: DeleteScope;
    /** Branches that stand on what goes, and go with it. */
    readonly branches: readonly string[];
}

/** The tip becomes the snapshot's state again. */
export interface RevertOperation {
    readonly kind: "revert";
    readonly name: string;
    /** The branch that keeps the tip which is left; null: it has a branch already, or goes. */
    readonly keepTip: string | null;
}

/** One change of a hierarchy, as plans list them and backends carry them out. Plain data: it survives JSON. */
export type Operation = CreateOperation | RedefineOperation | DeleteOperation | RevertOperation;
