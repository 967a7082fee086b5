import { createHash, randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import {
    AlreadyExistsError,
    BusyError,
    type CreateOperation,
    type DeleteOperation,
    type Domain,
    type Hierarchy,
    type HierarchyExport,
    HostError,
    InvalidInputError,
    noSuchSnapshot,
    type Operation,
    quoted,
    type RedefineOperation,
    type RevertOperation,
    UnsupportedError,
    titleOf,
} from "../../model";
import { element, formatSnapshot, parseDomain, parseSnapshot, parseXml, type SnapshotDocument } from "../../xml";
import { hierarchyOf } from "../../disks/listing";
import { takeLock } from "../../disks/lock";
import { filesOf, type Records, type SnapshotRecord } from "../../disks/records";
import type { Capabilities, Diagnosis, Guest, JournalEntry, ListOptions, Lock, LockOptions, ManagedDomain, Step, Transaction } from "../backend";
import { nativeCapabilities, testCapabilities } from "./capabilities";
import { asleep, destroy, guestState, shutdown, start, wake } from "./guest";
import { createSnapshot, deleteSnapshot, redefineSnapshot, revertSnapshot } from "./native";
import { nativeCreation } from "./native-create";
import { DocumentedHeaders, filesUnder, harmOfDelete, harmOfRevert, removedByRevert } from "./native-harm";
import { recordsOf } from "./reconcile";
import { bare, Documents, powerStateOf, see, type Seen } from "./seen";
import { Store } from "./store";
import { type Stored, type StoredSnapshot, VERSION } from "./stored";
import { option, type Virsh, VirshError } from "./virsh";

/** Why Snaptree can't work on a domain's disks: there are none, they are another machine's, or the domain goes when it is shut off. */
export type OutOfReach = "test" | "remote" | "transient";

export interface NativeConnection {
    readonly virsh: Virsh;
    /** The host as messages show it. */
    readonly shown: string;
    /** What tells this connection's host from any other, where libvirt does not say. */
    readonly address: string;
}

/** One command of libvirt's, which is its own commit. */
interface Work {
    readonly run: () => Promise<void>;
    /** Whether a listing shows that it was carried out. */
    readonly isDone: (seen: Seen) => boolean;
    /** What Snaptree keeps is to be written afterwards. */
    readonly note: NoteStep | null;
}

/** Has the domain keep what libvirt has no place for. */
interface NoteStep extends Step {
    readonly kind: "note";
    /** What was kept before: libvirt's own revert brings older ones back. */
    readonly before: Stored | null;
    readonly taken: ({ readonly name: string } & Pick<StoredSnapshot, "contentId" | "owner">) | null;
    readonly renamed: { readonly from: string; readonly to: string } | null;
}

const NOTHING_KEPT: Stored = {
    version: VERSION,
    transaction: null,
    home: null,
    ...{ next: 1, current: null, shown: null, branch: null, tip: {}, images: [], snapshots: {}, branches: [] },
};

/**
 * A domain whose disks Snaptree can't work on, or not without shutting off what then is gone: it does what libvirt does, by libvirt's own commands, and refuses
 * what would lose something by them. Nothing is known of what was written, so its tip always counts as dirty.
 *
 * An operation is one command, which libvirt carries out or not: there is no journal.
 */
export class NativeDomain implements ManagedDomain {
    readonly capabilities: Capabilities;
    readonly guest: Guest;
    private readonly documents = new Documents();
    private readonly store: Store;
    private work: Work | null = null;

    constructor(
        readonly name: string,
        private readonly uuid: string,
        private readonly connection: NativeConnection,
        private readonly why: OutOfReach,
    ) {
        this.capabilities = why === "test" ? testCapabilities : nativeCapabilities;
        this.store = new Store(connection.virsh, uuid);
        this.guest = this.nativeGuest();
    }

    /** libvirt's own revert brings guests to their end, and back, by itself; by then it has refused what it does. */
    private nativeGuest(): Guest {
        const { virsh } = this.connection;
        return {
            // What is refused anyway needs no guest to end.
            mustLeave: ([operation, ...more], { branches }) =>
                operation?.kind === "revert" && operation.keepTip === null && more.length === 0 && branches.length === 0,
            leave: async (how, { signal }) => {
                if (how === "shutdown" && this.why === "transient")
                    throw this.unsupported("shutting down a transient domain, which would be gone", "leave it with “checkpoint” or “destroy”");
                if (how === "shutdown") return shutdown(virsh, this.uuid, { signal });
                if ((await guestState(virsh, this.uuid)).managedSave) await destroy(virsh, this.uuid);
            },
            wake: async () => void (await wake(virsh, this.uuid)),
            arrive: () => Promise.resolve(),
        };
    }

    private see(): Promise<Seen> {
        return see(this.connection.virsh, this.uuid, this.documents);
    }

    private records(seen: Seen): Promise<Records> {
        return recordsOf(seen, new DocumentedHeaders(seen), false);
    }

    /** Sizes are not known: the disks would have to be looked at. */
    async hierarchy(_options: ListOptions = {}): Promise<Hierarchy> {
        const seen = await this.see();
        const domain = parseDomain(seen.config);
        return hierarchyOf({ name: this.name, domain, records: await this.records(seen), powerState: powerStateOf(seen), sizes: false, isUnseen: true });
    }

    async domain(): Promise<Domain> {
        return parseDomain((await this.store.config()).config);
    }

    async document(snapshot: string): Promise<string> {
        const document = (await this.see()).documents.get(snapshot)?.document;
        if (!document) throw noSuchSnapshot(snapshot);
        return formatSnapshot({ ...document, domain: document.domain && bare(document.domain) });
    }

    export(): Promise<HierarchyExport> {
        return Promise.reject(this.unsupported("export"));
    }

    async identity(): Promise<string> {
        const host = /<uuid>(.*?)<\/uuid>/.exec(await this.connection.virsh.run(["capabilities"]))?.[1];
        return `${host ?? this.connection.address}:${this.uuid}`;
    }

    async undefine(): Promise<void> {
        if ((await this.see()).documents.size > 0) throw new BusyError(`${quoted(this.name)} has snapshots still; delete them first`);
        await this.connection.virsh.run(["undefine", option("domain", this.uuid), "--keep-nvram"]);
    }

    examine(): Promise<readonly Diagnosis[]> {
        return Promise.resolve([]);
    }

    /** This machine's alone, and this user's: nothing else can be locked on a host that only libvirt leads to. */
    async lock(options: LockOptions): Promise<Lock> {
        const folder = join(process.env.XDG_RUNTIME_DIR ?? join(homedir(), ".cache"), "snaptree", "locks");
        await mkdir(folder, { recursive: true, mode: 0o700 });
        return takeLock(
            join(
                folder,
                `${createHash("sha256")
                    .update(await this.identity())
                    .digest("hex")}.lock`,
            ),
            options,
        );
    }

    private unsupported(feature: string, nearest = this.nearest()): UnsupportedError {
        return new UnsupportedError(this.capabilities.backend, `${feature}${nearest === this.nearest() ? this.where() : ""}`, nearest);
    }

    private where(): string {
        return { test: "", remote: ` on ${this.connection.shown}, whose disks are not this machine’s`, transient: " on a transient domain" }[this.why];
    }

    private nearest(): string {
        return {
            test: "use a host of libvirt’s QEMU driver, whose domains have disks",
            remote: "run Snaptree on that host, as qemu:///system",
            transient: "make it persistent with “virsh define”, and shut it down first",
        }[this.why];
    }

    async compile(operations: readonly Operation[]): Promise<Transaction> {
        const [operation, ...more] = operations;
        if (!operation || more.length > 0) throw this.unsupported("several operations in one", "ask for one after another");
        const seen = await this.see();
        const work = await this.planned(operation, seen, await this.records(seen));
        return { title: titleOf(operations), generation: (seen.stored?.generation ?? 0) + 1, prepare: [], finish: work.note ? [work.note] : [], next: work };
    }

    private async planned(operation: Operation, seen: Seen, records: Records): Promise<Work> {
        switch (operation.kind) {
            case "create":
                return this.creation(operation, seen, records);
            case "redefine":
                return this.redefinition(operation, seen, records);
            case "revert":
                return this.reversion(operation, seen, records);
            case "delete":
                return this.deletion(operation, seen, records);
            default:
                throw this.unsupported(FEATURES[operation.kind]);
        }
    }

    /** libvirt knows nothing of branches, and would write over or remove what they are. */
    private refuseBranches(what: string, { branches }: Records): void {
        if (branches.size > 0) throw this.unsupported(`${what} of a domain with branches (${[...branches.keys()].map(quoted).join(", ")})`);
    }

    private refuseHarm(what: string, harm: string | null): void {
        if (harm !== null) throw this.unsupported(`${what}: ${harm}`);
    }

    private refuseMixed(what: string, { snapshots }: Records): void {
        if (new Set([...snapshots.values()].map(({ mode }) => mode)).size > 1)
            throw this.unsupported(`${what} where internal and external snapshots are mixed`);
    }

    /** libvirt takes a snapshot's name for that of its contents. */
    private refuseOtherTag(what: string, { name, tag, mode }: SnapshotRecord): void {
        if (mode === "internal" && tag !== name)
            throw this.unsupported(`${what} ${quoted(name)}, whose contents are called ${quoted(tag ?? "")} inside the images`);
    }

    private lacking(operation: CreateOperation): string | null {
        if (operation.source === "parent" || operation.provisioned) return "snapshots elsewhere than at the tip";
        if (operation.keepTip !== null) return "branches";
        if (operation.compression !== undefined) return `compression (${operation.compression})`;
        if (this.why !== "test") return null;
        const { diskOnly, quiesce, noMetadata, reuseExternal, memoryFile, disks } = operation;
        const asked = { quiesce, "disk-only snapshots": diskOnly, "no-metadata": noMetadata, "reuse-external": reuseExternal, memoryFile, disks };
        return Object.entries(asked).find(([, value]) => value !== undefined && value !== false)?.[0] ?? null;
    }

    private async creation(operation: CreateOperation, seen: Seen, records: Records): Promise<Work> {
        const { name, owner } = operation;
        const lacking = this.lacking(operation);
        if (lacking !== null) throw this.unsupported(lacking);
        if (operation.replace) throw this.unsupported("replacing a snapshot in one", "delete it first, then take the new one");
        this.refuseBranches("snapshots", records);
        if (seen.documents.has(name)) throw new AlreadyExistsError(`there is a snapshot ${quoted(name)} already; choose another name`);
        const { virsh } = this.connection;
        const { active, managedSave } = await guestState(virsh, this.uuid);
        if (managedSave) throw asleep(this.name);
        const creation = nativeCreation({ domain: parseDomain(seen.config), records, capabilities: this.capabilities, active }, operation);
        const taken = { name, contentId: randomUUID(), ...(owner !== undefined && { owner }) };
        return {
            run: () => createSnapshot(virsh, this.uuid, creation),
            isDone: (now) => now.documents.has(name),
            note: operation.noMetadata ? null : note(seen, { taken }),
        };
    }

    private async reversion(operation: RevertOperation, seen: Seen, records: Records): Promise<Work> {
        const { name, powerState: to, force, resetNvram } = operation;
        const snapshot = records.snapshots.get(name);
        if (!snapshot) throw noSuchSnapshot(name);
        if (operation.keepTip !== null) throw this.unsupported("keeping the tip as a branch");
        if (resetNvram && this.why === "test") throw this.unsupported("reset-nvram");
        if (to === "shutoff" && this.why === "transient")
            throw this.unsupported("shutting off a transient domain, which would be gone", "ask for running or paused");
        const what = `reverting to ${quoted(name)}`;
        this.refuseBranches("reverts", records);
        this.refuseMixed(what, records);
        this.refuseOtherTag("reverting to", snapshot);
        if (snapshot.mode === "external") {
            this.refuseHarm(what, harmOfRevert(seen, records));
            await this.refuseForeign(what, removedByRevert(seen));
        }
        // It is not to run on the way to being shut off.
        const flags = { running: to === "running", paused: to === "paused" || (to === "shutoff" && snapshot.memory === true), force: force ?? false };
        return {
            run: async () => {
                const { virsh } = this.connection;
                await revertSnapshot(virsh, this.uuid, name, { ...flags, resetNvram: resetNvram ?? false });
                if (to === "shutoff") return destroy(virsh, this.uuid);
                if (to !== undefined && !(await guestState(virsh, this.uuid)).active) await start(virsh, this.uuid, to);
            },
            isDone: (now) => seen.current !== name && now.current === name,
            note: seen.stored && note(seen, {}),
        };
    }

    private async deletion(operation: DeleteOperation, seen: Seen, records: Records): Promise<Work> {
        const { name, scope } = operation;
        if (operation.chain === "keep") throw this.unsupported("deleting a snapshot’s name and keeping its file", "delete what is remembered of it (metadata)");
        if (scope === "metadata" && this.why === "test") throw this.unsupported("deleting metadata alone", "delete the snapshot");
        this.refuseBranches("deletions", records);
        const gone = scope === "keepChildren" || scope === "metadata" ? [name] : below(records, name, scope === "subtree");
        if (scope !== "metadata") await this.refuseHarmful(gone, seen, records);
        const flags = { children: scope === "subtree", childrenOnly: scope === "children", metadata: scope === "metadata" };
        return {
            run: () => deleteSnapshot(this.connection.virsh, this.uuid, name, flags),
            isDone: (now) => gone.every((each) => !now.documents.has(each)),
            note: null,
        };
    }

    /** libvirt deletes external snapshots one by one, and refuses several. */
    private async refuseHarmful(gone: readonly string[], seen: Seen, records: Records): Promise<void> {
        const snapshots = gone.flatMap((name) => records.snapshots.get(name) ?? []);
        for (const snapshot of snapshots) this.refuseOtherTag("deleting", snapshot);
        const [only] = snapshots;
        if (!snapshots.some(({ mode }) => mode === "external")) return;
        this.refuseMixed("deleting", records);
        if (!only || snapshots.length > 1) return;
        const what = `deleting ${quoted(only.name)}`;
        this.refuseHarm(what, harmOfDelete(only, seen, records, filesUnder(await this.live(this.uuid))));
        await this.refuseForeign(what, Object.values(only.files));
    }

    private async live(uuid: string) {
        return parseXml(await this.connection.virsh.run(["dumpxml", option("domain", uuid)]), "the domain's XML");
    }

    /** What another domain stands on is never written and never removed. */
    private async refuseForeign(what: string, files: readonly string[]): Promise<void> {
        if (files.length === 0) return;
        const uuids = (await this.connection.virsh.run(["list", "--all", "--uuid"])).split("\n").filter((uuid) => uuid !== "" && uuid !== this.uuid);
        for (const uuid of uuids) {
            const used = filesUnder(await this.live(uuid));
            const file = files.find((each) => used.has(each));
            if (file !== undefined) this.refuseHarm(what, `libvirt would change ${quoted(file)}, which another domain uses (${uuid})`);
        }
    }

    private redefinition(operation: RedefineOperation, seen: Seen, records: Records): Work {
        const { name, rename, current } = operation;
        if (operation.xml !== undefined || rename !== undefined || current) this.refuseBranches("redefinitions", records);
        const document = redefined(operation, seen.documents.get(name)?.document);
        if (rename !== undefined && rename !== name) return this.renaming(document, rename, operation, seen, records);
        const { virsh } = this.connection;
        return {
            run: () => redefineSnapshot(virsh, this.uuid, formatSnapshot(document), { current: current ?? false }),
            isDone: () => false,
            note: seen.documents.has(name) ? null : note(seen, { taken: { name, contentId: randomUUID() } }),
        };
    }

    /** libvirt has no rename: the snapshot is remembered under the new name, its children after it, and then forgotten under the old one. */
    private renaming(document: SnapshotDocument, to: string, { name, current }: RedefineOperation, seen: Seen, records: Records): Work {
        if (!this.capabilities.rename || records.snapshots.get(name)?.mode !== "external")
            throw this.unsupported("renaming an internal snapshot, whose contents have its name", "keep the name, and change the description");
        if (seen.documents.has(to)) throw new AlreadyExistsError(`there is a snapshot ${quoted(to)} already; choose another name`);
        const { virsh } = this.connection;
        const children = [...seen.documents.values()].filter((each) => each.document.parent === name);
        const redefine = (each: SnapshotDocument, makeCurrent = false) => redefineSnapshot(virsh, this.uuid, formatSnapshot(each), { current: makeCurrent });
        return {
            run: async () => {
                await redefine({ ...document, name: to }, current === true || seen.current === name);
                for (const child of children) await redefine({ ...child.document, parent: to });
                await deleteSnapshot(virsh, this.uuid, name, { metadata: true });
            },
            isDone: (now) => now.documents.has(to) && !now.documents.has(name),
            note: seen.stored && note(seen, { renamed: { from: name, to } }),
        };
    }

    async perform(step: Step): Promise<void> {
        if (step.kind !== "note") throw new HostError(`the step ${quoted(step.kind)} is none of this backend’s`);
        const { before, taken, renamed } = step as NoteStep;
        const seen = await this.see();
        const kept = before ?? NOTHING_KEPT;
        const snapshots = new Map(Object.entries(kept.snapshots));
        const old = renamed && snapshots.get(renamed.from);
        if (renamed && old) snapshots.set(renamed.to, old);
        const document = taken && seen.documents.get(taken.name)?.document;
        if (taken && document) {
            const { name, ...own } = taken;
            snapshots.set(name, { parent: document.parent, creationTime: document.creationTime ?? 0, made: false, tag: null, nvram: null, ...own });
        }
        const there = [...snapshots].filter(([name]) => seen.documents.has(name));
        const { current } = seen;
        const tip = filesOf(parseDomain(seen.config));
        const generation = Math.max(Number(step.generation), seen.stored?.generation ?? 0) + 1;
        await this.store.writeRecords(generation, { ...kept, current, shown: current, tip, snapshots: Object.fromEntries(there) });
    }

    undo(): Promise<void> {
        return Promise.resolve();
    }

    async commit(transaction: Transaction): Promise<void> {
        this.work = transaction.next as Work;
        try {
            await this.work.run();
        } catch (error) {
            if (error instanceof VirshError) this.work = null; // libvirt said no.
            throw error;
        }
    }

    /** Asked where a command did not come through: what libvirt has now says whether it did. */
    async committed(_entry: JournalEntry): Promise<boolean> {
        return this.work !== null && this.work.isDone(await this.see());
    }

    /** There is none but that of a Snaptree that works on the disks. @throws BusyError */
    async readJournal(): Promise<JournalEntry | null> {
        const { journal } = await this.see();
        if (journal)
            throw new BusyError(
                `${quoted(journal.title)} was begun where the disks of ${quoted(this.name)} are, and is not finished; run Snaptree there first, which finishes it or takes it back`,
            );
        return null;
    }

    writeJournal(): Promise<void> {
        return Promise.resolve();
    }

    clearJournal(): Promise<void> {
        return Promise.resolve();
    }
}

/** What needs disks, as errors call it. */
const FEATURES: Readonly<Record<Exclude<Operation["kind"], "create" | "redefine" | "revert" | "delete">, string>> = {
    commit: "commit",
    merge: "merging a snapshot into its parent",
    branch: "branches",
    switch: "branches",
    unbranch: "branches",
    reset: "branches",
    rename: "branches",
    adopt: "branches",
    import: "import",
    forget: "migration",
};

function note(seen: Seen, { taken = null, renamed = null }: Partial<Pick<NoteStep, "taken" | "renamed">>): NoteStep {
    return { kind: "note", generation: seen.stored?.generation ?? 0, before: seen.stored?.data ?? null, taken, renamed };
}

function below(records: Records, name: string, isWhole: boolean): string[] {
    const found = [name];
    for (const each of found) found.push(...[...records.snapshots.values()].filter(({ parent }) => parent === each).map((child) => child.name));
    return isWhole ? found : found.slice(1);
}

/** The document that a redefinition asks for. What of it can't be, libvirt refuses. */
function redefined({ name, xml, description, creationTime, state }: RedefineOperation, before: SnapshotDocument | undefined): SnapshotDocument {
    const document = xml === undefined ? before : parseSnapshot(xml);
    if (!document) throw noSuchSnapshot(name);
    if (document.name !== null && document.name !== name)
        throw new InvalidInputError(`the document is of ${quoted(document.name)}, and ${quoted(name)} was to be redefined`, "xml");
    return {
        ...document,
        name,
        ...(description !== undefined && { description }),
        ...(creationTime !== undefined && { creationTime }),
        // Read as it would be from a document: one that libvirt does not know is refused.
        ...(state !== undefined && { state: parseSnapshot(element("domainsnapshot", {}, [element("state", {}, [state])])).state }),
    };
}
