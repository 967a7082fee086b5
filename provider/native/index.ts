/** A hierarchy over the snapshots of a hypervisor that keeps a tree of its own: which of them have names, which are tips of branches, and how to get from one such state to another. */
export * from "./by-hand";
export * from "./compile";
export * from "./draft";
export * from "./guest";
export * from "./journal";
export * from "./listing";
export * from "./records";
export * from "./steps";
export * from "./transaction";
