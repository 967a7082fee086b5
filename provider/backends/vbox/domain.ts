import { randomUUID } from "node:crypto";
import { dirname, join } from "node:path";
import {
    BusyError,
    type Domain,
    type Hierarchy,
    type HierarchyExport,
    noSuchSnapshot,
    type Operation,
    type PowerState,
    quoted,
    type RedefineOperation,
    UnsupportedError,
} from "../../model";
import {
    asAfter,
    asBefore,
    hierarchyOf,
    isDecided,
    keptAfter,
    type Looked,
    type NativeEntry,
    type NativeTransaction,
    type Ref,
    resolved,
    type Stored,
    transactionOf,
} from "../../native";
import type { XmlElement } from "../../xml";
import type { Diagnosis, Guest, JournalEntry, ListOptions, Lock, LockOptions, ManagedDomain, ProvisionStep, Step, StepContext, Transaction } from "../backend";
import { BACKEND, capabilities } from "./capabilities";
import { examine } from "./doctor";
import { documentOf, domainElement, domainOf, filesOf } from "./documents";
import { type MachineDocument, type Node, parseMachine } from "./document";
import { VboxDraft } from "./draft";
import { type Listing, listingOf, tipDiffers } from "./listing";
import { isPending, isUntouched, look, mediaOf } from "./look";
import type { Host } from "./host";
import { headsOf } from "./lost";
import { noDocument } from "./no-document";
import { refuseUngivable } from "./givable";
import { pack, unpack } from "./records";
import { compileRedefine } from "./redefine";
import { performStep, undoStep, type Work } from "./perform";
import type { RewriteStep, VboxStep } from "./steps";
import { CARRYING, refuseUnsupported } from "./unsupported";

type VboxEntry = NativeEntry<RewriteStep>;

/** A machine as it was looked at. */
interface Seen {
    readonly machine: MachineDocument;
    readonly looked: Looked<Node>;
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
        if (text === null) throw await noDocument(this.host.site, quoted(this.name), this.file);
        if (this.parsed?.text !== text) this.parsed = { text, machine: parseMachine(text, this.file) };
        return this.parsed.machine;
    }

    private async see(): Promise<Seen> {
        const [machine, entry] = [await this.machine(), await this.readEntry()];
        if (entry === null) return { machine, looked: await look(machine, this.host.read), undecided: null };
        if (!isDecidedIn(machine, entry)) return { machine, looked: asBefore(machine, await look(machine, this.host.read), entry), undecided: entry };
        const kept = keptAfter(machine, entry) ?? undefined;
        return { machine, looked: asAfter(machine, await look(machine, this.host.read, kept), entry), undecided: null };
    }

    private async powerState(machine: MachineDocument): Promise<PowerState> {
        if (machine.saved !== null) return "paused";
        return (this.state ??= await this.host.powerState(this.uuid));
    }

    private async listing({ machine, looked, undecided }: Seen, sizes: boolean): Promise<Listing> {
        const draft = new VboxDraft(looked);
        const pending = isPending(machine, looked.stored);
        const powerState = await this.powerState(machine);
        const size = sizes ? (file: string) => this.host.allocated(file) : undefined;
        return { name: this.name, machine, draft, powerState, read: this.host.read, size, pending, dirty: undecided?.before.dirty };
    }

    async hierarchy({ sizes = false, outcome = false }: ListOptions = {}): Promise<Hierarchy> {
        if (!outcome) this.state = null;
        return hierarchyOf(await listingOf(await this.listing(await this.see(), sizes)));
    }

    async domain(): Promise<Domain> {
        return domainOf(await this.machine());
    }

    async document(snapshot: string): Promise<string> {
        const { machine, looked } = await this.see();
        const draft = new VboxDraft(looked);
        const ref = draft.find(snapshot);
        if (ref === null) throw noSuchSnapshot(snapshot);
        return documentOf(machine, draft, ref);
    }

    export(): Promise<HierarchyExport> {
        return Promise.reject(new UnsupportedError(BACKEND, "export", CARRYING));
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
        const { machine } = seen;
        const listing = await this.listing(seen, false);
        const { draft, powerState } = listing;
        const domain = (ref: Ref): XmlElement => domainElement(machine, (machine.nodes.get(ref) ?? machine).hardware());
        const heads = await headsOf(this.host.read, operations);
        const around = {
            powerState,
            refuse: (operation: Operation) => refuseUnsupported(operation, powerState),
            redefine: (operation: RedefineOperation) => compileRedefine(draft, { machine, domain, heads }, operation),
        };
        const completed = () => {
            refuseUngivable([...draft.prepare, ...draft.editSteps()]);
            const rewriting = rewriteStep(draft);
            if (rewriting) draft.prepare.push(rewriting); // Before the commit: what VirtualBox does not take is not decided.
        };
        return transactionOf({ draft, around, dirty: await tipDiffers(listing), id: randomUUID(), completed }, operations);
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
        const { decision, next } = transaction as NativeTransaction<RewriteStep>;
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
        return isDecidedIn(await this.machine(), entry as VboxEntry);
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

function isDecidedIn(machine: MachineDocument, entry: VboxEntry): boolean {
    return isDecided(machine, () => unpack(machine.extra, machine.name).generation >= entry.generation, entry);
}

/** Undefined: nothing is to be other in the machine's document. */
function rewriteStep({ times, insertions, looked }: VboxDraft): RewriteStep | undefined {
    if (times.size === 0 && insertions.length === 0) return undefined;
    const nodes = looked.nodes as ReadonlyMap<string, Node>;
    const before = [...times.keys()].map((ref) => [ref, nodes.get(ref)?.time ?? 0] as const);
    return { kind: "rewrite", rewriting: { times: Object.fromEntries(times), insert: insertions }, before: Object.fromEntries(before) };
}

/** Where the machine is to go elsewhere, with what it is to leave. */
function withMedia(stored: Stored, machine: MachineDocument): Stored {
    return stored.pending === null ? stored : { ...stored, pending: { ...stored.pending, over: mediaOf(machine) } };
}
