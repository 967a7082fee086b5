import { main } from "../../provider/cli/program";

export interface Outcome {
    readonly code: number;
    readonly out: string;
    readonly err: string;
}

/** Runs the command line in this process, as on no terminal. */
export async function snaptree(...argv: string[]): Promise<Outcome> {
    const out: string[] = [];
    const err: string[] = [];
    const code = await main(argv, { print: (line) => void out.push(line), complain: (line) => void err.push(line) });
    return { code, out: out.join("\n"), err: err.join("\n") };
}

/** The command line on one host. */
export function on(uri: string): (...argv: string[]) => Promise<Outcome> {
    return (...argv) => snaptree("--host", uri, ...argv);
}

/** What `--json` printed. */
export function json({ out }: Outcome): unknown {
    return JSON.parse(out);
}

/** What is done, and says so. */
export const done = (out: string) => ({ code: 0, out: expect.stringMatching(out) as unknown, err: expect.any(String) as unknown });

/** What is refused in one sentence. */
export const refused = (code: number, err: RegExp) => ({
    code,
    out: "",
    err: expect.stringMatching(new RegExp(`^snaptree: [^\\n]*${err.source}[^\\n]*$`)) as unknown,
});
