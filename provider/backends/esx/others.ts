import { BusyError, quoted } from "../../model";
import type { Stored, StoredBranch } from "../../native";
import { keptIn } from "./keeping";
import type { EsxMachine } from "./machine";
import type { EsxEntry } from "./perform";

/*
 * Those who work on a machine too, and share neither lock nor journal with this one.
 */

/** How many transactions can be told from each other: while one is interrupted, so many others may be carried out elsewhere. */
const REMEMBERED = 20;

/** Transactions by which something was kept, the last first. */
export function earlierOf({ transaction, earlier = [] }: Stored): readonly string[] {
    return [...(transaction === null ? [] : [transaction]), ...earlier].slice(0, REMEMBERED);
}

/** Of two who write at once, this is the one who was second. */
export class OvertakenError extends BusyError {}

export function overtaken(name: string): OvertakenError {
    return new OvertakenError(
        `what Snaptree keeps with ${quoted(name)} was changed by somebody else meanwhile, so everything was taken back; look at what is there, and run again`,
        "another Snaptree",
    );
}

/** What telling apart needs. */
export interface Telling {
    readonly name: string;
    readonly entry: Pick<EsxEntry, "id" | "kept">;
    /** What was kept when a snapshot was taken. @param node its managed object id */
    readonly held: (node: string) => Promise<Stored>;
}

/** What is kept was written by somebody else since this began, and neither before nor brought back by going to a snapshot. */
export async function isOthers({ name, entry, held }: Telling, { read }: EsxMachine): Promise<boolean> {
    const { transaction } = keptIn(read.config.extra, name);
    if (transaction === null || [entry.id, ...earlierOf(entry.kept)].includes(transaction)) return false;
    return read.current === null || (await held(read.current)).transaction !== transaction;
}

/** What was decided, with what only others can have made since this began: nothing of theirs loses its name. */
export function withOthers(decided: Stored, others: Stored, before: Stored): Stored {
    const added = (list: "hidden" | "forgotten") => others[list].filter((node) => !before[list].includes(node) && !decided[list].includes(node));
    const known = new Set([...decided.branches, ...before.branches].map(({ name }) => name));
    // Whoever is on one of their own is where they were on it.
    const left = (branch: StoredBranch): StoredBranch => ({ ...branch, node: branch.node ?? others.at ?? branch.on });
    const snapshots = Object.entries(others.snapshots).filter(([node]) => !(node in before.snapshots));
    return {
        ...decided,
        generation: Math.max(decided.generation, others.generation) + 1,
        earlier: earlierOf({ ...decided, transaction: others.transaction }),
        hidden: [...decided.hidden, ...added("hidden")],
        forgotten: [...decided.forgotten, ...added("forgotten")],
        branches: [...decided.branches, ...others.branches.filter(({ name }) => !known.has(name)).map(left)],
        snapshots: { ...Object.fromEntries(snapshots), ...decided.snapshots },
    };
}
