import type { Command } from "commander";
import { connect, type Host, HostError, type RunOptions, type Snapshot, SnaptreeError, type VirtualMachine } from "../engine";
import { quoted } from "../model";
import type { Output } from "./output";
import { displayOn } from "./progress";
import type { Terminal } from "./terminal";

interface GlobalOptions {
    readonly host?: string;
    readonly json?: boolean;
    readonly color: boolean;
}

/** The host where `--host` names none; default: SNAPTREE_HOST. */
interface Elsewhere {
    readonly host?: string;
    readonly password?: string;
}

/** What came of a verb: words for people, and the value that `--json` prints. */
export interface Done {
    readonly words: string;
    readonly value: object;
}

/** One run of the command line: its host, its output, and how its work is done. */
export class Session {
    constructor(
        private readonly program: Command,
        private readonly terminal: Terminal,
    ) {}

    get output(): Output {
        const { json = false, color } = this.program.opts<GlobalOptions>();
        return { ...this.terminal, json, colours: (this.terminal.colours ?? false) && color };
    }

    /** What `--host` says. */
    get host(): string | undefined {
        return this.program.opts<GlobalOptions>().host;
    }

    /** Connects for as long as the work takes. */
    async connected<T>(work: (host: Host) => Promise<T>, { host, password }: Elsewhere = {}): Promise<T> {
        await using connection = await connect(this.host ?? host, { password });
        return await work(connection);
    }

    /** Looks at a domain. */
    look<T>(domain: string, work: (vm: VirtualMachine) => Promise<T>, elsewhere?: Elsewhere): Promise<T> {
        return this.connected(async (host) => work(await host.domain(domain)), elsewhere);
    }

    /** Works on a domain, shows how far it is, stops where somebody asks for that (SIGINT, SIGTERM), and prints what came of it. */
    change(domain: string, work: (vm: VirtualMachine, options: RunOptions) => Promise<Done>, elsewhere?: Elsewhere): Promise<void> {
        return this.connected(async (host) => {
            const vm = await host.domain(domain);
            const half = async () => (await vm.hierarchy()).snapshots.find(({ committing }) => committing);
            await this.perform((options) => work(vm, options), half);
        }, elsewhere);
    }

    /**
     * The same for work on a whole host.
     *
     * @param half finds the commit that was left half done.
     */
    async perform(work: (options: RunOptions) => Promise<Done>, half: () => Promise<Snapshot | undefined> = () => Promise.resolve(undefined)): Promise<void> {
        const display = displayOn(this.output);
        using interruption = new Interruption();
        let done: Done;
        try {
            done = await work({ onProgress: display.show, signal: interruption.signal });
        } catch (error) {
            display.end();
            throw interruption.explains(error) ? stopped(interruption.reason, await half()) : error;
        } finally {
            display.end();
        }
        this.output.print(this.output.json ? JSON.stringify(done.value) : done.words);
    }
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/**
 * Hears the first signal that asks for an end; a second one ends the process at once, as if nobody listened. It goes on listening until then: execa ends the
 * process with a signal for which it finds no listener but its own.
 */
class Interruption implements Disposable {
    private readonly controller = new AbortController();
    private readonly hear = (signal: NodeJS.Signals) => {
        if (!this.signal.aborted) return void this.controller.abort(new SnaptreeError(`interrupted by ${signal}`, { signal }));
        this[Symbol.dispose]();
        process.kill(process.pid, signal);
    };

    constructor() {
        for (const signal of SIGNALS) process.on(signal, this.hear);
    }

    get signal(): AbortSignal {
        return this.controller.signal;
    }

    get reason(): SnaptreeError {
        return this.signal.reason as SnaptreeError;
    }

    /** Ctrl-C reaches the host's tools too: one that it ended has failed because of it. */
    explains(error: unknown): boolean {
        return this.signal.aborted && (error === this.reason || error instanceof HostError);
    }

    [Symbol.dispose](): void {
        for (const signal of SIGNALS) process.removeListener(signal, this.hear);
    }
}

/** What an interruption left: nothing, or a commit that goes on when it is run again. */
function stopped({ message, details }: SnaptreeError, half: Snapshot | undefined): SnaptreeError {
    const state = half
        ? `the commit into snapshot ${quoted(half.name)} is half done and loses nothing: run it again, which goes on with it`
        : "what had not come to its end was taken back: run it again when you like";
    return new SnaptreeError(`${message}; ${state}`, details);
}
