import { checkFlags } from "./flags";
import { checkNewName, type Hierarchy, type Operation, quoted, type Snapshot, StalePlanError, UnsupportedError } from "../model";
import type { ManagedDomain, ProvisionStep } from "../backends/backend";
import { type Accepted, describe, type Desired, type Plan, plan, planCreate, planDelete, planRedefine, planRevert, refuseLosses, staleNode } from "../plan";
import { runCommand } from "./provision";
import type { Command, CreateRequest, DeleteRequest, Force, RedefineRequest, RevertRequest, RunOptions } from "./requests";
import { execute, type Execution, recover } from "./transaction";
import { inTurn, onlooking, sayWhy } from "./guard";

/** How a plan is applied. */
export interface ApplyOptions extends RunOptions {
    /** Losses that are agreed to. */
    readonly force?: Force;
    /** Snapshot name to the commands that change its contents before it is taken. */
    readonly provision?: Readonly<Record<string, readonly Command[]>>;
}

/** Most creations that become one transaction: a journal entry names each of their files. */
const BATCH = 1000;

function executionOf(options: RunOptions): Execution {
    return { signal: options.signal, onProgress: onlooking(options.onProgress) };
}

/** Runs of plain creations become one transaction each; everything else is one of its own. */
function batches(operations: readonly Operation[]): Operation[][] {
    const plain = (operation: Operation | undefined) => operation?.kind === "create" && !operation.provisioned;
    const groups: Operation[][] = [];
    for (const operation of operations) {
        const last = groups.at(-1);
        if (last && plain(operation) && plain(last[0]) && last.length < BATCH) last.push(operation);
        else groups.push([operation]);
    }
    return groups;
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
    private last: Promise<unknown> = Promise.resolve();

    constructor(
        private readonly host: string,
        private readonly managed: ManagedDomain,
    ) {}

    get name(): string {
        return this.managed.name;
    }

    /** All snapshots and branches, in one listing whatever their number. Waits for nobody. */
    hierarchy(): Promise<Hierarchy> {
        return this.managed.hierarchy();
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
        const name = request.name ?? String(Math.floor(Date.now() / 1000));
        if (request.name !== undefined) checkNewName(name);
        await this.refuseTpm(force);
        const wanted = { ...settings, name, provisioned: (provision?.length ?? 0) > 0 };
        await this.run((hierarchy) => planCreate(hierarchy, wanted, force === true), force ?? false, `creating ${quoted(name)}`, {
            ...options,
            ...(provision && { provision: { [name]: provision } }),
        });
        const taken = (await this.hierarchy()).snapshots.find((snapshot) => snapshot.name === name);
        return taken ?? this.forgotten(name, request);
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
        };
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

    /** Restores or alters metadata; disks are not touched. */
    async redefine(request: RedefineRequest, options: RunOptions = {}): Promise<void> {
        if (!this.managed.capabilities.redefine)
            throw new UnsupportedError(this.managed.capabilities.backend, "redefine", "delete the snapshot and take it again");
        if (request.rename !== undefined) checkNewName(request.rename);
        await this.run((hierarchy) => planRedefine(hierarchy, { kind: "redefine", ...request }), true, `redefining ${quoted(request.name)}`, options);
    }

    /** The tip becomes the snapshot's state again (reset). @throws DataLossError, NotFoundError */
    async revert(name: string, request: RevertRequest = {}, options: RunOptions = {}): Promise<void> {
        if (typeof request.keep === "string") checkNewName(request.keep, "keep");
        await this.refuseTpm(request.force);
        await this.run((hierarchy) => planRevert(hierarchy, name, request.keep), request.force ?? false, `reverting to ${quoted(name)}`, options);
    }

    /** Deletes a snapshot's name; with a scope, what is below it too. @throws DataLossError, NotFoundError */
    async delete(name: string, request: DeleteRequest = {}, options: RunOptions = {}): Promise<void> {
        const scope = request.scope ?? "keepChildren";
        await this.run((hierarchy) => planDelete(hierarchy, name, scope, request.tip ?? "keep"), request.force ?? false, `deleting ${quoted(name)}`, options);
    }

    /** What it takes to get from what is there to what is wanted. Changes nothing. */
    async plan(desired: Desired): Promise<Plan> {
        return plan(await this.hierarchy(), desired);
    }

    /** Carries out a plan. @throws StalePlanError when what it touches has changed since; DataLossError */
    async apply(made: Plan, options: ApplyOptions = {}): Promise<void> {
        const fresh = (hierarchy: Hierarchy) => {
            const stale = staleNode(made, hierarchy);
            if (stale !== null) throw new StalePlanError(`${stale} changed after the plan was made; plan again`);
            return made;
        };
        await this.run(fresh, options.force ?? false, "this plan", options);
    }

    /** Plans under the lock, so that what was decided on is what is there. */
    private run(make: (hierarchy: Hierarchy) => Plan, force: Accepted, what: string, options: ApplyOptions): Promise<void> {
        const turn = inTurn(this.last, () => sayWhy(what, () => this.locked(make, force, what, options)), options.signal);
        this.last = Promise.allSettled([this.last, turn]);
        return turn;
    }

    private async locked(make: (hierarchy: Hierarchy) => Plan, force: Accepted, what: string, options: ApplyOptions): Promise<void> {
        const execution = executionOf(options);
        const onWait = (holder: string) => execution.onProgress({ kind: "wait", message: `waiting for ${holder}` });
        await using _lock = await this.managed.lock({ purpose: what, signal: options.signal, onWait });
        await recover(this.managed, execution);
        const made = make(await this.managed.hierarchy());
        refuseLosses(what, made.losses, force);
        for (const operations of batches(made.operations)) await this.transact(operations, execution, options);
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
