/** What a command came to. */
export interface Outcome {
    readonly stdout: Buffer;
    readonly stderr: string;
    /** As shells have it: 127 where there is no such command, 126 where it can't be run; null where a signal ended it. */
    readonly exitCode: number | null;
    /** False where there was nothing on this machine to run. */
    readonly started: boolean;
    /** `SIGKILL`; null where it ended by itself. */
    readonly signal: string | null;
}

export interface CommandOptions {
    /** Aborted, it ends the command (our end of it, where that runs elsewhere), and `run` fails with the signal's reason. */
    readonly signal?: AbortSignal | undefined;
    /** For its standard input; default: nothing. */
    readonly input?: string | undefined;
    /** Called with each piece of standard error. */
    readonly onStderr?: ((text: string) => void) | undefined;
}

/** The machine on which VirtualBox runs: this one, or one that ssh reaches. Files are named by absolute paths, as VirtualBox names them there. */
export interface Site extends AsyncDisposable {
    /** Files are files of this machine. */
    readonly isLocal: boolean;
    /** The host as messages show it. */
    readonly shown: string;
    /** Two sites that have the same are the same VirtualBox, for the same user. */
    readonly address: string;
    /**
     * Runs a command with arguments as a list, whatever they hold, and answers in UTF-8, untranslated.
     *
     * @throws UnreachableError where the machine can't be reached; InvalidInputError where arguments are too long; the signal's reason.
     */
    run(command: readonly string[], options?: CommandOptions): Promise<Outcome>;
    /** A file's text; null where there is no such file. @throws HostError */
    readText(path: string): Promise<string | null>;
    /** Bytes of a file from an offset on, or fewer where it has no more; null where there is no such file. @throws HostError */
    readPart(path: string, offset: number, bytes: number): Promise<Buffer | null>;
    /** Makes or replaces a file, so that a reader, or a kill, sees the old text or the new one; it keeps who may read it. @throws HostError */
    writeText(path: string, text: string): Promise<void>;
    /** Removes a file; one that is gone already is as good. @throws HostError */
    remove(path: string): Promise<void>;
    exists(path: string): Promise<boolean>;
}
