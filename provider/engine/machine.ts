import { type CreateXMLFlags, creationOf, filtered, redefinitionOf, type SnapshotFilter } from "./documents";
import { checkDeactivateFlags, checkFlags, checkRevertFlags } from "./flags";
import {
    type Branch,
    checkNewName,
    type CreateOperation,
    type Finding,
    type Hierarchy,
    type Loss,
    type HierarchyExport,
    InvalidInputError,
    noSuchBranch,
    NotFoundError,
    type Operation,
    quoted,
    SnaptreeError,
    type Snapshot,
    StalePlanError,
    Tree,
    UnsupportedError,
} from "../model";
import { formatXml, parseXml, withoutSecrets } from "../xml";
import type { ListOptions, Lock, ManagedDomain, ProvisionStep, Transaction } from "../backends/backend";
import {
    checkExport,
    describe,
    type Desired,
    foresee,
    lossesOf,
    type Plan,
    plan,
    planAgain,
    planBranch,
    planCreate,
    planDeactivate,
    planDelete,
    planForget,
    planImport,
    planRedefine,
    planRemoval,
    planRename,
    planReset,
    planRevert,
    planSwitch,
    planUnbranch,
    refuseHalf,
    refuseLosses,
    sizesOf,
    staleNode,
    timeName,
    unaccepted,
} from "../plan";
import { doctor } from "./doctor";
import { runCommand } from "./provision";
import type {
    ApplyOptions,
    BranchRequest,
    Command,
    CreateRequest,
    DeactivateRequest,
    DeleteRequest,
    DoctorRequest,
    Force,
    ImportOptions,
    MoveRequest,
    Progress,
    RedefineRequest,
    ResetRequest,
    RevertRequest,
    RunOptions,
    UnbranchRequest,
    Wanted,
} from "./requests";
import { leave } from "./leave";
import { execute, type Execution, recover } from "./transaction";
import { onlooking, sayWhy } from "./guard";
import { type Turn, Turns } from "./turns";

/** Most creations that become one transaction: a journal entry names each of their files. */
const BATCH = 1000;

function executionOf(options: RunOptions): Execution {
    return { signal: options.signal, onProgress: onlooking(options.onProgress) };
}

/** Runs of plain creations become one transaction each, of so many at most; everything else is one of its own. */
function batches(operations: readonly Operation[], most: number): Operation[][] {
    const plain = (operation: Operation | undefined) => operation?.kind === "create" && !operation.provisioned;
    const groups: Operation[][] = [];
    for (const operation of operations) {
        const last = groups.at(-1);
        if (last && plain(operation) && plain(last[0]) && last.length < most) last.push(operation);
        else groups.push([operation]);
    }
    return groups;
}

/** Nothing but a name, a place and a description: what can be foreseen, and stands in nobody's way. */
function isPlain({ provision, force, noMetadata, disks, reuseExternal, compression }: CreateRequest): boolean {
    return !((provision?.length ?? 0) > 0 || force === true || noMetadata || disks || reuseExternal || compression !== undefined);
}

/** Plans creations one after another, each on what the ones before it will leave; one that can't be planned is refused, and the others go on. */
function planTogether(hierarchy: Hierarchy, turns: readonly Turn[]): { readonly operations: CreateOperation[]; readonly joined: Turn[] } {
    const operations: CreateOperation[] = [];
    const joined: Turn[] = [];
    let foreseen = hierarchy;
    for (const turn of turns) {
        try {
            const made = turn.make(foreseen);
            refuseLosses(turn.what, made, turn.force);
            const [operation] = made.operations;
            if (operation?.kind !== "create") continue;
            operations.push(operation);
            joined.push(turn);
            foreseen = foresee(foreseen, operation);
        } catch (error) {
            turn.reject(error);
        }
    }
    return { operations, joined };
}

function titleOf([first, ...others]: readonly Turn[]): string {
    return others.length === 0 ? (first?.what ?? "") : `${first?.what} and ${others.length} more`;
}

