import { randomUUID } from "node:crypto";
import { setMaxListeners } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HostError, InvalidInputError, quoted, UnreachableError } from "../../model";
import type { Answer } from "./answer";
import { troubleOf } from "./complaints";
import { isInProcess } from "./connect-uri";
import { atExit } from "./exit";
import { type Command, commandLine } from "./quote";
import { EndedError, VirshProcess } from "./virsh-process";

export { type Command, option } from "./quote";

export interface VirshOptions {
    /** As libvirt writes them: `qemu:///system`, `qemu+ssh://user@host/system`, `test:///default`. */
    readonly uri: string;
    /** For the user that the URI names, or whoever runs us. Goes to virsh by a file that has no name. */
    readonly password?: string | undefined;
    /** Default: `virsh`, from PATH. */
    readonly program?: string;
}

export interface RunOptions {
    /** Aborted, it stops waiting: virsh is killed where the command was under way, and what was sent to libvirt may be carried out yet. */
    readonly signal?: AbortSignal | undefined;
    /** Milliseconds from when its turn comes; default 60,000 ({@link Virsh.alone}: none); null: none. */
    readonly timeout?: number | null;
}

export interface XmlOptions extends RunOptions {
    /** Default: false. */
    readonly alone?: boolean;
}

/** libvirt refused: its own words are the message; `command` and `stderr` are in the details. */
export class VirshError extends HostError {
    override readonly name = "VirshError";
}

const TIMEOUT = 60_000;

/** Most commands that are given at once: one time-out is for all of them. */
const TOGETHER = 100;

/** However long a command may take: longest time to a connection, in milliseconds. */
const CONNECT_TIMEOUT = 60_000;

/** What Node's timers can hold, in milliseconds: 24 days. A longer one would ring at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Blotting out what is shorter would tell more than it hides. */
const SHORTEST_SECRET = 4;

/** Files of {@link Virsh.withXml}, wherever temporary files are. */
const PREFIX = "snaptree-virsh-";
const DOCUMENT = new RegExp(`/[^\\s']*/${PREFIX}[-\\w]{36}\\.xml`, "g");

const UNKNOWN = "nobody knows whether it was carried out; look at the domain, then run again";

/** The same promise, for someone who waits no longer than a signal and a number of milliseconds allow. */
function within<T>(work: Promise<T>, signal: AbortSignal | undefined, timeout: number | null, late: () => Error): Promise<T> {
    return new Promise((resolve, reject) => {
        const abort = () => reject(signal?.reason as Error);
        const timer = timeout === null ? undefined : setTimeout(() => reject(late()), Math.min(timeout, LONGEST_TIMER));
        signal?.addEventListener("abort", abort, { once: true });
        if (signal?.aborted) abort();
        void work.then(resolve, reject).finally(() => {
            clearTimeout(timer);
            signal?.removeEventListener("abort", abort);
        });
    });
}

/**
 * One connection to libvirt through one long-lived virsh, which is started with the first command, and again when it has died. libvirt's own client in it
 * connects again by itself when a daemon comes back.
 *
 * Arguments are arguments, whatever is in them; a value that may begin with “-” goes as `option(name, value)`. What comes back is exact, whatever stands in it.
 *
 * @example
 * ```ts
 * await using virsh = new Virsh({ uri: "qemu:///system" });
 * const names = (await virsh.run(["snapshot-list", option("domain", domain), "--name"])).split("\n");
 * await virsh.withXml(xml, (file) => ["snapshot-create", domain, file, "--redefine"]);
 * ```
 */
export class Virsh implements AsyncDisposable {
    private process: VirshProcess | null = null;
    private last: Promise<unknown> = Promise.resolve();
    private readonly others = new Set<Virsh>();
    private closed = false;

    /** @throws InvalidInputError where the URI is none */
    constructor(private readonly options: VirshOptions) {
        // Not shown: it may hold a password.
        if (!URL.canParse(options.uri)) throw new InvalidInputError("the host is no URI; write it as libvirt does, for example qemu:///system", "host");
    }

    /**
     * Runs one command. Commands given at once run one after another, in order.
     *
     * @returns what it wrote to standard output, without newlines at the end.
     * @throws InvalidInputError for an argument that can't be sent; VirshError in libvirt's words; UnreachableError without a connection; HostError when virsh
     *   ended or did not answer in time; the signal's reason when it is aborted. Where nobody knows whether the command was carried out, the message says so.
     */
    async run(command: Command, options: RunOptions = {}): Promise<string> {
        const [output = ""] = await this.turn(command, [commandLine(command)], options);
        return output;
    }

    /**
     * Runs commands that only read, in order and without waiting for each to be answered: where there are many, that takes a fraction of the time.
     *
     * @returns what each wrote, as {@link run} does.
     * @throws as {@link run}, where one of them fails: nobody knows which.
     */
    async read(commands: readonly Command[], options: RunOptions = {}): Promise<string[]> {
        const outputs: string[] = [];
        for (let i = 0; i < commands.length; i += TOGETHER) {
            const some = commands.slice(i, i + TOGETHER);
            const [first] = some;
            if (first) outputs.push(...(await this.turn(first, some.map(commandLine), options)));
        }
        return outputs;
    }

