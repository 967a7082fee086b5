/** What is under way last, by key. */
const last = new Map<string, Promise<unknown>>();

/** Waits for something, whatever it comes to, but no longer than a signal allows. */
function waitFor(work: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
        const abort = () => reject(signal?.reason as Error);
        signal?.addEventListener("abort", abort, { once: true });
        if (signal?.aborted) abort();
        const settle = () => {
            signal?.removeEventListener("abort", abort);
            resolve();
        };
        work.then(settle, settle);
    });
}

/** Does one thing after the other where the key is the same, in the order of asking. @throws the signal's reason where it is aborted before its turn */
export function inTurn<T>(key: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const before = last.get(key) ?? Promise.resolve();
    const mine = waitFor(before, signal).then(work);
    const through = Promise.allSettled([before, mine]).then(() => {
        if (last.get(key) === through) last.delete(key);
    });
    last.set(key, through);
    return mine;
}
