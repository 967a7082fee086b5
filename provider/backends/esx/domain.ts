import { randomUUID } from "node:crypto";
import { type Domain, type Hierarchy, type HierarchyExport, noSuchSnapshot, type Operation, quoted, UnsupportedError } from "../../model";
import {
    asAfter,
    asBefore,
    type Beginning,
    hierarchyOf,
    isDecided,
    keptAfter,
    type Looked,
    type NativeStep,
    type NativeTransaction,
    pack,
    type RecordsStep,
    resolved,
    standsAfter,
    type Stored,
    transactionOf,
} from "../../native";
import type { Diagnosis, Guest, JournalEntry, ListOptions, Lock, LockOptions, ManagedDomain, ProvisionStep, Step, StepContext, Transaction } from "../backend";
import { BACKEND, capabilities } from "./capabilities";
import { guestOf } from "./control";
import { examine } from "./doctor";
import { documentOf, domainOf } from "./documents";
import { EsxDraft } from "./draft";
import { EXTRA_CONFIG, keptIn } from "./keeping";
import { type Listing, listingOf, tipDiffers } from "./listing";
import { hasAll, highestIn, isConfiguredAs, isUntouched, look, lookAt, mayBeOld, newest, startsOff } from "./look";
import { type EsxMachine, type EsxNode, machineOf } from "./machine";
import { earlierOf, overtaken } from "./others";
import { type EsxEntry, type Known, performStep, refuseWritten, undoStep, type Work } from "./perform";
import { compileRedefine } from "./redefine";
import type { LocalState } from "./state";
import { CARRYING, refuseUnsupported } from "./unsupported";
import { faultOf, type Vim } from "./vim";

/** A machine that is worked on. */
export interface EsxTarget {
    readonly vim: Vim;
    /** Managed object id. */
    readonly ref: string;
    readonly name: string;
    /** The same for two ways to one machine. */
    readonly identity: string;
    /** Snapshots that the host keeps in one chain. */
    readonly deepest: number;
    readonly state: LocalState;
}

/** A machine as it was looked at. */
interface Seen {
    readonly machine: EsxMachine;
    readonly looked: Looked<EsxNode>;
    /** A transaction that was begun and not decided. */
    readonly undecided: EsxEntry | null;
    /** It was decided to go elsewhere, and the machine is not there yet. */
    readonly pending: boolean;
}

interface EsxTransaction extends EsxEntry, NativeTransaction {
    readonly prepare: readonly NativeStep[];
    readonly finish: readonly NativeStep[];
}

/** A machine on an ESX host or a vCenter. */
export class EsxDomain implements ManagedDomain {
    readonly capabilities = capabilities;
    readonly guest: Guest;
    readonly name: string;
    private entry: EsxEntry | null = null;
    private readonly known: Known = { starts: undefined };

    constructor(private readonly target: EsxTarget) {
        const { vim, ref, name } = target;
        this.name = name;
        this.guest = guestOf({ vim, ref, name, machine: () => this.machine() });
    }

    private async machine(): Promise<EsxMachine> {
        return machineOf(await this.target.vim.machine(this.target.ref));
    }

    /** What is kept, also where somebody went back to a snapshot that was taken before it was. */
    private async kept(machine: EsxMachine): Promise<Stored> {
        const here = keptIn(machine.read.config.extra, this.name);
        if (!mayBeOld(machine, here)) return here;
        return newest(machine, await this.target.vim.snapshotConfigs([...machine.nodes.values()].map(({ shown }) => shown)));
    }

    private async see(compiling = false): Promise<Seen> {
        const [machine, entry] = [await this.machine(), await this.readEntry()];
        const same = compiling && (await this.isConfiguredAsCurrent(machine));
        if (entry === null) return { machine, looked: look(machine, await this.kept(machine), same), undecided: null, pending: false };
        if (!isDecidedIn(machine, await this.kept(machine), entry))
            return { machine, looked: asBefore(machine, lookAt(machine, entry.kept, same), entry), undecided: entry, pending: false };
        const kept = keptAfter(machine, entry) ?? keptIn(machine.read.config.extra, this.name);
        const looked = asAfter(machine, lookAt(machine, { ...kept, pending: null }, same), entry);
        if (!isToArrive(machine, entry, this.name) || kept.at === null) return { machine, looked, undecided: null, pending: false };
        const current = { node: kept.at, clean: true, moved: false };
        return { machine, looked: { ...looked, stored: { ...kept, pending: null }, current }, undecided: null, pending: true };
    }

    /** The machine has the configuration of the snapshot that it stands on. */
    private async isConfiguredAsCurrent({ read }: EsxMachine): Promise<boolean> {
        if (read.current === null) return false;
        const config = (await this.target.vim.snapshotConfigs([read.current])).get(read.current);
        return config !== undefined && isConfiguredAs(read.config, config);
    }

