import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { HostError, type SnaptreeError } from "../model";
import { missingTool } from "./process";

/*
 * A qemu-storage-daemon that is spoken to in QMP over its standard input and output, where names and paths are JSON strings and nothing else.
 */

export type Arguments = Readonly<Record<string, unknown>>;

interface Message {
    readonly id?: number | string;
    readonly return?: unknown;
    readonly error?: { readonly class: string; readonly desc: string };
    readonly event?: string;
    readonly data?: { readonly id?: string; readonly status?: string };
}

interface Waiter {
    readonly resolve: (value: unknown) => void;
    readonly reject: (error: unknown) => void;
}

/** A process or one end of a pipe (a socket, to Node): one that is counted keeps the program alive. */
interface Counted {
    ref(): void;
    unref(): void;
}

/** Longest line that QMP can answer us with, in characters: a runaway is no answer. */
const LONGEST_LINE = 16 * 1024 * 1024;

/** Null where it is no JSON. */
function parse(line: string): Message | null {
    try {
        return JSON.parse(line) as Message;
    } catch {
        return null;
    }
}

function spawnDaemon(): ChildProcessByStdio<Writable, Readable, Readable> {
    // setpriv ends the daemon when we are killed: an end of its standard input does not. Of its own group, so that Ctrl-C leaves it to us to stop;
    // in “/”, so that it keeps no file system busy.
    return spawn("setpriv", ["--pdeathsig", "KILL", "qemu-storage-daemon", "--chardev", "stdio,id=qmp", "--monitor", "chardev=qmp"], {
        stdio: ["pipe", "pipe", "pipe"],
        cwd: "/",
        detached: true,
        env: { ...process.env, LC_ALL: "C.UTF-8" },
    });
}

/** One process, from its start to its end. While nothing is asked of it, it keeps no program from ending. */
export class QmpProcess {
    /** Why it is of no use any more; null while it lives. */
    ended: SnaptreeError | null = null;
    private readonly child = spawnDaemon();
    private readonly closed: Promise<void>;
    private readonly waiting = new Map<number | string, Waiter>();
    private sequence = 0;
    private received = "";
    private complaints = "";

    constructor() {
        const { stdin, stdout, stderr } = this.child;
        stdout.setEncoding("utf8").on("data", (text: string) => this.receive(text));
        stderr.setEncoding("utf8").on("data", (text: string) => (this.complaints = (this.complaints + text).slice(-2000)));
        stdin.on("error", () => undefined); // The end of the process tells it all.
        this.closed = new Promise((resolve) => {
            this.child.once("close", (code, signal) => {
                this.end(this.endOf(code, signal));
                resolve();
            });
            this.child.once("error", (error: NodeJS.ErrnoException) => {
                this.end(
                    error.code === "ENOENT"
                        ? missingTool("setpriv", error)
                        : new HostError(`qemu-storage-daemon can't be started: ${error.message}`, {}, { cause: error }),
                );
                resolve();
            });
        });
        this.hold();
    }

    private endOf(code: number | null, signal: string | null): SnaptreeError {
        if (code === 127 || this.complaints.includes("failed to execute")) return missingTool("qemu-storage-daemon");
        return new HostError(
            `qemu-storage-daemon ended by itself (${signal ?? `exit code ${code}`}): ${this.complaints.trim() || "it said nothing"}; run again`,
        );
    }

    private end(error: SnaptreeError): void {
        this.ended ??= error;
        const waiting = [...this.waiting.values()];
        this.waiting.clear();
        for (const waiter of waiting) waiter.reject(this.ended);
    }

    /** Keeps our own process alive while something is awaited, and only then. */
    private hold(): void {
        if (this.ended) return;
        const { stdin, stdout, stderr } = this.child;
        for (const each of [this.child, stdin, stdout, stderr] as unknown as readonly Counted[]) {
            if (this.waiting.size > 0) each.ref();
            else each.unref();
        }
    }

    private receive(text: string): void {
        this.received += text;
        if (this.received.length > LONGEST_LINE) this.fail("a line without an end");
        if (this.ended || !text.includes("\n")) return;
        const lines = this.received.split("\n");
        this.received = lines.pop() ?? "";
        for (const line of lines) if (line.trim()) this.handle(line);
    }

    /** Whatever speaks so is no QMP: what it does next can't be known either. */
    private fail(what: string): void {
        this.end(new HostError(`qemu-storage-daemon answered what is no QMP (${what}); check what stands first on PATH under that name`));
        this.child.kill("SIGKILL");
    }

    private handle(line: string): void {
        if (this.ended) return;
        const message = parse(line);
        if (!message) this.fail(line.slice(0, 80));
        else if (message.event === "JOB_STATUS_CHANGE" && message.data?.status === "concluded")
            this.settle(message.data.id ?? "", ({ resolve }) => resolve(null));
        else if (message.id !== undefined) this.answer(message.id, message);
        else if (message.error) this.fail(message.error.desc);
    }

    private answer(id: number | string, { error, return: value }: Message): void {
        this.settle(id, ({ resolve, reject }) => {
            if (error) reject(new HostError(`qemu-storage-daemon refused: ${error.desc}`, { stderr: error.desc }));
            else resolve(value);
        });
    }

    private settle(id: number | string, how: (waiter: Waiter) => void): void {
        const waiter = this.waiting.get(id);
        this.waiting.delete(id);
        this.hold();
        if (waiter !== undefined) how(waiter);
    }

    private wait(id: number | string): Promise<unknown> {
        return new Promise((resolve, reject) => {
            if (this.ended) reject(this.ended);
            else this.waiting.set(id, { resolve, reject });
            this.hold();
        });
    }

    /** Runs one command. @throws HostError with the daemon's own words */
    send(execute: string, args: Arguments = {}): Promise<unknown> {
        const id = ++this.sequence;
        const answer = this.wait(id);
        if (!this.ended) this.child.stdin.write(`${JSON.stringify({ execute, arguments: args, id })}\n`);
        return answer;
    }

    /** Starts a job and waits for its end; what became of it stays to be asked for. */
    async runJob(execute: string, id: string, args: Arguments): Promise<void> {
        const concluded = this.wait(id);
        concluded.catch(() => undefined); // An end of the process is told by the command too.
        try {
            await this.send(execute, { "job-id": id, ...args });
            await concluded;
        } finally {
            this.settle(id, () => undefined);
        }
    }

    /** Ends it; what it was doing fails. */
    async stop(): Promise<void> {
        this.end(new HostError("qemu-storage-daemon was stopped before it was through, because the host was closed"));
        this.child.ref();
        this.child.kill("SIGTERM");
        await this.closed;
    }
}
