export { Snapshot } from "./snapshot";
export type { ProvisionCommandArgs, SnapshotArgs, SnapshotDiskArgs } from "./args";
export type { DeleteScope, DiskSnapshotMode, LeavePolicy, ProvisionPowerState, SnapshotMode, SnapshotState } from "../provider/generated/types";
