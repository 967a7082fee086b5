import { setTimeout as sleep } from "node:timers/promises";
import { HostError, NotFoundError } from "../../../model";
import { inventoryOf, isReadable, machineFrom, SNAPSHOT_CONFIG, snapshotConfigFrom, SUMMARIES, summaryFrom, WHOLE } from "./machine";
import { Machines, UPWARDS } from "./inventory";
import { MalformedAnswer, type Part, type Ref } from "./part";
import { filterSpec, retrieve, traversal, type Wanted } from "./properties";
import { Session, type Patience } from "./session";
import { anyText, struct, type Arguments } from "./soap";
import { resultRef, runTask } from "./tasks";
import type { Candidate, MachineConfig, MachineRead, MachineSummary, NewSnapshot, Reconfiguration, TaskOptions, VimAbout, VimHost } from "./types";

const machine = (id: string): Ref => ({ type: "VirtualMachine", id });
const snapshot = (id: string): Ref => ({ type: "VirtualMachineSnapshot", id });

/** How far the tasks are that a machine was asked for in the last minutes. */
const STATES: Wanted = [["Task", ["info.state"]]];
const UNDER_WAY = new Set(["running", "queued"]);
/** Milliseconds between two looks at tasks that somebody else began. */
const LOOK_AGAIN = 250;

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

    static async connect(host: VimHost, patience?: Partial<Patience>): Promise<Vim> {
        return new Vim(await Session.open(host, patience), host.path);
    }

    /** All of a machine, in one round trip. @throws NotFoundError */
    machine(ref: string): Promise<MachineRead> {
        return this.understood(async () => {
            const all = await retrieve(this.#session, filterSpec(WHOLE, [machine(ref)], UPWARDS), { title: `tell of the machine ${ref}` });
            const held = all.find((each) => each.ref.id === ref);
            if (held === undefined) throw new NotFoundError(`${this.#session.shown} has no machine ${ref} any more; look what is there, and run again`);
            return machineFrom(held, inventoryOf(all), this.#session.shown);
        });
    }

    /** All machines that the user may read, with their trees, in one traversal. */
    machines(): Promise<MachineSummary[]> {
        return this.understood(async () => {
            const { machines, inventory } = await this.#machines.all(SUMMARIES);
            return machines.filter(isReadable).map((held) => summaryFrom(held, inventory, this.#session.shown));
        });
    }

    /** Machines of that name; else of that inventory path (whole, or from its datacenter's folder of machines on), UUID, or managed object id. Several may have one name. */
    find(called: string): Promise<Candidate[]> {
        return this.understood(() => this.#machines.find(called));
    }

    /** What snapshots keep of their machine's configuration, in one round trip. */
    snapshotConfigs(refs: readonly string[]): Promise<Map<string, MachineConfig>> {
        return this.understood(async () => {
            if (refs.length === 0) return new Map<string, MachineConfig>();
            const all = await retrieve(this.#session, filterSpec(SNAPSHOT_CONFIG, refs.map(snapshot)), { title: "tell of snapshots" });
            return new Map(all.map((held) => [held.ref.id, snapshotConfigFrom(held, this.#session.shown)]));
        });
    }

    /** @returns the new snapshot's managed object id */
    async createSnapshot(ref: string, { name, description, memory, quiesce }: NewSnapshot, options: TaskOptions): Promise<string> {
        const args: Arguments = [["name", name], ["description", description], ["memory", memory], ["quiesce", quiesce]] as const; // prettier-ignore
        return resultRef(await this.task("CreateSnapshot_Task", machine(ref), args, options), "CreateSnapshot_Task");
    }

    async revert(ref: string, { suppressPowerOn }: { readonly suppressPowerOn: boolean }, options: TaskOptions): Promise<void> {
        await this.task("RevertToSnapshot_Task", snapshot(ref), [["suppressPowerOn", suppressPowerOn]], options);
    }

    /** What is not given stays. */
    async rename(ref: string, { name, description }: { readonly name?: string; readonly description?: string }, { title }: TaskOptions): Promise<void> {
        await this.#session.call("RenameSnapshot", snapshot(ref), [["name", name], ["description", description]], { title }); // prettier-ignore
    }

    async remove(ref: string, { children, consolidate = true }: RemoveOptions, options: TaskOptions): Promise<void> {
        await this.task("RemoveSnapshot_Task", snapshot(ref), [["removeChildren", children], ["consolidate", consolidate]], options); // prettier-ignore
    }

    async removeAll(ref: string, options: TaskOptions): Promise<void> {
        await this.task("RemoveAllSnapshots_Task", machine(ref), [["consolidate", true]], options);
    }

    async consolidate(ref: string, options: TaskOptions): Promise<void> {
        await this.task("ConsolidateVMDisks_Task", machine(ref), [], options);
    }

    async reconfigure(ref: string, { changeVersion, name, annotation, extra = [] }: Reconfiguration, options: TaskOptions): Promise<void> {
        const extraConfig = extra.map(([key, value]) => struct([["key", key], ["value", anyText(value)]], "OptionValue")); // prettier-ignore
        const spec: Arguments = [["changeVersion", changeVersion], ["name", name], ["annotation", annotation], ["extraConfig", extraConfig]]; // prettier-ignore
        await this.task("ReconfigVM_Task", machine(ref), [["spec", struct(spec)]], options);
    }

    /** Waits until nothing is under way on a machine any more, whoever began it. */
    async settle(ref: string, signal?: AbortSignal): Promise<void> {
        const spec = filterSpec(STATES, [machine(ref)], [traversal("VirtualMachine", "recentTask")], true);
        for (;;) {
            const tasks = await retrieve(this.#session, spec, { signal });
            if (!tasks.some(({ properties }) => UNDER_WAY.has(properties.get("info.state")?.text ?? ""))) return;
            await sleep(LOOK_AGAIN, undefined, { signal });
        }
    }

    /** Has the host look anew at the machine's files, of which it may tell otherwise as they were. */
    async refreshStorage(ref: string): Promise<void> {
        await this.#session.call("RefreshStorageInfo", machine(ref), [], { title: `look at the files of the machine ${ref}` });
    }

    async powerOn(ref: string, options: TaskOptions): Promise<void> {
        await this.task("PowerOnVM_Task", machine(ref), [], options);
    }

    async powerOff(ref: string, options: TaskOptions): Promise<void> {
        await this.task("PowerOffVM_Task", machine(ref), [], options);
    }

    async suspend(ref: string, options: TaskOptions): Promise<void> {
        await this.task("SuspendVM_Task", machine(ref), [], options);
    }

    /** Asks VMware Tools to shut the guest down, and does not wait for it. */
    async shutdownGuest(ref: string, { title }: TaskOptions): Promise<void> {
        await this.#session.call("ShutdownGuest", machine(ref), [], { title });
    }

    /** Says whose answer made no sense. */
    private async understood<T>(work: () => Promise<T>): Promise<T> {
        try {
            return await work();
        } catch (error) {
            if (!(error instanceof MalformedAnswer)) throw error;
            const { shown } = this.#session;
            throw new HostError(`${shown} answers otherwise than the vSphere API describes: ${error.message}; check that it is a vSphere host`);
        }
    }

    private task(method: string, self: Ref, args: Arguments, options: TaskOptions): Promise<Part | null> {
        return this.understood(() => runTask(this.#session, method, self, args, options));
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
export function connectVim(host: VimHost, patience?: Partial<Patience>): Promise<Vim> {
    return Vim.connect(host, patience);
}
