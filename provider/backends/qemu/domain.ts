import { copyFile, readFile, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import {
    automaticName,
    BusyError,
    type Domain,
    type Hierarchy,
    type HierarchyExport,
    HostError,
    listed,
    noSuchSnapshot,
    type Operation,
    quoted,
    type Snapshot,
} from "../../model";
import { child, formatSnapshot, parseSnapshot, withDiskFiles } from "../../xml";
import type { Diagnosis, JournalEntry, ListOptions, Lock, LockOptions, ManagedDomain, Step, StepContext, Transaction } from "../backend";
import { capabilities } from "./capabilities";
import { compile, type World } from "./compile";
import { branchDiffers, tipDiffers } from "./dirty";
import { examine } from "./doctor";
import { Draft, isCopy, type Next, type Seen } from "./draft";
import { exportOf } from "./export";
import { isThere, syncFile, syncFolder, writeNewFile } from "./files";
import type { Folder } from "./folder";
import { foreignFiles, realFile, unrecordedFiles } from "./foreign";
import { refuseOpenImages } from "./holders";
import { allocatedBytes, type Images, settled } from "./images";
import { takeLock } from "./lock";
import { readQcow2 } from "./qcow2";
import { filesOf, type Records, type SnapshotRecord } from "./records";
import { type Sizes, sizesOf } from "./sizes";
import { refuseFullDisks } from "./space";
import { stampOf, stampsOf } from "./stamps";
import { type MarkStep, perform, type QemuStep, undo } from "./steps";
import { withTag } from "./tag";

const ON_BRANCHES: ReadonlySet<Operation["kind"]> = new Set(["branch", "switch", "unbranch", "reset", "rename", "adopt"]);

/** What a transaction is for, in a few words. */
function titleOf(operations: readonly Operation[]): string {
    const [first, ...more] = operations;
    if (!first) return "nothing";
    if (first.kind === "import" || first.kind === "forget") return `${first.kind} ${quoted(first.name)}`;
    const title = `${first.kind === "branch" ? "fork" : first.kind} ${ON_BRANCHES.has(first.kind) ? "branch" : "snapshot"} ${quoted(first.name)}`;
    return more.length === 0 ? title : `${title} and ${more.length} more`;
}

function toSnapshot(record: SnapshotRecord, sizes: Sizes | null): Snapshot {
    const { name, parent, description, creationTime, state, mode, files, made, contentId, committing, owner } = record;
    return {
        name,
        parent,
        description,
        creationTime,
        state,
        mode,
        memory: false,
        files,
        made,
        contentId,
        committing: committing ?? false,
        owner: owner ?? null,
        bytes: sizes?.snapshot(record) ?? null,
    };
}

async function writeFile({ file, contents }: Next["files"][number]): Promise<void> {
    if (!isCopy(contents)) return writeNewFile(file, contents);
    await copyFile(contents.copyOf, file);
    await syncFile(file);
}

/** Images that other domains stand on are never written: what they hold would change under those. */
async function refuseShared(files: readonly string[], world: World): Promise<void> {
    if (files.length === 0) return;
    const foreign = await world.foreign();
    for (const file of files) if (foreign.has(file) || foreign.has(await world.real(file))) throw sharedError(file);
}

function sharedError(shared: string): HostError {
    return new HostError(
        `the image ${quoted(shared)} is used by another domain of this host too, so it is not written; give this domain an overlay of its own`,
        { file: shared },
    );
}

function changedError(file: string): HostError {
    return new HostError(`${quoted(file)} was changed meanwhile by somebody else, which would be lost, so everything was taken back; run again`, { file });
}

/** A domain of the embedded backend. */
export class QemuDomain implements ManagedDomain {
    readonly capabilities = capabilities;

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
        const records = await this.folder.records();
        const sizes = options.sizes ? await sizesOf(records) : null;
        const domain = await this.domain();
        const dirty = await tipDiffers(domain, filesOf(domain), records);
        return {
            domain: this.name,
            uuid: domain.uuid,
            powerState: "shutoff",
            current: records.current,
            branch: records.branch,
            dirty,
            snapshots: listed([...records.snapshots.values()].map((record) => toSnapshot(record, sizes))),
            branches: await this.branches(records, dirty, sizes),
        };
    }

    private async branches(records: Records, tipDirty: boolean, sizes: Sizes | null): Promise<Hierarchy["branches"]> {
        const named = [...records.branches.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
        const dirty = await Promise.all(named.map(async (branch) => (branch.name === records.branch ? tipDirty : branchDiffers(records, branch))));
        return named.map((branch, i) => {
            const { name, from, tip, files, owner } = branch;
            const bytes = sizes?.branch(branch) ?? null;
            return { name, from, tip, files, active: name === records.branch, dirty: dirty[i] === true, owner: owner ?? null, bytes };
        });
    }

    /** What is stored, with what changed since it was written: the place in the tree, the description, where the contents are. */
    async document(snapshot: string): Promise<string> {
        const records = await this.folder.records();
        const record = records.snapshots.get(snapshot);
        if (!record) throw noSuchSnapshot(snapshot);
        const stored = parseSnapshot(await readFile(record.document, "utf8"));
        const files = Object.fromEntries(
            Object.entries(record.files).map(([target, file]) => [target, { file, format: records.images.get(file)?.format ?? "qcow2" }]),
        );
        const { name, parent, description, creationTime, state } = record;
        const domain = stored.domain && child(stored.domain, "devices") ? withDiskFiles(stored.domain, files) : stored.domain;
        return formatSnapshot({ ...stored, name, parent, description, creationTime, state, domain, unknown: withTag(stored.unknown, name, record.tag) });
    }

    async export(): Promise<HierarchyExport> {
        return exportOf(this.folder, await this.hierarchy(), (name) => this.document(name));
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
        const draft = new Draft(this.folder.path, await this.folder.records(), this.folder.config(xml));
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
        for (const [file, stamp] of Object.entries(stamps)) if ((await stampOf(file)) !== stamp) throw changedError(file);
    }

    private world(draft: Draft): World {
        let foreign: Promise<ReadonlySet<string>> | undefined;
        const headers = new Map<string, ReturnType<typeof readQcow2>>();
        const header = (file: string) => {
            const known = headers.get(file) ?? readQcow2(file);
            headers.set(file, known);
            return known;
        };
        return {
            foreign: () => (foreign ??= this.foreign(draft)),
            real: realFile,
            allocated: allocatedBytes,
            virtualSize: async (file, format) => (format === "qcow2" ? (await header(file)).virtualSize : (await this.images.info(file, format)).virtualSize),
            backing: async (overlay) => {
                const { backing } = await header(overlay);
                return backing === null ? null : resolve(dirname(overlay), backing);
            },
            tags: async (file) => (await header(file)).snapshots,
            mapping: async (file) => (await header(file)).mapping,
            exists: isThere,
            read: (file) => readFile(file, "utf8"),
            dirty: async () => {
                const domain = await this.domain();
                return tipDiffers(domain, filesOf(domain), draft.stored);
            },
        };
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
        await settled(files.map(writeFile));
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
