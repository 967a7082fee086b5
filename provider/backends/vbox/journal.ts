import type { JournalEntry } from "../backend";
import type { MachineDocument } from "./document";
import type { Looked } from "./draft";
import type { Stored } from "./records";
import { isNew, type Ref, type TakeStep, type VboxStep, withoutRefs } from "./steps";

/** What was true before a transaction began. */
export interface Before {
    /** The snapshot that the current state stood on. */
    readonly node: string | null;
    /** The tip differed from the current snapshot. */
    readonly dirty: boolean;
}

/** How a transaction is decided: by the taking of a snapshot, by writing what is kept, or by nothing at all. */
export type Decision = { readonly by: "take"; readonly step: TakeStep } | { readonly by: "records" } | { readonly by: "nothing" };

/** A transaction of this backend, as its journal has it. */
export interface VboxEntry extends JournalEntry {
    readonly id: string;
    readonly prepare: readonly VboxStep[];
    readonly finish: readonly VboxStep[];
    readonly decision: Decision;
    readonly before: Before;
}

function takesOf({ prepare, decision }: VboxEntry): TakeStep[] {
    return [...prepare.filter((step) => step.kind === "take"), ...(decision.by === "take" ? [decision.step] : [])];
}

/** The snapshot that a step took; undefined: it is not there. */
export function takenBy(machine: MachineDocument, { name, others }: TakeStep): string | undefined {
    // It has nobody's name by accident who was there before.
    return [...machine.nodes.values()].find((node) => node.name === name && !others.includes(node.uuid))?.uuid;
}

/** The UUID that a reference means. */
export function resolve(machine: MachineDocument, entry: VboxEntry, ref: Ref): string | undefined {
    if (!isNew(ref)) return machine.nodes.has(ref) ? ref : undefined;
    const step = takesOf(entry).find((take) => take.ref === ref);
    return step && takenBy(machine, step);
}

/** What a transaction that was begun and not decided has changed is not shown. */
export function asBefore(machine: MachineDocument, looked: Looked, entry: VboxEntry): Looked {
    const taken = new Set(takesOf(entry).flatMap((step) => takenBy(machine, step) ?? []));
    const nodes = new Map([...looked.nodes].filter(([uuid]) => !taken.has(uuid)));
    return { ...looked, nodes, current: { node: entry.before.node, clean: !entry.before.dirty, moved: false } };
}

/** What is to be kept, with the UUIDs of what was taken. */
export function resolved(text: string, machine: MachineDocument, entry: VboxEntry): Stored {
    const uuids = new Map(takesOf(entry).map((step) => [step.ref, takenBy(machine, step)]));
    return JSON.parse(withoutRefs(text, (ref) => uuids.get(ref))) as Stored;
}
