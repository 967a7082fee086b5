import { execa, ExecaError } from "execa";
import { HostError, quoted } from "../model";
import type { Command } from "./requests";

/** What a command is told of its surroundings (design section 4). */
export interface Surroundings {
    readonly host: string;
    readonly domain: string;
    readonly parent: string | null;
    /** Disk target to the file to change. */
    readonly files: Readonly<Record<string, string>>;
}

/** How much of a failed command's output an error keeps. */
const KEPT_CHARACTERS = 4000;

/** Values shorter than this are no secrets worth a search: blotting out every “1” would blot out the output. */
const SHORTEST_SECRET = 3;

/** Replaces secret values wherever they stand in a text. */
export function blotOut(text: string, secrets: readonly string[]): string {
    const longestFirst = secrets.filter((secret) => secret.length >= SHORTEST_SECRET).sort((a, b) => b.length - a.length);
    return longestFirst.reduce((shown, secret) => shown.replaceAll(secret, "[secret]"), text);
}

function environment(command: Command, { host, domain, parent, files }: Surroundings): Record<string, string> {
    const disks = Object.entries(files).map(([target, file]) => [`SNAPTREE_DISK_${target.toUpperCase()}`, file] as const);
    return { ...command.env, SNAPTREE_HOST: host, SNAPTREE_DOMAIN: domain, SNAPTREE_PARENT: parent ?? "", ...Object.fromEntries(disks) };
}

function failure(command: Command, error: unknown, secrets: readonly string[], seconds: number | undefined): unknown {
    if (!(error instanceof ExecaError)) return error;
    if (error.isCanceled) return error.cause ?? error;
    const program = quoted(blotOut(command.command[0] ?? "", secrets));
    const output = blotOut(String(error.all ?? ""), secrets).trim();
    const kept = output.length > KEPT_CHARACTERS ? `…${output.slice(-KEPT_CHARACTERS)}` : output;
    const end = error.timedOut
        ? `was still running after ${seconds} s`
        : error.code === "ENOENT"
          ? "is not there"
          : error.signal
            ? `was ended by ${error.signal}`
            : `ended with exit code ${error.exitCode}`;
    return new HostError(`the provision command ${program} ${end}, so no snapshot was taken and nothing is left${kept === "" ? "" : `; it said: ${kept}`}`, {
        command: command.command.map((word) => blotOut(word, secrets)),
        exitCode: error.exitCode ?? null,
    });
}

/**
 * Runs one command, as a list of arguments and never by a shell, and streams what it says.
 *
 * @throws HostError when it fails, with the end of its output, in which the values of `env` are blotted out.
 */
export async function runCommand(command: Command, surroundings: Surroundings, onOutput: (line: string) => void, signal: AbortSignal | undefined): Promise<void> {
    const [program, ...args] = command.command;
    if (program === undefined) throw new HostError("a provision command is empty; give at least a program");
    const secrets = Object.values(command.env ?? {}).flatMap((value) => [value, ...value.split("\n")]);
    try {
        const child = execa(program, args, {
            stdin: "ignore",
            all: true,
            env: environment(command, surroundings),
            ...(command.cwd !== undefined && { cwd: command.cwd }),
            ...(command.timeout !== undefined && { timeout: command.timeout * 1000 }),
            ...(signal && { cancelSignal: signal }),
            maxBuffer: 64 * 1024 * 1024,
        });
        for await (const line of child.iterable({ from: "all" })) onOutput(blotOut(String(line), secrets));
        await child;
    } catch (error) {
        throw failure(command, error, secrets, command.timeout);
    }
}
