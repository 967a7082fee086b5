import { randomUUID } from "node:crypto";
import { dirname, join } from "node:path";
import {
    AlreadyExistsError,
    automaticName,
    BusyError,
    type CreateOperation,
    type Domain,
    type Hierarchy,
    type HierarchyExport,
    HostError,
    InvalidInputError,
    noSuchSnapshot,
    type Operation,
    quoted,
    UnsupportedError,
    titleOf,
} from "../../model";
import { formatSnapshot, parseDomain, parseSnapshot, parseXml, type SnapshotDocument } from "../../xml";
import { addChain, unrecordedFiles } from "../../disks/chain";
import { compile, type World } from "../../disks/compile";
import { tipDiffers } from "../../disks/dirty";
import { exportOf } from "../../disks/export";
import { Draft, type NewFile, type Next, writeDrafted } from "../../disks/draft";
import { isThere, removeFile, syncFolder } from "../../disks/files";
import { refuseOpenImages } from "../../disks/holders";
import { type Images, settled } from "../../disks/images";
import { hierarchyOf } from "../../disks/listing";
import { takeLock } from "../../disks/lock";
import { changedError, looking, refuseShared, refuseWritten } from "../../disks/looking";
import { filesOf, type Records, type SnapshotRecord } from "../../disks/records";
import { refuseFullDisks } from "../../disks/space";
import { stampsOf } from "../../disks/stamps";
import { type DocumentsStep, type MarkStep, perform, type QemuStep, undo } from "../../disks/steps";
import type { Diagnosis, Guest, JournalEntry, ListOptions, Lock, LockOptions, ManagedDomain, Step, StepContext, Transaction } from "../backend";
import { BACKEND, capabilities } from "./capabilities";
import { guestOf } from "./control";
import { decided, isCommitted, type LibvirtEntry } from "./journal";
import { deletable, liveCreation, liveImages, liveNvram, refuseAsleep, refuseOverwriting } from "./live";
import { type Beneath, openIn, performUnder, sparing, undoUnder } from "./live-steps";
import { carriedDocument, lastingId, refuseRooted, refuseRunning } from "./moving";
import { createSnapshot, type NewSnapshot } from "./native";
import { examine } from "./doctor";
import { remembering, shownFor } from "./documents";
import { type Headers, imagesOf } from "./graph";
import { asleep } from "./guest";
import { generationIn, ownElement, pack, unpack } from "./metadata";
import { filesOfOthers } from "./others";
import { openDisks } from "./open-disks";
import { type DefineStep, isDocument, placeOf } from "./place";
import { recordsOf } from "./reconcile";
import { bare, Documents, isOff, powerStateOf, see, type Seen, type SeenConfig, type SeenDocument, type SeenDomain } from "./seen";
import { type AgreeStep, isLibvirtStep, type RememberStep } from "./steps";
import { refuseForgotten, Store } from "./store";
import { type Stored, VERSION } from "./stored";
import { option, type Virsh, VirshError } from "./virsh";

/** What a connection to a host has that its domains share. */
export interface Connection {
    readonly virsh: Virsh;
    readonly images: Images;
    readonly headers: Headers;
    /** The files of the host's domains are this machine's. */
    readonly isLocal: boolean;
}

/** What a transaction of this backend commits. */
interface LibvirtNext extends Next {
    readonly stored: Stored;
    /** Nothing ran when it was compiled. */
    readonly off: boolean;
    /** The configuration that the commit defines with the records; null: a step of its own does, or it stays. */
    readonly configure: DefineStep | null;
}

/** A snapshot of a running guest: libvirt's taking it is the commit. */
interface LiveNext {
    readonly creation: NewSnapshot;
    readonly operation: CreateOperation;
    /** The guest's firmware variables, of which libvirt keeps none with a snapshot. */
    readonly nvram: NewFile | null;
}

/** A transaction of this backend, with what its journal entry has too. */
interface LibvirtTransaction extends LibvirtEntry, Transaction {
    readonly next: LibvirtNext | LiveNext;
}

