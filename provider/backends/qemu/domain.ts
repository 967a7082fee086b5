import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import {
    automaticName,
    BusyError,
    type Domain,
    type Hierarchy,
    type HierarchyExport,
    HostError,
    noSuchSnapshot,
    type Operation,
    quoted,
    titleOf,
} from "../../model";
import { unrecordedFiles } from "../../disks/chain";
import { compile, type World } from "../../disks/compile";
import { tipDiffers } from "../../disks/dirty";
import { documentNow } from "../../disks/document";
import { Draft, type Next, type Seen, writeDrafted } from "../../disks/draft";
import { exportOf } from "../../disks/export";
import { syncFolder, writeNewFile } from "../../disks/files";
import { refuseOpenImages } from "../../disks/holders";
import { type Images, settled } from "../../disks/images";
import { hierarchyOf } from "../../disks/listing";
import { takeLock } from "../../disks/lock";
import { changedError, looking, refuseShared, refuseWritten } from "../../disks/looking";
import { filesOf } from "../../disks/records";
import { refuseFullDisks } from "../../disks/space";
import { stampsOf } from "../../disks/stamps";
import { type MarkStep, perform, type QemuStep, undo } from "../../disks/steps";
import type { Diagnosis, JournalEntry, ListOptions, Lock, LockOptions, ManagedDomain, Step, StepContext, Transaction } from "../backend";
import { capabilities } from "./capabilities";
import { examine } from "./doctor";
import type { Folder } from "./folder";
import { foreignFiles } from "./foreign";
import { placeIn } from "./place";

/** A domain of the embedded backend. */
export class QemuDomain implements ManagedDomain {
    readonly capabilities = capabilities;
    readonly guest = null;

    constructor(
        readonly name: string,
        private readonly folder: Folder,
        private readonly root: string,
        private readonly images: Images,
    ) {}

    domain(): Promise<Domain> {
        return this.folder.domain();
    }

    async hierarchy(options: ListOptions = {}): Promise<Hierarchy> {
        const [records, domain] = [await this.folder.records(), await this.domain()];
        return hierarchyOf({ name: this.name, domain, records, powerState: "shutoff", sizes: options.sizes ?? false });
    }

    async document(snapshot: string): Promise<string> {
        const records = await this.folder.records();
        const record = records.snapshots.get(snapshot);
        if (!record) throw noSuchSnapshot(snapshot);
        return documentNow(record, await readFile(record.document, "utf8"), records);
    }

    async export(): Promise<HierarchyExport> {
        return exportOf({
            hierarchy: await this.hierarchy(),
            records: await this.folder.records(),
            xml: await this.folder.domainXml(),
            document: ({ name }) => this.document(name),
            configuration: ({ document }) => readFile(document, "utf8"),
        });
    }

    /** Of the folder, by whatever path one comes to it. */
    async identity(): Promise<string> {
        const { dev, ino } = await stat(this.folder.path, { bigint: true });
        return `${dev}:${ino}`;
    }

    async undefine(): Promise<void> {
        const { snapshots, branches } = await this.folder.records();
        if (snapshots.size + branches.size > 0 || (await this.folder.journal()))
            throw new BusyError(`something is remembered of the domain ${quoted(this.name)} still; delete its snapshots and branches first`);
        await this.folder.undefine();
    }

    lock(options: LockOptions): Promise<Lock> {
        return takeLock(this.folder.lock, options);
    }

    async compile(operations: readonly Operation[]): Promise<Transaction> {
        const xml = await this.folder.domainXml();
        const draft = new Draft(placeIn(this.folder.path), await this.folder.records(), this.folder.config(xml));
        const world = this.world(draft);
        await compile(draft, world, operations);
        const use = draft.use();
        await refuseShared(use.altered, world);
        const stamps = await stampsOf(draft.doomed()); // Before it is asked who writes: whoever begins afterwards is found out.
        await refuseOpenImages(use);
        const transaction = draft.transaction(titleOf(operations), { xml, stamps, use });
        await refuseFullDisks([...transaction.prepare, ...transaction.finish] as QemuStep[]);
        return transaction;
    }

    /** Preparing may have taken hours, in which nobody kept the domain from being started, written and shut down again. */
    private async refuseMeanwhile({ xml, stamps, use }: Seen): Promise<void> {
        if ((await this.folder.domainXml()) !== xml) throw changedError(this.folder.domainFile);
        await refuseOpenImages(use);
        await refuseWritten(stamps);
    }

    private world(draft: Draft): World {
        return looking(this.images, {
            foreign: () => this.foreign(draft),
            read: (file) => readFile(file, "utf8"),
            dirty: async () => {
                const domain = await this.domain();
                return tipDiffers(domain, filesOf(domain), draft.stored);
            },
        });
    }

    private async foreign(draft: Draft): Promise<ReadonlySet<string>> {
        return new Set([...(await foreignFiles(this.root, this.name)), ...(await unrecordedFiles(Object.values(draft.tip()), draft.images))]);
    }

    examine(signal?: AbortSignal): Promise<readonly Diagnosis[]> {
        return examine(this.folder, this.root, this.name, this.images, signal);
    }

    async perform(step: Step, context: StepContext): Promise<void> {
        if (step.kind === "mark") return this.mark((step as MarkStep).snapshot);
        return perform(this.images, step as QemuStep, context, (files, tag) => this.keep(files, tag));
    }

    /** An automatic branch for what images hold under a tag: nobody knows any more where that forks. */
    private async keep(images: readonly string[], tag: string): Promise<void> {
        const records = await this.folder.records();
        const names = new Set([...records.snapshots.keys(), ...records.branches.keys()]);
        const name = automaticName("rescued", names);
        const document = join(this.folder.path, `branch.${records.next}.xml`);
        await writeNewFile(document, await this.folder.domainXml());
        await syncFolder(this.folder.path);
        const files = Object.fromEntries(Object.entries(records.tip).filter(([, file]) => images.includes(file)));
        const branches = new Map(records.branches).set(name, { name, from: null, tip: null, files, tag, document, nvram: null });
        await this.folder.writeRecords({ ...records, next: records.next + 1, branches });
    }

    /** Says in the records that a snapshot's file is being written. The hierarchy is the same one. */
    private async mark(name: string): Promise<void> {
        const records = await this.folder.records();
        const snapshot = records.snapshots.get(name);
        if (snapshot) await this.folder.writeRecords({ ...records, snapshots: new Map(records.snapshots).set(name, { ...snapshot, committing: true }) });
    }

    undo(step: Step): Promise<void> {
        return undo(this.images, step as QemuStep, (files, tag) => this.keep(files, tag));
    }

    async commit(transaction: Transaction): Promise<void> {
        const { records, files, seen } = transaction.next as Next;
        await this.refuseMeanwhile(seen);
        await settled(files.map(writeDrafted));
        if (files.length > 0) await syncFolder(this.folder.path);
        await this.folder.writeRecords(records);
    }

    async committed(entry: JournalEntry): Promise<boolean> {
        const { generation } = await this.folder.records();
        if (generation > entry.generation)
            throw new HostError(`the journal of ${quoted(this.name)} is older than its records; nothing was changed`, { generation });
        return generation === entry.generation;
    }

    async readJournal(): Promise<JournalEntry | null> {
        await this.folder.clearTemporaries();
        const entry = await this.folder.journal();
        if (entry === null) await this.folder.clearMarks();
        return entry;
    }

    writeJournal(entry: JournalEntry): Promise<void> {
        return this.folder.writeJournal(entry);
    }

    clearJournal(): Promise<void> {
        return this.folder.clearJournal();
    }
}
