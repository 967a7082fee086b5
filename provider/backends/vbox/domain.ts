import { randomUUID } from "node:crypto";
import { dirname, join } from "node:path";
import {
    BusyError,
    type Domain,
    HostError,
    type Hierarchy,
    type HierarchyExport,
    noSuchSnapshot,
    type Operation,
    type PowerState,
    quoted,
    titleOf,
    UnsupportedError,
} from "../../model";
import type { XmlElement } from "../../xml";
import type { Diagnosis, Guest, JournalEntry, ListOptions, Lock, LockOptions, ManagedDomain, ProvisionStep, Step, StepContext, Transaction } from "../backend";
import { BACKEND, capabilities } from "./capabilities";
import { compile, complete } from "./compile";
import { examine } from "./doctor";
import { documentOf, domainElement, domainOf, filesOf } from "./documents";
import { type MachineDocument, parseMachine } from "./document";
import { Draft, type Looked } from "./draft";
import { asAfter, asBefore, type Decision, keptAfter, resolved, takenBy, type VboxEntry } from "./journal";
import { hierarchyOf, type Listing, tipDiffers } from "./listing";
import { isPending, isUntouched, look, mediaOf } from "./look";
import type { Host } from "./host";
import { headsOf } from "./lost";
import { refuseUngivable } from "./givable";
import { pack, type Stored, unpack } from "./records";
import { performStep, undoStep, type Work } from "./perform";
import type { RecordsStep, Ref, VboxStep } from "./steps";

/** What a transaction of this backend commits. */
interface VboxNext {
    /** What is kept afterwards, as JSON with references; null: what is kept already. */
    readonly stored: string | null;
    /** The tip that goes held nothing of its own. */
    readonly clean: boolean;
}

interface VboxTransaction extends VboxEntry, Transaction {
    readonly prepare: readonly VboxStep[];
    readonly finish: readonly VboxStep[];
    readonly next: VboxNext;
}

/** A machine as it was looked at. */
interface Seen {
    readonly machine: MachineDocument;
    readonly looked: Looked;
    /** A transaction that was begun and not decided. */
    readonly undecided: VboxEntry | null;
}

/** A machine of VirtualBox's. */
export class VboxDomain implements ManagedDomain {
    readonly capabilities = capabilities;
    readonly guest: Guest;
    private parsed: { readonly text: string; readonly machine: MachineDocument } | null = null;
    private entry: VboxEntry | null = null;
    /** Asked once for each time that the lock is held: nobody is asked who could be disturbed by it. */
    private state: PowerState | null = null;

    /** @param file absolute path of its document */
    constructor(
        readonly name: string,
        private readonly uuid: string,
        private readonly file: string,
        private readonly host: Host,
    ) {
        this.guest = host.guest(uuid, () => this.machine());
    }

    private async machine(): Promise<MachineDocument> {
        const text = await this.host.documentAt(this.file);
        if (text === null)
            throw new HostError(
                `the machine ${quoted(this.name)} is inaccessible: its document ${quoted(this.file)} is not there; put it back (VirtualBox keeps the one before as .vbox-prev), or unregister the machine`,
                {
                    file: this.file,
                },
            );
        if (this.parsed?.text !== text) this.parsed = { text, machine: parseMachine(text, this.file) };
        return this.parsed.machine;
    }

    private async see(): Promise<Seen> {
        const [machine, entry] = [await this.machine(), await this.readEntry()];
        if (entry === null) return { machine, looked: await look(machine, this.host.read), undecided: null };
        if (!isDecided(machine, entry)) return { machine, looked: asBefore(machine, await look(machine, this.host.read), entry), undecided: entry };
        const kept = keptAfter(machine, entry) ?? undefined;
        return { machine, looked: asAfter(machine, await look(machine, this.host.read, kept), entry), undecided: null };
    }

    private async powerState(machine: MachineDocument): Promise<PowerState> {
        if (machine.saved !== null) return "paused";
        return (this.state ??= await this.host.powerState(this.uuid));
    }

