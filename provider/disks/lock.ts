import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type FileHandle, open, readFile, stat } from "node:fs/promises";
import { constants } from "node:fs";
import { hostname, userInfo } from "node:os";
import { dirname } from "node:path";
import { BusyError, HostError, quoted } from "../model";
import type { Lock, LockOptions } from "../backends/backend";
import { missingTool } from "./process";

/*
 * The lock is the kernel's (flock), so a holder that dies gives it up in that moment, whoever it was. Node can't call flock: flock(1) is handed the
 * file that we have open, locks it and ends. Such a lock belongs to the open file, which stays ours alone: no process has to live as long as the lock.
 */

const TAKEN = 75;
/** Where the child finds our open file. */
const DESCRIPTOR = 3;

/** `waitSeconds` 0: not at all. A flock that waits ends with us, so that none is left over when we are killed. */
function spawnFlock(file: FileHandle, waitSeconds: number): ChildProcess {
    const wait = waitSeconds === 0 ? ["--nonblock"] : ["--wait", String(waitSeconds)];
    const flock = ["flock", ...wait, "--conflict-exit-code", String(TAKEN), "--exclusive", String(DESCRIPTOR)];
    const [program = "", ...args] = waitSeconds === 0 ? flock : ["setpriv", "--pdeathsig", "KILL", ...flock];
    return spawn(program, args, { stdio: ["ignore", "ignore", "pipe", file.fd], env: { ...process.env, LC_ALL: "C.UTF-8" } });
}

/** True when the lock is ours, false when somebody else has it. @throws HostError, or the signal's reason */
async function tryLock(file: FileHandle, path: string, waitSeconds: number, signal: AbortSignal | undefined): Promise<boolean> {
    signal?.throwIfAborted();
    const child = spawnFlock(file, waitSeconds);
    const stop = () => child.kill("SIGKILL");
    signal?.addEventListener("abort", stop, { once: true });
    try {
        let words = "";
        child.stderr?.setEncoding("utf8").on("data", (text: string) => (words += text));
        const [code, killedBy] = (await once(child, "close")) as [number | null, string | null];
        signal?.throwIfAborted();
        if (code === 0) return true;
        if (code === TAKEN) return false;
        if (code === 127) throw missingTool("flock");
        throw new HostError(
            `the lock ${quoted(path)} can't be taken: ${words.trim() || `flock ended with ${killedBy ?? `exit code ${code}`}`}; check the folder's file system and run again`,
        );
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") throw missingTool(waitSeconds === 0 ? "flock" : "setpriv", error);
        throw error;
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

async function lockOrWait(file: FileHandle, path: string, options: LockOptions, waitSeconds: number): Promise<void> {
    if (await tryLock(file, path, 0, options.signal)) return;
    const holder = await holderOf(path);
    options.onWait?.(holder);
    if (await tryLock(file, path, waitSeconds, options.signal)) return;
    throw new BusyError(`the domain is still locked after ${waitSeconds} s, for ${holder}; end that, or run again later`, holder);
}

/** Whoever may work in the folder may take its lock and sign it, whichever user made it and with whatever umask. */
async function share(file: FileHandle, path: string): Promise<void> {
    const wanted = (await stat(dirname(path))).mode & 0o666;
    if (((await file.stat()).mode & 0o666) !== wanted) await file.chmod(wanted);
}

async function openLock(path: string): Promise<FileHandle> {
    try {
        // Where others may write too, one could lie there that leads elsewhere: what it leads to would be written over.
        const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o666);
        await share(file, path).catch(() => undefined); // Another user's, who did.
        return file;
    } catch (error) {
        throw new HostError(
            `the lock ${quoted(path)} can't be opened: ${(error as Error).message}; check the folder's permissions and run again`,
            { file: path },
            { cause: error },
        );
    }
}

/** By name, or by number where nobody gave this user one, as in containers that run as any user. */
function me(): string {
    try {
        return userInfo().username;
    } catch {
        return `user ${process.getuid?.()}`;
    }
}

/** Says who has the lock. Before it is given up it is wiped, so that nobody is told to wait for whoever had it last. */
async function sign(file: FileHandle, who: string | null): Promise<void> {
    await file.truncate(0);
    if (who !== null) await file.write(JSON.stringify({ who, since: new Date().toISOString() }), 0);
}

/** Locks that are held, by what they are of: two hosts have one where a domain has the same disks on both. */
const paths = new WeakMap<Lock, string>();

/** Whoever ended with what the lock was for may have removed the file: such a lock keeps nobody out. */
async function isStill(file: FileHandle, path: string): Promise<boolean> {
    const there = await stat(path).catch(() => null);
    const { dev, ino } = await file.stat();
    return there?.ino === ino && there.dev === dev;
}

/**
 * Takes a lock file's lock, waiting for whoever has it.
 *
 * @throws BusyError when the wait is over (`waitSeconds`); HostError when the file can't be locked at all.
 */
export async function takeLock(path: string, options: LockOptions, waitSeconds = 600): Promise<Lock> {
    if (options.held && paths.get(options.held) === path) return { [Symbol.asyncDispose]: () => Promise.resolve() };
    for (;;) {
        const file = await openLock(path);
        const lock = await signed(file, path, options, waitSeconds);
        if (await isStill(file, path)) return lock;
        await file.close();
    }
}

async function signed(file: FileHandle, path: string, options: LockOptions, waitSeconds: number): Promise<Lock> {
    try {
        await lockOrWait(file, path, options, waitSeconds);
        await sign(file, `${options.purpose} by ${me()} on ${hostname()}, process ${process.pid}`).catch(() => undefined); // A full disk must not keep anybody from making room.
    } catch (error) {
        await file.close();
        throw error;
    }
    const lock: Lock = {
        async [Symbol.asyncDispose]() {
            await sign(file, null).catch(() => undefined);
            await file.close();
        },
    };
    paths.set(lock, path);
    return lock;
}
