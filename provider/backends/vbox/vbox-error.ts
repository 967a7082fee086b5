import { BusyError, type ErrorDetails, HostError } from "../../model";
import type { Complaint } from "./complaint";

/** VirtualBox refused; `command`, `exitCode` and `stderr` (its own words) are in the details. */
export class VBoxError extends HostError {
    override readonly name = "VBoxError";
    constructor(
        message: string,
        readonly complaint: Complaint,
        details: ErrorDetails,
    ) {
        super(message, details);
    }

    /** What VirtualBox's service answered: `VBOX_E_OBJECT_NOT_FOUND`, `VBOX_E_INVALID_VM_STATE`, …; null where VBoxManage itself refused. */
    get code(): string | null {
        return this.complaint.code;
    }
}

/** Somebody else's session has the machine, or VirtualBox is still at work on it. */
class LockedError extends BusyError {}

/** The calls to VirtualBox's service that fail where another session has the machine. */
const LOCKING = /^(?:LockMachine|LaunchVMProcess|Unregister)\(/;

function tellsOfLock({ words, code, context }: Complaint): boolean {
    if (code === "VBOX_E_INVALID_VM_STATE") return words.includes("while it is changing state");
    if (code === "E_ACCESSDENIED" && words.includes("only the process started by LaunchVMProcess")) return true; // It is being started.
    return code === "VBOX_E_INVALID_OBJECT_STATE" && LOCKING.test(context ?? "");
}

/** A lock that was asked for and neither given nor refused, as calls that crossed each other leave one: until the service ends, nobody gets the machine. */
function tellsOfWedge({ words, code, context }: Complaint): boolean {
    if (/already has a lock request pending|object is not ready/.test(words)) return true;
    return code === "NS_ERROR_FAILURE" && (context ?? "").startsWith("LockMachine(");
}

/** The service ended before it answered. */
function tellsOfLoss({ code }: Complaint): boolean {
    return code === "NS_ERROR_ABORT" || code === "NS_ERROR_CALL_FAILED";
}

/** The machine's document, or what it needs besides, could not be read when the service looked, and it does not look again. */
function tellsOfLimit({ words, code }: Complaint): boolean {
    return code === "E_ACCESSDENIED" && words.includes("functionality is limited");
}

/** There is no such machine, snapshot or medium. */
export function isNotFound(error: unknown): error is VBoxError {
    return error instanceof VBoxError && error.code === "VBOX_E_OBJECT_NOT_FOUND";
}

/** Another session of VirtualBox has the machine, or it is still at work on it: nothing was done. */
export function isLocked(error: unknown): error is BusyError {
    return error instanceof LockedError;
}

/** VirtualBox's service is stuck with the machine, and stays so until it has ended; nobody knows whether the call was carried out. */
export function isWedged(error: unknown): error is VBoxError {
    return error instanceof VBoxError && tellsOfWedge(error.complaint);
}

/** VirtualBox knows the machine, and could not read its document when it looked: it does nothing with it. */
export function isInaccessible(error: unknown): error is VBoxError {
    return error instanceof VBoxError && tellsOfLimit(error.complaint);
}

function adviceFor(complaint: Complaint): string {
    if (tellsOfWedge(complaint))
        return "; VirtualBox’s service is stuck with this machine: close all of VirtualBox, wait until VBoxSVC has ended, look at the machine and run again";
    if (tellsOfLoss(complaint)) return "; VirtualBox’s service (VBoxSVC) ended in the middle of it: look at the machine, then run again";
    if (tellsOfLimit(complaint))
        return "; the machine is inaccessible: look why with “VBoxManage list vms --long”, mend that, wait until VBoxSVC has ended and run again";
    return "";
}

/** What a refused call fails with. @param verb as messages show it: `snapshot take` */
export function refused(verb: string, complaint: Complaint, details: ErrorDetails): VBoxError | BusyError {
    const what = `VBoxManage ${verb} failed: ${complaint.words}`;
    if (tellsOfLock(complaint) && !tellsOfWedge(complaint)) {
        const who = "a virtual machine that runs, VirtualBox’s window, another VBoxManage";
        const message = `${what}; wait until that is through, or close what has the machine (${who}), and run again`;
        return new LockedError(message, "another session of VirtualBox");
    }
    return new VBoxError(`${what}${adviceFor(complaint)}`, complaint, details);
}