    private listing({ machine, looked, undecided, pending }: Seen, sizes: boolean): Listing {
        return { name: this.name, machine, draft: new EsxDraft(looked), sizes, pending, dirty: undecided?.before.dirty };
    }

    async hierarchy({ sizes = false }: ListOptions = {}): Promise<Hierarchy> {
        return hierarchyOf(listingOf(this.listing(await this.see(), sizes)));
    }

    async domain(): Promise<Domain> {
        return domainOf(await this.machine());
    }

    async document(snapshot: string): Promise<string> {
        const { machine, looked } = await this.see();
        const draft = new EsxDraft(looked);
        const ref = draft.find(snapshot);
        const shown = machine.nodes.get(ref ?? "")?.shown ?? "";
        const config = shown === "" ? undefined : (await this.target.vim.snapshotConfigs([shown])).get(shown);
        if (ref === null || config === undefined) throw noSuchSnapshot(snapshot);
        return documentOf(machine, draft, ref, config);
    }

    export(): Promise<HierarchyExport> {
        return Promise.reject(new UnsupportedError(BACKEND, "export", CARRYING));
    }

    identity(): Promise<string> {
        return Promise.resolve(this.target.identity);
    }

    undefine(): Promise<void> {
        return Promise.reject(new UnsupportedError(BACKEND, "unregistering a machine", "use vCenter or “govc vm.unregister”"));
    }

    async examine(): Promise<readonly Diagnosis[]> {
        const { machine, looked, undecided } = await this.see();
        const { vim, ref, name } = this.target;
        const remove = (node: string) => vim.remove(node, { children: false }, { title: `remove the snapshot ${node} of ${quoted(name)}` });
        const consolidate = () => vim.consolidate(ref, { title: `consolidate the disks of ${quoted(name)}` });
        return examine({ name, machine, looked, entry: await this.readEntry(), decided: undecided === null, remove, consolidate });
    }

    lock(options: LockOptions): Promise<Lock> {
        return this.target.state.lock(options);
    }

    async compile(operations: readonly Operation[]): Promise<Transaction> {
        const seen = await this.see(operations.some(movesTip));
        const { machine, looked } = seen;
        const listing = this.listing(seen, false);
        const { draft } = listing;
        const around = {
            powerState: machine.powerState,
            refuse: (operation: Operation) => refuseUnsupported(operation, machine),
            redefine: (operation: Operation & { kind: "redefine" }) => compileRedefine(draft, operation),
        };
        const beginning: Beginning<never> = {
            draft,
            around,
            dirty: tipDiffers(listing),
            id: randomUUID(),
            shared: true,
            drafted: () => draft.refuseDeep(this.target.deepest),
            completed: () => draft.refuseLong(),
            stale: () => isStale(machine, looked.stored, draft.nodes),
            also: () => ({
                ...tracesOf(machine, draft.nodes),
                earlier: earlierOf(looked.stored),
                clean: draft.current === looked.current ? isUntouched(machine, looked.stored) : draft.current.clean,
            }),
        };
        const compiled = transactionOf(beginning, operations);
        const { node } = looked.current;
        const { starts: _, ...stored } = looked.stored; // Where nothing tells now, what was told before does not either.
        const kept = { ...stored, ...tracesOf(machine, machine.nodes), at: node, clean: isUntouched(machine, looked.stored) };
        const found = keptIn(machine.read.config.extra, this.name).generation;
        const transaction: EsxTransaction = { ...compiled, finish: withRecords(compiled), kept, found, taken: {} };
        return transaction;
    }

    /** What a run began that was interrupted goes on on the host without it. */
    private settle(): Promise<void> {
        return this.target.vim.settle(this.target.ref);
    }

    private work(): Work {
        const { entry, known } = this;
        if (!entry) throw new Error("no transaction was begun");
        const { vim, ref, name } = this.target;
        return {
            ...{ vim, ref, name, entry, known, machine: () => this.machine(), write: (stored, machine) => this.write(stored, machine) },
            held: async (node) => keptIn((await vim.snapshotConfigs([node])).get(node)?.extra ?? new Map(), name),
            taken: (step, uuid) => {
                const now: EsxEntry = { ...entry, taken: { ...this.entry?.taken, [step]: uuid } };
                return this.writeJournal(now);
            },
        };
    }

    async perform(step: Step, context: StepContext): Promise<void> {
        await performStep(this.work(), step as NativeStep, context);
    }

    async undo(step: Step): Promise<void> {
        await this.settle();
        await undoStep(this.work(), step as NativeStep);
    }

    /** No file of a host's is where commands run. */
    provisionFiles(_step: ProvisionStep): Promise<Readonly<Record<string, string>>> {
        return Promise.resolve({});
    }

