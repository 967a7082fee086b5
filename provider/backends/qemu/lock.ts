import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import { execa } from "execa";
import { BusyError, HostError, quoted } from "../../model";
import type { Lock, LockOptions } from "../backend";
import { missingTool } from "./process";

/*
 * The lock is the kernel's (flock), so a holder that dies gives it up in that moment, whoever it was. Node can't call flock: flock(1) holds
 * it for as long as a `cat` reads from us, and ends with us.
 */

const TAKEN = 75;

function holds(path: string, wait: boolean) {
    const args = [...(wait ? [] : ["--nonblock"]), "--conflict-exit-code", String(TAKEN), "--exclusive", path, "cat"];
    return execa("flock", args, { stdin: "pipe", stdout: "pipe", stderr: "pipe", reject: false, encoding: "utf8" });
}

type Holding = ReturnType<typeof holds>;

/** True when the lock is ours: only then does `cat` run, and answers. */
async function acquired(child: Holding, signal: AbortSignal | undefined): Promise<boolean> {
    const stop = () => child.kill("SIGTERM");
    signal?.addEventListener("abort", stop, { once: true });
    child.stdin.on("error", () => undefined);
    child.stdin.write("?");
    try {
        const answered = await Promise.race([once(child.stdout, "data").then(() => true), child.then(() => false)]);
        signal?.throwIfAborted();
        return answered;
    } finally {
        signal?.removeEventListener("abort", stop);
    }
}

async function holderOf(path: string): Promise<string> {
    try {
        const { who } = JSON.parse(await readFile(path, "utf8")) as { who?: unknown };
        return typeof who === "string" ? who : "another process";
    } catch {
        return "another process"; // It has the lock and has not said yet who it is.
    }
}

async function refused(child: Holding, path: string): Promise<Error> {
    const result = await child;
    if (result.code === "ENOENT") return missingTool("flock");
    return new HostError(`the lock ${quoted(path)} can't be taken: ${String(result.stderr).trim() || result.shortMessage}; check the folder's permissions and run again`);
}

function release(child: Holding): Lock {
    return {
        async [Symbol.asyncDispose]() {
            child.stdin.end();
            await child;
        },
    };
}

/**
 * Takes a lock file's lock, waiting for whoever has it.
 *
 * @throws BusyError when the wait is over (`waitSeconds`); HostError when the file can't be locked at all.
 */
export async function takeLock(path: string, options: LockOptions, waitSeconds = 600): Promise<Lock> {
    const who = `${options.purpose} by ${userInfo().username} on ${hostname()}, process ${process.pid}`;
    let child = holds(path, false);
    if (!(await acquired(child, options.signal))) {
        if ((await child).exitCode !== TAKEN) throw await refused(child, path);
        const holder = await holderOf(path);
        options.onWait?.(holder);
        child = holds(path, true);
        const timeout = AbortSignal.timeout(waitSeconds * 1000);
        const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
        const ours = await acquired(child, signal).catch((error: unknown) => {
            throw timeout.aborted ? new BusyError(`the domain is still locked after ${waitSeconds} s, for ${holder}; end that, or run again later`, holder) : error;
        });
        if (!ours) throw await refused(child, path);
    }
    await writeFile(path, JSON.stringify({ who, since: new Date().toISOString() }));
    return release(child);
}
