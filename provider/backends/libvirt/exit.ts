/*
 * What has to be ended or removed when the program ends without having been asked to wait.
 */

const pending = new Set<() => void>();

function runAll(): void {
    for (const each of pending) each();
}

/** Calls something when the program ends, unless the disposable that is returned was disposed of. */
export function atExit(action: () => void): Disposable {
    if (pending.size === 0) process.on("exit", runAll);
    pending.add(action);
    return {
        [Symbol.dispose]: () => {
            pending.delete(action);
            if (pending.size === 0) process.off("exit", runAll);
        },
    };
}
