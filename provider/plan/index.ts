export { planBranch, planRename, planReset, planSwitch, planUnbranch, type Unbranch } from "./branches";
export { foresee } from "./foresee";
export { refuseLosses, type Accepted } from "./losses";
export type { Arrival } from "./moves";
export { describe, Plan, staleNode } from "./plan";
export { type Deactivation, planDeactivate, planRevert, type Revert } from "./revert";
export { planCreate, planDelete, planRedefine } from "./single";
export { type Desired, type DesiredBranch, type DesiredSnapshot, plan } from "./tree";
