import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { execa, ExecaError } from "execa";
import { BusyError, HostError } from "../model";

/** What brings the tools, by package names that Debian, Ubuntu, Fedora and Alpine users recognise. */
const PACKAGES: Readonly<Record<string, string>> = {
    "qemu-img": "qemu-utils (qemu-img on Fedora)",
    "qemu-storage-daemon": "qemu-system-common (or qemu-utils)",
    flock: "util-linux",
    setpriv: "util-linux",
};

/** What to tell someone who lacks a tool. */
export function missingTool(tool: string, cause?: unknown): HostError {
    return new HostError(`${tool} is not on PATH; install ${PACKAGES[tool] ?? tool} and run again`, { command: tool }, { cause });
}

/** Whether a tool is there to be run. */
export function onPath(tool: string): boolean {
    return (process.env.PATH ?? "").split(delimiter).some((folder) => {
        try {
            accessSync(join(folder || ".", tool), constants.X_OK);
            return true;
        } catch {
            return false;
        }
    });
}

const IN_USE = /Failed to get (?:shared )?"[\w ]+" lock|Is another process using the image/;

export interface ToolOptions {
    readonly signal?: AbortSignal | undefined;
    /** Called with each piece of standard output. */
    readonly onOutput?: ((text: string) => void) | undefined;
}

/**
 * Runs a tool with arguments as a list, and no shell. It ends with us, so that nobody goes on writing where the next run begins.
 *
 * @returns standard output.
 * @throws BusyError when QEMU says that an image is in use; HostError with what was run and the tool's own words.
 */
export async function run(tool: string, args: readonly string[], options: ToolOptions = {}): Promise<string> {
    try {
        const [program, ...rest] = onPath("setpriv") ? (["setpriv", "--pdeathsig", "KILL", tool, ...args] as const) : ([tool, ...args] as const);
        const child = execa(program, rest, {
            stdin: "ignore",
            env: { LC_ALL: "C.UTF-8" },
            maxBuffer: 256 * 1024 * 1024,
            stripFinalNewline: false,
            ...(options.signal && { cancelSignal: options.signal }),
        });
        if (options.onOutput) child.stdout.on("data", (chunk: Buffer) => options.onOutput?.(chunk.toString()));
        return (await child).stdout;
    } catch (error) {
        throw toolError(tool, args, error);
    }
}

function toolError(tool: string, args: readonly string[], error: unknown): unknown {
    if (!(error instanceof ExecaError)) return error;
    if (error.isCanceled) return error.cause ?? error;
    if (error.code === "ENOENT" || error.exitCode === 127) return missingTool(tool, error);
    const words = ((error.stderr as string | undefined) ?? "") // Not there where it could not be started.
        .trim()
        .replaceAll("\n", "; ");
    if (IN_USE.test(words)) return new BusyError(`an image is in use by another process, so nothing was done: ${words}`);
    const end = error.signal ? `was ended by ${error.signal}` : `ended with exit code ${error.exitCode}`;
    return new HostError(
        `${tool} ${end}: ${words || error.shortMessage}`,
        { command: [tool, ...args], exitCode: error.exitCode ?? null, stderr: words },
        { cause: error },
    );
}
