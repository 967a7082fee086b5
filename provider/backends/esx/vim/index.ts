export * from "./types";
export { connectVim, type RemoveOptions, type Vim } from "./vim";
export { faultOf, VimError } from "./faults";