/** Tells everyone who waits. */
function onlookers(turns: readonly Turn[]): (progress: Progress) => void {
    const tell = turns.map(({ options }) => onlooking(options.onProgress));
    return (progress) => {
        for (const each of tell) each(progress);
    };
}

/** Tells each of its own operation. */
function tellEach(turns: readonly Turn[], kind: Progress["kind"], operations: readonly Operation[]): void {
    for (const [i, operation] of operations.entries()) onlooking(turns[i]?.options.onProgress)({ kind, message: describe(operation) });
}

/** A plan, and whether the guest still runs while it is carried out. */
interface Planned {
    readonly made: Plan;
    readonly running: boolean;
    /** The guest goes on with a snapshot's memory, which must be there until it does, whatever else the plan has. */
    readonly wakes: boolean;
}

function wakes({ operations }: Plan, { snapshots }: Hierarchy): boolean {
    const back = operations.flatMap((operation) => (operation.kind === "revert" && operation.powerState !== "shutoff" ? [operation.name] : []));
    return snapshots.some(({ name, memory }) => memory && back.includes(name));
}

/** Where a domain can be migrated to: a host. */
export interface Destination {
    domain(name: string): Promise<VirtualMachine>;
    import(exported: HierarchyExport, options?: ImportOptions): Promise<VirtualMachine>;
}

/**
 * One domain on a host.
 *
 * @example
 * ```ts
 * const vm = await host.domain("web");
 * await vm.create({ name: "base" });
 * await vm.revert("base");
 * ```
 */
export class VirtualMachine {
    /** Work on one domain in this process goes one after another; the domain's lock keeps other processes out. */
    private readonly turns = new Turns((turns, next) => this.serve(turns, next));

    private admitted: Promise<unknown> = Promise.resolve();

    constructor(
        private readonly host: string,
        private readonly managed: ManagedDomain,
    ) {}

    get name(): string {
        return this.managed.name;
    }

    /** All snapshots and branches, in one listing whatever their number; with `sizes`, also what each costs on the disk. Waits for nobody. */
    hierarchy(options: ListOptions = {}): Promise<Hierarchy> {
        return this.managed.hierarchy(options);
    }

    /** The `<domainsnapshot>` document of a snapshot. @throws NotFoundError */
    document(snapshot: string): Promise<string> {
        return this.managed.document(snapshot);
    }

    /**
     * Takes a snapshot.
     *
     * @returns it, as it is stored; with `noMetadata`, as it was taken.
     * @throws AlreadyExistsError, InvalidInputError, UnsupportedError, BusyError, HostError
     */
    async create(request: CreateRequest, options: RunOptions = {}): Promise<Snapshot> {
        const { provision, force, ...settings } = request;
        checkFlags(request);
        if (request.name !== undefined) checkNewName(request.name);
        await this.admit(force);
        const seconds = Math.floor(Date.now() / 1000);
        const commands: Record<string, readonly Command[]> = {};
        let name = request.name ?? String(seconds);
        const make = (hierarchy: Hierarchy) => {
            name = request.name ?? timeName(hierarchy, seconds);
            if (provision) commands[name] = provision;
            return planCreate(hierarchy, { ...settings, name, provisioned: (provision?.length ?? 0) > 0 }, force === true);
        };
        const after = await this.turns.take({
            what: request.name === undefined ? "creating a snapshot" : `creating ${quoted(name)}`,
            make,
            force: force ?? false,
            options: { ...options, provision: commands },
            joins: isPlain(request) && request.parent !== undefined,
            adds: isPlain(request),
        });
        return after.snapshots.find((snapshot) => snapshot.name === name) ?? this.forgotten(name, request);
    }

    private forgotten(name: string, request: CreateRequest): Snapshot {
        const mode = request.mode ?? this.managed.capabilities.defaultMode;
        const creationTime = Math.floor(Date.now() / 1000);
        return {
            name,
            parent: request.parent ?? null,
            description: request.description ?? null,
            creationTime,
            state: "shutoff",
            mode,
            memory: false,
            files: {},
            made: false,
            contentId: null,
            committing: false,
            owner: null,
            bytes: null,
        };
    }

