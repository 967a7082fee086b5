import { setTimeout as sleep } from "node:timers/promises";
import { HostError, InvalidInputError, quoted, UnreachableError } from "../../model";
import { complaintOf, isNotServed, progressOf, withoutWarning } from "./complaint";
import { Service } from "./service";
import type { Outcome, Site } from "./site";
import { inTurn } from "./turns";
import { refused } from "./vbox-error";

export interface ManageOptions {
    /** Default: `VBoxManage`, from PATH. */
    readonly command?: string;
}

export interface CallOptions {
    /** UUID of the machine that the call is about: such calls go one at a time, in order, as VirtualBox can't have several; default: at once. */
    readonly machine?: string;
    /** Milliseconds without a sign of life after which it is given up; default 60,000, and 600,000 once it shows progress. */
    readonly timeout?: number | undefined;
    /** Aborted before the call begins, it does not begin. One that has begun is waited for: ending VBoxManage ends nothing in VirtualBox's service. */
    readonly signal?: AbortSignal | undefined;
    /** From 0 to 1, for calls that show progress. */
    readonly onProgress?: ((fraction: number) => void) | undefined;
}

const TIMEOUT = 60_000;
const PROGRESS_TIMEOUT = 600_000;

/** How often the service is tried to be started at most, for how long at most (one that can't start takes 30 s to say so), and the longest wait in between, in milliseconds. */
const TRIES = 12;
const TRYING = 40_000;
const LONGEST_WAIT = 400;

/** Characters in which the last percentage stands. */
const TAIL = 16;

/** A call that changes nothing, locks no machine and starts the service. */
const LIGHT = ["list", "runningvms"];

/** An argument is shown in details up to this length. */
const SHOWN = 200;

/** `snapshot MACHINE take NAME` is shown as `snapshot take`: the machine's name is in the answer, if anywhere. */
function verbOf([verb = "", _, second = ""]: readonly string[]): string {
    return verb === "snapshot" || verb === "controlvm" ? `${verb} ${second}` : verb;
}

function check(args: readonly string[]): void {
    for (const argument of args) {
        const why = argument.includes("\0") ? "has a NUL character" : argument.isWellFormed() ? null : "is not well-formed Unicode";
        if (why) throw new InvalidInputError(`${quoted(argument)} ${why}, so VBoxManage can't be given it; take it out`);
    }
}

/** Rings once nothing was heard for long enough. */
class Patience implements Disposable {
    private readonly controller = new AbortController();
    private timer: NodeJS.Timeout;
    readonly signal = this.controller.signal;

    constructor(
        milliseconds: number,
        private readonly late: (milliseconds: number) => Error,
    ) {
        this.timer = this.set(milliseconds);
    }

    private set(milliseconds: number): NodeJS.Timeout {
        return setTimeout(() => this.controller.abort(this.late(milliseconds)), milliseconds);
    }

    /** From now on. */
    reset(milliseconds: number): void {
        clearTimeout(this.timer);
        this.timer = this.set(milliseconds);
    }

    [Symbol.dispose](): void {
        clearTimeout(this.timer);
    }
}

/**
 * VBoxManage on one host.
 *
 * Arguments are arguments, whatever is in them. Machines, snapshots and media are best named by UUID.
 *
 * @example
 * ```ts
 * const manage = new Manage(site, { command: "/opt/VirtualBox/VBoxManage" });
 * await manage.run(["snapshot", uuid, "take", name], { machine: uuid, onProgress: (fraction) => bar.update(fraction) });
 * ```
 */
export class Manage {
    private readonly command: string;
    private readonly service: Service;

    constructor(
        readonly site: Site,
        { command = "VBoxManage" }: ManageOptions = {},
    ) {
        this.command = command;
        this.service = new Service(`${command}\n${site.address}`);
    }

    /**
     * One call, and what it wrote to standard output, exact but for a warning of the script that VBoxManage can be.
     *
     * @throws VBoxError in VirtualBox's words (see `isNotFound`, `isWedged`); BusyError where somebody else has the machine (`isLocked`); UnreachableError where the
     *   host, VBoxManage or VirtualBox's service can't be reached; HostError where it gave no sign of life; InvalidInputError for an argument that can't be given; the
     *   signal's reason. After any of them the machine may have been changed: look at it.
     */
    async run(args: readonly string[], options: CallOptions = {}): Promise<string> {
        const { machine, signal, timeout } = options;
        signal?.throwIfAborted();
        check(args);
        const call = () =>
            this.service.call(() => this.served(args, options), this.isLight(args) ? null : () => this.served(LIGHT, { timeout, signal }), signal);
        return machine === undefined ? call() : inTurn(machine, call, signal);
    }