/** A domain that libvirt runs. */
export class LibvirtDomain implements ManagedDomain {
    readonly capabilities = capabilities;
    readonly guest: Guest;
    private readonly store: Store;
    private readonly documents = new Documents();
    private seen: Seen | null = null;
    private entry: LibvirtEntry | null = null;
    private home: string | null = null;
    /** Snapshots that were defined anew since the lock was taken, under which all are looked at before anything is done; null: any may be another one. */
    private touched: Set<string> | null = null;
    /** When all snapshots were read last, by the process's own clock. */
    private wholeAt = -Infinity;
    /** What the last transaction came to, and the snapshots that are to be read again whatever it may be; null: others may have been at work since. */
    private recent: { readonly seen: Seen; readonly again: ReadonlySet<string> } | null = null;
    /** A look for which only some snapshots were read again. */
    private partly: { readonly seen: Seen; readonly read: ReadonlySet<string> } | null = null;

    constructor(
        readonly name: string,
        private readonly uuid: string,
        private readonly connection: Connection,
    ) {
        this.store = new Store(connection.virsh, uuid);
        const guest = guestOf({ virsh: connection.virsh, uuid, see: () => this.see() });
        const arrive: Guest["arrive"] = (operation, options) => guest.arrive(operation, options).finally(() => (this.seen = null)); // It runs by now.
        this.guest = { ...guest, arrive };
    }

    private async see(): Promise<Seen> {
        this.recent = null;
        const at = performance.now();
        const seen = await see(this.connection.virsh, this.uuid, this.documents);
        this.wholeAt = at;
        return (this.seen = seen);
    }

    /** What a transaction came to: nothing is decided by it, so it is not what was looked at last. */
    private async seeOutcome(): Promise<Seen> {
        const { touched } = this;
        const seen = await see(this.connection.virsh, this.uuid, this.documents, touched);
        this.recent = touched && { seen, again: new Set([...touched, ...(seen.current === null ? [] : [seen.current])]) };
        this.touched = new Set();
        return seen;
    }

    /**
     * For what only adds to the hierarchy. Where the domain, the names of its snapshots, the current one and those that the last transaction was about are as that
     * left them, nobody is taken to have redefined another one in the few moments since all were read.
     */
    private async seeRecent(): Promise<Seen> {
        const { recent } = this;
        if (recent === null || performance.now() - this.wholeAt > RECENT) return this.see();
        const seen = await see(this.connection.virsh, this.uuid, this.documents, recent.again);
        if (!isSame(seen, recent.seen)) return this.see();
        this.partly = { seen, read: recent.again };
        return (this.seen = seen);
    }

    /** As it was looked at last: while the lock is held and nothing was done, nobody but a stranger changes it. */
    private async seenAlready(): Promise<Seen> {
        return this.seen ?? this.see();
    }

    async domain(): Promise<Domain> {
        return parseDomain((await this.store.config()).config);
    }

    async hierarchy(options: ListOptions = {}): Promise<Hierarchy> {
        const seen = decided(await (options.outcome ? this.seeOutcome() : options.recent ? this.seeRecent() : this.see()));
        const sizes = options.sizes ?? false;
        return this.listed(seen, await recordsOf(seen, this.connection.headers, sizes), sizes);
    }

    private listed(seen: Seen, records: Records, sizes: boolean): Promise<Hierarchy> {
        return hierarchyOf({ name: this.name, domain: parseDomain(seen.config), records, powerState: powerStateOf(seen), sizes });
    }

    async document(snapshot: string): Promise<string> {
        const document = decided(await this.see()).documents.get(snapshot)?.document;
        if (!document) throw noSuchSnapshot(snapshot);
        return carriedDocument(document, { name: snapshot, tag: null });
    }

    async export(): Promise<HierarchyExport> {
        const seen = await this.see();
        const known = await recordsOf(seen, this.connection.headers, true);
        const identified = [...known.snapshots].map(
            ([name, record]) => [name, { ...record, contentId: record.contentId ?? lastingId(this.uuid, record) }] as const,
        );
        const records = { ...known, snapshots: new Map(identified) };
        return exportOf({
            hierarchy: await this.listed(seen, records, false),
            records,
            xml: seen.xml,
            document: (record) => carriedDocument(this.documentIn(seen, null, record), record),
            configuration: ({ document }) => draftText(seen, null, document),
        });
    }

    async identity(): Promise<string> {
        const host = /<uuid>(.*?)<\/uuid>/.exec(await this.connection.virsh.run(["capabilities"]))?.[1];
        return `${host ?? ""}:${this.uuid}`;
    }

