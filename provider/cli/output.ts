import { createColors } from "picocolors";
import { DataLossError, FlagConflictError, InvalidInputError, SnaptreeError, UnsupportedError } from "../model";
import type { Colours, Terminal } from "./terminal";
import { printable } from "./text";

/** Where a command writes, and how. */
export interface Output extends Terminal {
    readonly json: boolean;
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

export function coloursOf({ colours = false }: Terminal): Colours {
    return createColors(colours);
}

/** Prints what came of it: words for people, or with `--json` a value. */
export function tell(output: Output, words: string, value: unknown): void {
    output.print(output.json ? JSON.stringify(value) : words);
}

/** Says what went wrong: one line, or with `--json` an object. */
export function complain(error: unknown, output: Output): void {
    const { name, message } = error instanceof Error ? error : { name: "Error", message: String(error) };
    if (output.json) {
        const details = error instanceof SnaptreeError ? error.details : {};
        output.complain(JSON.stringify({ error: { name, message, ...details } }));
    } else output.complain(`snaptree: ${printable(message.replaceAll(/\s*\n\s*/g, " "))}`);
}