    /** Work gets its turn in the order in which it was asked for, however long the look at the domain takes. */
    private admit(force: Force | undefined): Promise<void> {
        const admitted = this.admitted.then(() => this.refuseTpm(force));
        this.admitted = admitted.catch(() => undefined);
        this.turns.announce(admitted);
        return admitted;
    }

    /** No snapshot can hold what a TPM holds, so going back would leave the two apart. */
    private async refuseTpm(force: Force | undefined): Promise<void> {
        if (force === true || !(await this.managed.domain()).tpm) return;
        throw new UnsupportedError(
            this.managed.capabilities.backend,
            "snapshots of a domain with a TPM, whose state they don't hold",
            "remove the TPM, or accept that with force",
        );
    }

    /**
     * Takes a snapshot as a `<domainsnapshot>` asks for it (`virDomainSnapshotCreateXML`). An empty one will do. Name, description and compression can be set,
     * and as in libvirt today how memory and disks take part; everything else is ignored, and filled in when the snapshot is taken. A missing name is the
     * seconds since 1970 (`1270477159`; `1270477159-2` where that is taken, where libvirt fails). With `redefine` nothing is taken, and the whole document
     * counts: it restores or alters what is remembered.
     *
     * @returns the snapshot, as it is stored.
     * @throws FlagConflictError before anything is looked at; InvalidInputError for a document that can't be read, or asks for what can't be; UnsupportedError for
     * a compression, memory or disks that the host can't do; AlreadyExistsError, BusyError, HostError
     * @example
     * ```ts
     * const { name } = await vm.createXML("<domainsnapshot/>");
     * await vm.createXML(await vm.getXMLDesc(name, { secure: true }), { redefine: true, current: true });
     * ```
     */
    async createXML(xml: string, flags: CreateXMLFlags = {}, options: RunOptions = {}): Promise<Snapshot> {
        checkFlags(flags);
        if (!flags.redefine) return this.create(creationOf(xml, flags, await this.managed.domain(), this.managed.capabilities), options);
        const request = redefinitionOf(xml, flags);
        await this.redefine(request, options);
        return this.lookupByName(request.name);
    }

    /**
     * The `<domainsnapshot>` document of a snapshot (`virDomainSnapshotGetXMLDesc`), to be shown. With `secure` it has the passwords of displays and the
     * cookies of network disks too (VIR_DOMAIN_SNAPSHOT_XML_SECURE), without which a redefinition would lose them.
     *
     * @throws NotFoundError
     * @example `console.log(await vm.getXMLDesc("base"))`
     */
    async getXMLDesc(name: string, { secure = false }: { readonly secure?: boolean } = {}): Promise<string> {
        const document = await this.managed.document(name);
        return secure ? document : formatXml(withoutSecrets(parseXml(document, `the XML of snapshot ${quoted(name)}`)));
    }

    /**
     * The number of snapshots (`virDomainSnapshotNum`), or of those that a filter lets through.
     *
     * @example `await vm.num({ roots: true })`
     */
    async num(filter: SnapshotFilter = {}): Promise<number> {
        return (await this.listNames(filter)).length;
    }

    /**
     * The names of all snapshots (`virDomainSnapshotListNames`), or of those that a filter lets through; parents before children.
     *
     * @example `await vm.listNames({ leaves: true })`
     */
    async listNames(filter: SnapshotFilter = {}): Promise<string[]> {
        return filtered((await this.hierarchy()).snapshots, filter).map(({ name }) => name);
    }

    /**
     * A snapshot (`virDomainSnapshotLookupByName`).
     *
     * @throws NotFoundError
     * @example `const { parent } = await vm.lookupByName("os-updates")`
     */
    async lookupByName(name: string): Promise<Snapshot> {
        return new Tree((await this.hierarchy()).snapshots).need(name);
    }

