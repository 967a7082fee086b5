import { HostError, UnreachableError } from "../../../model";
import { faultOf, localizedFault } from "./faults";
import { NOTHING, partOf, partsOf, refOf, requiredPart, requiredText, type Part, type Ref } from "./part";
import { filterSpec, retrieve, type Wanted } from "./properties";
import type { Session } from "./session";
import { struct, type Arguments } from "./soap";
import type { TaskOptions } from "./types";

const INFO: Wanted = [["Task", ["info.state", "info.progress", "info.result", "info.error"]]];

/** Seconds that the host holds a call back until something changes. */
const MAX_WAIT = 20;

/** Milliseconds in which an answer to such a call has to come besides. */
const ANSWER = 60_000;

/** Faults of a watch that is gone with its session. */
const GONE = new Set(["ManagedObjectNotFound", "InvalidCollectorVersion", "NotAuthenticated"]);

type Info = Map<string, Part>;

/** A collector of this task's own: how tasks that take long are looked at, without asking again and again. */
class Watch implements AsyncDisposable {
    private version = "";
    private constructor(
        private readonly session: Session,
        private readonly collector: Ref,
        private readonly epoch: number,
    ) {}

    static async on(session: Session, task: Ref): Promise<Watch> {
        const { epoch } = session;
        const made = await session.call("CreatePropertyCollector", session.services.propertyCollector, []);
        const watch = new Watch(session, refOf(requiredPart(made, "returnval")), epoch);
        try {
            await session.call("CreateFilter", watch.collector, [["spec", filterSpec(INFO, [task])], ["partialUpdates", false]]); // prettier-ignore
            return watch;
        } catch (error) {
            await watch[Symbol.asyncDispose]();
            throw error;
        }
    }

    /** Takes over what has changed since; at first all there is. Nothing where nothing changes for a while. */
    async update(info: Info, signal: AbortSignal): Promise<void> {
        const args: Arguments = [["version", this.version], ["options", struct([["maxWaitSeconds", MAX_WAIT]])]]; // prettier-ignore
        const answer = await this.session.call("WaitForUpdatesEx", this.collector, args, { signal, timeout: MAX_WAIT * 1000 + ANSWER, reads: true });
        const set = partOf(answer, "returnval");
        if (set === null) return;
        this.version = requiredText(set, "version");
        for (const filter of partsOf(set, "filterSet"))
            for (const object of partsOf(filter, "objectSet"))
                for (const change of partsOf(object, "changeSet")) {
                    const value = partOf(change, "val");
                    if (value !== null) info.set(requiredText(change, "name"), value);
                }
    }

    async [Symbol.asyncDispose](): Promise<void> {
        // With a session goes what it kept.
        if (this.session.epoch === this.epoch) await this.session.call("DestroyPropertyCollector", this.collector, []).catch(() => undefined);
    }
}

/** One task that goes on on the host, until it ends there or is waited for no longer. */
class Waiting {
    private readonly info: Info = new Map();
    /** Aborted when it is waited for no longer; the reason says why. */
    private readonly patience = new AbortController();
    private readonly timers: NodeJS.Timeout[] = [];

    constructor(
        private readonly session: Session,
        private readonly task: Ref,
        private readonly options: TaskOptions,
    ) {}

    async end(): Promise<Part | null> {
        const { signal, timeout } = this.options;
        const cancel = () => void this.cancel();
        signal?.addEventListener("abort", cancel);
        try {
            if (signal?.aborted) cancel();
            if (timeout !== undefined) this.giveUpAfter(timeout, `did not ${this.options.title} within ${timeout / 1000} seconds`);
            return await this.outcome();
        } finally {
            signal?.removeEventListener("abort", cancel);
            for (const timer of this.timers) clearTimeout(timer);
        }
    }

    /** Most tasks that only change a configuration have ended when one looks. */
    private async outcome(): Promise<Part | null> {
        try {
            await this.look();
            while (!this.ended()) await this.watch();
        } catch (error) {
            if (error instanceof UnreachableError) throw this.stillRunning(error.message);
            if (faultOf(error) === "ManagedObjectNotFound") throw this.stillRunning(`${this.session.shown} forgot the task that was to ${this.options.title}`);
            throw error;
        }
        if (requiredState(this.info) === "success") return this.info.get("info.result") ?? null;
        throw this.failure();
    }

    private async look(): Promise<void> {
        const [held] = await retrieve(this.session, filterSpec(INFO, [this.task]), { title: `tell what became of ${this.task.id}` });
        for (const [name, value] of held?.properties ?? []) this.info.set(name, value);
    }

    private async watch(): Promise<void> {
        try {
            await using watch = await Watch.on(this.session, this.task);
            for (;;) {
                await watch.update(this.info, this.patience.signal);
                if (this.ended()) return;
                this.report();
            }
        } catch (error) {
            if (!GONE.has(faultOf(error) ?? "")) throw error;
            // The task outlives a session; without it, this says so.
            await this.look();
        }
    }

    private ended(): boolean {
        return ["success", "error"].includes(requiredState(this.info));
    }

    private report(): void {
        const percent = Number(this.info.get("info.progress")?.text || "none");
        if (!Number.isNaN(percent)) this.options.onProgress?.(Math.min(Math.max(percent / 100, 0), 1));
    }

    private failure(): unknown {
        const error = this.info.get("info.error");
        const fault = localizedFault(error ?? NOTHING);
        const { signal, title } = this.options;
        if (signal?.aborted && fault.type === "RequestCanceled") return signal.reason;
        return this.session.refused(title, fault);
    }

    /** What can't be cancelled goes on. */
    private async cancel(): Promise<void> {
        this.giveUpAfter(this.session.patience.cancel, `was asked to cancel what it does (${this.options.title}), and goes on with it`);
        await this.session.call("CancelTask", this.task, []).catch(() => undefined);
    }

    private giveUpAfter(milliseconds: number, why: string): void {
        this.timers.push(setTimeout(() => this.patience.abort(this.stillRunning(`${this.session.shown} ${why}`)), milliseconds));
    }

    private stillRunning(why: string): HostError {
        const advice = `${this.task.id} may still run on the host: wait until it has ended there, look at the machine, and run again`;
        return new HostError(`${why}; ${advice}`, { task: this.task.id });
    }
}

function requiredState(info: Info): string {
    return info.get("info.state")?.text ?? "";
}

/**
 * Starts a task and waits until it has ended.
 *
 * @returns its result; null where it has none
 * @throws what the host's fault becomes; the signal's reason where the task was cancelled; HostError that names the task where it goes on
 */
export async function runTask(session: Session, method: string, self: Ref, args: Arguments, options: TaskOptions): Promise<Part | null> {
    const { signal, title } = options;
    signal?.throwIfAborted();
    // Not with the signal: who gives up now would not know which task to cancel.
    const started = await session.call(method, self, args, { title });
    const task = refOf(requiredPart(started, "returnval"));
    return new Waiting(session, task, options).end();
}

/** The managed object id that a task ends with. */
export function resultRef(result: Part | null, method: string): string {
    const id = result?.text ?? "";
    if (id === "") throw new HostError(`${method} ended without the object that it makes; look at the machine, and run again`);
    return id;
}