    private async listing({ machine, looked, undecided }: Seen, sizes: boolean): Promise<Listing> {
        const draft = new Draft(looked);
        const pending = isPending(machine, looked.stored);
        const powerState = await this.powerState(machine);
        const size = sizes ? (file: string) => this.host.allocated(file) : undefined;
        return { name: this.name, machine, draft, powerState, read: this.host.read, size, pending, dirty: undecided?.before.dirty };
    }

    async hierarchy({ sizes = false, outcome = false }: ListOptions = {}): Promise<Hierarchy> {
        if (!outcome) this.state = null;
        return hierarchyOf(await this.listing(await this.see(), sizes));
    }

    async domain(): Promise<Domain> {
        return domainOf(await this.machine());
    }

    async document(snapshot: string): Promise<string> {
        const { machine, looked } = await this.see();
        const draft = new Draft(looked);
        const ref = draft.find(snapshot);
        if (ref === null) throw noSuchSnapshot(snapshot);
        return documentOf(machine, draft, ref);
    }

    export(): Promise<HierarchyExport> {
        return Promise.reject(
            new UnsupportedError(
                BACKEND,
                "export",
                "copy the machine’s folder and register it elsewhere, or use “VBoxManage clonevm --mode all”: snapshots and branches go with it",
            ),
        );
    }

    identity(): Promise<string> {
        return Promise.resolve(`${this.host.identity()}:${this.uuid}`);
    }

    undefine(): Promise<void> {
        return Promise.reject(new UnsupportedError(BACKEND, "unregistering a machine", "use “VBoxManage unregistervm”"));
    }

    async examine(): Promise<readonly Diagnosis[]> {
        const { machine, looked, undecided } = await this.see();
        const { name, uuid, host } = this;
        return examine({ name, uuid, host, machine, looked, entry: await this.readEntry(), decided: undecided === null });
    }

    async lock(options: LockOptions): Promise<Lock> {
        const lock = await this.host.lock(this.beside("lock"), this.uuid, options);
        this.state = null;
        return lock;
    }

    /** A file of Snaptree's beside the machine's document. */
    private beside(what: "lock" | "journal"): string {
        return join(dirname(this.file), `.snaptree-${this.uuid}.${what}`);
    }

    async compile(operations: readonly Operation[]): Promise<Transaction> {
        const seen = await this.see();
        const { machine, looked } = seen;
        const listing = await this.listing(seen, false);
        const [dirty, id] = [await tipDiffers(listing), randomUUID()];
        const { draft } = listing;
        const domain = (ref: Ref): XmlElement => domainElement(machine, (machine.nodes.get(ref) ?? machine).hardware());
        const heads = await headsOf(this.host.read, operations);
        for (const operation of operations) compile(draft, { powerState: listing.powerState, machine, domain, heads }, operation);
        refuseUngivable([...draft.prepare, ...draft.editSteps()]);
        const left = looked.current.node;
        complete(draft, operations, new Set(left !== null && looked.stored.hidden.includes(left) ? [left] : []));
        const generation = looked.stored.generation + 1;
        const stored = draft.stored(generation, id);
        return this.transaction({ draft, stored, changed: isChanged(looked.stored, stored), title: titleOf(operations), id, dirty });
    }

    private transaction({ draft, stored, changed, title, id, dirty }: Compiled): VboxTransaction {
        const { looked, prepare, finish } = draft;
        const last = prepare.at(-1);
        const onlyTakes = prepare.every(({ kind }) => kind === "take") && draft.arrival() === null;
        const text = JSON.stringify(stored);
        const before = { node: looked.current.node, dirty };
        const all = { title, generation: stored.generation, id, before };
        const clean = draft.leavesNothing() && draft.arrival() !== null;
        // What VirtualBox takes in one instant decides.
        if (onlyTakes && last?.kind === "take") {
            const records: RecordsStep[] = changed ? [{ kind: "records", stored: text }] : [];
            const decision: Decision = { by: "take", step: last };
            return { ...all, prepare: prepare.slice(0, -1), finish: [...records, ...finish], decision, next: { stored: null, clean: false } };
        }
        const decision: Decision = changed || prepare.length > 0 || draft.arrival() !== null ? { by: "records" } : { by: "nothing" };
        return { ...all, prepare, finish, decision, next: { stored: decision.by === "records" ? text : null, clean } };
    }

