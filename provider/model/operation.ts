import type { HierarchyExport } from "./export";
import type { Mode } from "./snapshot";

/** What the domain is to do once it stands elsewhere. */
export type PowerChoice = "shutoff" | "running" | "paused";

/** What to do with a running domain before it is switched away from its state (design section 2, *leave*). */
export type Leave = "refuse" | "shutdown" | "checkpoint" | "destroy";

/** How an operation leaves one tip and arrives at another. */
export interface Move {
    /** The automatic or named branch that keeps the tip which is left; null: it has a branch already, or goes. */
    readonly keepTip: string | null;
    /** Default: `shutoff`; back at a checkpoint, what the guest did there. */
    readonly powerState?: PowerChoice;
    /** Default: `refuse`. */
    readonly leave?: Leave;
}

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
    /** What to do first with a domain that runs, where it can't stay where it is. Default: `refuse`. */
    readonly leave?: Leave;
    /** Who manages it, as the records mark it; default: nobody. */
    readonly owner?: string;
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
    /** Null: none any more. */
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
    /** `keep`: the backing chain stays as it is, with an unnamed inner file where the contents were (discard). Default: files are merged. */
    readonly chain?: "keep";
}

/** The tip becomes the snapshot's state again (reset). The branch that runs directly on it is emptied; any other keeps what it has. */
export interface RevertOperation extends Move {
    readonly kind: "revert";
    readonly name: string;
    /** The guest's firmware variables start from their template again. */
    readonly resetNvram?: boolean;
    /** Also what the hypervisor calls risky (libvirt's `--force`). */
    readonly force?: boolean;
}

/** A leaf's changes are merged into the contents of the snapshot that it stands on, which is taken again there. */
export interface CommitOperation {
    readonly kind: "commit";
    readonly name: string;
    /** The branch whose leaf it is; null: the domain's tip, which has no branch. */
    readonly branch: string | null;
    /** Nothing is taken again: the snapshot's name goes, and the chain shrinks to what it was before it. */
    readonly discard: boolean;
    /** Other snapshots that stand on the old contents, and become invalid: they go. Children first. */
    readonly snapshots: readonly string[];
    /** Other branches that do. */
    readonly branches: readonly string[];
}

/** A snapshot's contents become its parent's: what stands on it stands on the parent then, and its own name goes. */
export interface MergeOperation {
    readonly kind: "merge";
    readonly name: string;
    readonly into: string;
    /** Others that stand on the parent's old contents, and go. Children first. */
    readonly snapshots: readonly string[];
    readonly branches: readonly string[];
}

/** A branch is forked at a snapshot, leaf or not. The domain stays where it is. */
export interface BranchOperation {
    readonly kind: "branch";
    readonly name: string;
    readonly from: string;
    readonly owner?: string;
}

/** The domain goes over to a branch, and goes on from its disks as they are (follow). */
export interface SwitchOperation extends Move {
    readonly kind: "switch";
    readonly name: string;
}

/** A branch goes, with its leaf. Where the domain is on it, the tip goes on without a name. */
export interface UnbranchOperation {
    readonly kind: "unbranch";
    readonly name: string;
}

/** A branch's tip becomes what a snapshot holds; the domain stays on its branch. */
export interface ResetOperation {
    readonly kind: "reset";
    readonly name: string;
    /** The snapshot that its leaf stands on afterwards. */
    readonly to: string;
    /** The branch's own snapshots, which go with it: newest first. */
    readonly snapshots: readonly string[];
}

/** A branch gets another name. */
export interface RenameOperation {
    readonly kind: "rename";
    readonly name: string;
    readonly to: string;
}

/** A branch whose leaf is there is put into the records: one that was made elsewhere, or that only the disks still know. Disks are not touched. */
export interface AdoptOperation {
    readonly kind: "adopt";
    readonly name: string;
    readonly from: string | null;
    readonly tip: string | null;
    /** Disk target to the absolute path of its leaf; in the internal model, of the image that holds its tip snapshot. */
    readonly files: Readonly<Record<string, string>>;
    /** Name of its tip snapshot in its images, in the internal model; null in the external one. */
    readonly tag: string | null;
    /** The `<domain>` document that travels with it; absent: that of its newest snapshot. */
    readonly xml?: string;
    readonly owner?: string;
}

/** A hierarchy that was exported elsewhere is remembered here, whole or not at all. Disks are not touched, and those that it names stay somebody else's. */
export interface ImportOperation {
    readonly kind: "import";
    /** The domain's. */
    readonly name: string;
    /** What is not here yet; its domain, UUID and tip are this domain's. */
    readonly hierarchy: HierarchyExport;
}

/** Nothing is remembered of the domain any more, and its files are nobody's to write or remove. Disks are not touched. */
export interface ForgetOperation {
    readonly kind: "forget";
    /** The domain's. */
    readonly name: string;
}

/** One change of a hierarchy, as plans list them and backends carry them out. Plain data: it survives JSON. */
export type Operation =
    | CreateOperation
    | RedefineOperation
    | DeleteOperation
    | RevertOperation
    | CommitOperation
    | MergeOperation
    | BranchOperation
    | SwitchOperation
    | UnbranchOperation
    | ResetOperation
    | RenameOperation
    | AdoptOperation
    | ImportOperation
    | ForgetOperation;
