import type { createColors } from "picocolors";

/** What a command line writes to. */
export interface Terminal {
    /** A line on standard output. */
    readonly print: (line: string) => void;
    /** A line on standard error. */
    readonly complain: (line: string) => void;
    /** Standard output is a terminal that shows colours. Default: no. */
    readonly colours?: boolean;
    /** Standard error, where it is a terminal on which a line can be drawn over. Default: it is none. */
    readonly drawing?: NodeJS.WriteStream;
}

export type Colours = ReturnType<typeof createColors>;

/** A terminal on this process's streams (see https://no-color.org for NO_COLOR). */
export function processTerminal({ stdout, stderr, env }: NodeJS.Process): Terminal {
    const dumb = env.TERM === "dumb";
    return {
        print: (line) => void stdout.write(`${line}\n`),
        complain: (line) => void stderr.write(`${line}\n`),
        colours: stdout.isTTY && !dumb && !env.NO_COLOR,
        ...(stderr.isTTY && !dumb ? { drawing: stderr } : {}),
    };
}