    async undefine(): Promise<void> {
        const seen = await this.see();
        if (seen.documents.size > 0 || (seen.stored?.data.branches.length ?? 0) > 0 || seen.journal)
            throw new BusyError(`something is remembered of the domain ${quoted(this.name)} still; delete its snapshots and branches first`);
        refuseRunning(this.name, seen, "it is undefined");
        const lock = await this.lockFile();
        await this.connection.virsh.run(["undefine", option("domain", this.uuid), "--keep-nvram"]);
        await removeFile(lock);
    }

    async lock(options: LockOptions): Promise<Lock> {
        for (;;) {
            const home = await this.findHome();
            const lock = await takeLock(lockIn(home, this.uuid), options);
            this.seen = null;
            this.touched = new Set();
            this.home = home;
            // Whoever had it may have chosen another one.
            if ((await this.findHome()) === home) return lock;
            await lock[Symbol.asyncDispose]();
        }
    }

    /** Where whoever works on the disks finds it, from whatever host. */
    private async lockFile(): Promise<string> {
        return lockIn(await this.folder(), this.uuid);
    }

    /** Where the domain's lock is, and what belongs beside no disk. */
    private async folder(): Promise<string> {
        return (this.home ??= await this.findHome());
    }

    /** Where it has been since there are records; before, and where that is gone, where the domain's first disk lies. */
    private async findHome(): Promise<string> {
        const { config, whole } = await this.store.config();
        const stored = unpack(whole, "records")?.data as Stored | undefined;
        if (stored?.home && (await isThere(stored.home))) return stored.home;
        const { disks } = parseDomain(config);
        const file = disks.find((disk) => disk.file !== null && disk.device === "disk")?.file ?? null;
        if (file === null)
            throw new InvalidInputError(`the domain ${quoted(this.name)} has no disk in a file, so there is nothing that Snaptree could take`, "domain");
        return dirname(file);
    }

    async compile(operations: readonly Operation[]): Promise<Transaction> {
        const seen = await this.seenAlready();
        const read = this.partly?.seen === seen ? this.partly.read : null;
        if (read === null) return this.compiled(seen, operations);
        const compiled = await this.compiled(seen, operations).catch(() => null);
        return compiled && isAbout(compiled, seen, read) ? compiled : this.compiled(await this.see(), operations);
    }

    private async compiled(seen: Seen, operations: readonly Operation[]): Promise<LibvirtTransaction> {
        const stored = await recordsOf(seen, this.connection.headers, true);
        const draft = new Draft(placeOf(parseDomain(seen.config), await this.folder()), stored, seen.config);
        // libvirt would believe its own list of backing files, and not the images'.
        if (seen.listsChain) draft.config = { ...draft.config };
        const [first] = operations;
        if (first?.kind === "create" && first.source === "tip" && (seen.managedSave || seen.powerState !== "shutoff"))
            return this.live(seen, draft, first, operations);
        if (first?.kind === "forget") await refuseRooted(this.connection.virsh, this.uuid, this.name, seen);
        const disks = seen.powerState === "shutoff" ? null : await openDisks(this.connection.virsh, this.uuid);
        const world = { ...this.world(seen, draft), ...(disks && { running: openIn(disks) }) };
        await compile(draft, world, operations);
        if (first?.kind === "import") await this.knowImages(draft);
        for (const name of draft.snapshots.keys()) if (!stored.snapshots.has(name)) refuseLong(name);
        if (seen.managedSave) refuseAsleep(this.name, draft);
        await refuseShared(draft.use().altered, world);
        const stamps = await stampsOf(draft.doomed());
        const transaction = draft.transaction(titleOf(operations), { xml: seen.xml, stamps, use: draft.use() });
        const steps = [...transaction.prepare, ...transaction.finish] as QemuStep[];
        const runs = disks && { name: this.name, uuid: this.uuid, disks, deletable: deletable(seen, draft) };
        const use = runs ? sparing(draft.use(), runs, steps) : draft.use();
        // The commit looks for whoever uses them, whatever was found here; where all that is done before it are empty overlays, that is early enough.
        const isEarly = disks === null && onlyAdds(transaction);
        if (!isEarly) await refuseOpenImages(use);
        await refuseFullDisks(steps);
        const isCreation = operations.every(({ kind }) => kind === "create");
        return this.completed(seen, draft, { ...transaction, next: { ...transaction.next, seen: { ...transaction.next.seen, use } } }, isCreation);
    }