    private turn(command: Command, lines: readonly string[], { signal, timeout = TIMEOUT }: RunOptions): Promise<readonly string[]> {
        signal?.throwIfAborted();
        if (signal) setMaxListeners(0, signal); // Any number of commands may wait with one signal.
        const turn = this.last.then(() => this.perform(command, lines, signal, timeout));
        this.last = turn.catch(() => undefined);
        return within(turn, signal, null, this.closedError);
    }

    /**
     * Runs one command with a document in a file, which is there only as long as the command runs; one that takes long as {@link Virsh.alone} does.
     *
     * @example await virsh.withXml(xml, (file) => ["define", file])
     */
    async withXml(xml: string, command: (file: string) => Command, { alone = false, ...options }: XmlOptions = {}): Promise<string> {
        const file = join(tmpdir(), `${PREFIX}${randomUUID()}.xml`);
        const remove = () => rmSync(file, { force: true });
        using _exit = atExit(remove);
        try {
            writeFileSync(file, xml, { mode: 0o600, flag: "wx" });
            return await (alone ? this.alone(command(file), options) : this.run(command(file), options));
        } finally {
            remove();
        }
    }

    /** Runs one command that takes long (a save, a wait for a block job) in a virsh of its own, so that others are not held up; it ends with this one. */
    async alone(command: Command, options: RunOptions = {}): Promise<string> {
        if (this.closed) throw this.closedError();
        if (isInProcess(new URL(this.options.uri))) return this.run(command, { timeout: null, ...options });
        const virsh = new Virsh(this.options);
        this.others.add(virsh);
        try {
            return await virsh.run(command, { timeout: null, ...options });
        } finally {
            this.others.delete(virsh);
            await virsh[Symbol.asyncDispose]();
        }
    }

    /** Ends virsh at once. The command that is under way fails, and so do those that wait. */
    async [Symbol.asyncDispose](): Promise<void> {
        this.closed = true;
        const all = [...this.others].map((virsh) => virsh[Symbol.asyncDispose]());
        await Promise.all([...all, this.process?.stop(this.closedError())]);
    }

    private readonly closedError = () => new HostError("the connection to libvirt was closed before the command was through; open the host again");

    private async perform(command: Command, lines: readonly string[], signal: AbortSignal | undefined, timeout: number | null): Promise<readonly string[]> {
        signal?.throwIfAborted();
        const fresh = this.process === null || this.process.ended !== null;
        try {
            const virsh = await this.connected(signal, timeout);
            const late = () =>
                this.hostError(`virsh ${quoted(command[0])} did not answer within ${(timeout ?? 0) / 1000} s and was ended; ${UNKNOWN}`, command);
            return this.result(virsh, command, await this.orStop(virsh, virsh.ask(lines), signal, timeout, late));
        } catch (error) {
            if (!(error instanceof EndedError)) throw error;
            // It had died before it came to the command, while nothing was asked of it.
            if (!error.begun && !fresh) return this.perform(command, lines, signal, timeout);
            if (error.cut) throw this.lost(command, error.why);
            throw this.hostError(`${error.why} at ${quoted(command[0])}; ${error.begun ? UNKNOWN : "it was not begun: run again"}`, command);
        }
    }

    private start(): VirshProcess {
        const { uri, password, program = "virsh" } = this.options;
        return new VirshProcess({ uri: new URL(uri), password, program });
    }

    /** A virsh that is connected: the one at hand, or a new one. */
    private async connected(signal: AbortSignal | undefined, timeout: number | null): Promise<VirshProcess> {
        if (this.closed) throw this.closedError();
        if (this.process === null || this.process.ended) this.process = this.start();
        const virsh = this.process;
        const limit = Math.min(timeout ?? CONNECT_TIMEOUT, CONNECT_TIMEOUT);
        await this.orStop(virsh, virsh.ready, signal, limit, () => virsh.unreachable(`no answer within ${limit / 1000} s`));
        return virsh;
    }

    /** Waits for virsh, and ends it where nobody waits any longer: what it would still write could not be told from the next answer's beginning. */
    private async orStop<T>(virsh: VirshProcess, work: Promise<T>, signal: AbortSignal | undefined, timeout: number | null, late: () => Error): Promise<T> {
        try {
            return await within(work, signal, timeout, late);
        } catch (error) {
            await virsh.stop(this.closedError());
            throw error;
        }
    }

    private result(virsh: VirshProcess, command: Command, { outputs, complaints }: Answer): readonly string[] {
        const trouble = troubleOf(complaints);
        if (!trouble) return outputs;
        if (trouble.kind === "refused") throw new VirshError(this.shown(trouble.words), this.details(command, trouble.words));
        const unreachable = virsh.unreachable(this.shown(trouble.words));
        if (trouble.kind === "unconnected") throw unreachable;
        throw this.lost(command, trouble.words);
    }

    private lost(command: Command, words: string): UnreachableError {
        return new UnreachableError(`the connection was lost at ${quoted(command[0])}: ${this.shown(words)}; ${UNKNOWN}`, this.details(command, words));
    }

    private hostError(message: string, command: Command): HostError {
        return new HostError(message, this.details(command));
    }

    private details(command: Command, words?: string) {
        return { command: ["virsh", ...command].map((each) => this.shown(each)), exitCode: null, ...(words !== undefined && { stderr: this.shown(words) }) };
    }

    /** A text without the password, and without a file that is gone when it is read. */
    private shown(text: string): string {
        const { password = "" } = this.options;
        const named = text.replaceAll(DOCUMENT, "the document");
        return password.length < SHORTEST_SECRET ? named : named.replaceAll(password, "***");
    }
}
