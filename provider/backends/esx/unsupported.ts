import { type CreateOperation, InvalidInputError, type Operation, quoted, type RedefineOperation, UnsupportedError } from "../../model";
import { BACKEND } from "./capabilities";
import type { EsxMachine } from "./machine";

function refuse(feature: string, nearest: string): UnsupportedError {
    return new UnsupportedError(BACKEND, feature, nearest);
}

export const CARRYING = "clone or export the machine with vCenter or ovftool: such a copy has no snapshots, so make them anew there";

function refuseSettings(operation: CreateOperation, machine: EsxMachine): void {
    if (operation.mode !== undefined)
        throw refuse(`${operation.mode} snapshots on request`, "vSphere has one kind, which keeps each snapshot in delta disks: leave mode out");
    if (operation.memoryFile !== undefined) throw refuse("memoryFile", "vSphere keeps a checkpoint’s memory in the machine’s own folder: leave it out");
    if (operation.compression !== undefined) throw refuse(`compression ${quoted(operation.compression)}`, "delta disks are as small as what was written");
    if (operation.reuseExternal) throw refuse("reuseExternal", "vSphere makes the delta disks itself: leave it out");
    if (operation.disks !== undefined && Object.keys(operation.disks).length > 0)
        throw refuse("choosing disks", "make a disk independent, which leaves it out of every snapshot");
    refuseQuiesce(operation, machine);
}

/** vSphere ignores it where memory is kept too, or the machine is off: a snapshot that was asked for must be what was asked for. */
function refuseQuiesce({ quiesce, diskOnly }: CreateOperation, { powerState, read }: EsxMachine): void {
    if (!quiesce || powerState !== "running") return; // Nothing is open on the disks of a machine that is off.
    if (!diskOnly)
        throw new InvalidInputError("quiesce is for snapshots without memory, which resumes as it was; add diskOnly, or leave quiesce out", "quiesce");
    if (!read.toolsRunning)
        throw refuse(
            "quiesce without VMware Tools running in the guest",
            "install or start VMware Tools there, shut the guest down first, or leave quiesce out",
        );
}

/** @throws UnsupportedError for what vSphere has not */
export function refuseUnsupported(operation: Operation, machine: EsxMachine): void {
    switch (operation.kind) {
        case "create":
            return void refuseSettings(operation, machine);
        case "revert":
            if (operation.resetNvram) throw refuse("resetNvram", "remove the machine’s .nvram file while it is off, and its firmware makes a new one");
            return;
        case "redefine":
            return void refuseMetadata(operation);
        case "adopt":
            throw refuse("adopting a branch from disks", CARRYING);
        case "import":
        case "forget":
            throw refuse("carrying a hierarchy to or from another host", CARRYING);
        default:
            return;
    }
}

/** The host itself says when a snapshot was taken, in which state and of what: only what it is called is anybody's to change. */
function refuseMetadata({ xml, state, creationTime, current }: RedefineOperation): void {
    if (xml === undefined && state === undefined && creationTime === undefined && !current) return;
    throw refuse("redefining a snapshot", "vSphere keeps all of it itself: names and descriptions can be changed, and nothing else needs to be");
}