    /**
     * Starts the guest from a snapshot (`virDomainCreateWithSnapshot` of API v2): a revert to it that ends running. It loses nothing that a revert does not:
     * a dirty tip without a branch is refused unless `keep` makes it one.
     *
     * @throws UnsupportedError where guests can't be started here, before anything is changed; NotFoundError, DataLossError, BusyError
     * @example `await vm.createWithSnapshot("fresh-install")`
     */
    async createWithSnapshot(name: string, request: Pick<MoveRequest, "keep" | "force"> = {}, options: RunOptions = {}): Promise<void> {
        await this.revert(name, { ...request, powerState: "running" }, options);
    }

    /** Restores or alters metadata; disks are not touched. @throws UnsupportedError where the hypervisor keeps all of it itself, but for a name or a description that it can change */
    async redefine(request: RedefineRequest, options: RunOptions = {}): Promise<void> {
        const { backend, redefine, rename } = this.managed.capabilities;
        if (!redefine && !(rename && isCalling(request)))
            throw new UnsupportedError(
                backend,
                "redefine",
                rename ? "only a snapshot’s name and description can be changed: leave out the rest" : "delete the snapshot and take it again",
            );
        if (request.rename !== undefined) checkNewName(request.rename);
        const make = (hierarchy: Hierarchy) => planRedefine(hierarchy, { kind: "redefine", ...request });
        await this.run(`redefining ${quoted(request.name)}`, make, true, options);
    }

    /**
     * The tip becomes the snapshot's state again (reset, the default), goes on from the leaf on it (follow), or is merged into it (commit).
     *
     * @throws FlagConflictError, NotFoundError, DataLossError, BusyError, UnsupportedError
     */
    async revert(name: string, request: RevertRequest = {}, options: RunOptions = {}): Promise<void> {
        checkRevertFlags(request);
        const { follow, commit, discard, resetNvram, ...move } = request;
        const how = follow ? "follow" : commit ? "commit" : "reset";
        await this.admitMove(move);
        const asked = { ...move, how, discard: discard ?? false, resetNvram, force: request.force === true } as const;
        const make = (hierarchy: Hierarchy) => planRevert(hierarchy, name, asked);
        await this.one(`reverting to ${quoted(name)}`, make, request.force, options);
    }

    /** Forks a branch at a snapshot, leaf or not. The domain stays where it is. @throws AlreadyExistsError, NotFoundError */
    async branch(name: string, { from, owner }: BranchRequest, options: RunOptions = {}): Promise<Branch> {
        checkNewName(name);
        await this.admit(false);
        const after = await this.one(`branching ${quoted(name)}`, (hierarchy) => planBranch(hierarchy, name, from, owner), false, options);
        const made = after.branches.find((branch) => branch.name === name);
        if (!made) throw noSuchBranch(name);
        return made;
    }

    /** Goes over to a branch and on from its disks as they are. A dirty tip that has no branch is kept as one. @throws NotFoundError, BusyError */
    async switch(name: string, request: MoveRequest = {}, options: RunOptions = {}): Promise<void> {
        await this.admitMove(request);
        await this.one(`switching to ${quoted(name)}`, (hierarchy) => planSwitch(hierarchy, name, request), request.force, options);
    }

    /** Removes a branch: its leaf goes, or is merged into the snapshot that it stands on. @throws NotFoundError, InvalidInputError, DataLossError */
    async unbranch(name: string, request: UnbranchRequest = {}, options: RunOptions = {}): Promise<void> {
        await this.one(`removing branch ${quoted(name)}`, (hierarchy) => planUnbranch(hierarchy, name, request), request.force, options);
    }

    /** Empties a branch's leaf; to its fork: its own snapshots go too. @throws NotFoundError, DataLossError */
    async resetBranch(name: string, { toFork = false, force }: ResetRequest = {}, options: RunOptions = {}): Promise<void> {
        await this.one(`resetting branch ${quoted(name)}`, (hierarchy) => planReset(hierarchy, name, toFork), force, options);
    }

    /** Gives a branch another name. @throws NotFoundError, AlreadyExistsError */
    async renameBranch(name: string, to: string, options: RunOptions = {}): Promise<void> {
        checkNewName(to);
        await this.one(`renaming branch ${quoted(name)}`, (hierarchy) => planRename(hierarchy, name, to), false, options);
    }

