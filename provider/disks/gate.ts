/**
 * Lets some work go on together and some only alone. A qemu-storage-daemon takes internal snapshots alone: QEMU 7.2 aborts when it is to pause all
 * its work for one while an overlay is being made (“bdrv_do_drained_begin_quiesce: Assertion `!qemu_in_coroutine()' failed”).
 */
export class Gate {
    private last: Promise<unknown> = Promise.resolve();
    private readonly going = new Set<Promise<unknown>>();

    /** As soon as nothing that goes alone is on or waits. */
    async together<T>(work: () => Promise<T>): Promise<T> {
        let seen: Promise<unknown>;
        do await (seen = this.last);
        while (seen !== this.last);
        const turn = work();
        this.going.add(turn);
        try {
            return await turn;
        } finally {
            this.going.delete(turn);
        }
    }

    /** After everything that is on, and after what waits to go alone. */
    alone<T>(work: () => Promise<T>): Promise<T> {
        const turn = this.last.then(() => Promise.allSettled(this.going)).then(work);
        this.last = turn.catch(() => undefined);
        return turn;
    }
}
