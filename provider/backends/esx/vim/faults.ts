import { BusyError, HostError, NotFoundError, quoted, StalePlanError, type ErrorDetails } from "../../../model";
import { NOTHING, partOf, partsOf, textOf, type Part } from "./part";

/** What a host refuses a call or a task with. */
export interface Fault {
    /** Its type in the vSphere API: `TooManySnapshotLevels`. */
    readonly type: string;
    /** The host's own words. */
    readonly words: string;
    /** What it tells besides: `privilegeId`, `existingState`, `datastore`, … */
    readonly facts: Part;
}

/** The host refused: `fault` is the fault's type in the vSphere API, and `words` in the details are the host's own. */
export class VimError extends HostError {
    override readonly name = "VimError";
    constructor(
        message: string,
        readonly fault: string,
        details: ErrorDetails,
    ) {
        super(message, details);
    }
}

/** Something else is at work on the machine: nothing was done. */
class VimBusyError extends BusyError {
    constructor(
        message: string,
        readonly fault: string,
    ) {
        super(message, "another task on the host");
    }
}

/** The machine was changed in between: nothing was done. */
class VimStaleError extends StalePlanError {
    constructor(
        message: string,
        readonly fault: string,
    ) {
        super(message);
    }
}

/** What the call was about is not there. */
class VimNotFoundError extends NotFoundError {
    constructor(
        message: string,
        readonly fault: string,
    ) {
        super(message);
    }
}

/** The type of the fault that an error comes from: `TooManySnapshotLevels`; null where it comes from none. */
export function faultOf(error: unknown): string | null {
    if (error instanceof VimError || error instanceof VimBusyError || error instanceof VimStaleError || error instanceof VimNotFoundError) return error.fault;
    return null;
}

type Advice = string | ((facts: Part) => string);

function fact(facts: Part, name: string): string {
    const text = textOf(facts, name);
    return text ? quoted(text) : "one that the host does not name";
}

const SPACE = "free some on the datastore (snapshots that nobody needs take most), or move the machine to another, and run again";
const VERSION = "the host or its license does not offer this for the machine; upgrade what is too old, or do without";
const ADMINISTRATOR = "it is the host's administrator who can allow it";

/**
 * What to do about each fault, after what the host says itself.
 *
 * @see the vSphere Web Services API reference, SnapshotFault, InvalidState, FileFault and RuntimeFault with those under them
 */