    /** libvirt takes the snapshot of a running guest, in one instant, which is the commit. */
    private async live(seen: Seen, draft: Draft, operation: CreateOperation, operations: readonly Operation[]): Promise<LibvirtTransaction> {
        if (operations.length > 1) throw new UnsupportedError(BACKEND, "several snapshots of a running guest in one", "take one after another");
        if (seen.managedSave) throw asleep(this.name);
        refuseLong(operation.name);
        const next: LiveNext = { creation: liveCreation(draft, operation), operation, nvram: liveNvram(draft, operation) };
        await refuseOverwriting(draft, next.creation, this.world(seen, draft));
        const prepare: DocumentsStep[] = next.nvram ? [{ kind: "documents", files: [next.nvram.file] }] : [];
        const step: AgreeStep = { kind: "agree" };
        return { id: randomUUID(), title: titleOf(operations), generation: draft.stored.generation + 1, prepare, finish: [step], next };
    }

    /** What is imported is another's, whatever stands between: said of each image, since libvirt's documents call overlays its own. */
    private async knowImages(draft: Draft): Promise<void> {
        const nodes = [draft.tip(), ...[...draft.snapshots.values(), ...draft.branches.values()].map(({ files }) => files)];
        const formats = new Map([...draft.images.values()].map(({ path, format }) => [path, format]));
        const named = nodes.flatMap((files) => Object.values(files));
        const images = await imagesOf(named, { formats, stored: draft.images, overlays: new Set() }, this.connection.headers);
        for (const [path, image] of images) draft.images.set(path, image);
    }

    /** Adds what libvirt is to be told, before files go. */
    private async completed(seen: Seen, draft: Draft, transaction: Transaction & { readonly next: Next }, isCreation: boolean): Promise<LibvirtTransaction> {
        const { records } = transaction.next;
        const id = randomUUID();
        const stored = await this.storedOf(records, shownFor(seen, records), id, (document) => draftText(seen, draft, document));
        const own = ownElement("records", transaction.generation, await pack(stored));
        const told = remembering(seen, records, (record) => this.documentIn(seen, draft, record), own);
        const removal = transaction.finish.filter(({ kind }) => kind === "remove").slice(-1);
        const others = transaction.finish.filter((step) => !removal.includes(step));
        const step: RememberStep = { kind: "remember", ...told };
        const off = isOff(seen);
        // Where nothing is to be done between the two, the records and the configuration become others in one.
        const [first, ...rest] = others;
        const configure = isCreation && off && first?.kind === "define" && rest.length === 0 ? (first as DefineStep) : null;
        const next: LibvirtNext = { ...transaction.next, stored, off, configure };
        return { ...transaction, id, finish: [...(configure ? [] : others), step, ...removal], next };
    }

    private documentIn(seen: Seen, draft: Draft | null, record: SnapshotRecord): SnapshotDocument {
        const pending = draft?.pending(record.document);
        if (pending !== undefined) return parseSnapshot(pending);
        const document = seen.documents.get(record.document.replace(/^document:snapshot:/, ""))?.document;
        if (!document) throw noSuchSnapshot(record.name);
        return document;
    }

    private async storedOf(records: Records, shown: string | null, transaction: string | null, text: (document: string) => string): Promise<Stored> {
        const { next, current, branch, tip, images, snapshots, branches } = records;
        return {
            version: VERSION,
            transaction,
            home: await this.folder(),
            ...{ next, current, shown, branch, tip },
            // An overlay that is another's is told too: it would count as libvirt's, which is this domain's.
            images: [...images.values()].filter(({ created, owned, backing }) => created || owned || backing !== null),
            snapshots: Object.fromEntries(
                [...snapshots.values()].map(({ name, parent, creationTime, made, tag, nvram, contentId, committing, owner }) => [
                    name,
                    { parent, creationTime, made, tag, nvram, contentId, ...(committing && { committing }), ...(owner !== undefined && { owner }) },
                ]),
            ),
            branches: [...branches.values()].map((record) => ({ ...record, xml: text(record.document) })),
        };
    }

