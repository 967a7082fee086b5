export { Snapshot } from "./snapshot";
export { SnapshotBranch } from "./branch";
export type { ProvisionCommandArgs, SnapshotArgs, SnapshotBranchArgs, SnapshotDiskArgs } from "./args";
export type {
    BranchRemoval,
    DeleteScope,
    DiskSnapshotMode,
    LeavePolicy,
    PowerState,
    ProvisionPowerState,
    SnapshotMode,
    SnapshotState,
} from "../provider/generated/types";
