import { BusyError, HostError, quoted } from "../../model";
import {
    type ArriveStep,
    type DeleteStep,
    type EditStep,
    type FreshProvisionStep,
    markedWith,
    markOf,
    type NativeEntry,
    type NativeStep,
    type RecordsStep,
    type Ref,
    resolve,
    resolved,
    type RestoreStep,
    type Stored,
    type TakeStep,
} from "../../native";
import type { StepContext } from "../backend";
import { keptIn } from "./keeping";
import { startsOff } from "./look";
import type { EsxMachine, EsxNode } from "./machine";
import { marked } from "./marks";
import { isOthers, overtaken, OvertakenError, withOthers } from "./others";
import type { TaskOptions, Vim } from "./vim";

/** A transaction of this backend, as its journal has it. */
export interface EsxEntry extends NativeEntry {
    /** The number of what was kept with the machine itself before it began: somebody may have brought back something older by hand. */
    readonly found: number;
    /** What was kept before it began: going back to a snapshot brings back something older. */
    readonly kept: Stored;
    /** It was decided, and what is kept may be gone again since, with the snapshot that the machine went back to. */
    readonly decided?: boolean;
}

/** What carrying out a step needs. */
export interface Work {
    readonly vim: Vim;
    /** The machine's managed object id. */
    readonly ref: string;
    readonly name: string;
    readonly entry: EsxEntry;
    /** As it is now. */
    readonly machine: () => Promise<EsxMachine>;
    /** Writes what is kept. @param machine as it was read just before */
    readonly write: (stored: Stored, machine: EsxMachine) => Promise<void>;
    /** What was kept when a snapshot was taken. @param node its managed object id */
    readonly held: (node: string) => Promise<Stored>;
    readonly known: Known;
    /** Writes down that a snapshot is about to be taken, or which one was. */
    readonly taken: (ref: Ref, uuid: string | null) => Promise<void>;
}

/** How often the machine had been started when it was last known what its disks hold; undefined: only what is kept with it tells. */
export interface Known {
    starts: string | null | undefined;
}

/** How often what is decided is written: each time somebody else was quicker. */
const ATTEMPTS = 5;

/** How a task is shown and stopped. */
function options({ name }: Work, what: string, { signal, onProgress }: Partial<StepContext> = {}): TaskOptions {
    return { title: `${what} of ${quoted(name)}`, signal, onProgress };
}

/** Whatever a task says, the host tells what came of it: what failed may have happened all the same. */
async function happening(work: Work, task: () => Promise<unknown>, happened: (machine: EsxMachine) => boolean): Promise<void> {
    try {
        await task();
    } catch (error) {
        const machine = await work.machine().catch(() => null);
        if (machine === null || !happened(machine)) throw error;
    }
}

async function take(work: Work, step: TakeStep, context: StepContext): Promise<void> {
    const { name, running } = step;
    const mark = markOf(work.entry, step.ref);
    const wanted = { name, description: marked(step.description, mark), memory: running?.memory ?? false, quiesce: running?.quiesce ?? false };
    await work.taken(step.ref, null);
    const task = async () => {
        const shown = await work.vim.createSnapshot(work.ref, wanted, options(work, `take the snapshot ${quoted(name)}`, context));
        const { nodes } = await work.machine();
        await work.taken(step.ref, [...nodes.values()].find((node) => node.shown === shown)?.uuid ?? null);
    };
    await happening(work, task, (machine) => markedWith(machine, mark) !== undefined);
}

/** @throws HostError where it is gone */
function nodeIn({ name, entry }: Pick<Work, "name" | "entry">, machine: EsxMachine, ref: Ref): EsxNode {
    const found = machine.nodes.get(resolve(machine, entry, ref) ?? "");
    if (!found) throw new HostError(`snapshot number ${ref} of ${quoted(name)} is gone; somebody removed it: look at what is there, and run again`);
    return found;
}

/** Somebody started the machine since it was known what its disks hold. */
function isStarted({ name, known }: Work, { powerState, starts, read }: EsxMachine): boolean {
    const before = known.starts === undefined ? (keptIn(read.config.extra, name).starts ?? null) : known.starts;
    // Back at a checkpoint it is suspended, and was not started for that.
    return powerState === "running" || starts !== before || (powerState === "paused" && starts === null);
}