    private world(seen: Seen, draft: Draft): World {
        return looking(this.connection.images, {
            foreign: () => this.foreign(draft),
            read: (document) => Promise.resolve(draftText(seen, draft, document)),
            dirty: () => {
                const domain = parseDomain(seen.config);
                return tipDiffers(domain, filesOf(domain), draft.stored);
            },
        });
    }

    /** Files that other domains of the host use, whatever these are at now. */
    private async foreign(draft: Pick<Draft, "tip" | "images">): Promise<ReadonlySet<string>> {
        const files = await unrecordedFiles(Object.values(draft.tip()), draft.images);
        const kept = async (uuid: string) => {
            const seen = await new LibvirtDomain(uuid, uuid, this.connection).see();
            return (await recordsOf(seen, this.connection.headers, true)).images.keys();
        };
        for (const file of await filesOfOthers(this.connection.virsh, this.uuid, kept)) await addChain(file, files);
        return files;
    }

    async examine(signal?: AbortSignal): Promise<readonly Diagnosis[]> {
        const seen = await this.see();
        const records = await recordsOf(seen, this.connection.headers, true);
        const foreign = await this.foreign({ tip: () => records.tip, images: new Map(records.images) });
        const { name, uuid, connection } = this;
        return examine({ name, uuid, folder: await this.folder(), seen, records, foreign, images: connection.images }, signal);
    }

    async perform(step: Step, context: StepContext): Promise<void> {
        this.seen = null;
        if (step.kind === "mark") return this.mark((step as MarkStep).snapshot);
        if (await performUnder(this.beneath(), step, context)) return;
        if (!isLibvirtStep(step)) return perform(this.connection.images, step as QemuStep, context, (files, tag) => this.keep(files, tag));
        if (step.kind === "define") return this.store.define(step, parseXml(step.xml));
        if (step.kind === "agree") return this.agree();
        if (context.again) refuseForgotten((await this.see()).documents, step);
        for (const { name } of step.documents) this.touched?.add(name);
        return this.store.remember(step);
    }

    /** libvirt's documents become those of the records, of a hierarchy that libvirt itself changed. */
    private async agree(): Promise<void> {
        const seen = await this.see();
        const records = await recordsOf(seen, this.connection.headers, true);
        if (!seen.stored) return;
        const own = ownElement("records", seen.stored.generation, await pack(seen.stored.data));
        this.touched = null;
        const told: RememberStep = { kind: "remember", ...remembering(seen, records, (record) => this.documentIn(seen, null, record), own) };
        // Of a snapshot that it can't write down, libvirt forgets all: whoever goes on with this has to know it by then.
        if (this.entry !== null && told.documents.length > 0) await this.writeJournal({ ...this.entry, finish: [told] });
        await this.store.remember(told);
    }

    private beneath(): Beneath {
        const { virsh, headers } = this.connection;
        return { virsh, uuid: this.uuid, headers, tip: async () => filesOf(await this.domain()) };
    }

    async undo(step: Step): Promise<void> {
        this.seen = null;
        // Whoever took our journal for an interrupted one has taken it back already, and may have made files of the same names since.
        if (await this.isOvertaken()) return;
        if (await undoUnder(this.beneath(), step)) return;
        return undo(this.connection.images, step as QemuStep, (files, tag) => this.keep(files, tag));
    }

    /** Says that a snapshot's file is being written. The hierarchy is the same one. */
    private async mark(name: string): Promise<void> {
        const { stored } = await this.see();
        const snapshot = stored?.data.snapshots[name];
        if (!stored || !snapshot) return;
        await this.store.writeRecords(stored.generation, {
            ...stored.data,
            snapshots: { ...stored.data.snapshots, [name]: { ...snapshot, committing: true } },
        });
    }

    /** An automatic branch for what images hold under a tag: nobody knows any more where that forks. */
    private async keep(images: readonly string[], tag: string): Promise<void> {
        const seen = await this.see();
        const records = await recordsOf(seen, this.connection.headers, true);
        const name = automaticName("rescued", new Set([...records.snapshots.keys(), ...records.branches.keys()]));
        const files = Object.fromEntries(Object.entries(records.tip).filter(([, file]) => images.includes(file)));
        const document = `document:branch:${records.next}`;
        const branches = new Map(records.branches).set(name, { name, from: null, tip: null, files, tag, document, nvram: null });
        const text = (wanted: string) => (wanted === document ? seen.xml : draftText(seen, null, wanted));
        const transaction = seen.stored?.data.transaction ?? null;
        await this.store.writeRecords(
            records.generation,
            await this.storedOf({ ...records, next: records.next + 1, branches }, seen.current, transaction, text),
        );
    }