    private isLight([verb]: readonly string[]): boolean {
        return verb === "list";
    }

    /** Makes the call, again where the service could not be started: then nothing of it has happened. */
    private async served(args: readonly string[], options: CallOptions): Promise<string> {
        const began = performance.now();
        for (let tries = 1; ; tries++) {
            options.signal?.throwIfAborted();
            const outcome = await this.attempt(args, options);
            const complaint = complaintOf(outcome.stderr);
            if (outcome.exitCode === 0 || !isNotServed(complaint)) return this.answer(args, outcome);
            if (tries === TRIES || performance.now() - began > TRYING) throw this.notServed(complaint.words);
            await sleep(Math.random() * LONGEST_WAIT);
        }
    }

    private async attempt(args: readonly string[], { timeout, onProgress }: CallOptions): Promise<Outcome> {
        using patience = new Patience(timeout ?? TIMEOUT, (milliseconds) => this.late(args, milliseconds));
        let tail = ""; // A number may come in two pieces.
        let shown: number | null = null;
        const onStderr = (text: string) => {
            tail = (tail + text).slice(-TAIL);
            const fraction = progressOf(tail);
            patience.reset(timeout ?? (fraction === null ? TIMEOUT : PROGRESS_TIMEOUT));
            if (fraction === null || fraction === shown) return;
            shown = fraction;
            onProgress?.(fraction);
        };
        return await this.site.run([this.command, ...args], { signal: patience.signal, onStderr });
    }

    private answer(args: readonly string[], outcome: Outcome): string {
        const complaint = complaintOf(outcome.stderr);
        // “discardstate” ends with 0 where the service refused it, as VirtualBox 7.2 has it.
        const isRefused = outcome.exitCode === 0 ? complaint.code !== null : complaint.words !== "";
        if (isRefused) throw refused(verbOf(args), complaint, this.details(args, outcome));
        if (outcome.exitCode !== 0) throw this.failed(args, outcome);
        return withoutWarning(outcome.stdout.toString());
    }

    private details(args: readonly string[], outcome: Outcome | null) {
        const command = [this.command, ...args].map((each) => (each.length > SHOWN ? `${each.slice(0, SHOWN - 1)}…` : each));
        if (outcome === null) return { command, exitCode: null };
        return { command, exitCode: outcome.exitCode, stderr: complaintOf(outcome.stderr).words || outcome.stderr.trim().slice(0, SHOWN) };
    }

    /** It ended, and said nothing that is an error of its own. */
    private failed(args: readonly string[], outcome: Outcome): HostError {
        const { exitCode, signal, stderr } = outcome;
        if (exitCode === 127 || exitCode === 126)
            return this.missing(exitCode === 126 ? "can't be run" : this.command.includes("/") ? "is not there" : "is not on PATH");
        const how = signal === null ? `with exit code ${exitCode}` : `by ${signal}`;
        const [words] = (stderr.trim() || "it does not say why").split("\n");
        return new HostError(
            `VBoxManage ${verbOf(args)} ended ${how}: ${words}; nobody knows whether it was carried out: look at the machine, then run again`,
            this.details(args, outcome),
        );
    }

    private missing(why: string): UnreachableError {
        const where = this.site.isLocal ? "" : ` on ${this.site.shown}`;
        return new UnreachableError(
            `${quoted(this.command)} ${why}${where}; install VirtualBox, or say where its VBoxManage is with ?vboxmanage=PATH in the host URI`,
            {
                command: [this.command],
            },
        );
    }

    private notServed(words: string): UnreachableError {
        return new UnreachableError(
            `VirtualBox’s service (VBoxSVC) on ${this.site.shown} does not start: ${words}; look whether “VBoxManage list vms” works there, and run again`,
            { stderr: words },
        );
    }

    private late(args: readonly string[], milliseconds: number): HostError {
        return new HostError(
            `VBoxManage ${verbOf(args)} gave no sign of life for ${milliseconds / 1000} s and was ended, as VirtualBox’s service (VBoxSVC) hangs, and nobody knows ` +
                "whether it was carried out; shut down what runs, end VBoxSVC, which the next call starts anew, look at the machine and run again",
            this.details(args, null),
        );
    }
}
