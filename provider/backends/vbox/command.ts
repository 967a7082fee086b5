import { execa } from "execa";
import { HostError, InvalidInputError, quoted } from "../../model";
import type { CommandOptions, Outcome } from "./site";

/** Most that a command may write, in bytes. */
const MOST = 256 * 1024 * 1024;

/** Milliseconds from asking a command to end to ending it. */
const GRACE = 2_000;

const environment = {
    LC_ALL: "C.UTF-8",
    LANGUAGE: "", // The GNU C library asks it first.
    SNAPTREE_PASSWORD: undefined, // Nobody's business there.
};

/** What shells make of a command that can't be started. */
const NOT_STARTED: Readonly<Record<string, number>> = { ENOENT: 127, ENOTDIR: 127, EACCES: 126, ENOEXEC: 126 };

function notStarted(program: string, code: string, why: string): Outcome {
    if (code === "E2BIG") throw new InvalidInputError(`${quoted(program)} can't be given that much text at once: this system takes 128 KiB; shorten it`);
    const exitCode = NOT_STARTED[code];
    if (exitCode === undefined) throw new HostError(`${quoted(program)} can't be started: ${why}; mend that and run again`, { command: [program] });
    return { stdout: Buffer.alloc(0), stderr: why, exitCode, signal: null, started: false };
}

/**
 * Runs a command on this machine, with arguments as a list, and no shell.
 *
 * It has a group of its own, so that Ctrl-C leaves it to us, and it outlives us: what it has begun goes on in VirtualBox's service, whatever becomes of it.
 */
export async function runCommand([program = "", ...args]: readonly string[], { signal, input, onStderr }: CommandOptions = {}): Promise<Outcome> {
    signal?.throwIfAborted();
    const child = execa(program, args, {
        ...(input === undefined ? { stdin: "ignore" } : { input }),
        ...(signal && { cancelSignal: signal }),
        cleanup: false,
        detached: true,
        encoding: "buffer",
        env: environment,
        forceKillAfterDelay: GRACE,
        maxBuffer: MOST,
        reject: false,
        stripFinalNewline: false,
    });
    if (onStderr) child.stderr.on("data", (chunk: Buffer) => onStderr(chunk.toString()));
    const result = await child;
    if (result.isCanceled) signal?.throwIfAborted();
    if (result.exitCode === undefined && result.signal === undefined) return notStarted(program, result.code ?? "", result.originalMessage ?? "");
    if (result.isMaxBuffer) throw new HostError(`${quoted(program)} wrote more than ${MOST} bytes, so its answer is not known; look at the host`);
    return {
        stdout: Buffer.from(result.stdout),
        stderr: Buffer.from(result.stderr).toString(),
        exitCode: result.exitCode ?? null,
        signal: result.signal ?? null,
        started: true,
    };
}