    async commit(transaction: Transaction): Promise<void> {
        const { next } = transaction as LibvirtTransaction;
        if ("creation" in next) return this.commitLive(transaction as LibvirtTransaction, next);
        const { stored, configure, off } = next;
        const files = next.files.filter(({ file }) => !isDocument(file));
        let now = await this.refuseMeanwhile(transaction as LibvirtTransaction, next);
        if (files.length > 0) {
            await writeAll(files);
            now = await this.refuseChanged(transaction as LibvirtTransaction, next);
        }
        if (off) await this.store.replace(now, transaction.generation, stored, configure);
        else await this.store.writeRecords(transaction.generation, stored);
    }

    private async commitLive(transaction: LibvirtTransaction, { creation, operation, nvram }: LiveNext): Promise<void> {
        await this.refuseOthers(transaction);
        const before = await this.see();
        if (before.documents.has(creation.name)) throw new AlreadyExistsError(`there is a snapshot ${quoted(creation.name)} already; choose another name`);
        this.touched = null;
        const copies = nvram ? [nvram] : [];
        // What can't be copied is found before anything is taken. What counts is the copy made after: a guest that runs on may have written there by then, but
        // one that is paused, or that halts with the snapshot, has not.
        await writeAll(copies);
        await createSnapshot(this.connection.virsh, this.uuid, creation);
        await writeAll(copies);
        const seen = await this.see();
        const records = await recordsOf(seen, this.connection.headers, true);
        const taken = records.snapshots.get(creation.name);
        const own = { contentId: randomUUID(), nvram: nvram?.file ?? null, ...(operation.owner !== undefined && { owner: operation.owner }) };
        const snapshots = taken ? new Map(records.snapshots).set(creation.name, { ...taken, ...own }) : records.snapshots;
        const images = liveImages(records, creation, filesOf(parseDomain(before.config)));
        await this.store.writeRecords(
            transaction.generation,
            await this.storedOf({ ...records, snapshots, images }, seen.current, transaction.id, (document) => draftText(seen, null, document)),
        );
    }

    /** Preparing may have taken hours, in which nobody kept the domain from being started, written, changed and shut down again. */
    private async refuseMeanwhile(transaction: LibvirtEntry, next: LibvirtNext): Promise<SeenDomain> {
        const { stamps, use } = next.seen;
        // Whoever has them open may be a guest that was started, which is said then.
        const [open] = await Promise.allSettled([refuseOpenImages(use)]);
        const now = await this.refuseChanged(transaction, next);
        if (open.status === "rejected") throw open.reason;
        await refuseWritten(stamps);
        return now;
    }

    /** As it is this moment, which is what was decided on. */
    private async refuseChanged(transaction: LibvirtEntry, { seen: { xml }, off }: LibvirtNext): Promise<SeenDomain> {
        const now = await this.refuseOthers(transaction);
        if (now.xml !== xml) throw changedError(this.name);
        if (off && !isOff(now))
            throw new BusyError(`the domain ${quoted(this.name)} was started meanwhile, so everything was taken back; shut it down, and run again`);
        return now;
    }

    /** The lock is this machine's: who manages the domain from another one is only seen by what is in its `<metadata>` by now. */
    private async refuseOthers({ id, generation }: LibvirtEntry): Promise<SeenDomain> {
        const now = await this.store.look();
        // Nobody's records are there before the first ones.
        if (Math.max(0, generationIn(now.whole, "records")) >= generation || this.journalId(now) !== id) throw changedError(this.name);
        return now;
    }

    private journalId({ whole }: SeenConfig): string | null {
        return (unpack(whole, "journal")?.data as LibvirtEntry | undefined)?.id ?? null;
    }

    async committed(entry: JournalEntry): Promise<boolean> {
        try {
            return isCommitted(entry as LibvirtEntry, (await this.see()).stored);
        } catch (error) {
            if (error instanceof VirshError && (await this.store.isGone())) return false;
            throw error;
        }
    }

