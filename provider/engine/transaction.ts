import { SnaptreeError } from "../model";
import type { JournalEntry, ManagedDomain, ProvisionStep, Step, Transaction } from "../backends/backend";
import type { Progress } from "./requests";

/** What carrying out a transaction needs besides the domain. */
export interface Execution {
    readonly signal?: AbortSignal | undefined;
    /** What is carried out was begun by a run that was interrupted. */
    readonly again?: boolean;
    readonly onProgress: (progress: Progress) => void;
    /** Runs the commands of the snapshot that is being provisioned. */
    readonly provision?: ((step: ProvisionStep) => Promise<void>) | undefined;
}

function context(title: string, execution: Execution, done: number, all: number) {
    return {
        signal: execution.signal,
        again: execution.again ?? false,
        onProgress: (fraction: number) => execution.onProgress({ kind: "step", message: title, fraction: (done + fraction) / all }),
    };
}

async function provision(domain: ManagedDomain, step: ProvisionStep, execution: Execution): Promise<void> {
    const files = (await domain.provisionFiles?.(step)) ?? step.files;
    await execution.provision?.({ ...step, files });
}

async function performStep(domain: ManagedDomain, entry: JournalEntry, step: Step, execution: Execution): Promise<void> {
    const steps = [...entry.prepare, ...entry.finish];
    const done = steps.indexOf(step);
    execution.onProgress({ kind: "step", message: `${entry.title}: ${step.kind}`, fraction: done / steps.length });
    if (step.kind === "provision") await provision(domain, step as ProvisionStep, execution);
    await domain.perform(step, context(entry.title, execution, done, steps.length));
}

/** Takes back the first `count` steps of a preparation, the last first. */
async function undo(domain: ManagedDomain, entry: JournalEntry, count: number): Promise<void> {
    for (const step of entry.prepare.slice(0, count).reverse()) await domain.undo(step);
    await domain.clearJournal();
}

async function finish(domain: ManagedDomain, entry: JournalEntry, execution: Execution): Promise<void> {
    for (const step of entry.finish) await performStep(domain, entry, step, execution);
    await domain.clearJournal();
}

async function prepare(domain: ManagedDomain, entry: JournalEntry, execution: Execution): Promise<void> {
    for (const [i, step] of entry.prepare.entries()) {
        try {
            execution.signal?.throwIfAborted();
            await performStep(domain, entry, step, execution);
        } catch (error) {
            await takeBack(domain, entry, i + 1, error);
        }
    }
}

/** A preparation that failed is undone; the error that comes out is its own. */
async function takeBack(domain: ManagedDomain, entry: JournalEntry, count: number, error: unknown): Promise<never> {
    try {
        await undo(domain, entry, count);
    } catch (second) {
        throw new SnaptreeError(
            `${(error as Error).message}; taking back what was begun failed too (${(second as Error).message}); nothing is lost: see to that, and the next run takes it back first`,
            {},
            { cause: error },
        );
    }
    throw error;
}

/** Everything has happened once the commit has; what is left over to tidy up is done by the next run if it can't be now. */
async function finishNow(domain: ManagedDomain, entry: JournalEntry, execution: Execution): Promise<void> {
    try {
        // Past the commit there is no way back: a wish to stop is not heard any more.
        await finish(domain, entry, { ...execution, signal: undefined });
    } catch (error) {
        throw new SnaptreeError(
            `${entry.title} is decided but not finished: ${(error as Error).message}; nothing is lost, and the next run goes on with it`,
            {},
            { cause: error },
        );
    }
}

/** The commit may have gone through though it failed: the records say. */
async function wasCommitted(domain: ManagedDomain, entry: JournalEntry, error: unknown): Promise<boolean> {
    try {
        return await domain.committed(entry);
    } catch (second) {
        throw new SnaptreeError(
            `${(error as Error).message}; whether ${entry.title} is decided can't be told now (${(second as Error).message}); nothing is lost: the next run finishes it or takes it back`,
            {},
            { cause: error },
        );
    }
}

/** Carries out a transaction: journal, preparation, commit, the rest. The domain's lock is held. */
export async function execute(domain: ManagedDomain, { next, ...entry }: Transaction, execution: Execution): Promise<void> {
    await domain.writeJournal(entry);
    await prepare(domain, entry, execution);
    try {
        execution.onProgress({ kind: "step", message: `${entry.title}: commit` });
        await domain.commit({ ...entry, next });
    } catch (error) {
        if (!(await wasCommitted(domain, entry, error))) await takeBack(domain, entry, entry.prepare.length, error);
    }
    await finishNow(domain, entry, execution);
}

/** Finishes or takes back what an earlier run began and did not end. The domain's lock is held. */
export async function recover(domain: ManagedDomain, execution: Execution): Promise<void> {
    const entry = await domain.readJournal();
    if (!entry) return;
    const committed = await domain.committed(entry);
    execution.onProgress({ kind: "recover", message: `an earlier run was interrupted in “${entry.title}”; ${committed ? "finishing it" : "taking it back"}` });
    if (committed) return finishNow(domain, entry, { ...execution, again: true });
    try {
        await undo(domain, entry, entry.prepare.length);
    } catch (error) {
        throw new SnaptreeError(
            `an earlier run was interrupted in “${entry.title}”, and taking it back failed: ${(error as Error).message}; nothing else was begun: see to that and run again`,
            {},
            { cause: error },
        );
    }
}
