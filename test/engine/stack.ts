import type { Deployment, EngineEvent, StepEventMetadata } from "@pulumi/pulumi/automation";
import { execa } from "execa";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { ensurePulumi, type Pulumi } from "../hosts/pulumi";

export interface RunOptions {
    /** Added to the environment of this call, for example SNAPTREE_FORCE. */
    env?: Record<string, string>;
    /** Milliseconds until the run is interrupted; two minutes. */
    timeout?: number;
    /** Further arguments of the command line, for example `["--target", urn]`. */
    args?: string[];
}

/** What a run of the engine did, or for a preview would do. */
export interface Outcome {
    stdout: string;
    stderr: string;
    /** How many resources, the stack's own included, met which fate: `{ create: 3, same: 1 }`. */
    changes: Record<string, number>;
    /** What happened to each resource, in order: operation, URN, old and new state, what differs and why. */
    steps: StepEventMetadata[];
    /** What was said of resources: severity “info”, “info#err”, “warning”, “error”. */
    diagnostics: { severity: string; urn: string | undefined; message: string }[];
    milliseconds: number;
}

/** A resource as it stands in the stack's state. */
export interface StateResource {
    urn: string;
    type: string;
    id?: string;
    inputs?: Record<string, unknown>;
    outputs?: Record<string, unknown>;
    dependencies?: string[];
    external?: boolean;
}

export class PulumiError extends Error {
    override name = "PulumiError";
    constructor(
        command: string,
        /** How far it got. */
        readonly outcome: Outcome,
    ) {
        super(`pulumi ${command} failed\n${outcome.stdout}\n${outcome.stderr}`);
    }
}

/**
 * A stack of a program, run by the real engine with state, home and configuration in a temporary folder:
 * nothing of the user's own Pulumi, and no SNAPTREE_ variable of theirs, is read or written.
 * @example
 * await using program = await writeProgram(source);
 * await using stack = await Stack.create(program.folder, { env: { SNAPTREE_HOST: uri } });
 * expect((await stack.up()).changes).toEqual({ create: 2 });
 */
export class Stack implements AsyncDisposable {
    private readonly name = `test-${randomBytes(4).toString("hex")}`;
    private runs = 0;

    private constructor(
        private readonly pulumi: Pulumi,
        private readonly program: string,
        /** Of all that it keeps: state, configuration, what the engine logged. */
        readonly temporary: string,
        private readonly env: Record<string, string>,
    ) {}

    /** @param env the environment of every run, besides the caller's own without its PULUMI_ and SNAPTREE_ variables */
    static async create(program: string, { env = {} }: { env?: Record<string, string> } = {}): Promise<Stack> {
        const pulumi = await ensurePulumi({ log: (line) => process.stderr.write(`${line}\n`) });
        const stack = new Stack(pulumi, program, await mkdtemp(join(tmpdir(), "snaptree-stack-")), env);
        try {
            await stack.init();
        } catch (error) {
            await stack[Symbol.asyncDispose]();
            throw error;
        }
        return stack;
    }

    /** Sets configuration of the program, as `pulumi config set` does. */
    async configure(values: Readonly<Record<string, string>>): Promise<void> {
        const pairs = Object.entries(values).flatMap(([key, value]) => ["--plaintext", `${key}=${value}`]);
        await this.call(["config", "set-all", ...pairs, "--config-file", this.configFile]);
    }

    /** Sets a secret of the program's configuration, given as one types it: no list of processes shows it. */
    async configureSecret(name: string, value: string): Promise<void> {
        await this.call(["config", "set", name, "--secret", "--config-file", this.configFile], { input: value });
    }

    async up(options: RunOptions = {}): Promise<Outcome> {
        return this.run(["up", "--yes", "--skip-preview"], options);
    }

    /** Its `stdout` is the diff as a user reads it. */
    async preview(options: RunOptions = {}): Promise<Outcome> {
        return this.run(["preview", "--diff"], options);
    }

    async refresh(options: RunOptions = {}): Promise<Outcome> {
        return this.run(["refresh", "--yes", "--skip-preview"], options);
    }

