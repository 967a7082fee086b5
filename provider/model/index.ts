export * from "./branch";
export * from "./domain";
export * from "./errors";
export * from "./finding";
export * from "./hierarchy";
export * from "./names";
export * from "./operation";
export * from "./snapshot";
