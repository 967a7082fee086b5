import type { JournalEntry, Step } from "../backends/backend";
import type { Looked, NativeNode } from "./draft";
import type { Stored } from "./records";
import {
    type DeleteStep,
    type EditStep,
    isNew,
    type NativeStep,
    numberOfNew,
    type RecordsStep,
    type Ref,
    type RestoreStep,
    type TakeStep,
    withoutRefs,
} from "./steps";

/** What was true before a transaction began. */
export interface Before {
    /** The snapshot that the current state stood on. */
    readonly node: string | null;
    /** The tip differed from the current snapshot. */
    readonly dirty: boolean;
}

/** How a transaction is decided: by the taking of a snapshot, by writing what is kept, or by nothing at all. */
export type Decision = { readonly by: "take"; readonly step: TakeStep } | { readonly by: "records" } | { readonly by: "nothing" };

/** A transaction over a host's own snapshots, as its journal has it. @typeParam S steps that one host has besides */
export interface NativeEntry<S extends Step = never> extends JournalEntry {
    readonly id: string;
    readonly prepare: readonly (NativeStep | S)[];
    readonly finish: readonly (NativeStep | S)[];
    readonly decision: Decision;
    readonly before: Before;
    /** By their references, those whose taking was begun, each with what the host knows it by once that told, and until then by its mark; absent: only names tell what was taken. */
    readonly taken?: Readonly<Record<Ref, string | null>>;
}

type AnyEntry = NativeEntry<Step>;

export function isTake(step: Step): step is TakeStep {
    return step.kind === "take";
}

function takesOf({ prepare, decision }: AnyEntry): TakeStep[] {
    return [...prepare.filter(isTake), ...(decision.by === "take" ? [decision.step] : [])];
}

/** What snapshots are looked for in. */
export interface Noded {
    readonly nodes: ReadonlyMap<string, NativeNode>;
}

/** What a host keeps with a snapshot from the instant in which it is taken, and with no other one. */
export function markOf({ id }: Pick<AnyEntry, "id">, ref: Ref): string {
    return `${id}#${numberOfNew(ref)}`;
}

export function markedWith({ nodes }: Noded, mark: string): string | undefined {
    return [...nodes.values()].find((node) => node.mark === mark)?.uuid;
}

/** The snapshot that a step took; undefined: it is not there. */
export function takenBy(machine: Noded, step: TakeStep, entry: Pick<AnyEntry, "id" | "taken">): string | undefined {
    const { name, others, ref } = step;
    const { taken } = entry;
    // It has nobody's name by accident who was there before.
    if (!taken) return [...machine.nodes.values()].find((node) => node.name === name && !others.includes(node.uuid))?.uuid;
    // Others may take one of that name at the same time, or by hand while this is interrupted.
    if (!Object.hasOwn(taken, ref)) return undefined;
    const told = taken[ref] ?? null;
    if (told === null) return markedWith(machine, markOf(entry, ref));
    return machine.nodes.has(told) ? told : undefined;
}

/** The snapshot that a reference means. */
export function resolve(machine: Noded, entry: AnyEntry, ref: Ref): string | undefined {
    if (!isNew(ref)) return machine.nodes.has(ref) ? ref : undefined;
    const step = takesOf(entry).find((take) => take.ref === ref);
    return step && takenBy(machine, step, entry);
}

/** Where a transaction has the machine stand once the steps before its decision are carried out. */
export function standsAfter(machine: Noded, entry: AnyEntry): string | null {
    for (const step of entry.prepare.toReversed()) {
        if (isTake(step)) return resolve(machine, entry, step.ref) ?? null;
        if (step.kind === "restore") return resolve(machine, entry, (step as RestoreStep).to) ?? null;
    }
    return entry.before.node;
}

/** What a transaction that was begun and not decided has changed is not shown. */
export function asBefore<N extends NativeNode>(machine: Noded, looked: Looked<N>, entry: AnyEntry): Looked<N> {
    const taken = new Set(takesOf(entry).flatMap((step) => takenBy(machine, step, entry) ?? []));
    const nodes = new Map([...looked.nodes].filter(([uuid]) => !taken.has(uuid)));
    return { ...looked, nodes, current: { node: entry.before.node, clean: !entry.before.dirty, moved: false } };
}

/** What is kept once a transaction that was decided is finished; null: what is kept already. */
export function keptAfter(machine: Noded, entry: AnyEntry): Stored | null {
    const step = entry.finish.find(({ kind }) => kind === "records") as RecordsStep | undefined;
    return step ? resolved(step.stored, machine, entry) : null;
}

/** What a transaction that was decided and not finished is still to remove or to rename is shown as it will be. */
export function asAfter<N extends NativeNode>(machine: Noded, looked: Looked<N>, entry: AnyEntry): Looked<N> {
    const of = (step: EditStep | DeleteStep) => resolve(machine, entry, step.node);
    const going = new Set(entry.finish.flatMap((step) => (step.kind === "delete" ? (of(step as DeleteStep) ?? []) : [])));
    const edits = new Map(entry.finish.flatMap((step) => (step.kind === "edit" ? [[of(step as EditStep), step as EditStep] as const] : [])));
    const staying = (uuid: string | null): string | null => {
        for (let at = uuid; at !== null; at = machine.nodes.get(at)?.parent ?? null) if (!going.has(at)) return at;
        return null;
    };
    const nodes = [...looked.nodes.values()].filter(({ uuid }) => !going.has(uuid)).map((node) => edited(node, edits.get(node.uuid), staying(node.parent)));
    return { ...looked, nodes: new Map(nodes.map((node) => [node.uuid, node])), current: { ...looked.current, node: staying(looked.current.node) } };
}

function edited<N extends NativeNode>(node: N, { name = node.name, description = node.description }: Partial<EditStep> = {}, parent: string | null): N {
    return { ...node, name, description, parent };
}

/** What is to be kept, with what the host knows by now of what was taken. */
export function resolved(text: string, machine: Noded, entry: AnyEntry): Stored {
    const uuids = new Map(takesOf(entry).map((step) => [step.ref, takenBy(machine, step, entry)]));
    return JSON.parse(withoutRefs(text, (ref) => uuids.get(ref))) as Stored;
}
