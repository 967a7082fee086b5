export { SnapshotBranch } from "./branch";
export {
    getHierarchy,
    type GetHierarchyArgs,
    getHierarchyOutput,
    type GetHierarchyOutputArgs,
    type GetHierarchyResult,
    type SnapshotDetails,
} from "./hierarchy";
export { Snapshot } from "./snapshot";
export { SnapshotTree } from "./tree";
export type { ProvisionCommandArgs, SnapshotArgs, SnapshotBranchArgs, SnapshotDiskArgs, SnapshotTreeArgs, TreeBranchArgs, TreeSnapshotArgs } from "./args";
export type {
    BranchRemoval,
    DeleteScope,
    DiskSnapshotMode,
    LeavePolicy,
    PowerState,
    ProvisionPowerState,
    PrunePolicy,
    SnapshotMode,
    SnapshotState,
    TreeBranch,
    TreeSnapshotState,
} from "../provider/generated/types";
