import { type CreateOperation, type Operation, type PowerState, quoted, UnsupportedError } from "../../model";
import { BACKEND } from "./capabilities";

function refuse(feature: string, nearest: string): UnsupportedError {
    return new UnsupportedError(BACKEND, feature, nearest);
}

function refuseSettings(operation: CreateOperation, powerState: PowerState): void {
    if (operation.quiesce) throw refuse("quiesce", "shut the guest down first, or take a checkpoint with its memory");
    if (operation.mode !== undefined)
        throw refuse(`${operation.mode} snapshots on request`, "VirtualBox has one kind, which keeps each snapshot in a differencing image: leave mode out");
    if (operation.memoryFile !== undefined) throw refuse("memoryFile", "VirtualBox keeps a checkpoint's memory in the machine's own folder: leave it out");
    if (operation.compression !== undefined)
        throw refuse(`compression ${quoted(operation.compression)}`, "compact the image with “VBoxManage modifymedium --compact” once the snapshot is deleted");
    if (operation.reuseExternal) throw refuse("reuseExternal", "VirtualBox makes the images itself: leave it out");
    if (operation.disks !== undefined && Object.keys(operation.disks).length > 0)
        throw refuse("choosing disks", "make a disk’s image writethrough, which leaves it out of every snapshot");
    if (operation.diskOnly && powerState !== "shutoff")
        throw refuse("a disk-only snapshot of a machine that runs", "shut it down first, or take a checkpoint with its memory");
}

export const CARRYING = "copy the machine’s folder and register it there, or use “VBoxManage clonevm --mode all”: snapshots and branches go with it";

/** @throws UnsupportedError for what VirtualBox has not */
export function refuseUnsupported(operation: Operation, powerState: PowerState): void {
    switch (operation.kind) {
        case "create":
            return void refuseSettings(operation, powerState);
        case "revert":
            if (operation.resetNvram) throw refuse("resetNvram", "run “VBoxManage modifynvram … inituefivarstore” on the machine afterwards");
            return;
        case "adopt":
            throw refuse("adopting a branch from disks", CARRYING);
        case "import":
        case "forget":
            throw refuse("carrying a hierarchy to or from another host", CARRYING);
        default:
            return;
    }
}
