import type { ProvisionStep, Step } from "../backends/backend";

/** A snapshot of the host's: what the host knows it by, or a reference to one that is only about to be taken. */
export type Ref = string;

/** How such references begin. Nothing that anybody names can hold it. */
const NEW = "\u0001new:";

export function newRef(number: number): Ref {
    return `${NEW}${number}`;
}

/** Which one it is of those that a transaction is about to take. */
export function numberOfNew(ref: Ref): number {
    return Number(ref.slice(NEW.length));
}

export function isNew(ref: Ref): boolean {
    return ref.startsWith(NEW);
}

/** JSON in which each reference is what it means by now; one that means nothing yet stays. */
export function withoutRefs(json: string, meaning: (ref: Ref) => string | undefined): string {
    return json.replaceAll(/"\\u0001new:\d+"/g, (whole) => {
        const found = meaning(JSON.parse(whole) as Ref);
        return found === undefined ? whole : JSON.stringify(found);
    });
}

/** How a snapshot of a machine that runs is taken. */
export interface RunningTake {
    /** With what its memory holds. */
    readonly memory: boolean;
    /** Without stopping it. */
    readonly live: boolean;
    /** The guest writes out what it has to write first. */
    readonly quiesce: boolean;
}

/** Takes a snapshot of the current state. Taken back, its contents go back to the current state. */
export interface TakeStep extends Step {
    readonly kind: "take";
    readonly ref: Ref;
    readonly name: string;
    readonly description: string | null;
    /** Those that have the name already. */
    readonly others: readonly string[];
    /** Null: of a machine that is off. */
    readonly running: RunningTake | null;
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
    /** What it is to leave holds nothing of its own. */
    readonly clean: boolean;
}

/** A saved state goes: commands are to change the disks that it would go on with. */
export interface DiscardStateStep extends Step {
    readonly kind: "discardState";
}

export interface EditStep extends Step {
    readonly kind: "edit";
    readonly node: Ref;
    readonly name?: string;
    /** Null: none any more. */
    readonly description?: string | null;
}

/** Removes a snapshot, whose contents the host merges into what stands on it. */
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

export type NativeStep = TakeStep | RestoreStep | ArriveStep | EditStep | DeleteStep | RecordsStep | HaltStep | DiscardStateStep | FreshProvisionStep;
