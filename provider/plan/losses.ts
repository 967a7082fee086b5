import { DataLossError, type Loss } from "../model";

/** Accepted losses: all of them, none, or those listed. */
export type Accepted = boolean | readonly Loss[];

/** The losses that nobody agreed to. */
export function unaccepted(losses: readonly Loss[], accepted: Accepted): Loss[] {
    if (accepted === true) return [];
    const listed = new Set(accepted === false ? [] : accepted);
    return losses.filter((loss) => !listed.has(loss));
}

/** @throws DataLossError when something would go that nobody agreed to lose. */
export function refuseLosses(what: string, losses: readonly Loss[], accepted: Accepted): void {
    const refused = unaccepted(losses, accepted);
    if (refused.length > 0) throw new DataLossError(what, refused);
}
