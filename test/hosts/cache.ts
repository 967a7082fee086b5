import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, rmdir, stat, utimes } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Log } from "./progress";

/** A holder touches its lock every five seconds; one that has not for this long was killed. */
const abandoned = 30_000;

/** The folder, outside the checkout, of what is built or downloaded once and used by every later run. */
export function cacheFolder(): string {
    return process.env.SNAPTREE_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "snaptree-hosts");
}

/**
 * The folder `name` of the cache, filled by `fill` if it isn't there. Versions belong in the name: a folder that is there is taken as it is.
 * It appears whole or not at all, and of several processes that ask at once one fills it.
 */
export async function cached(name: string, log: Log, fill: (folder: string) => Promise<void>): Promise<string> {
    const folder = join(cacheFolder(), name);
    if (existsSync(folder)) return folder;
    return exclusively(name, log, async () => {
        if (existsSync(folder)) return folder;
        await removeUnfinished(name);
        const unfinished = await mkdtemp(`${folder}.unfinished-`);
        await fill(unfinished);
        await rename(unfinished, folder);
        return folder;
    });
}

async function removeUnfinished(name: string): Promise<void> {
    for (const entry of await readdir(cacheFolder())) {
        if (entry.startsWith(`${name}.unfinished-`)) await rm(join(cacheFolder(), entry), { recursive: true, force: true });
    }
}

/** Does `work` while no other process of this user does work of the same name. */
export async function exclusively<T>(name: string, log: Log, work: () => Promise<T>): Promise<T> {
    const lock = join(cacheFolder(), `${name}.lock`);
    await mkdir(cacheFolder(), { recursive: true });
    for (let tries = 0; !(await take(lock)); tries++) {
        if (tries === 0) log(`waiting for another process that is at ${name}`);
        await setTimeout(500);
    }
    const beat = setInterval(() => void utimes(lock, new Date(), new Date()).catch(() => {}), 5000);
    try {
        return await work();
    } finally {
        clearInterval(beat);
        await rmdir(lock).catch(() => {});
    }
}

async function take(lock: string): Promise<boolean> {
    try {
        await mkdir(lock);
        return true;
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const touched = await stat(lock).then(
        (s) => s.mtimeMs,
        () => Date.now(), // given back meanwhile
    );
    if (Date.now() - touched > abandoned) await rmdir(lock).catch(() => {});
    return false;
}
