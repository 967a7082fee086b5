import type { Domain, Finding, Hierarchy, HierarchyExport, Mode, Operation } from "../model";

/** What a backend can do, as data: nothing else says so anywhere. */
export interface Capabilities {
    /** The backend's name, as errors show it. */
    readonly backend: string;
    /** Kinds of snapshot that can be asked for; empty: the hypervisor knows only one kind. */
    readonly modes: readonly Mode[];
    /** A new snapshot's mode where neither the program nor the hierarchy says one. */
    readonly defaultMode: Mode | null;
    /** Domains that run can be worked on, with checkpoints of their memory. */
    readonly running: boolean;
    readonly redefine: boolean;
    readonly rename: boolean;
    /** Bytes of UTF-8 that a snapshot's name can have at most. */
    readonly longestName: number;
    readonly quiesce: boolean;
    /** What `compression` can be; empty: nothing. */
    readonly compression: readonly string[];
    /** Single disks can be left out, and overlays placed. */
    readonly disks: boolean;
    /** `snaptree define` can make a domain. */
    readonly define: boolean;
    /** Disks can be worked on, and not only what the hypervisor does with them: branches, switch, follow, commit, provision, and snapshots elsewhere than at the tip. */
    readonly branches: boolean;
    /** Several creations can become one transaction: all of them happen, or none. */
    readonly together: boolean;
}

/** One change of the host, as data: it goes through the journal and is carried out, redone or undone from there. */
export interface Step {
    readonly kind: string;
    readonly [field: string]: unknown;
}

/**
 * Operations compiled to steps. `prepare` changes nothing that the stored hierarchy shows and can be undone; the commit makes the new
 * hierarchy true in one instant; `finish` may be repeated until it is through. A kill before the commit is undone, one after it finished.
 */
export interface Transaction {
    /** What it does, for messages: `create snapshot "a"`. */
    readonly title: string;
    /** Number of the hierarchy that the commit makes true. */
    readonly generation: number;
    readonly prepare: readonly Step[];
    readonly finish: readonly Step[];
    /** What the commit stores; no part of the journal. */
    readonly next: unknown;
}

/** A transaction as the journal holds it. */
export type JournalEntry = Omit<Transaction, "next">;

/** The step at which a snapshot's `provision` runs; backends put it where the leaf is ready. */
export interface ProvisionStep extends Step {
    readonly kind: "provision";
    /** Disk target to the file to change; empty where it is not locally writable, or where that is known only once the leaf is there. */
    readonly files: Readonly<Record<string, string>>;
}

export interface StepContext {
    readonly signal: AbortSignal | undefined;
    /** An earlier run was killed in this transaction: this step may have been carried out, or half of it. */
    readonly again: boolean;
    /** From 0 to 1, for steps that take long. */
    readonly onProgress: (fraction: number) => void;
}

/** A lock that is held; disposing of it gives it up. */
export type Lock = AsyncDisposable;

export interface LockOptions {
    /** What it is wanted for, as others will read it. */
    readonly purpose: string;
    readonly signal?: AbortSignal | undefined;
    /** Called once when somebody else has it, with who that is. */
    readonly onWait?: ((holder: string) => void) | undefined;
    /** A lock that whoever asks has already: on two hosts that reach the same disks, it may be this very one. */
    readonly held?: Lock | undefined;
}

/** What a listing is to tell besides. */
export interface ListOptions {
    /** Fill in `bytes`, for which the disks are looked at. */
    readonly sizes?: boolean;
    /** For whoever is told what a transaction came to, and decides nothing by it: snapshots that it did not touch may be as they were before it. */
    readonly outcome?: boolean;
    /** For whoever only adds to it: snapshots that this is not about may be as they were read a moment ago, where nothing shows that others were at work since. */
    readonly recent?: boolean;
}

/**
 * How something is repaired without losing anything: by the recovery that the next operation begins with; by an operation; or by something small that
 * leaves nothing half-done wherever it is interrupted.
 */
export type Remedy =
    | { readonly kind: "recover" }
    | { readonly kind: "operation"; readonly operation: Operation }
    | { readonly kind: "mend"; readonly mend: () => Promise<void> };

