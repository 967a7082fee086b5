import { execa, type Options } from "execa";

/** Where a helper says what it is doing, one line at a time. */
export type Log = (line: string) => void;

const tick = 15_000;

/** “42 s”, “3 min 5 s”. */
export function elapsed(since: number): string {
    const seconds = Math.round((Date.now() - since) / 1000);
    return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** Runs a command that may take minutes, and says every 15 seconds how long it has been at it and what it said last. */
export async function runLong(log: Log, what: string, [command, ...args]: [string, ...string[]], options: Options): Promise<void> {
    const start = Date.now();
    log(`${what} …`);
    const child = execa(command, args, { ...options, all: true, reject: false, stdin: "ignore" });
    let last = "";
    child.all.on("data", (chunk: Buffer) => {
        last = chunk.toString().trimEnd().split("\n").at(-1) || last;
    });
    const ticking = setInterval(() => log(`${what} … ${elapsed(start)}${last && `: ${last.slice(0, 100)}`}`), tick);
    try {
        const result = await child;
        if (result.failed) throw new Error(`${what} failed after ${elapsed(start)}: ${result.shortMessage}\n${String(result.all).slice(-4000)}`);
    } finally {
        clearInterval(ticking);
    }
    log(`${what}: done in ${elapsed(start)}`);
}
