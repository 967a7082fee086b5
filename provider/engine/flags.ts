import { FlagConflictError } from "../model";
import type { CreateRequest, DeactivateRequest, RevertRequest } from "./requests";

/** Flags of a creation as the API of the v2 and v3 mails has them; `redefine` is a request of its own in this library. */
export interface CreationFlags extends Partial<Pick<CreateRequest, "noMetadata" | "halt" | "diskOnly" | "quiesce" | "reuseExternal" | "memoryFile" | "live">> {
    readonly redefine?: boolean;
    readonly current?: boolean;
}

/**
 * Refuses flags that exclude each other, before anything else and with libvirt's own wording where it has one (design section 2).
 *
 * @throws FlagConflictError
 */
export function checkFlags(flags: CreationFlags): void {
    if (flags.current && !flags.redefine) throw new FlagConflictError("use of current flag requires redefine flag");
    if (flags.redefine && flags.noMetadata) throw new FlagConflictError("redefine and no metadata flags are mutually exclusive");
    if (flags.redefine && flags.halt) throw new FlagConflictError("redefine and halt flags are mutually exclusive");
    if (flags.redefine && flags.live) throw new FlagConflictError("redefine and live flags are mutually exclusive");
    if (flags.quiesce && !flags.diskOnly) throw new FlagConflictError("quiesce requires disk-only: quiesce and memory flags are mutually exclusive");
    if (flags.diskOnly && flags.memoryFile !== undefined) throw new FlagConflictError("disk-only and memory file flags are mutually exclusive");
}

/** Refuses those that are given together with another of them. */
export function checkExclusive(flags: Readonly<Record<string, boolean | undefined>>): void {
    const [first, second] = Object.keys(flags).filter((name) => flags[name]);
    if (first !== undefined && second !== undefined) throw new FlagConflictError(`${first} and ${second} flags are mutually exclusive`);
}

/** Follow, reset and commit say three different things of where the tip is to be. @throws FlagConflictError */
export function checkRevertFlags({ follow, reset, commit }: Pick<RevertRequest, "follow" | "reset" | "commit">): void {
    checkExclusive({ follow, reset, commit });
}

/** @throws FlagConflictError */
export function checkDeactivateFlags({ merge, mergeForce, discard, discardForce }: DeactivateRequest): void {
    checkExclusive({ merge, "merge-force": mergeForce, discard, "discard-force": discardForce });
}
