import { execa } from "execa";
import { HostError } from "../../model";
import { missingTool } from "./process";

/*
 * One qemu-storage-daemon does what would otherwise be a qemu-img process for each overlay and each internal snapshot: a hundred overlays
 * take 0.2 s instead of 5 s. It is spoken to in QMP over its standard input and output, where names and paths are JSON strings and nothing else.
 */

type Arguments = Readonly<Record<string, unknown>>;

interface Message {
    readonly id?: number;
    readonly return?: unknown;
    readonly error?: { readonly class: string; readonly desc: string };
    readonly event?: string;
    readonly data?: { readonly id?: string; readonly status?: string };
}

interface Waiter {
    readonly resolve: (value: unknown) => void;
    readonly reject: (error: unknown) => void;
}

interface Job {
    readonly id: string;
    readonly "current-progress": number;
    readonly error?: string;
}

/** An empty overlay to make. The file is there already, empty. */
export interface NewOverlay {
    readonly file: string;
    /** Bytes. */
    readonly size: number;
    /** As it is to stand in the header. */
    readonly backing: string;
    readonly backingFormat: string;
}

function spawnDaemon() {
    // setpriv ends the daemon when we are killed: an end of its standard input does not.
    return execa("setpriv", ["--pdeathsig", "KILL", "qemu-storage-daemon", "--chardev", "stdio,id=qmp", "--monitor", "chardev=qmp"], {
        stdin: "pipe",
        stdout: "pipe",
        stderr: "pipe",
        buffer: false,
        reject: false,
        env: { LC_ALL: "C.UTF-8" },
    });
}

export class StorageDaemon implements AsyncDisposable {
    private process: ReturnType<typeof spawnDaemon> | null = null;
    private ready: Promise<void> | null = null;
    private readonly waiting = new Map<number, Waiter>();
    private readonly jobs = new Map<string, () => void>();
    private sequence = 0;
    private received = "";
    private complaints = "";

    /** Starts it, once; later calls wait for the same start. */
    private start(): Promise<void> {
        this.ready ??= this.launch().catch((error: unknown) => {
            this.ready = null;
            throw error;
        });
        return this.ready;
    }

    private async launch(): Promise<void> {
        const child = spawnDaemon();
        this.process = child;
        child.stdout.setEncoding("utf8").on("data", (text: string) => this.receive(text));
        child.stderr.setEncoding("utf8").on("data", (text: string) => (this.complaints = (this.complaints + text).slice(-2000)));
        child.stdin.on("error", () => undefined); // The end of the process tells it all.
        void child.then((result) => this.ended(child, result));
        await this.send("qmp_capabilities", {});
    }

    private ended(child: object, result: { code?: string | undefined; exitCode?: number | undefined; signal?: string | undefined }): void {
        if (this.process !== child) return;
        const missing = result.code === "ENOENT" ? "setpriv" : result.exitCode === 127 || /failed to execute/.test(this.complaints) ? "qemu-storage-daemon" : null;
        const how = result.signal ?? `exit code ${result.exitCode}`;
        const error = missing ? missingTool(missing) : new HostError(`qemu-storage-daemon ended by itself (${how}): ${this.complaints.trim() || "it said nothing"}`);
        this.process = null;
        this.ready = null;
        for (const waiter of this.waiting.values()) waiter.reject(error);
        this.waiting.clear();
        for (const wake of this.jobs.values()) wake();
        this.jobs.clear();
    }

    private receive(text: string): void {
        const lines = (this.received + text).split("\n");
        this.received = lines.pop() ?? "";
        for (const line of lines) if (line.trim()) this.handle(JSON.parse(line) as Message);
    }

    private handle(message: Message): void {
        if (message.event === "JOB_STATUS_CHANGE" && message.data?.status === "concluded") this.jobs.get(message.data.id ?? "")?.();
        const waiter = message.id === undefined ? undefined : this.waiting.get(message.id);
        if (message.id === undefined || !waiter) return;
        this.waiting.delete(message.id);
        if (message.error) waiter.reject(new HostError(`qemu-storage-daemon refused: ${message.error.desc}`, { stderr: message.error.desc }));
        else waiter.resolve(message.return);
    }

    private send(execute: string, args: Arguments): Promise<unknown> {
        const id = ++this.sequence;
        return new Promise((resolve, reject) => {
            if (!this.process) return reject(new HostError("qemu-storage-daemon has ended; run again"));
            this.waiting.set(id, { resolve, reject });
            this.process.stdin.write(`${JSON.stringify({ execute, arguments: args, id })}\n`);
        });
    }

    private async command(execute: string, args: Arguments): Promise<unknown> {
        await this.start();
        return this.send(execute, args);
    }

    /** Runs a job to its end. */
    private async job(execute: string, args: Arguments): Promise<void> {
        await this.start();
        const id = `job${++this.sequence}`;
        const concluded = new Promise<void>((resolve) => this.jobs.set(id, resolve));
        try {
            await this.send(execute, { "job-id": id, ...args });
            await concluded;
            // The order of an event and an answer is the daemon's: ask what became of the job before dismissing it.
            const job = ((await this.send("query-jobs", {})) as Job[]).find((j) => j.id === id);
            await this.send("job-dismiss", { id });
            if (job?.error) throw new HostError(`qemu-storage-daemon could not ${execute}: ${job.error}`, { stderr: job.error });
        } finally {
            this.jobs.delete(id);
        }
    }

    /** Makes an empty overlay in a file that is there already. */
    async createOverlay(overlay: NewOverlay): Promise<void> {
        await this.job("blockdev-create", {
            options: {
                driver: "qcow2",
                file: { driver: "file", filename: overlay.file },
                size: overlay.size,
                "backing-file": overlay.backing,
                "backing-fmt": overlay.backingFormat,
            },
        });
    }

    /** Opens a qcow2 image for writing, without its backing files, for as long as the work takes. */
    async withImage<T>(file: string, work: (image: OpenImage) => Promise<T>): Promise<T> {
        const node = `image${++this.sequence}`;
        await this.command("blockdev-add", { driver: "qcow2", "node-name": node, backing: null, file: { driver: "file", filename: file } });
        try {
            return await work({
                takeSnapshot: async (name) => void (await this.command("blockdev-snapshot-internal-sync", { device: node, name })),
                deleteSnapshot: async (name) => void (await this.command("blockdev-snapshot-delete-internal-sync", { device: node, name })),
            });
        } finally {
            if (this.process) await this.command("blockdev-del", { "node-name": node });
        }
    }

    async [Symbol.asyncDispose](): Promise<void> {
        const child = this.process;
        this.process = null;
        this.ready = null;
        if (!child) return;
        child.kill("SIGTERM");
        await child;
    }
}

/** A qcow2 image that the daemon has open. */
export interface OpenImage {
    readonly takeSnapshot: (name: string) => Promise<void>;
    /** By its exact name: a number is not taken for an ID. */
    readonly deleteSnapshot: (name: string) => Promise<void>;
}