/** Nothing of anybody's is lost by going elsewhere: a machine that was started meanwhile is not left. */
function refuseStarted(work: Work, machine: EsxMachine): void {
    if (!isStarted(work, machine)) return;
    throw new BusyError(`${quoted(work.name)} was started meanwhile, so it stays where it is; see who did, shut it down and run again`);
}

/** What somebody wrote there meanwhile is kept, under a name that says so. */
async function rescue(work: Work, machine: EsxMachine): Promise<void> {
    if (!isStarted(work, machine)) return;
    if (machine.powerState === "running") refuseStarted(work, machine);
    const name = `rescued-${Math.floor(Date.now() / 1000)}`;
    const description = "Written while Snaptree was at work here, and kept when the machine went on to where it was to be.";
    const taking = options(work, `take the snapshot ${quoted(name)}`);
    await work.vim.createSnapshot(work.ref, { name, description, memory: false, quiesce: false }, taking);
}

async function revert(work: Work, machine: EsxMachine, to: string, context: Partial<StepContext> = {}): Promise<void> {
    const { name, shown } = nodeIn(work, machine, to);
    await work.vim.revert(shown, { suppressPowerOn: true }, options(work, `go back to the snapshot ${quoted(name)}`, context));
    work.known.starts = machine.starts;
}

/** A machine whose files the host could not merge grows until they are. */
async function consolidate(work: Work, machine: EsxMachine, context: Partial<StepContext>): Promise<void> {
    if (machine.read.consolidationNeeded) await work.vim.consolidate(work.ref, options(work, "consolidate the disks", context));
}

/** What the machine left may have been all that kept files of a removed snapshot apart. Nothing is lost where they can't be merged now: the doctor tells. */
async function mergeLeft(work: Work, machine: EsxMachine, context: Partial<StepContext>): Promise<void> {
    await consolidate(work, machine, context).catch(() => undefined);
}

/** The machine goes back to a snapshot before anything is decided, and what is kept stays what it was, or what others made it since. */
async function goBack(work: Work, machine: EsxMachine, ref: string, context: Partial<StepContext> = {}): Promise<void> {
    const kept = (await isOthers(work, machine)) ? keptIn(machine.read.config.extra, work.name) : work.entry.kept;
    await revert(work, machine, ref, context);
    const there = await work.machine();
    await work.write(kept, there);
    await mergeLeft(work, there, context);
}

/** The machine, before it leaves what its disks hold: as the host finds it now. */
async function refreshed({ vim, ref, machine }: Work): Promise<EsxMachine> {
    await vim.refreshStorage(ref);
    return machine();
}

/** What the machine holds goes with the decision, since it holds nothing of its own. @throws BusyError where that is so no more */
export async function refuseWritten(work: Work): Promise<void> {
    refuseStarted(work, await refreshed(work));
}

async function restore(work: Work, { to }: RestoreStep, context: StepContext): Promise<void> {
    const machine = await refreshed(work);
    refuseStarted(work, machine);
    if (await isOthers(work, machine)) throw overtaken(work.name);
    await goBack(work, machine, to, context);
}

/** Done once: what is kept says that it is still to be done, until the machine went back, which brings back something older. */
async function arrive(work: Work, { to }: ArriveStep, context: StepContext): Promise<void> {
    const machine = await work.machine();
    const stored = keptIn(machine.read.config.extra, work.name);
    if (stored.transaction !== work.entry.id || stored.pending === null) return;
    await rescue(work, machine);
    await revert(work, machine, to, context);
}

/** Others, who share no journal with this one, went on from what was decided, before that was finished: what is there now is theirs too. */
function isBuiltOn({ entry }: Work, { earlier = [] }: Stored): boolean {
    return earlier.includes(entry.id);
}

async function writeDecided(work: Work, machine: EsxMachine, { stored }: RecordsStep): Promise<void> {
    const wanted = { ...resolved(stored, machine, work.entry), pending: null };
    const now = keptIn(machine.read.config.extra, work.name);
    if (isBuiltOn(work, now)) return;
    if (now.transaction === wanted.transaction && now.pending === null) return;
    await work.write((await isOthers(work, machine)) ? withOthers(wanted, now, work.entry.kept) : wanted, machine);
}

