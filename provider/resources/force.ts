import type { Force } from "../engine/requests";

/** The losses that a program accepts, or all of them for one run with `SNAPTREE_FORCE=1`, which is what a destroy needs. */
export function acceptedLosses(force: Force | undefined): Force {
    return process.env.SNAPTREE_FORCE === "1" ? true : (force ?? false);
}

/** Whether one loss is accepted. */
export function accepts(force: unknown, loss: string): boolean {
    const accepted = acceptedLosses(force as Force | undefined);
    return accepted === true || (Array.isArray(accepted) && accepted.includes(loss));
}
