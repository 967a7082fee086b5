import { open, stat } from "node:fs/promises";
import { HostError, quoted } from "../../model";
import { isThere, readIfThere, removeFile, replaceFile } from "../../disks/files";
import { runCommand } from "./command";
import type { CommandOptions, Outcome, Site } from "./site";

const SHOWN = "vbox:///session";

/** What of the environment says which VirtualBox it is. */
const HOMES = ["VBOX_USER_HOME", "VBOX_IPC_SOCKETID", "XDG_CONFIG_HOME", "HOME"];

function isMissing(error: unknown): boolean {
    return ["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "");
}

async function withFile<T>(verb: string, path: string, work: () => Promise<T>): Promise<T> {
    try {
        return await work();
    } catch (error) {
        throw new HostError(`${quoted(path)} can't be ${verb}: ${(error as Error).message}; mend that and run again`, { file: path }, { cause: error });
    }
}

async function part(path: string, offset: number, bytes: number): Promise<Buffer | null> {
    try {
        await using file = await open(path, "r");
        const buffer = Buffer.alloc(bytes);
        const { bytesRead } = await file.read(buffer, 0, bytes, offset);
        return buffer.subarray(0, bytesRead);
    } catch (error) {
        if (isMissing(error)) return null;
        throw error;
    }
}

/** VirtualBox on this machine, for whoever runs us. */
export class LocalSite implements Site {
    readonly isLocal = true;
    readonly shown = SHOWN;
    readonly address = [SHOWN, process.getuid?.() ?? "", ...HOMES.map((name) => process.env[name] ?? "")].join("\n");

    run(command: readonly string[], options?: CommandOptions): Promise<Outcome> {
        return runCommand(command, options);
    }

    readText(path: string): Promise<string | null> {
        return withFile("read", path, () => readIfThere(path));
    }

    readPart(path: string, offset: number, bytes: number): Promise<Buffer | null> {
        return withFile("read", path, () => part(path, offset, bytes));
    }

    writeText(path: string, text: string): Promise<void> {
        return withFile("written", path, async () => {
            const mode = await stat(path).then(
                (there) => there.mode & 0o777,
                () => 0o600, // As VirtualBox writes its own.
            );
            await replaceFile(path, text, mode);
        });
    }

    remove(path: string): Promise<void> {
        return withFile("removed", path, () => removeFile(path));
    }

    exists(path: string): Promise<boolean> {
        return isThere(path);
    }

    [Symbol.asyncDispose](): Promise<void> {
        return Promise.resolve();
    }
}
