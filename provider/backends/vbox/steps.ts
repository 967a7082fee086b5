import type { NativeStep } from "../../native/steps";
import type { Step } from "../backend";
import type { Rewriting } from "./rewrite";

/** Has VirtualBox read the machine's document with some of it changed. */
export interface RewriteStep extends Step {
    readonly kind: "rewrite";
    readonly rewriting: Rewriting;
    /** The times that it changes, as they were. What was put back stays: its contents would go with it. */
    readonly before: Rewriting["times"];
}

export type VboxStep = NativeStep | RewriteStep;
