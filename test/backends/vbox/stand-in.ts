// Programs in place of VBoxManage, for what the real one can't be made to do at will.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of programs, gone when it is disposed of. */
export class StandIns implements AsyncDisposable {
    private constructor(readonly folder: string) {}

    static async make(): Promise<StandIns> {
        return new StandIns(await mkdtemp(join(tmpdir(), "snaptree-stand-in-")));
    }

    /** A program. @param script for sh, with VBoxManage's arguments, in the folder @returns its path */
    async program(name: string, script: string): Promise<string> {
        const path = join(this.folder, name);
        await writeFile(path, `#!/bin/sh\ncd "$(dirname "$0")"\n${script}\n`, { mode: 0o755 });
        return path;
    }

    [Symbol.asyncDispose](): Promise<void> {
        return rm(this.folder, { recursive: true });
    }
}