    /**
     * Stops using a snapshot (API v2): the tip moves to its parent and what was written since is kept as a branch; with `merge` the snapshot's contents
     * become its parent's; with `discard` it goes. The `Force` ones also when others are lost.
     *
     * @throws FlagConflictError, NotFoundError, DataLossError; InvalidInputError for a root.
     */
    async deactivate(name: string, request: DeactivateRequest = {}, options: RunOptions = {}): Promise<void> {
        checkDeactivateFlags(request);
        const { merge, mergeForce, discard, discardForce } = request;
        const how = merge || mergeForce ? "merge" : discard || discardForce ? "discard" : "keep";
        const force = mergeForce === true || discardForce === true;
        await this.one(`deactivating ${quoted(name)}`, (hierarchy) => planDeactivate(hierarchy, name, how), force, options);
    }

    /** Deletes a snapshot's name; with a scope, what is below it too. @throws DataLossError, NotFoundError */
    async delete(name: string, request: DeleteRequest = {}, options: RunOptions = {}): Promise<void> {
        const make = (hierarchy: Hierarchy) => planDelete(hierarchy, name, request.scope ?? "keepChildren", request.tip ?? "keep");
        await this.one(`deleting ${quoted(name)}`, make, request.force, options);
    }

    /** One thing to whoever asks for it: all of it happens, or none. */
    private one(what: string, make: (hierarchy: Hierarchy) => Plan, force: Force | undefined, options: RunOptions): Promise<Hierarchy> {
        return this.turns.take({ what, make, force: force ?? false, options, joins: false, isOne: true });
    }

    /** What is asked for is planned under the lock and carried out, one after another. */
    private run(what: string, make: (hierarchy: Hierarchy) => Plan, force: Force | undefined, options: ApplyOptions & ImportOptions): Promise<Hierarchy> {
        return this.turns.take({ what, make, force: force ?? false, options, joins: false });
    }

    /** What can be refused of a move before anything is looked at. */
    private async admitMove({ keep, powerState, force }: MoveRequest): Promise<void> {
        if (typeof keep === "string") checkNewName(keep, "keep");
        const { backend, running } = this.managed.capabilities;
        if (powerState !== undefined && powerState !== "shutoff" && !running) {
            throw new UnsupportedError(
                backend,
                `starting a domain (${powerState})`,
                "leave that out, and start the domain with QEMU yourself, on the disks that its document names",
            );
        }
        await this.admit(force);
    }

    /** What it takes to get from what is there to what is wanted. Changes nothing. */
    async plan(desired: Desired): Promise<Plan> {
        return plan(await this.hierarchy({ sizes: true }), desired);
    }

    /**
     * Looks for what is wrong with what the domain keeps on its host: interrupted operations, orphan files, broken chains, damaged images. With `repair`,
     * mends what can be mended without losing anything. None: the domain is healthy.
     *
     * @throws BusyError
     * @example `for (const { message, repaired } of await vm.doctor({ repair: true })) console.log(repaired ? "repaired:" : "left:", message);`
     */
    async doctor({ repair = false }: DoctorRequest = {}, options: RunOptions = {}): Promise<readonly Finding[]> {
        return this.locked("doctor", "the examination", options, (execution) => doctor(this.managed, repair, execution));
    }

    /** Work that is none of the turns', with the domain's lock held. */
    private locked<T>(purpose: string, what: string, options: RunOptions, work: (execution: Execution, lock: Lock) => Promise<T>): Promise<T> {
        const execution = executionOf(options);
        const onWait = (holder: string) => execution.onProgress({ kind: "wait", message: `waiting for ${holder}` });
        return sayWhy(what, async () => {
            await using lock = await this.managed.lock({ purpose, signal: execution.signal, onWait });
            return await work(execution, lock);
        });
    }

