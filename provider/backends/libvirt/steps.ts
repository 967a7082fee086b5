import type { Step } from "../backend";
import type { Remembering } from "./documents";
import type { DefineStep } from "./place";

/** Has libvirt's snapshots be those of the records. */
export interface RememberStep extends Step, Remembering {
    readonly kind: "remember";
}

/** The same for what libvirt took by itself: what that came to is looked at then. */
export interface AgreeStep extends Step {
    readonly kind: "agree";
}

/** What is done through libvirt, and not to files. */
export type LibvirtStep = DefineStep | RememberStep | AgreeStep;

export function isLibvirtStep(step: Step): step is LibvirtStep {
    return step.kind === "define" || step.kind === "remember" || step.kind === "agree";
}
