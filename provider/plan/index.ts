export { foresee } from "./foresee";
export { refuseLosses, type Accepted } from "./losses";
export { describe, Plan, staleNode } from "./plan";
export { type Keep, planCreate, planDelete, planRedefine, planRevert } from "./single";
export { type Desired, type DesiredSnapshot, plan } from "./tree";