    /**
     * All that is remembered of the hierarchy, as plain data: documents, branches, firmware variables. It can be written to a file, and imported on another
     * host, or on this one as a backup. The disks are none of it. It holds the secrets that the documents hold.
     *
     * @throws UnsupportedError, BusyError where a commit was not finished
     * @example `await writeFile("web.json", JSON.stringify(await vm.export()), { mode: 0o600 })`
     */
    async export(options: RunOptions = {}): Promise<HierarchyExport> {
        this.needRedefine("export");
        const what = `exporting ${quoted(this.name)}`;
        return this.locked(what, what, options, async (execution) => {
            await recover(this.managed, execution);
            return this.exported();
        });
    }

    private async exported(): Promise<HierarchyExport> {
        refuseHalf(await this.managed.hierarchy());
        return this.managed.export();
    }

    private needRedefine(feature: string): void {
        const { redefine, backend } = this.managed.capabilities;
        if (!redefine) throw new UnsupportedError(backend, feature, "take the snapshots again where they are to be");
    }

    /**
     * Remembers here what was exported elsewhere (seed mail of 2011: redefined parents first, the current one last), in one transaction: all of it or nothing.
     * The disks must be there already, at the same paths, and this domain must be on the tip's files. They stay somebody else's: they are followed, reverted
     * to and built on, and never removed or merged. What is here already, because it was imported before, is passed over.
     *
     * @throws InvalidInputError for what is no export, or one of another domain; AlreadyExistsError where others have its names; HostError where contents are
     * missing. Nothing is done then.
     * @example `await vm.import(JSON.parse(await readFile("web.json", "utf8")))`
     */
    async import(exported: HierarchyExport, options: ImportOptions = {}): Promise<void> {
        const wanted = checkExport(exported);
        this.needRedefine("import");
        await this.run(`importing ${quoted(this.name)}`, (hierarchy) => planImport(hierarchy, wanted), false, options);
    }

    /**
     * Moves the domain with its hierarchy to another host that reaches the same files: imports it there, then forgets it here, the domain too, so that never
     * both write. No disk is copied, written or removed; the images stay where they are, and belong to neither host's Snaptree afterwards: deleting a snapshot
     * at the destination leaves its file. Interrupted half-way both remember it; done again, it goes on.
     *
     * @returns the domain at the destination.
     * @throws InvalidInputError where the destination is where the domain is; AlreadyExistsError, BusyError, HostError
     * @example `await vm.migrate(await connect("qemu:///embed?root=/srv/other"))`
     */
    async migrate(to: Destination, options: RunOptions = {}): Promise<VirtualMachine> {
        this.needRedefine("migration");
        const what = `migrating ${quoted(this.name)}`;
        await this.refuseSamePlace(to);
        return this.locked(what, what, options, async (execution, held) => {
            await recover(this.managed, execution);
            const exported = await this.exported();
            // Compiled before anything is done: what stands in the way here must not be found out when it is done there.
            const forgetting = planForget(await this.managed.hierarchy()).operations;
            const transaction = await this.managed.compile(forgetting);
            const there = await to.import(exported, { ...options, held });
            await this.forget(there, exported, transaction, execution);
            return there;
        });
    }

    /** Both at once would wait for each other, or forget what was just remembered. */
    private async refuseSamePlace(to: Destination): Promise<void> {
        const there = await to.domain(this.name).catch((error: unknown) => {
            if (error instanceof NotFoundError) return null;
            throw error;
        });
        if (there === null || (await there.managed.identity()) !== (await this.managed.identity())) return;
        throw new InvalidInputError(`the domain ${quoted(this.name)} is on that host already; name another one`, "to");
    }

    private async forget(there: VirtualMachine, exported: HierarchyExport, transaction: Transaction, execution: Execution): Promise<void> {
        try {
            if (planImport(await there.hierarchy(), exported).operations.length > 0) throw new StalePlanError("it changed there meanwhile");
            await execute(this.managed, transaction, { ...execution, signal: undefined });
            if (this.managed.capabilities.define) await this.managed.undefine();
        } catch (error) {
            throw new SnaptreeError(
                `the hierarchy of ${quoted(this.name)} is remembered at the destination, and could not be forgotten here: ${(error as Error).message}; migrate it again before either is used`,
                {},
                { cause: error },
            );
        }
    }