/** It is decided: who comes second looks again, and writes what both have made. */
async function records(work: Work, step: RecordsStep, context: StepContext): Promise<void> {
    for (let attempt = 1; ; attempt++) {
        const machine = await work.machine();
        try {
            await writeDecided(work, machine, step);
            await mergeLeft(work, machine, context);
            return;
        } catch (error) {
            if (!(error instanceof OvertakenError) || attempt === ATTEMPTS) throw error;
        }
    }
}

async function edit(work: Work, { node, name, description }: EditStep): Promise<void> {
    const machine = await work.machine();
    const ref = resolve(machine, work.entry, node);
    const now = ref === undefined ? undefined : machine.nodes.get(ref);
    if (!now) return;
    const changes = {
        ...(name !== undefined && name !== now.name && { name }),
        ...(description !== undefined && (description !== now.description || now.mark !== null) && { description: description ?? "" }),
    };
    if (Object.keys(changes).length > 0) await work.vim.rename(now.shown, changes, options(work, `rename the snapshot ${quoted(now.name)}`));
}

async function remove(work: Work, node: Ref, context: Partial<StepContext>): Promise<void> {
    const machine = await work.machine();
    const ref = resolve(machine, work.entry, node);
    if (ref === undefined) return;
    const { name, shown } = nodeIn(work, machine, ref);
    const task = () => work.vim.remove(shown, { children: false }, options(work, `remove the snapshot ${quoted(name)}`, context));
    await happening(work, task, (after) => !after.nodes.has(ref));
    await consolidate(work, await work.machine(), context);
}

/** What others may stand on by now stays. */
async function removeDecided(work: Work, { node }: DeleteStep, context: StepContext): Promise<void> {
    if (isBuiltOn(work, keptIn((await work.machine()).read.config.extra, work.name))) return;
    await remove(work, node, context);
}

/** What a suspended machine's memory holds is in the snapshot still: commands are to change the disks that it would go on with. */
async function discardState(work: Work): Promise<void> {
    if ((await work.machine()).powerState === "paused") await work.vim.powerOff(work.ref, options(work, "discard the suspended state"));
}

async function halt(work: Work): Promise<void> {
    if ((await work.machine()).powerState !== "shutoff") await work.vim.powerOff(work.ref, options(work, "power off the guest"));
}

/** Carries out a step. It may have been carried out already. */
export async function performStep(work: Work, step: NativeStep, context: StepContext): Promise<void> {
    switch (step.kind) {
        case "take":
            return take(work, step, context);
        case "restore":
            return restore(work, step, context);
        case "arrive":
            return arrive(work, step, context);
        case "edit":
            return edit(work, step);
        case "delete":
            return removeDecided(work, step, context);
        case "records":
            return records(work, step, context);
        case "halt":
            return halt(work);
        case "discardState":
            return discardState(work);
        case "provision":
            work.known.starts = startsOff(await work.machine()); // Commands may have started it.
            return;
    }
}

async function takeBackRestore(work: Work, { to, back }: RestoreStep): Promise<void> {
    const machine = await work.machine();
    const [there, home] = [resolve(machine, work.entry, to), resolve(machine, work.entry, back)];
    if (home === undefined || machine.current !== there) return;
    await rescue(work, machine);
    await goBack(work, machine, home);
}

/** What commands wrote goes. */
async function takeBackProvision(work: Work, { on }: FreshProvisionStep): Promise<void> {
    const machine = await work.machine();
    const node = resolve(machine, work.entry, on);
    if (node !== undefined && machine.current === node) await goBack(work, machine, node);
}

/** What others have a branch on by now stays: they could not know that it may go. */
async function takeBackTake(work: Work, { ref, description }: TakeStep): Promise<void> {
    const machine = await work.machine();
    const taken = resolve(machine, work.entry, ref);
    const isNamed = keptIn(machine.read.config.extra, work.name).branches.some(({ node }) => node !== null && node === taken);
    if (isNamed) return edit(work, { kind: "edit", node: ref, description });
    await remove(work, ref, {});
}

/** Takes a step back. It may not have been carried out, or only half. */
export async function undoStep(work: Work, step: NativeStep): Promise<void> {
    switch (step.kind) {
        case "take":
            return takeBackTake(work, step);
        case "restore":
            return takeBackRestore(work, step);
        case "provision":
            return takeBackProvision(work, step);
        case "discardState": // It comes back with what commands changed there.
            return;
        default:
            throw new HostError(`a step ${quoted(step.kind)} can't be taken back`);
    }
}
