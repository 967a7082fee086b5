import { constants } from "node:os";

/** The engine sends SIGINT at the end of a run and kills what is left 5 seconds later; a terminal that closes sends SIGHUP. */
const endings = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const millisecondsToEnd = 4000;

/** What is under way in a provider process, and how it ends: operations are told to stop, then what they used is closed, but never for long. */
export class Lifetime {
    private readonly underWay = new Set<Promise<unknown>>();
    private readonly controller = new AbortController();
    private closing: Promise<void> | undefined;

    constructor(private readonly release: () => Promise<void>) {}

    /** Aborted once the process is to end. */
    get signal(): AbortSignal {
        return this.controller.signal;
    }

    /** Runs an operation that the end waits for. */
    readonly run = async <T>(operation: () => Promise<T>): Promise<T> => {
        const running = operation();
        this.underWay.add(running);
        try {
            return await running;
        } finally {
            this.underWay.delete(running);
        }
    };

    /** Stops what is under way, waits for that, and releases everything. May be called again. */
    close(): Promise<void> {
        this.closing ??= this.stop();
        return this.closing;
    }

    /** Has the process close everything when it is told to end; a second signal ends it at once. */
    endWith(process: NodeJS.Process): void {
        for (const signal of endings) {
            process.once(signal, () => {
                const exit = (): never => process.exit(128 + constants.signals[signal]);
                setTimeout(exit, millisecondsToEnd).unref();
                void this.close().finally(exit);
            });
        }
    }

    private async stop(): Promise<void> {
        this.controller.abort(new Error("Pulumi ended the run"));
        await Promise.allSettled(this.underWay);
        await this.release();
    }
}