    /** Carries out a plan. @throws StalePlanError when what it touches has changed since; DataLossError */
    async apply(made: Plan, options: ApplyOptions = {}): Promise<void> {
        const fresh = (hierarchy: Hierarchy) => {
            const stale = staleNode(made, hierarchy);
            if (stale !== null) throw new StalePlanError(`${stale} changed after the plan was made; plan again`);
            return made;
        };
        await this.run("this plan", fresh, options.force, options);
    }

    /**
     * Makes the hierarchy what is wanted, and returns it: planned under the lock, on what is there then, and carried out.
     *
     * @param decide what is wanted, from what is there; a mere function of it, without side effects.
     * @throws InvalidInputError for what can't be had; DataLossError
     */
    async converge(decide: (hierarchy: Hierarchy) => Wanted, options: ApplyOptions = {}): Promise<Hierarchy> {
        await this.admit(options.force);
        const make = (hierarchy: Hierarchy) => {
            const { desired, again } = decide(hierarchy);
            return again ? planAgain(hierarchy, desired, again) : plan(hierarchy, desired);
        };
        return this.run("making the tree what is wanted", make, options.force, options);
    }

    /** Removes the snapshots and branches that an owner manages, children first; what others stand on them keeps its contents. @throws DataLossError */
    async removeManaged(owner: string, options: ApplyOptions = {}): Promise<void> {
        await this.run("removing the tree", (hierarchy) => planRemoval(hierarchy, owner), options.force, options);
    }

    /** Serves those whose turn has come, and those after them while the lock is held, and tells each what came of its own. */
    private async serve(first: readonly Turn[], next: () => Promise<readonly Turn[]>): Promise<void> {
        let turns = first;
        const purpose = titleOf(turns);
        const { signal, held } = turns[0]?.options ?? {};
        const onWait = (holder: string) => onlookers(turns)({ kind: "wait", message: `waiting for ${holder}` });
        try {
            await using _lock = await sayWhy(purpose, () => this.managed.lock({ purpose, signal, onWait, held }));
            for (; turns.length > 0; turns = await next()) await this.serveLocked(turns);
        } catch (error) {
            for (const turn of turns) turn.reject(error); // Those that were told already hear nothing more.
        }
    }

    private async serveLocked(turns: readonly Turn[]): Promise<void> {
        const left = await sayWhy(titleOf(turns), async () => {
            await recover(this.managed, { signal: turns[0]?.options.signal, onProgress: onlookers(turns) });
            return turns.length === 1 ? turns : this.together(turns);
        });
        for (const turn of left) await this.alone(turn);
    }

    private async alone(turn: Turn): Promise<void> {
        const { force, what, options, isOne, resolve, reject } = turn;
        try {
            await sayWhy(what, async () => {
                const { made, running, wakes } = await this.planned(turn);
                const most = running || !this.managed.capabilities.together ? 1 : BATCH;
                // What can't be done as a whole is not begun.
                if (isOne && wakes) await this.managed.compile(made.operations);
                const groups = isOne && !wakes && made.operations.length > 0 ? [made.operations] : batches(made.operations, most);
                for (const [i, operations] of groups.entries()) {
                    if (i > 0) await this.refuseSince(what, made, operations, force);
                    await this.transact(operations, executionOf(options), options);
                    for (const operation of operations) await this.arrive(operation, options.signal);
                }
            });
            resolve(await this.managed.hierarchy({ outcome: true }));
        } catch (error) {
            reject(error);
        }
    }

    /** The plan, with nothing in it that nobody agreed to lose, and no guest in its way. */
    private async planned({ what, make, force, options, adds = false }: Turn): Promise<Planned> {
        const hierarchy = await this.managed.hierarchy({ recent: adds });
        const made = make(hierarchy);
        await this.refuse(what, made.losses, force);
        const create = (operation: CreateOperation) => this.transact([operation], executionOf(options), options);
        const check = (foreseen: Hierarchy) => this.refuse(what, make(foreseen).losses, force);
        if (!(await leave(this.managed, hierarchy, made.operations, { create, check, signal: options.signal })))
            return { made, running: hierarchy.powerState !== "shutoff", wakes: wakes(made, hierarchy) };
        // What the guest wrote while it came to its end is on its disks now.
        const left = await this.managed.hierarchy();
        const again = make(left);
        await this.refuse(what, again.losses, force);
        return { made: again, running: false, wakes: wakes(again, left) };
    }

