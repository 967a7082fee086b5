import { setImmediate, setTimeout } from "node:timers/promises";
import type { Hierarchy } from "../model";
import type { Accepted, Plan } from "../plan";
import type { ApplyOptions, ImportOptions } from "./requests";

/** Something that is wanted of one domain. */
export interface Work {
    /** For messages: `creating "a"`. */
    readonly what: string;
    /** Plans under the lock, so that what was decided on is what is there. */
    readonly make: (hierarchy: Hierarchy) => Plan;
    readonly force: Accepted;
    readonly options: ApplyOptions & ImportOptions;
    /** It plans one plain creation, which may share a transaction with others that wait. */
    readonly joins: boolean;
    /** It takes a plain snapshot, and nothing else. */
    readonly adds?: boolean;
    /** It is one thing to whoever asked for it: all of its operations or none, in one transaction. */
    readonly isOne?: boolean;
}

/** Work that somebody waits for. */
export interface Turn extends Work {
    readonly resolve: (after: Hierarchy) => void;
    readonly reject: (error: unknown) => void;
}

/** Where creations have just gone together, more are on their way: they are waited for while they keep coming, so many milliseconds each time. */
const GATHER = 8;
const GATHER_TIMES = 6;
const RECENT = 1000;

/** So many milliseconds one process may keep the domain's lock for what waits in it, before others get their chance. */
const LONGEST = 1000;

/** So many milliseconds at most the lock is kept for what is only about to be asked for. */
const LINGER = 100;

/** Most creations that share a transaction because they waited together. */
const TOGETHER = 100;

/**
 * Work on one domain goes one after another. Plain creations that have piled up meanwhile go together: they share the lock, the journal and the disk's
 * time, as a database's transactions share a commit.
 */
export class Turns {
    private readonly waiting: Turn[] = [];
    private isServing = false;
    /** Work that is looked at before it is asked for. */
    private coming = 0;
    private settled: Promise<unknown> = Promise.resolve();
    /** When creations last shared a transaction, by the process's own clock. */
    private lastTogether = -Infinity;

    constructor(private readonly serve: (turns: readonly Turn[], next: () => Promise<readonly Turn[]>) => Promise<void>) {}

    /** Settles when the work is done, with the hierarchy as it is then; at once, without having done anything, when it is aborted while it waits. */
    take(work: Work): Promise<Hierarchy> {
        return new Promise((resolve, reject) => {
            const { signal } = work.options;
            if (signal?.aborted) {
                reject(signal.reason as Error);
                return;
            }
            const giveUp = () => {
                const at = this.waiting.indexOf(turn);
                if (at >= 0) this.waiting.splice(at, 1);
                if (at >= 0) reject(signal?.reason as Error);
            };
            const settled =
                <T>(settle: (value: T) => void) =>
                (value: T) => {
                    signal?.removeEventListener("abort", giveUp);
                    settle(value);
                };
            const turn: Turn = { ...work, resolve: settled(resolve), reject: settled(reject) };
            signal?.addEventListener("abort", giveUp);
            this.waiting.push(turn);
            void this.run();
        });
    }

    /** Tells of work that will be asked for as soon as this is through: whoever has the lock keeps it for that. */
    announce(look: Promise<unknown>): void {
        this.coming++;
        this.settled = look.catch(() => undefined).finally(() => this.coming--);
    }

    private async run(): Promise<void> {
        if (this.isServing) return;
        this.isServing = true;
        while (this.waiting.length > 0) {
            const turns = await this.gathered();
            if (turns.length > 0) await this.serve(turns, this.within(LONGEST));
        }
        this.isServing = false;
    }

    /** Those whose turn is next, for whoever has the lock already; none once it has had that long enough. */
    private within(milliseconds: number): () => Promise<readonly Turn[]> {
        const end = performance.now() + milliseconds;
        return async () => {
            await this.heard();
            return performance.now() < end ? this.gathered() : [];
        };
    }

    /** Whoever goes on as soon as something is done asks for the next at once: to give up the lock and take it again would take longer than that. */
    private async heard(): Promise<void> {
        await setImmediate();
        if (this.waiting.length > 0 || this.coming === 0) return;
        await Promise.race([this.settled, setTimeout(LINGER, undefined, { ref: false })]);
        await setImmediate();
    }

    private async gathered(): Promise<Turn[]> {
        const isBurst = this.waiting[0]?.joins === true && performance.now() - this.lastTogether < RECENT;
        for (let times = 0, before = 0; isBurst && times < GATHER_TIMES && before < this.waiting.length; times++) {
            before = this.waiting.length;
            await setTimeout(GATHER);
        }
        return this.next();
    }

    private next(): Turn[] {
        const turns = this.nextTogether();
        if (turns.length > 1) this.lastTogether = performance.now();
        return turns;
    }

    /** The first that waits, with those behind it that can go along. */
    private nextTogether(): Turn[] {
        const [first] = this.waiting;
        if (!first) return [];
        const stranger = (turn: Turn) => !turn.joins || turn.options.signal !== first.options.signal;
        const end = first.joins ? this.waiting.findIndex(stranger) : 1;
        return this.waiting.splice(0, Math.min(end < 0 ? this.waiting.length : end, TOGETHER));
    }
}
