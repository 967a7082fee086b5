import { DataLossError, type Hierarchy, type Loss, type LossSizes } from "../model";

/** Accepted losses: all of them, none, or those listed. */
export type Accepted = boolean | readonly Loss[];

/** The losses that nobody agreed to. */
export function unaccepted(losses: readonly Loss[], accepted: Accepted): Loss[] {
    if (accepted === true) return [];
    const listed = new Set(accepted === false ? [] : accepted);
    return losses.filter((loss) => !listed.has(loss));
}

/** @throws DataLossError when something would go that nobody agreed to lose. */
export function refuseLosses(what: string, { losses, sizes }: { readonly losses: readonly Loss[]; readonly sizes: LossSizes }, accepted: Accepted): void {
    const refused = unaccepted(losses, accepted);
    if (refused.length === 0) return;
    const listed = new Set(refused);
    throw new DataLossError(what, refused, Object.fromEntries(Object.entries(sizes).filter(([loss]) => listed.has(loss))));
}

/** Bytes of losses, as far as a hierarchy knows them; the tip without a branch has none that are listed. */
export function sizesOf({ snapshots, branches }: Hierarchy, losses: readonly Loss[]): LossSizes {
    const wanted = new Set(losses);
    const nodes = [
        ...snapshots.map(({ name, bytes }) => ({ loss: `snapshot:${name}`, bytes })),
        ...branches.map(({ name, bytes }) => ({ loss: `branch:${name}`, bytes })),
    ];
    return Object.fromEntries(nodes.flatMap(({ loss, bytes }) => (bytes !== null && wanted.has(loss) ? [[loss, bytes]] : [])));
}