const ADVICE: Readonly<Record<string, Advice>> = {
    // SnapshotFault
    TooManySnapshotLevels: "the chain of snapshots is as deep as the host allows (32): delete snapshots between, or create it further up",
    SnapshotDisabled: "snapshots are disabled for the machine: remove snapshot.maxSnapshots = 0 or snapshot.disabled from its configuration, and run again",
    SnapshotLocked: "the machine's snapshots are locked, as a backup or a clone does: wait until that is through, and run again",
    SnapshotNoChange: "nothing has changed since the snapshot before, and this machine takes none of the same state: use that one",
    SnapshotIncompatibleDeviceInVm: (facts) =>
        `a device of the machine can't be part of a snapshot (${partOf(facts, "fault", "localizedMessage")?.text || "the host does not name it"}): remove it, or make its disk an independent one`, // prettier-ignore
    MemorySnapshotOnIndependentDisk:
        "memory can't be kept beside independent disks: take it disks only, with the machine shut off, or make the disks dependent",
    MultipleSnapshotsNotSupported: "this machine can have one snapshot and no more: delete that first",
    SnapshotCloneNotSupported: "the machine can't be cloned while it has snapshots: delete them first",
    SnapshotMoveNotSupported: "the machine can't be moved while it has snapshots: delete them first",
    SnapshotMoveFromNonHomeNotSupported: "files of its snapshots are not in the machine's own folder: consolidate the machine first",
    SnapshotMoveToNonHomeNotSupported: "files of its snapshots can't leave the machine's own folder: delete the snapshots first",
    SnapshotRevertIssue: "the machine as it was does not fit this host: look at its network, its storage and its CPU there",
    FilesystemQuiesceFault: "the guest's file systems could not be brought to rest: look at VMware Tools and its services in the guest, or leave quiesce out",
    ApplicationQuiesceFault: "an application in the guest could not be brought to rest: look at the guest's event log, or leave quiesce out",
    SnapshotFault: "the host could not work on the snapshot: look at the machine's events there",
    InvalidSnapshotFormat: "the snapshot's files are damaged or of another version: restore them, or delete the snapshot",
    // What the machine is in
    InvalidPowerState: (facts) => `it is ${textOf(facts, "existingState") || "in another power state"}: bring it to ${textOf(facts, "requestedState") || "the right one"} first`, // prettier-ignore
    InvalidState: "the machine is not in a state for this: look at it on the host",
    InvalidVmState: "the machine is not in a state for this: look at it on the host",
    InvalidHostState: "the host is not in a state for this, as in maintenance: bring it back, and run again",
    InvalidHostConnectionState: "the vCenter has lost the host: reconnect it, and run again",
    HostNotConnected: "the vCenter has lost the host: reconnect it, and run again",
    HostNotReachable: "the vCenter can't reach the host: look at the network between them, and run again",
    HostCommunication: "the vCenter can't speak to the host: look at the network between them, and run again",
    ToolsUnavailable: "VMware Tools do not run in the guest: install and start them, or do without what needs them",
    VmToolsUpgradeFault: "VMware Tools are at odds with the host: upgrade them in the guest",
    QuestionPending: "the host has a question open about the machine: answer it there, and run again",
    MethodDisabled: (facts) => `it is disabled by ${fact(facts, "source")}, as a backup does while it runs: wait until that is through, and run again`,
    // Files and space
    NoDiskSpace: (facts) => `the datastore ${fact(facts, "datastore")} is full: ${SPACE}`,
    DiskNotEnoughSpace: SPACE,
    InsufficientStorageSpace: SPACE,
    FileTooLarge: "the file would be larger than its datastore can hold: move the machine to another",
    FileNotFound: (facts) => `the file ${fact(facts, "file")} is gone: restore it, or take what needs it out of the machine`,
    FileLocked: (facts) => `the file ${fact(facts, "file")} is locked, by another machine or a backup: end that, and run again`,
    FileFault: (facts) => `look at the file ${fact(facts, "file")}`,
    CannotAccessFile: (facts) => `the file ${fact(facts, "file")} can't be read: look at its datastore`,
    CannotAccessVmDisk: "a disk's file can't be read: look at its datastore",
    InaccessibleDatastore: "a datastore can't be reached: bring it back, and run again",
    InsufficientResourcesFault: "the host has not enough memory or CPU left: free some, and run again",
    InsufficientMemoryResourcesFault: "the host has not enough memory left: free some, and run again",
    InsufficientCpuResourcesFault: "the host has not enough CPU left: free some, and run again",
    // What may be done
    NoPermission: (facts) => `the user lacks the privilege ${fact(facts, "privilegeId")} on it: have it granted, or log in as another user`,
    RestrictedVersion: "the host's license does not allow changes over its API: give the host a license that does",
    RestrictedByAdministrator: ADMINISTRATOR,
    LicenseRestricted: "the host's license does not allow it: give the host a license that does",
    NotEnoughLicenses: "the host has no license left for it: give it one",
    NotSupported: VERSION,
    MethodNotFound: VERSION,
    NotImplemented: VERSION,
    HostAccessRestrictedToManagementServer: "the host is managed by a vCenter and takes this from there alone: connect to that, with vpx://",
    // What was asked for
    InvalidName: (facts) => `it does not take ${fact(facts, "name")} for a name: choose another`,
    DuplicateName: (facts) => `${fact(facts, "name")} is taken: choose another name`,
    InvalidArgument: (facts) => `it does not take what was given for ${fact(facts, "invalidProperty")}; tell Snaptree's makers, with the host's version`,
    InvalidRequest: "the host does not understand the call; tell Snaptree's makers, with the host's version",
    InvalidProperty: "the host is older than what Snaptree asks it: upgrade it",
    InvalidType: "the host is older than what Snaptree asks it: upgrade it",
    RequestCanceled: "somebody cancelled it on the host: run again",
    Timedout: "the host gave it up after a while: look whether it is overloaded, and run again",
    GenericVmConfigFault: "the host could not work on the machine: look at its events there",
    SystemError: "the host failed within: look at its events and logs",
    HostConfigFault: "the host failed within: look at its events and logs",
};

