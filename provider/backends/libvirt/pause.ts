import { setTimeout } from "node:timers/promises";

/**
 * Waits until it is worth looking again.
 *
 * @throws the signal's reason when it is aborted.
 */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
    await setTimeout(milliseconds, undefined, signal && { signal }).catch(() => undefined);
    signal?.throwIfAborted();
}