    async commit(transaction: Transaction): Promise<void> {
        const { decision, next } = transaction as EsxTransaction;
        if (decision.by === "take") return performStep(this.work(), decision.step, { signal: undefined, again: false, onProgress: () => undefined });
        if (next.stored === null) return;
        if (next.clean) await refuseWritten(this.work());
        const machine = await this.machine();
        const { entry } = this.work();
        const { generation } = keptIn(machine.read.config.extra, this.name);
        if (generation !== entry.kept.generation && generation !== entry.found) throw overtaken(this.name);
        // Somebody who goes elsewhere has what was kept before in the meantime, and writes it anew in the next.
        if (machine.current !== standsAfter(machine, entry)) throw overtaken(this.name);
        const stored = resolved(next.stored, machine, entry);
        await this.write(stored, machine);
        // From here on the machine may go back to a snapshot, and what was just written with it.
        const decided: EsxEntry = { ...entry, decided: true };
        if (stored.pending !== null) await this.writeJournal(decided);
    }

    /** Refused where the configuration was changed since it was read: of two who write at once, one is told. */
    private async write(stored: Stored, { read }: EsxMachine): Promise<void> {
        const before = this.known.starts === undefined ? (stored.starts ?? null) : this.known.starts;
        const { starts: _, ...rest } = stored;
        const extra = pack(EXTRA_CONFIG, { ...rest, ...(before !== null && { starts: before }) });
        const { vim, ref, name } = this.target;
        try {
            await vim.reconfigure(ref, { extra, changeVersion: read.config.changeVersion ?? undefined }, { title: `keep the branches of ${quoted(name)}` });
        } catch (error) {
            if (faultOf(error) === "ConcurrentAccess") throw overtaken(name);
            throw error;
        }
    }

    async committed(entry: JournalEntry): Promise<boolean> {
        await this.settle();
        const machine = await this.machine();
        // What was written down since is in this one's own.
        const now = this.entry?.id === (entry as EsxEntry).id ? this.entry : (entry as EsxEntry);
        return isDecidedIn(machine, await this.kept(machine), now);
    }

    private async readEntry(): Promise<EsxEntry | null> {
        const text = await this.target.state.readJournal();
        return text === null || text === "" ? null : (JSON.parse(text) as EsxEntry);
    }

    async readJournal(): Promise<JournalEntry | null> {
        this.known.starts = undefined; // Whatever this knew was of another time.
        return (this.entry = await this.readEntry());
    }

    async writeJournal(entry: JournalEntry): Promise<void> {
        const before = this.entry;
        this.entry = entry as EsxEntry;
        if (before?.id !== this.entry.id) this.known.starts = this.entry.kept.starts ?? null;
        await this.target.state.writeJournal(JSON.stringify(entry));
    }

    async clearJournal(): Promise<void> {
        this.entry = null;
        await this.target.state.clearJournal();
    }
}

/** Whether what the machine holds now may be left: then it counts whether its configuration is its snapshot's. */
function movesTip(operation: Operation): boolean {
    return operation.kind !== "create" || operation.source === "parent";
}

/** What tells later whether the machine was started, and whether somebody removed a snapshot. @param nodes those that stay */
function tracesOf(machine: EsxMachine, nodes: { has(ref: string): boolean }): Pick<Stored, "starts" | "seen"> {
    const starts = startsOff(machine);
    const count = [...machine.nodes.keys()].filter((ref) => nodes.has(ref)).length;
    return { ...(starts !== null && { starts }), seen: { highest: highestIn(machine), count } };
}

/** What is kept tells no more whether the machine was started, or whether somebody removed a snapshot. @param nodes those that stay */
function isStale(machine: EsxMachine, stored: Stored, nodes: { has(ref: string): boolean }): boolean {
    if ((stored.starts ?? null) !== startsOff(machine) || !hasAll(machine, stored)) return true;
    if (stored.at !== null && !nodes.has(stored.at)) return true;
    return [...machine.nodes.values()].some(({ uuid, id }) => id <= (stored.seen?.highest ?? 0) && !nodes.has(uuid));
}

/** Where the machine goes back to a snapshot, what is kept goes with it: it is written again. */
function withRecords({ finish, next }: NativeTransaction): readonly NativeStep[] {
    const [first, ...others] = finish;
    if (first?.kind !== "arrive" || next.stored === null) return finish;
    const records: RecordsStep = { kind: "records", stored: next.stored };
    return [first, records, ...others];
}

/** Others may have written too, with the same number: what counts is who did. */
function isDecidedIn({ nodes }: EsxMachine, { transaction, earlier = [] }: Stored, entry: EsxEntry): boolean {
    return entry.decided === true || isDecided({ nodes }, () => transaction === entry.id || earlier.includes(entry.id), entry);
}

/** It was decided that the machine goes elsewhere, and it has not yet: what was written then is there still. */
function isToArrive({ read }: EsxMachine, { id }: EsxEntry, name: string): boolean {
    const stored = keptIn(read.config.extra, name);
    return stored.transaction === id && stored.pending !== null;
}