    async destroy(options: RunOptions = {}): Promise<Outcome> {
        return this.run(["destroy", "--yes", "--skip-preview"], options);
    }

    /** The whole state, secrets encrypted. */
    async export(): Promise<Deployment> {
        const { stdout } = await this.call(["stack", "export"]);
        return JSON.parse(stdout) as Deployment;
    }

    /** The state's resources without the stack itself and providers. */
    async resources(): Promise<StateResource[]> {
        const { deployment } = (await this.export()) as { deployment: { resources?: StateResource[] } };
        return (deployment.resources ?? []).filter(({ type }) => !type.startsWith("pulumi:"));
    }

    /** What the program exports, secrets included. */
    async outputs(): Promise<Record<string, unknown>> {
        const { stdout } = await this.call(["stack", "output", "--json", "--show-secrets"]);
        return JSON.parse(stdout) as Record<string, unknown>;
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await rm(this.temporary, { recursive: true, force: true });
    }

    private get configFile(): string {
        return join(this.temporary, "config.yaml");
    }

    private async init(): Promise<void> {
        await mkdir(join(this.temporary, "state"));
        await this.call(["stack", "init", this.name], {}, []);
        // The engine writes it beside the program, which may be an example in the checkout.
        await rename(join(this.program, `Pulumi.${this.name}.yaml`), this.configFile);
    }

    private async run([command = "", ...args]: string[], options: RunOptions): Promise<Outcome> {
        const log = join(this.temporary, `events-${this.runs++}.json`);
        const start = Date.now();
        const own = ["--config-file", this.configFile, "--event-log", log, ...(options.args ?? [])];
        const { stdout, stderr, failed, shortMessage } = await this.call([command, ...args, ...own], { ...options, mayFail: true });
        const events = await readFile(log, "utf8").catch(() => "");
        const outcome = { stdout, stderr, ...summarize(events), milliseconds: Date.now() - start };
        if (failed) throw new PulumiError(command, { ...outcome, stderr: `${stderr}\n${shortMessage ?? ""}` });
        return outcome;
    }

    private async call(args: string[], options: RunOptions & { mayFail?: boolean; input?: string } = {}, stack = ["--stack", this.name]) {
        return execa(this.pulumi.cli, [...args, ...stack, "--non-interactive", "--color", "never"], {
            cwd: this.program,
            env: { ...this.environment(), ...this.env, ...options.env },
            extendEnv: false,
            reject: !options.mayFail,
            ...(options.input === undefined ? { stdin: "ignore" as const } : { input: options.input }),
            timeout: options.timeout ?? 120_000,
            // The engine takes it as a request to finish what runs and stop, and ends its plugins.
            killSignal: "SIGINT",
            forceKillAfterDelay: 15_000,
        });
    }

    private environment(): NodeJS.ProcessEnv {
        const inherited = Object.entries(process.env).filter(([name]) => !/^(PULUMI|SNAPTREE)_/.test(name));
        return {
            ...Object.fromEntries(inherited),
            PATH: [this.pulumi.path, process.env.PATH].filter(Boolean).join(delimiter),
            PULUMI_HOME: join(this.temporary, "home"),
            PULUMI_BACKEND_URL: `file://${join(this.temporary, "state")}`,
            PULUMI_CONFIG_PASSPHRASE: "",
            PULUMI_SKIP_UPDATE_CHECK: "true",
            PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
            // --event-log is hidden without it.
            PULUMI_DEBUG_COMMANDS: "true",
        };
    }
}

function summarize(log: string): Pick<Outcome, "changes" | "steps" | "diagnostics"> {
    const events = log
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line) as EngineEvent);
    const diagnostics = events.flatMap(({ diagnosticEvent }) => diagnosticEvent ?? []).filter(({ severity }) => (severity as string) !== "debug");
    return {
        changes: events.findLast((event) => event.summaryEvent)?.summaryEvent?.resourceChanges ?? {},
        steps: events.flatMap(({ resourcePreEvent }) => resourcePreEvent?.metadata ?? []),
        diagnostics: diagnostics.map(({ severity, urn, message }) => ({ severity, urn, message: message.trimEnd() })),
    };
}
