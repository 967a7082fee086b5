import type { Command } from "commander";
import { connect, type Hierarchy, type Host, type RunOptions, SnaptreeError, type VirtualMachine } from "../engine";
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

    /** Works on a domain, shows how far it is, and stops where somebody asks for that (SIGINT, SIGTERM). */
    change<T>(domain: string, work: (vm: VirtualMachine, options: RunOptions, host: Host) => Promise<T>, elsewhere?: Elsewhere): Promise<T> {
        return this.connected(async (host) => {
            const vm = await host.domain(domain);
            return this.watched(
                (options) => work(vm, options, host),
                () => vm.hierarchy(),
            );
        }, elsewhere);
    }

    private async watched<T>(work: (options: RunOptions) => Promise<T>, after: () => Promise<Hierarchy>): Promise<T> {
        const display = displayOn(this.output);
        using interruption = new Interruption();
        try {
            return await work({ onProgress: display.show, signal: interruption.signal });
        } catch (error) {
            display.end();
            throw interruption.signal.aborted ? await stopped(interruption.signal.reason, error, after) : error;
        } finally {
            display.end();
        }
    }
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Hears the first signal that asks for an end; a second one ends the process at once, as if nobody listened. */
class Interruption implements Disposable {
    private readonly controller = new AbortController();
    private readonly hear = (signal: NodeJS.Signals) => {
        this[Symbol.dispose]();
        this.controller.abort(new SnaptreeError(`interrupted by ${signal}`, { signal }));
    };

    constructor() {
        for (const signal of SIGNALS) process.once(signal, this.hear);
    }

    get signal(): AbortSignal {
        return this.controller.signal;
    }

    [Symbol.dispose](): void {
        for (const signal of SIGNALS) process.removeListener(signal, this.hear);
    }
}

/** What an interruption left: nothing, or a commit that goes on when it is run again. */
async function stopped(reason: unknown, error: unknown, after: () => Promise<Hierarchy>): Promise<unknown> {
    if (error !== reason || !(reason instanceof SnaptreeError)) return error;
    const half = (await after()).snapshots.find(({ committing }) => committing);
    const state = half
        ? `the commit into snapshot ${quoted(half.name)} is half done and loses nothing: run it again, which goes on with it`
        : "what was begun was taken back: run it again when you like";
    return new SnaptreeError(`${reason.message}; ${state}`, reason.details, { cause: reason });
}
