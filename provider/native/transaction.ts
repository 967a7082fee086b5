import { titleOf, type Operation } from "../model";
import type { Step, Transaction } from "../backends/backend";
import { type Surroundings, compile, complete } from "./compile";
import type { Draft } from "./draft";
import { type Decision, type NativeEntry, isTake, type Noded, takenBy } from "./journal";
import type { Stored } from "./records";
import type { NativeStep, RecordsStep } from "./steps";

/** What a transaction over a host's own snapshots commits. */
export interface NativeNext {
    /** What is kept afterwards, as JSON with references; null: what is kept already. */
    readonly stored: string | null;
    /** The tip that goes held nothing of its own. */
    readonly clean: boolean;
}

/** Operations compiled to steps over a host's own snapshots. */
export interface NativeTransaction<S extends Step = never> extends NativeEntry<S>, Transaction {
    readonly prepare: readonly (NativeStep | S)[];
    readonly finish: readonly (NativeStep | S)[];
    readonly next: NativeNext;
}

/** What compiling starts from. */
export interface Beginning<S extends Step> {
    readonly draft: Draft<S>;
    readonly around: Surroundings;
    /** The tip differs from the current snapshot. */
    readonly dirty: boolean;
    /** What makes this transaction another one than any other. */
    readonly id: string;
    /** What is kept besides what the draft says. Called when all is drafted. */
    readonly also?: (() => Partial<Stored>) | undefined;
    /** Others may write what is kept without knowing of this one: who comes second is told before anything is decided. */
    readonly shared?: boolean | undefined;
    /** Some of that must be kept anew, whatever else changes. */
    readonly stale?: (() => boolean) | undefined;
    /** Called when all is drafted but what goes: everything is there that is to be there at once. */
    readonly drafted?: (() => void) | undefined;
    /** Called when all is drafted and nothing is decided. */
    readonly completed?: (() => void) | undefined;
}

/** Compiles operations to one transaction. */
export function transactionOf<S extends Step = never>(
    { draft, around, dirty, id, also, shared, stale, drafted, completed }: Beginning<S>,
    operations: readonly Operation[],
): NativeTransaction<S> {
    const { looked } = draft;
    for (const operation of operations) compile(draft, around, operation);
    drafted?.();
    const left = looked.current.node;
    complete(draft, operations, new Set(left !== null && looked.stored.hidden.includes(left) ? [left] : []));
    completed?.();
    const stored: Stored = { ...draft.stored(looked.stored.generation + 1, id), ...also?.() };
    const changed = isChanged(looked.stored, stored) || stale?.() === true;
    const { prepare, finish } = draft;
    const last = prepare.at(-1);
    const onlyTakes = prepare.every(({ kind }) => kind === "take") && draft.arrival() === null;
    const text = JSON.stringify(stored);
    const all = { title: titleOf(operations), generation: stored.generation, id, before: { node: looked.current.node, dirty } };
    // What the host takes in one instant decides, unless others would not know then that there is more to it.
    if (onlyTakes && last && isTake(last) && !(shared && changed)) {
        const records: RecordsStep[] = changed ? [{ kind: "records", stored: text }] : [];
        const decision: Decision = { by: "take", step: last };
        return { ...all, prepare: prepare.slice(0, -1), finish: [...records, ...finish], decision, next: { stored: null, clean: false } };
    }
    const decision: Decision = changed || prepare.length > 0 || draft.arrival() !== null ? { by: "records" } : { by: "nothing" };
    const clean = draft.leavesNothing() && draft.arrival() !== null;
    return { ...all, prepare, finish, decision, next: { stored: decision.by === "records" ? text : null, clean } };
}

/** Whether there is anything new to keep. */
function isChanged(before: Stored, after: Stored): boolean {
    const told = ({ active, at, current, hidden, forgotten, branches, snapshots }: Stored) =>
        JSON.stringify([active, active === null ? null : at, current, hidden, forgotten, branches, snapshots]);
    return told(before) !== told(after) || after.pending !== null;
}

/** @param isKept what is kept is what the transaction wrote, or something later */
export function isDecided(machine: Noded, isKept: () => boolean, entry: NativeEntry<Step>): boolean {
    const { decision } = entry;
    if (decision.by === "take") return takenBy(machine, decision.step, entry) !== undefined;
    return decision.by === "nothing" || isKept();
}
