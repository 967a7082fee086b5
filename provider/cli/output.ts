import { DataLossError, FlagConflictError, InvalidInputError, SnaptreeError, UnsupportedError } from "../model";

/** Where a command writes, and how. */
export interface Output {
    readonly json: boolean;
    /** A line on standard output. */
    readonly print: (line: string) => void;
    /** A line on standard error. */
    readonly complain: (line: string) => void;
}

/** Exit codes (design section 7). */
export const EXIT = { done: 0, failed: 1, usage: 2, dataLoss: 3, unsupported: 4 } as const;

/** The exit code for an error. */
export function exitCode(error: unknown): number {
    if (error instanceof InvalidInputError || error instanceof FlagConflictError) return EXIT.usage;
    if (error instanceof DataLossError) return EXIT.dataLoss;
    if (error instanceof UnsupportedError) return EXIT.unsupported;
    return EXIT.failed;
}

/** Says what went wrong: one line, or with `--json` an object. */
export function complain(error: unknown, output: Output): void {
    const { name, message } = error instanceof Error ? error : { name: "Error", message: String(error) };
    if (output.json) {
        const details = error instanceof SnaptreeError ? error.details : {};
        output.complain(JSON.stringify({ error: { name, message, ...details } }));
    } else output.complain(`snaptree: ${message.replaceAll("\n", " ")}`);
}