/** Others are busy with the machine. */
const BUSY: Readonly<Record<string, string>> = {
    TaskInProgress: "another task is at work on it: wait until that is through, and run again",
    SnapshotLocked: ADVICE.SnapshotLocked as string,
    FileLocked: "another machine or a backup has a file of it: end that, and run again",
    MethodDisabled: "something that runs, as a backup, has disabled it meanwhile: wait until that is through, and run again",
    ResourceInUse: "it is in use: wait until that is over, and run again",
    VAppTaskInProgress: "another task is at work on its vApp: wait until that is through, and run again",
};

const DEFAULT = "look at the events on the host";

function adviceFor({ type, facts }: Fault): string {
    const advice = ADVICE[type] ?? DEFAULT;
    return typeof advice === "string" ? advice : advice(facts);
}

/** Without its end, so that a sentence can go on behind it. */
function unended(words: string): string {
    return words.replace(/\s+/g, " ").trim().replace(/[.;:!]+$/, ""); // prettier-ignore
}

/** What a fault says of itself: the localized message, then what its list of messages tells beyond. */
function wordsOf(said: string, facts: Part): string {
    const further = partsOf(facts, "faultMessage").map((message) => textOf(message, "message") ?? "");
    const reason = textOf(facts, "reason") ?? "";
    const all = [said, reason, ...further].map(unended).filter((words) => words !== "");
    const distinct = all.filter((words, index) => !all.slice(0, index).some((before) => before.includes(words)));
    return distinct.join("; ").slice(0, 500);
}

function typeOf(facts: Part): string {
    return facts.kind ?? facts.name.replace(/Fault$/, "");
}

/** The fault of a call. @param part `<Fault>` */
export function faultOfCall(part: Part): Fault {
    const facts = partOf(part, "detail")?.parts[0] ?? NOTHING;
    return { type: typeOf(facts) || "Fault", words: wordsOf(textOf(part, "faultstring") ?? "", facts), facts };
}

/** The fault of a task, or any other LocalizedMethodFault. */
export function localizedFault(part: Part): Fault {
    const facts = partOf(part, "fault") ?? NOTHING;
    return { type: typeOf(facts) || "Fault", words: wordsOf(textOf(part, "localizedMessage") ?? "", facts), facts };
}

/**
 * What a refused call or task fails with: one sentence that says what, why, and what to do.
 *
 * @param title what was to be done: `create snapshot "a" of "web"`
 */
export function refused(title: string, shown: string, fault: Fault): Error {
    const { type, words } = fault;
    const said = words === "" || words === type ? type : `${words} (${type})`;
    const what = `${shown} did not ${title}: ${said}`;
    if (type === "ManagedObjectNotFound") return new VimNotFoundError(`${what}; it is gone: look what is there, and run again`, type);
    if (type === "ConcurrentAccess") return new VimStaleError(`${what}; somebody else changed the machine in between, and nothing was done: run again`, type);
    const busy = BUSY[type];
    if (busy !== undefined) return new VimBusyError(`${what}; ${busy}`, type);
    return new VimError(`${what}; ${adviceFor(fault)}`, type, { fault: type, words });
}
