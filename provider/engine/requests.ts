import type { Again, Desired } from "../plan";
import type { CreateSettings, DeleteScope, Leave, Loss, PowerChoice, RedefineOperation } from "../model";

/** Accepted losses: all, none, or those that are listed (`snapshot:d`, `branch:case-42`, `tip`). */
export type Force = boolean | readonly Loss[];

/** A command of `provision`: run as it is, never by a shell. */
export interface Command {
    /** Program and arguments. */
    readonly command: readonly string[];
    /** Added to the environment; values are blotted out of what is shown of the output. */
    readonly env?: Readonly<Record<string, string>>;
    /** Seconds; default: no limit. */
    readonly timeout?: number;
    /** Folder to run in; default: that of the program. */
    readonly cwd?: string;
}

/** A snapshot that is asked for. */
export interface CreateRequest extends CreateSettings {
    /** Default: the seconds since 1970, as libvirt does. */
    readonly name?: string;
    /** A snapshot's name; null: a root, which only a domain without snapshots can take; absent: the current snapshot. */
    readonly parent?: string | null;
    /** Run in order on a fresh leaf of the parent before the snapshot is taken. */
    readonly provision?: readonly Command[];
    readonly force?: Force;
}

/** Metadata to restore or to alter; what is absent stays. */
export type RedefineRequest = Omit<RedefineOperation, "kind">;

export interface DeleteRequest {
    /** Default: `keepChildren`. */
    readonly scope?: DeleteScope;
    /**
     * Where the domain is at the snapshot, with nothing written since: `keep` (default) leaves its disks as they are, which then differ from what is
     * current; `parent` moves it back to the parent if commands made the snapshot's contents, which is where its creation took it from.
     */
    readonly tip?: "keep" | "parent";
    readonly force?: Force;
}

/** How the domain goes elsewhere. */
export interface MoveRequest {
    /** Keep the tip that is left as this branch; true: as an automatic one. */
    readonly keep?: string | true;
    /** What the domain does afterwards. Default: `shutoff`; back at a checkpoint, what the guest did there. */
    readonly powerState?: PowerChoice;
    /** What to do first with a domain that runs. Default: `refuse`. */
    readonly leave?: Leave;
    readonly force?: Force;
}

export interface RevertRequest extends MoveRequest {
    /** The tip becomes the snapshot's state again. The default; `reset`, `follow` and `commit` exclude each other. */
    readonly reset?: boolean;
    /** Goes on from the leaf that stands directly on the snapshot, as it is. */
    readonly follow?: boolean;
    /** Merges that leaf into the snapshot's file, and takes the snapshot again there. */
    readonly commit?: boolean;
    /** The snapshot's name is deleted afterwards. */
    readonly discard?: boolean;
    /** The guest's firmware variables start from their template again. */
    readonly resetNvram?: boolean;
}

/** A branch that is asked for. */
export interface BranchRequest {
    /** The snapshot that it forks from. */
    readonly from: string;
    /** Who manages it, as the records mark it. */
    readonly owner?: string;
}

export interface UnbranchRequest {
    /** Merge its leaf into the snapshot that it stands on first. Default: the leaf goes. */
    readonly commit?: boolean;
    /** Where the domain is on it: `refuse` (default), or `leave`: the tip goes on without a name. */
    readonly active?: "refuse" | "leave";
    readonly force?: Force;
}

export interface ResetRequest {
    /** Back to the snapshot that it forks from: its own snapshots go too. Default: to its newest snapshot. */
    readonly toFork?: boolean;
    readonly force?: Force;
}

/** At most one; default: the tip is kept as a branch. The `Force` ones also accept that others are lost. */
export interface DeactivateRequest {
    readonly merge?: boolean;
    readonly mergeForce?: boolean;
    readonly discard?: boolean;
    readonly discardForce?: boolean;
}

export interface DoctorRequest {
    /** Repair what can be repaired without losing anything. Default: only look. */
    readonly repair?: boolean;
}

/** What happens while an operation runs. */
export interface Progress {
    /** `wait`: for a lock; `recover`: an interrupted operation was finished or undone; `begin`, `step` and `done`: of an operation; `output`: a line of a provision command. */
    readonly kind: "wait" | "recover" | "begin" | "step" | "done" | "output";
    readonly message: string;
    /** Of the operation: 0 to 1, where known. */
    readonly fraction?: number;
}

export interface RunOptions {
    readonly onProgress?: (progress: Progress) => void;
    readonly signal?: AbortSignal;
}

/** How a hierarchy is imported. */
export interface ImportOptions extends RunOptions {
    /** The lock that a migration holds where the domain comes from. Default: none. */
    readonly held?: AsyncDisposable;
}

/** How a plan is applied. */
export interface ApplyOptions extends RunOptions {
    /** Losses that are agreed to. */
    readonly force?: Force;
    /** Snapshot name to the commands that change its contents before it is taken. */
    readonly provision?: Readonly<Record<string, readonly Command[]>>;
}

/** What a hierarchy is to be made, decided on what is there. */
export interface Wanted {
    readonly desired: Desired;
    /** What of it is taken again although it is there. Default: nothing. */
    readonly again?: Again;
}
