import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HostError, quoted, UnreachableError } from "../../model";
import { runCommand } from "./command";
import { shellLine } from "./quote";
import type { CommandOptions, Outcome, Site } from "./site";
import type { SshTarget } from "./uri";

/** ssh's own exit code, for whatever keeps it from the command's. */
const SSH_FAILED = 255;

/** Exit code of our scripts where the file is not there. */
const MISSING = 44;

/** Seconds that a connection is kept for the next command; it ends sooner when the site is disposed of. */
const PERSIST = 60;

/** Most characters of a socket's path: the system takes 104 or 108, and ssh adds 17 of its own for a moment. */
const LONGEST_SOCKET = 86;

const READ = `test -e "$1" || exit ${MISSING}; exec cat < "$1"`;
/** `tail` counts from 1. */
const PART = `test -e "$1" || exit ${MISSING}; tail -c "+$2" < "$1" | head -c "$3"`;
/** A connection that is lost in the middle ends the input early: the number of bytes tells. The copy has the owner and the mode of what it is to replace. */
const WRITE = `set -e; umask 077; if test -e "$1"; then cp -p -- "$1" "$1.new"; fi; cat > "$1.new"
if test "$(wc -c < "$1.new")" -ne "$2"; then rm -f -- "$1.new"; echo "not all of it arrived" >&2; exit 1; fi
sync; mv -f -- "$1.new" "$1"; sync`;
const REMOVE = `exec rm -f -- "$1"`;
const EXISTS = `test -e "$1" || exit ${MISSING}`;

/** VirtualBox on a machine that ssh reaches. One connection serves all commands while they follow each other. */
export class SshSite implements Site {
    readonly isLocal = false;
    readonly address: string;
    /** Of the connection's socket, which whoever can use it can use us by. */
    private readonly folder = mkdtempSync(join(tmpdir(), "snaptree-ssh-"));

    constructor(
        private readonly target: SshTarget,
        readonly shown: string,
    ) {
        this.address = JSON.stringify([shown, target.user, target.port]);
    }

    async run(command: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
        const line = `env LC_ALL=C.UTF-8 LANGUAGE= ${shellLine(command)}`;
        const outcome = await runCommand([this.target.command, ...this.options(), "--", this.target.host, line], options);
        if (!outcome.started) throw this.noSsh(outcome.stderr);
        if (outcome.exitCode === SSH_FAILED) throw this.unreachable(outcome.stderr.trim().replaceAll(/\s*\n\s*/g, "; ") || "ssh does not say why");
        return outcome;
    }

    private options(): string[] {
        const { user, port, keyfile } = this.target;
        return [
            ...["-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=30", "-o", "ServerAliveInterval=15"],
            ...this.shared(),
            ...(user === null ? [] : ["-l", user]),
            ...(port === null ? [] : ["-p", String(port)]),
            ...(keyfile === null ? [] : ["-i", keyfile]),
        ];
    }

    private shared(): string[] {
        const socket = join(this.folder, "s");
        if (socket.length > LONGEST_SOCKET) return [];
        return ["-o", "ControlMaster=auto", "-o", `ControlPersist=${PERSIST}`, "-S", socket.replaceAll("%", "%%")];
    }

    private unreachable(words: string): UnreachableError {
        const { command, host, user, port } = this.target;
        const by = [command, ...(port === null ? [] : ["-p", port]), user === null ? host : `${user}@${host}`].join(" ");
        return new UnreachableError(`${this.shown} can't be reached: ${words}; check that “${by}” works without asking anything`, { stderr: words });
    }

    private noSsh(stderr: string): UnreachableError {
        const { command } = this.target;
        const advice = "install OpenSSH’s client, or say where its ssh is with ?command=PATH in the host URI";
        return new UnreachableError(`${this.shown} can't be reached, as ${quoted(command)} can't be run; ${advice}`, { command: [command], stderr });
    }

    /** Runs a script of ours on a file; null: the file is not there. */
    private async script(verb: string, script: string, args: readonly [string, ...string[]], options?: CommandOptions): Promise<Buffer | null> {
        const { exitCode, signal, stderr, stdout } = await this.run(["sh", "-c", script, "sh", ...args], options);
        if (exitCode === 0) return stdout;
        if (exitCode === MISSING) return null;
        const words = stderr.trim().replaceAll(/\s*\n\s*/g, "; ") || signal || `exit code ${exitCode}`;
        throw new HostError(`${quoted(args[0])} on ${this.shown} can't be ${verb}: ${words}; mend that and run again`, { file: args[0], exitCode });
    }

    async readText(path: string): Promise<string | null> {
        return (await this.script("read", READ, [path]))?.toString() ?? null;
    }

    readPart(path: string, offset: number, bytes: number): Promise<Buffer | null> {
        return this.script("read", PART, [path, String(offset + 1), String(bytes)]);
    }

    async writeText(path: string, text: string): Promise<void> {
        await this.script("written", WRITE, [path, String(Buffer.byteLength(text))], { input: text });
    }

    async remove(path: string): Promise<void> {
        await this.script("removed", REMOVE, [path]);
    }

    async exists(path: string): Promise<boolean> {
        return (await this.script("looked at", EXISTS, [path])) !== null;
    }

    async [Symbol.asyncDispose](): Promise<void> {
        const exit = [this.target.command, ...this.options(), "-O", "exit", "--", this.target.host];
        if (this.shared().length > 0) await runCommand(exit); // There may be none: then it says so, and nobody minds.
        rmSync(this.folder, { recursive: true, force: true });
    }
}
