import type { ProvisionStep, Step } from "../backend";

/** A snapshot of VirtualBox's: its UUID, or that of one which is only about to be taken: `new:0`. */
export type Ref = string;

/** Takes a snapshot of the current state. Taken back, its contents go back to the current state. */
export interface TakeStep extends Step {
    readonly kind: "take";
    readonly ref: Ref;
    readonly name: string;
    readonly description: string | null;
    /** Those that have the name already. */
    readonly others: readonly string[];
    /** Of a machine that runs: without stopping it. */
    readonly live: boolean;
}

/** The current state becomes what a snapshot holds, after it was saved. Taken back, it is where it was. */
export interface RestoreStep extends Step {
    readonly kind: "restore";
    readonly to: Ref;
    readonly back: Ref;
}

/** The current state becomes what a snapshot holds, and what it was is gone. Done once: the media that the machine had tell. */
export interface ArriveStep extends Step {
    readonly kind: "arrive";
    readonly to: Ref;
    /** UUIDs of the media that it is to leave; null: those that it has when what comes before is done. */
    readonly over: readonly string[] | null;
}

export interface EditStep extends Step {
    readonly kind: "edit";
    readonly node: Ref;
    readonly name?: string;
    /** Null: none any more. */
    readonly description?: string | null;
}

/** Removes a snapshot, whose contents VirtualBox merges into what stands on it. */
export interface DeleteStep extends Step {
    readonly kind: "delete";
    readonly node: Ref;
}

/** Writes what Snaptree keeps, where the taking of a snapshot was the commit. */
export interface RecordsStep extends Step {
    readonly kind: "records";
    /** A `Stored`, as JSON, in which what was only about to be taken is called by its reference. */
    readonly stored: string;
}

/** Powers the machine off after its snapshot was taken. */
export interface HaltStep extends Step {
    readonly kind: "halt";
}

/** Commands change the current state, which holds what a snapshot does. */
export interface FreshProvisionStep extends ProvisionStep {
    /** What it holds before, and again when this is taken back. */
    readonly on: Ref;
}

export type VboxStep = TakeStep | RestoreStep | ArriveStep | EditStep | DeleteStep | RecordsStep | HaltStep | FreshProvisionStep;
