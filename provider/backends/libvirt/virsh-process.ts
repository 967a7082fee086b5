import { type ChildProcess, spawn } from "node:child_process";
import { closeSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { HostError, type SnaptreeError, UnreachableError } from "../../model";
import { type Answer, Exchange } from "./answer";
import { openAuthFile } from "./auth";
import { troubleOf } from "./complaints";
import { connectAdvice, shownUri } from "./connect-uri";
import { atExit } from "./exit";

export interface ProcessOptions {
    readonly uri: URL;
    readonly password?: string | undefined;
    readonly program: string;
}

/** A virsh that ended before the answer was in. */
export class EndedError extends HostError {
    constructor(
        readonly why: string,
        /** Whether the command can have been begun. */
        readonly begun: boolean,
        /** It had nobody to speak to any more: the way to the host (ssh) had ended, and we listen always. */
        readonly cut: boolean,
    ) {
        super(why);
    }
}

interface Waiter {
    readonly resolve: (answer: Answer) => void;
    readonly reject: (error: SnaptreeError) => void;
}

/** A process or one end of a pipe (a socket, to Node): one that is counted keeps the program alive. */
interface Counted {
    ref(): void;
    unref(): void;
}

type Child = ChildProcess & { readonly stdin: Writable; readonly stdout: Readable; readonly stderr: Readable };

/** Where a child finds what is passed to it after standard error. */
const AUTH_FILE = "/dev/fd/3";

/** virsh asks for credentials on standard output and waits for them on standard input, where our commands come from. */
const QUESTION = /^Enter [^\n]*: $/;

function environment(withPassword: boolean): NodeJS.ProcessEnv {
    const env: NodeJS.ProcessEnv = {
        ...process.env,
        LC_ALL: "C.UTF-8",
        LANGUAGE: "", // The GNU C library asks it first.
        TERM: "dumb",
        INPUTRC: "/dev/null", // Keys as they are by default, whatever the user's are.
        ...(withPassword && { LIBVIRT_AUTH_FILE: AUTH_FILE }),
    };
    // These change what stands on standard output, or are nobody's business there.
    for (const name of ["VIRSH_DEBUG", "COLUMNS", "LINES", "SNAPTREE_PASSWORD"]) Reflect.deleteProperty(env, name);
    return env;
}

function spawnVirsh({ uri, password, program }: ProcessOptions): Child {
    const auth = password === undefined ? null : openAuthFile(uri, password);
    try {
        // Of its own session: Ctrl-C leaves it to us, nothing asks at the terminal behind our back, and what it starts (ssh) ends with it.
        const child = spawn(program, [`--connect=${uri.href}`], {
            stdio: ["pipe", "pipe", "pipe", ...(auth === null ? [] : [auth])],
            detached: true,
            env: environment(auth !== null),
        });
        return child as Child;
    } finally {
        if (auth !== null) closeSync(auth);
    }
}

/** One virsh, from its start to its end: one command after the other. While nothing is asked of it, it keeps no program from ending. */
export class VirshProcess {
    /** Connected, or why that can't be. */
    readonly ready: Promise<void>;
    /** Why it is of no use any more; null while it lives. */
    ended: SnaptreeError | null = null;
    private readonly child: Child;
    private readonly closed: Promise<void>;
    private exchange = new Exchange();
    private waiter: Waiter | null = null;
    private connected = false;

    constructor(private readonly options: ProcessOptions) {
        this.child = spawnVirsh(options);
        const { stdin, stdout, stderr } = this.child;
        stdout.setEncoding("utf8").on("data", (text: string) => this.receive(text));
        stderr.setEncoding("utf8").on("data", (text: string) => {
            this.exchange.addComplaints(text);
            this.settle();
        });
        for (const stream of [stdin, stdout, stderr]) stream.on("error", () => undefined); // The end of the process tells it all.
        const exit = atExit(() => this.kill());
        this.closed = new Promise((resolve) => {
            const close = (error: SnaptreeError) => {
                exit[Symbol.dispose]();
                this.end(error);
                resolve();
            };
            this.child.once("close", (code, signal) => close(this.endOf(code, signal)));
            this.child.once("error", (error: NodeJS.ErrnoException) => close(this.notStarted(error)));
        });
        this.ready = this.expect().then(() => undefined);
        this.ready.catch(() => undefined); // Whoever asks first is told.
    }

    private notStarted(error: NodeJS.ErrnoException): SnaptreeError {
        const { program } = this.options;
        const why =
            error.code === "ENOENT" ? "is not on PATH; install libvirt-clients (libvirt-client on Fedora)" : `can't be started: ${error.message}; mend that`;
        return new HostError(`${program} ${why} and run again`, { command: [program] }, { cause: error });
    }

    private endOf(code: number | null, signal: string | null): SnaptreeError {
        const trouble = troubleOf(this.exchange.answer().complaints);
        const how = `virsh ended by itself (${signal ?? `exit code ${code}`})`;
        return this.connected ? new EndedError(how, this.exchange.begun, signal === "SIGPIPE") : this.unreachable(trouble?.words ?? how);
    }

    /** The host can't be reached, for a reason in libvirt's words. */
    unreachable(words: string): UnreachableError {
        const { uri } = this.options;
        const shown = shownUri(uri);
        const stderr = words.replaceAll(uri.href, shown);
        return new UnreachableError(`${shown} can't be reached: ${stderr}; ${connectAdvice(uri, words)}`, { stderr });
    }

    private end(error: SnaptreeError): void {
        this.ended ??= error;
        const waiter = this.waiter;
        this.waiter = null;
        waiter?.reject(this.ended);
        this.hold();
    }

    /** Keeps our own process alive while something is awaited, and only then. */
    private hold(): void {
        for (const each of [this.child, this.child.stdin, this.child.stdout, this.child.stderr] as unknown as readonly Counted[]) {
            if (this.waiter) each.ref();
            else each.unref();
        }
    }

    private receive(text: string): void {
        // The first that it writes tells that it is connected, or that it asks for credentials. We have none, and it is to say so.
        if (!this.connected) {
            if (QUESTION.test(text)) {
                this.child.stdin.end();
                return;
            }
            this.connected = true;
            this.child.stdin.write(this.exchange.lines);
        }
        this.exchange.addOutput(text);
        this.settle();
    }

    private settle(): void {
        if (!this.waiter || !this.exchange.complete) return;
        const waiter = this.waiter;
        this.waiter = null;
        this.hold();
        waiter.resolve(this.exchange.answer());
    }

    private expect(): Promise<Answer> {
        return new Promise((resolve, reject) => {
            this.waiter = { resolve, reject };
            this.hold();
        });
    }

    /** Runs commands, each given as a line; to be called when the last ones are through. @throws EndedError */
    async ask(lines: readonly string[]): Promise<Answer> {
        if (this.ended) throw this.ended;
        this.exchange = new Exchange(...lines);
        const answer = this.expect();
        this.child.stdin.write(this.exchange.lines);
        return answer;
    }

    /** Ends it at once, with what it started; what it was doing fails for the reason given. */
    async stop(reason: SnaptreeError): Promise<void> {
        this.end(reason);
        this.child.ref();
        this.kill();
        for (const stream of [this.child.stdin, this.child.stdout, this.child.stderr]) stream.destroy();
        await this.closed;
    }

    /** By a signal, so that it doesn't add our commands to the history of the user's own virsh. */
    private kill(): void {
        if (this.child.pid === undefined || this.child.exitCode !== null || this.child.signalCode !== null) return;
        try {
            process.kill(-this.child.pid, "SIGKILL");
        } catch {
            this.child.kill("SIGKILL"); // Between its start and its own session; or it ended this instant.
        }
    }
}