    private async arrive(operation: Operation, signal: AbortSignal | undefined): Promise<void> {
        try {
            await this.managed.guest?.arrive(operation, { signal });
        } catch (error) {
            throw new SnaptreeError(
                `${describe(operation)} is done, but the guest could not be started: ${(error as Error).message}; see to that, and start it`,
                {},
                { cause: error },
            );
        }
    }

    /** What was written since the plan was made is nothing that anybody agreed to lose. */
    private async refuseSince(what: string, { losses }: Plan, operations: readonly Operation[], force: Force): Promise<void> {
        const [first] = operations; // Where there are more, they are creations, which stand on one another.
        if (!first || force === true || first.kind === "redefine" || (first.kind === "delete" && first.branches.length === 0)) return;
        const shown = new Set(losses);
        const since = lossesOf(await this.managed.hierarchy(), first).filter((loss) => !shown.has(loss));
        await this.refuse(`going on with ${what}`, since, force);
    }

    /** What is refused is named with what it takes on the disk, which nobody waits for otherwise. */
    private async refuse(what: string, losses: readonly Loss[], force: Force): Promise<void> {
        const refused = unaccepted(losses, force);
        if (refused.length > 0) refuseLosses(what, { losses: refused, sizes: sizesOf(await this.managed.hierarchy({ sizes: true }), refused) }, false);
    }

    /** Takes snapshots that waited together in one transaction; where one of them stands in the way, gives back those that must go one by one. */
    private async together(turns: readonly Turn[]): Promise<readonly Turn[]> {
        const { operations, joined } = planTogether(await this.managed.hierarchy({ recent: true }), turns);
        if (operations.length === 0) return [];
        const transaction = await this.managed.compile(operations).catch(() => null);
        if (!transaction) return joined;
        const tell = onlookers(joined);
        tellEach(joined, "begin", operations);
        try {
            await execute(this.managed, transaction, { signal: turns[0]?.options.signal, onProgress: tell });
        } catch (error) {
            if (await this.managed.readJournal()) throw error; // Not taken back: it concerns them all.
            return joined;
        }
        tellEach(joined, "done", operations);
        const after = await this.managed.hierarchy({ outcome: true });
        for (const { resolve } of joined) resolve(after);
        return [];
    }

    private async transact(operations: readonly Operation[], execution: Execution, options: ApplyOptions): Promise<void> {
        const [operation] = operations;
        for (const each of operations) execution.onProgress({ kind: "begin", message: describe(each) });
        const transaction = await this.managed.compile(operations);
        const provision = (step: ProvisionStep) => this.provision(operation, step, execution, options);
        await execute(this.managed, transaction, { ...execution, provision });
        for (const each of operations) execution.onProgress({ kind: "done", message: describe(each) });
    }

    private async provision(operation: Operation | undefined, step: ProvisionStep, execution: Execution, options: ApplyOptions): Promise<void> {
        if (operation?.kind !== "create") return;
        const surroundings = { host: this.host, domain: this.name, parent: operation.parent, files: step.files };
        const onOutput = (message: string) => execution.onProgress({ kind: "output", message });
        const commands = Object.entries(options.provision ?? {}).find(([name]) => name === operation.name)?.[1] ?? [];
        for (const command of commands) await runCommand(command, surroundings, onOutput, options.signal);
    }
}

/** Nothing but what a snapshot is called, and what is said of it, is to be other. */
function isCalling({ name: _name, rename: _rename, description: _description, force: _force, ...rest }: RedefineRequest): boolean {
    return Object.values<unknown>(rest).every((value) => value === undefined);
}
