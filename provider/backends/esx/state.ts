import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { HostError, quoted } from "../../model";
import { readIfThere, removeFile, replaceFile } from "../../disks/files";
import { takeLock } from "../../disks/lock";
import { checksum } from "../../disks/stamps";
import type { Lock, LockOptions } from "../backend";

/** Where programs keep what outlives them, and is nobody's document. */
function stateFolder(): string {
    const { XDG_STATE_HOME } = process.env;
    const base = XDG_STATE_HOME && isAbsolute(XDG_STATE_HOME) ? XDG_STATE_HOME : join(homedir(), ".local", "state");
    return join(base, "snaptree", "vsphere");
}

/**
 * What this machine keeps of one on a vSphere host while something is done there: the lock, and the journal of an operation that was interrupted. A host has no place
 * for them that going back to a snapshot would leave alone.
 */
export class LocalState {
    private readonly folder = stateFolder();
    private readonly stem: string;

    /** @param identity the same for two ways to one machine */
    constructor(identity: string) {
        this.stem = checksum(identity).slice(0, 32);
    }

    private get journal(): string {
        return join(this.folder, `${this.stem}.journal`);
    }

    async lock(options: LockOptions): Promise<Lock> {
        await this.made();
        return takeLock(join(this.folder, `${this.stem}.lock`), options);
    }

    readJournal(): Promise<string | null> {
        return this.withFile("read", () => readIfThere(this.journal));
    }

    async writeJournal(text: string): Promise<void> {
        await this.made();
        await this.withFile("written", () => replaceFile(this.journal, text, 0o600));
    }

    clearJournal(): Promise<void> {
        return this.withFile("removed", () => removeFile(this.journal));
    }

    private async made(): Promise<void> {
        await this.withFile("made", () => mkdir(this.folder, { recursive: true, mode: 0o700 }), this.folder);
    }

    private async withFile<T>(verb: string, work: () => Promise<T>, file = this.journal): Promise<T> {
        try {
            return await work();
        } catch (error) {
            throw new HostError(`${quoted(file)} can't be ${verb}: ${(error as Error).message}; mend that and run again`, { file }, { cause: error });
        }
    }
}