    /** Another machine has done away with the journal of ours. */
    private async isOvertaken(): Promise<boolean> {
        if (this.entry === null) return false;
        try {
            return this.journalId(await this.store.config()) !== this.entry.id;
        } catch (error) {
            if (error instanceof VirshError && (await this.store.isGone())) return false;
            throw error;
        }
    }

    private async hasOthersJournal(entry: LibvirtEntry | null): Promise<boolean> {
        if (entry === null) return false;
        const id = await this.store.config().then(
            (config) => this.journalId(config),
            () => null, // Whoever clears it says so better.
        );
        return id !== null && id !== entry.id;
    }

    async readJournal(): Promise<JournalEntry | null> {
        if (generationIn((await this.store.config()).whole, "journal") < 0) return null;
        this.entry = (await this.see()).journal;
        if (this.entry === null) await this.store.clearJournal();
        return this.entry;
    }

    async writeJournal(entry: JournalEntry): Promise<void> {
        this.entry = entry as LibvirtEntry;
        this.seen = null;
        await this.store.writeJournal(entry as LibvirtEntry);
    }

    /** The marks that steps made go once the journal does: they would be taken for another one's. Another machine's journal is not ours to clear. */
    async clearJournal(): Promise<void> {
        const { entry } = this;
        if (!(await this.hasOthersJournal(entry))) await this.store.clearJournal();
        this.entry = null;
        for (const step of [...(entry?.prepare ?? []), ...(entry?.finish ?? [])])
            for (const mark of [step.begun, step.done]) if (typeof mark === "string") await removeFile(mark);
    }
}

/** So many milliseconds after all snapshots were read, one that is added needs no other look at those that it is not about. */
const RECENT = 2000;

/** Nothing that was read again is other than it was. */
function isSame(now: Seen, before: Seen): boolean {
    const isKept = ([name, document]: [string, SeenDocument]) => before.documents.get(name) === document;
    return (
        now.text === before.text &&
        now.powerState === before.powerState &&
        now.managedSave === before.managedSave &&
        now.current === before.current &&
        now.documents.size === before.documents.size &&
        [...now.documents].every(isKept)
    );
}

/** All that is done before the commit is to make what nobody has yet. */
function onlyAdds({ prepare }: Pick<Transaction, "prepare">): boolean {
    return prepare.every(({ kind }) => kind === "overlays" || kind === "documents");
}

/** Whether a transaction takes nothing away, and rewrites no snapshot's document but those that were read. */
function isAbout({ prepare, finish, next }: LibvirtTransaction, { documents }: Seen, read: ReadonlySet<string>): boolean {
    if ("creation" in next || !onlyAdds({ prepare })) return false;
    return finish.every((step) => {
        if (step.kind === "define") return true;
        if (step.kind !== "remember") return false;
        const { gone, documents: told } = step as RememberStep;
        return gone.length === 0 && told.every(({ name }) => read.has(name) || !documents.has(name));
    });
}

/** @throws InvalidInputError for what libvirt would only fail to write when all else is done. */
function refuseLong(name: string): void {
    const { longestName } = capabilities;
    if (Buffer.byteLength(name) > longestName)
        throw new InvalidInputError(
            `name ${quoted(name)} is longer than the ${longestName} bytes that libvirt can keep of a snapshot's name; choose a shorter one`,
            "name",
        );
}

/** Writes new files, which are on the disk then. */
async function writeAll(files: readonly NewFile[]): Promise<void> {
    await settled(files.map(writeDrafted));
    for (const folder of new Set(files.map(({ file }) => dirname(file)))) await syncFolder(folder);
}

function lockIn(folder: string, uuid: string): string {
    return join(folder, `.snaptree-${uuid}.lock`);
}

/** The text of a document that libvirt, the records or a draft keep. */
function draftText(seen: Seen, draft: Draft | null, document: string): string {
    const pending = draft?.pending(document);
    if (pending !== undefined) return pending;
    const snapshot = seen.documents.get(document.replace(/^document:snapshot:/, ""))?.document;
    if (snapshot) {
        const domain = snapshot.inactiveDomain ?? snapshot.domain;
        return formatSnapshot({ ...snapshot, domain: domain && bare(domain), inactiveDomain: null });
    }
    const branch = seen.stored?.data.branches.find((each) => each.document === document);
    if (branch) return branch.xml;
    throw new HostError(`libvirt has no ${quoted(document)} any more; run again`);
}
