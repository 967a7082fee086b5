import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { HostError, quoted } from "../model";
import { blotOut, Lines, secretsOf, Tail } from "./output";
import type { Command } from "./requests";

/** What a command is told of its surroundings (design section 4). */
export interface Surroundings {
    readonly host: string;
    readonly domain: string;
    readonly parent: string | null;
    /** Disk target to the file to change. */
    readonly files: Readonly<Record<string, string>>;
}

/** How much of a failed command's output an error keeps. */
const KEPT_CHARACTERS = 4000;
/** Milliseconds from asking a command to end to ending it. */
const PATIENCE = 5000;
/** Milliseconds for which the output of what a command left running is still listened to. */
const LISTEN = 1000;

const DISK = "SNAPTREE_DISK_";
const PASSWORD = "SNAPTREE_PASSWORD";

function environment(command: Command, { host, domain, parent, files }: Surroundings): NodeJS.ProcessEnv {
    // Where we run in a command ourselves, its disks are not ours; and our password is nobody's business there unless it is given to the command too.
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith(DISK) && name !== PASSWORD);
    const disks = Object.entries(files).map(([target, file]): [string, string] => [`${DISK}${target.toUpperCase()}`, file]);
    return {
        ...Object.fromEntries<string | undefined>(inherited),
        ...command.env,
        SNAPTREE_HOST: host,
        SNAPTREE_DOMAIN: domain,
        SNAPTREE_PARENT: parent ?? "",
        ...Object.fromEntries(disks),
    };
}

/** What a process has started and that still runs; nothing where the system does not say. */
function descendants(pid: number): number[] {
    try {
        const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
        return children.flatMap((child) => [child, ...descendants(child)]);
    } catch {
        return [];
    }
}

function signalAll(child: ChildProcess, signal: NodeJS.Signals): void {
    const below = child.pid === undefined ? [] : descendants(child.pid);
    child.kill(signal);
    for (const pid of below) {
        try {
            process.kill(pid, signal);
        } catch {
            // It has ended.
        }
    }
}

/** Ends a command and what it started, the gentle way first. */
function stop(child: ChildProcess): void {
    signalAll(child, "SIGTERM");
    const force = setTimeout(() => signalAll(child, "SIGKILL"), PATIENCE);
    child.once("exit", () => clearTimeout(force));
}

interface End {
    readonly code: number | null;
    readonly signal: string | null;
    readonly timedOut: boolean;
}

/** Waits for a command's end; what it leaves running is not waited for. */
async function endOf(child: ChildProcess, seconds: number | undefined, signal: AbortSignal | undefined): Promise<End> {
    let timedOut = false;
    const abort = () => stop(child);
    const expire = () => {
        timedOut = true;
        stop(child);
    };
    const timer = seconds === undefined ? undefined : setTimeout(expire, seconds * 1000);
    signal?.addEventListener("abort", abort, { once: true });
    const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
    try {
        const [code, killedBy] = (await once(child, "exit")) as [number | null, string | null];
        await Promise.race([closed, delay(LISTEN, undefined, { ref: false })]);
        return { code, signal: killedBy, timedOut };
    } finally {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        child.stdout?.destroy();
        child.stderr?.destroy();
    }
}

/** In words; null: it did what it should. */
function fault({ code, signal, timedOut }: End, seconds: number | undefined): string | null {
    if (timedOut) return `was still running after ${seconds} s`;
    if (signal !== null) return `was ended by ${signal}`;
    return code === 0 ? null : `ended with exit code ${code}`;
}

/** Why a command could not even be started. Node's own message is not repeated: it may hold what was to be passed on. */
function notStarted(error: unknown, { cwd }: Command): string {
    const { code } = error as NodeJS.ErrnoException;
    if (cwd !== undefined && !existsSync(cwd)) return `can't be started, because its folder ${quoted(cwd)} is not there`;
    if (code === "ENOENT") return "is not there";
    if (code === "EACCES") return "can't be started, because it may not be run";
    return `can't be started (${code ?? "unknown reason"})`;
}

/**
 * Runs one command, as a list of arguments and never by a shell, and streams what it says.
 *
 * @throws HostError when it fails, with the end of its output, in which the values of `env` are blotted out; the signal's reason when it is aborted.
 */
export async function runCommand(
    command: Command,
    surroundings: Surroundings,
    onOutput: (line: string) => void,
    signal: AbortSignal | undefined,
): Promise<void> {
    const [program, ...args] = command.command;
    if (!program) throw new HostError("a provision command is empty; give at least a program");
    signal?.throwIfAborted();
    const secrets = secretsOf(Object.values(command.env ?? {}));
    const said = new Tail(KEPT_CHARACTERS);
    const show = (line: string) => {
        said.add(line);
        onOutput(line);
    };
    const failed = (how: string, exitCode: number | null) =>
        new HostError(
            `the provision command ${quoted(blotOut(program, secrets))} ${how}, so no snapshot was taken and nothing is left${said.toString() && `; it said: ${said.toString()}`}`,
            {
                command: command.command.map((word) => blotOut(word, secrets)),
                exitCode,
            },
        );
    let end: End;
    try {
        const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: environment(command, surroundings), cwd: command.cwd });
        // Each by itself: mixed, one could break a secret in the other in two.
        for (const stream of [child.stdout, child.stderr]) {
            const lines = new Lines(secrets, show);
            stream.on("data", (chunk: Buffer) => lines.write(chunk)).once("close", () => lines.end());
        }
        end = await endOf(child, command.timeout, signal);
    } catch (error) {
        throw failed(notStarted(error, command), null);
    }
    signal?.throwIfAborted();
    const how = fault(end, command.timeout);
    if (how !== null) throw failed(how, end.code);
}
