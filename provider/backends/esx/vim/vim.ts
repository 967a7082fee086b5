import { HostError, NotFoundError } from "../../../model";
import { inventoryOf, machineFrom, SNAPSHOT_CONFIG, snapshotConfigFrom, SUMMARIES, summaryFrom, WHOLE } from "./machine";
import { Machines, UPWARDS } from "./inventory";
import { MalformedAnswer, type Ref } from "./part";
import { filterSpec, retrieve } from "./properties";
import { Session } from "./session";
import { anyText, struct, type Arguments } from "./soap";
import { resultRef, runTask } from "./tasks";
import type { Candidate, MachineConfig, MachineRead, MachineSummary, NewSnapshot, Reconfiguration, TaskOptions, VimAbout, VimHost } from "./types";

const machine = (id: string): Ref => ({ type: "VirtualMachine", id });
const snapshot = (id: string): Ref => ({ type: "VirtualMachineSnapshot", id });

/** Removing takes this unless it is told otherwise: files that nobody needs any more go at once. */
export interface RemoveOptions {
    /** The whole subtree, and not this snapshot alone. */
    readonly children: boolean;
    /** Default: true. */
    readonly consolidate?: boolean;
}

/**
 * A host that one is logged in to, by its vSphere API.
 *
 * Every method throws UnreachableError where the host can't be reached, HostError where it answers what makes no sense, NotFoundError for an object that is
 * gone, BusyError where another task has the machine, StalePlanError where the configuration was changed in between, and VimError for whatever else the host
 * refuses; `faultOf` gives the fault's type.
 *
 * @example
 * ```ts
 * await using vim = await connectVim(host);
 * const [found] = await vim.find("web");
 * const { snapshots, config } = await vim.machine(found.ref);
 * const ref = await vim.createSnapshot(found.ref, { name: "a", description: "", memory: false, quiesce: false }, { title: 'create snapshot "a" of "web"' });
 * ```
 */
export class Vim implements AsyncDisposable {
    readonly about: VimAbout;
    readonly #session: Session;
    readonly #machines: Machines;

    private constructor(session: Session, path: readonly string[]) {
        this.#session = session;
        this.#machines = new Machines(session, path);
        this.about = session.about;
    }

    static async connect(host: VimHost): Promise<Vim> {
        return new Vim(await Session.open(host), host.path);
    }

    /** All of a machine, in one round trip. @throws NotFoundError */
    async machine(ref: string): Promise<MachineRead> {
        const all = await retrieve(this.#session, filterSpec(WHOLE, [machine(ref)], UPWARDS), { title: `tell of the machine ${ref}` });
        const held = all.find((each) => each.ref.id === ref);
        if (held === undefined) throw new NotFoundError(`${this.#session.shown} has no machine ${ref} any more; look what is there, and run again`);
        return this.understood(() => machineFrom(held, inventoryOf(all), this.#session.shown));
    }

    /** All machines with their trees, in one traversal. */
    async machines(): Promise<MachineSummary[]> {
        const { machines, inventory } = await this.#machines.all(SUMMARIES);
        return this.understood(() => machines.map((held) => summaryFrom(held, inventory, this.#session.shown)));
    }

    /** Machines of that name; else of that inventory path (whole, or from its datacenter's folder of machines on), UUID, or managed object id. Several may have one name. */
    find(called: string): Promise<Candidate[]> {
        return this.#machines.find(called);
    }

    /** What snapshots keep of their machine's configuration, in one round trip. */
    async snapshotConfigs(refs: readonly string[]): Promise<Map<string, MachineConfig>> {
        if (refs.length === 0) return new Map();
        const all = await retrieve(this.#session, filterSpec(SNAPSHOT_CONFIG, refs.map(snapshot)), { title: "tell of snapshots" });
        return this.understood(() => new Map(all.map((held) => [held.ref.id, snapshotConfigFrom(held)])));
    }

    /** @returns the new snapshot's managed object id */
    async createSnapshot(ref: string, { name, description, memory, quiesce }: NewSnapshot, options: TaskOptions): Promise<string> {
        const args = [["name", name], ["description", description], ["memory", memory], ["quiesce", quiesce]] as const; // prettier-ignore
        return resultRef(await runTask(this.#session, "CreateSnapshot_Task", machine(ref), args, options), "CreateSnapshot_Task");
    }

    async revert(ref: string, { suppressPowerOn }: { readonly suppressPowerOn: boolean }, options: TaskOptions): Promise<void> {
        await runTask(this.#session, "RevertToSnapshot_Task", snapshot(ref), [["suppressPowerOn", suppressPowerOn]], options);
    }

    /** What is not given stays. */
    async rename(ref: string, { name, description }: { readonly name?: string; readonly description?: string }, { title }: TaskOptions): Promise<void> {
        await this.#session.call("RenameSnapshot", snapshot(ref), [["name", name], ["description", description]], { title }); // prettier-ignore
    }

    async remove(ref: string, { children, consolidate = true }: RemoveOptions, options: TaskOptions): Promise<void> {
        await runTask(this.#session, "RemoveSnapshot_Task", snapshot(ref), [["removeChildren", children], ["consolidate", consolidate]], options); // prettier-ignore
    }

    async removeAll(ref: string, options: TaskOptions): Promise<void> {
        await runTask(this.#session, "RemoveAllSnapshots_Task", machine(ref), [["consolidate", true]], options);
    }

    async consolidate(ref: string, options: TaskOptions): Promise<void> {
        await runTask(this.#session, "ConsolidateVMDisks_Task", machine(ref), [], options);
    }

    async reconfigure(ref: string, { changeVersion, name, annotation, extra = [] }: Reconfiguration, options: TaskOptions): Promise<void> {
        const extraConfig = extra.map(([key, value]) => struct([["key", key], ["value", anyText(value)]], "OptionValue")); // prettier-ignore
        const spec: Arguments = [["changeVersion", changeVersion], ["name", name], ["annotation", annotation], ["extraConfig", extraConfig]]; // prettier-ignore
        await runTask(this.#session, "ReconfigVM_Task", machine(ref), [["spec", struct(spec)]], options);
    }

    async powerOn(ref: string, options: TaskOptions): Promise<void> {
        await runTask(this.#session, "PowerOnVM_Task", machine(ref), [], options);
    }

    async powerOff(ref: string, options: TaskOptions): Promise<void> {
        await runTask(this.#session, "PowerOffVM_Task", machine(ref), [], options);
    }

    async suspend(ref: string, options: TaskOptions): Promise<void> {
        await runTask(this.#session, "SuspendVM_Task", machine(ref), [], options);
    }

    /** Asks VMware Tools to shut the guest down, and does not wait for it. */
    async shutdownGuest(ref: string, { title }: TaskOptions): Promise<void> {
        await this.#session.call("ShutdownGuest", machine(ref), [], { title });
    }

    private understood<T>(read: () => T): T {
        try {
            return read();
        } catch (error) {
            if (!(error instanceof MalformedAnswer)) throw error;
            throw new HostError(
                `${this.#session.shown} describes its machines otherwise than the vSphere API does: ${error.message}; check that it is a vSphere host`,
            );
        }
    }

    /** Logs out. */
    [Symbol.asyncDispose](): Promise<void> {
        return this.#session[Symbol.asyncDispose]();
    }
}

/**
 * Logs in to a host.
 *
 * @throws UnreachableError where it can't be reached, or its certificate is not trusted; HostError where it does not take user and password, or is no vSphere host.
 */
export function connectVim(host: VimHost): Promise<Vim> {
    return Vim.connect(host);
}
