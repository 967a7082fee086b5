import { HostError } from "../../model";
import { parseSnapshot, parseXml } from "../../xml";
import type { JournalEntry } from "../backend";
import type { Seen, SeenDocument } from "./seen";
import { isLibvirtStep } from "./steps";

/** A transaction as the journal of a domain holds it. */
export interface LibvirtEntry extends JournalEntry {
    /** Tells it from every other one, of this machine and of others: a generation may be taken twice, and libvirt's own revert brings old journals back. */
    readonly id: string;
}

/**
 * What the records say of a transaction. `stale`: others have gone on since, or a native revert brought it back; what it says of files is not to be believed
 * any more. `orphaned`: records are missing between it and those that are there.
 */
type Outcome = "committed" | "pending" | "stale" | "orphaned";

export function outcomeOf({ id, generation }: LibvirtEntry, stored: Seen["stored"]): Outcome {
    const now = stored?.generation ?? 0;
    if (stored?.data.transaction === id) return "committed";
    if (generation <= now) return "stale";
    return generation === now + 1 ? "pending" : "orphaned";
}

/** Whether a transaction is what the domain's records tell. @throws HostError where that can't be known */
export function isCommitted(entry: LibvirtEntry, stored: Seen["stored"]): boolean {
    const outcome = outcomeOf(entry, stored);
    if (outcome !== "orphaned") return outcome === "committed";
    throw new HostError(
        `the journal of “${entry.title}” is newer than the records beside it: somebody put older ones in the domain's <metadata>, so nothing was changed; put its XML back as it was`,
        { journal: entry.generation, records: stored?.generation ?? 0 },
    );
}

/**
 * As it is once what was decided is carried out. A transaction that was committed counts from that moment, however many of its last steps are through: whoever
 * looks meanwhile, or after a kill, must not miss what libvirt is only about to be told.
 */
export function decided(seen: Seen): Seen {
    if (!seen.journal || outcomeOf(seen.journal, seen.stored) !== "committed") return seen;
    let { config, current } = seen;
    const documents = new Map<string, SeenDocument>(seen.documents);
    for (const step of seen.journal.finish) {
        if (!isLibvirtStep(step)) continue;
        if (step.kind === "define") config = parseXml(step.xml);
        if (step.kind !== "remember") continue;
        for (const name of step.gone) documents.delete(name);
        for (const { name, xml } of step.documents) documents.set(name, { text: xml, document: parseSnapshot(xml) });
        current = step.current ?? current;
    }
    return { ...seen, config, documents, current };
}