    private work(): Work {
        const { host, uuid, entry } = this;
        if (!entry) throw new Error("no transaction was begun");
        return { host, uuid, entry, machine: () => this.machine(), write: (stored) => this.write(stored) };
    }

    async perform(step: Step, context: StepContext): Promise<void> {
        await performStep(this.work(), step as VboxStep, context);
    }

    async undo(step: Step): Promise<void> {
        await this.host.settle(this.uuid);
        await undoStep(this.work(), step as VboxStep);
    }

    /** The files that commands are to change: VirtualBox names them when it makes them. */
    async provisionFiles(_step: ProvisionStep): Promise<Readonly<Record<string, string>>> {
        const machine = await this.machine();
        return this.host.site.isLocal ? filesOf(machine.disks, machine.media) : {};
    }

    async commit(transaction: Transaction): Promise<void> {
        const { decision, next } = transaction as VboxTransaction;
        if (decision.by === "take") return performStep(this.work(), decision.step, { signal: undefined, again: false, onProgress: () => undefined });
        if (next.stored === null) return;
        if (next.clean) await this.refuseWritten();
        const machine = await this.machine();
        const stored = this.work();
        await this.write(withMedia(resolved(next.stored, machine, stored.entry), machine));
    }

    /** What was written since it was looked at is nothing that anybody agreed to lose. */
    private async refuseWritten(): Promise<void> {
        if (await isUntouched(await this.machine(), this.host.read)) return;
        throw new BusyError(`the machine ${quoted(this.name)} was written to or changed meanwhile, so everything was taken back; see who did, and run again`);
    }

    private async write(stored: Stored): Promise<void> {
        for (const [key, value] of pack(stored)) await this.host.manage.run(["setextradata", this.uuid, key, value], { machine: this.uuid });
    }

    async committed(entry: JournalEntry): Promise<boolean> {
        await this.host.settle(this.uuid);
        return isDecided(await this.machine(), entry as VboxEntry);
    }

    private async readEntry(): Promise<VboxEntry | null> {
        const text = await this.host.site.readText(this.beside("journal"));
        return text === null || text === "" ? null : (JSON.parse(text) as VboxEntry);
    }

    async readJournal(): Promise<JournalEntry | null> {
        return (this.entry = await this.readEntry());
    }

    async writeJournal(entry: JournalEntry): Promise<void> {
        this.entry = entry as VboxEntry;
        await this.host.site.writeText(this.beside("journal"), JSON.stringify(entry));
    }

    async clearJournal(): Promise<void> {
        this.entry = null;
        await this.host.site.remove(this.beside("journal"));
    }
}

/** What compiling came to. */
interface Compiled {
    readonly draft: Draft;
    readonly stored: Stored;
    readonly changed: boolean;
    readonly title: string;
    readonly id: string;
    readonly dirty: boolean;
}

/** Whether there is anything new to keep. */
function isChanged(before: Stored, after: Stored): boolean {
    const told = ({ active, at, current, hidden, forgotten, branches, snapshots }: Stored) =>
        JSON.stringify([active, active === null ? null : at, current, hidden, forgotten, branches, snapshots]);
    return told(before) !== told(after) || after.pending !== null;
}

function isDecided(machine: MachineDocument, { decision, generation }: VboxEntry): boolean {
    if (decision.by === "take") return takenBy(machine, decision.step) !== undefined;
    return decision.by === "nothing" || unpack(machine.extra, machine.name).generation >= generation;
}

/** Where the machine is to go elsewhere, with what it is to leave. */
function withMedia(stored: Stored, machine: MachineDocument): Stored {
    return stored.pending === null ? stored : { ...stored, pending: { ...stored.pending, over: mediaOf(machine) } };
}