/** Something that is wrong with a domain, and what helps; null: nothing that loses nothing. */
export interface Diagnosis extends Pick<Finding, "kind" | "what" | "message"> {
    readonly remedy: Remedy | null;
}

export interface GuestOptions {
    readonly signal?: AbortSignal | undefined;
}

/**
 * What runs in a domain. Guests are no part of transactions: one is brought to its end before what it would be in the way of is even planned, and starts
 * once that is through.
 */
export interface Guest {
    /** Operations for which the domain must be shut off. @param hierarchy that in which it runs */
    mustLeave(operations: readonly Operation[], hierarchy: Hierarchy): boolean;
    /**
     * The guest comes to its end: by ACPI, or at once with what its memory holds. A managed save counts as a guest that runs.
     *
     * @throws HostError where it does not obey in time: it runs on, and nothing is lost.
     */
    leave(how: "shutdown" | "destroy", options: GuestOptions): Promise<void>;
    /** A guest that sleeps in a managed save goes on from there; any other stays as it is. */
    wake(): Promise<void>;
    /** The guest goes on as an operation that was carried out says: with a snapshot's memory, from its disks, or not at all. */
    arrive(operation: Operation, options: GuestOptions): Promise<void>;
}

/** One domain on a host, as the engine works on it. */
export interface ManagedDomain {
    readonly name: string;
    readonly capabilities: Capabilities;
    /** Null where domains never run. */
    readonly guest: Guest | null;
    /** One listing, whatever its size. Takes no lock. */
    hierarchy(options?: ListOptions): Promise<Hierarchy>;
    /** What is wrong with what the domain keeps. Changes nothing. The domain's lock is held, so that nothing is half-done that somebody is still at. */
    examine(signal?: AbortSignal): Promise<readonly Diagnosis[]>;
    domain(): Promise<Domain>;
    /** The `<domainsnapshot>` document of a snapshot. @throws NotFoundError */
    document(snapshot: string): Promise<string>;

    /** All that is remembered, to be remembered elsewhere. The domain's lock is held. */
    export(): Promise<HierarchyExport>;
    /** The same for two ways to one domain, and for no two domains. */
    identity(): Promise<string>;
    /** The domain goes from the host, and its disks stay. Only where nothing is remembered of it. The domain's lock is held. */
    undefine(): Promise<void>;

    lock(options: LockOptions): Promise<Lock>;
    /** Pure but for reading: nothing is changed until the steps run. Several operations become one transaction. */
    compile(operations: readonly Operation[]): Promise<Transaction>;
    perform(step: Step, context: StepContext): Promise<void>;
    undo(step: Step): Promise<void>;
    /** The files of a `provision` whose turn has come; absent: those that the step names. */
    readonly provisionFiles?: (step: ProvisionStep) => Promise<ProvisionStep["files"]>;
    commit(transaction: Transaction): Promise<void>;
    /** The stored hierarchy is the entry's, or a later one. */
    committed(entry: JournalEntry): Promise<boolean>;

    readJournal(): Promise<JournalEntry | null>;
    writeJournal(entry: JournalEntry): Promise<void>;
    clearJournal(): Promise<void>;
}

/** What `define` makes a domain of. */
export interface NewDomain {
    readonly name: string;
    /** Disk target to image. */
    readonly disks: readonly { readonly target: string; readonly file: string; readonly format: string }[];
}

/** A domain as it was defined elsewhere: its `<domain>` document, whose disks are there. */
export interface DomainDocument {
    readonly xml: string;
}

/** A connection to one host. */
export interface Backend extends AsyncDisposable {
    readonly capabilities: Capabilities;
    domains(): Promise<string[]>;
    /** @throws NotFoundError where the host is there and the domain is not; UnreachableError where the host is not. */
    open(domain: string): Promise<ManagedDomain>;
    /** @throws UnsupportedError where domains are defined with the hypervisor's own tools. */
    define(domain: NewDomain | DomainDocument): Promise<ManagedDomain>;
}

/** How a backend is found: the first that takes the URI. */
export interface BackendFactory {
    readonly accepts: (uri: URL) => boolean;
    readonly connect: (uri: URL, options: ConnectOptions) => Promise<Backend>;
}

export interface ConnectOptions {
    readonly password?: string | undefined;
}
