import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { takeLock } from "../../disks/lock";
import { removeFile } from "../../disks/files";

/*
 * VBoxManage starts VirtualBox's service (VBoxSVC), which ends 5 s after its last client. Of several that start it at once, most fail (all of them at once
 * in the worst case), and Debian's VBoxManage removes the socket of one that starts at that very moment. So one call goes ahead, alone on this machine.
 */

/** Milliseconds for which the service is sure to run after a call; it stays for 5 s. */
const STAYS = 3_000;

/** Seconds that others may take. */
const PATIENCE = 60;

/** Something that gives up what it holds; a lock that can't be had is none: each call tries again where the service was not started. */
async function alone(address: string, signal: AbortSignal | undefined): Promise<AsyncDisposable> {
    const name = createHash("sha256").update(address).digest("hex").slice(0, 16);
    const file = join(tmpdir(), `snaptree-vbox-${name}.lock`);
    try {
        const lock = await takeLock(file, { purpose: "start VirtualBox’s service", signal }, PATIENCE);
        return {
            async [Symbol.asyncDispose]() {
                await removeFile(file).catch(() => undefined);
                await lock[Symbol.asyncDispose]();
            },
        };
    } catch {
        signal?.throwIfAborted();
        return { [Symbol.asyncDispose]: () => Promise.resolve() };
    }
}

/** VirtualBox's service at one address, as far as this process knows of it. */
export class Service {
    private clients = 0;
    private seen = -Infinity;
    private starting: Promise<unknown> | null = null;

    constructor(private readonly address: string) {}

    private get isUp(): boolean {
        return this.clients > 0 || performance.now() - this.seen < STAYS;
    }

    /**
     * Makes a call once the service runs.
     *
     * @param start what starts it, where it may not run; null: the call itself is light enough for others to wait for it
     */
    async call<T>(work: () => Promise<T>, start: (() => Promise<unknown>) | null, signal?: AbortSignal): Promise<T> {
        while (!this.isUp && this.starting) await this.starting;
        if (!this.isUp) {
            if (start === null) return this.startWith(work, signal);
            await this.startWith(start, signal);
        }
        return this.counted(work);
    }

    private async startWith<T>(start: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
        const work = async () => {
            await using _alone = await alone(this.address, signal);
            const answer = await start();
            this.seen = performance.now();
            return answer;
        };
        const starting = work();
        this.starting = starting.catch(() => undefined);
        try {
            return await starting;
        } finally {
            this.starting = null;
        }
    }

    private async counted<T>(work: () => Promise<T>): Promise<T> {
        this.clients++;
        try {
            return await work();
        } finally {
            this.clients--;
            this.seen = performance.now();
        }
    }
}
