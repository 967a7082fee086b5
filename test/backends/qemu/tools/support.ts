import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";

const CHECKOUT = resolve(__dirname, "../../../..");

/** A folder for one test file, removed at its end. */
export function workFolder(): string {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), "snaptree-tools-")));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));
    return folder;
}

/** QEMU's own tool, as the independent eye. */
export function qemuImg(...args: string[]): string {
    return execFileSync("qemu-img", args, { encoding: "utf8" });
}

export function qemuIo(file: string, ...commands: string[]): string {
    return execFileSync("qemu-io", ["-f", "qcow2", ...commands.flatMap((command) => ["-c", command]), file], { encoding: "utf8" });
}

/** A program of its own, as a user would have it: `source` may import from `provider/…`. */
export class Program {
    output = "";
    readonly ended: Promise<number | string>;
    private readonly child: ChildProcess;

    constructor(folder: string, source: string, env: NodeJS.ProcessEnv = {}) {
        const file = join(folder, `program-${process.hrtime.bigint()}.mts`);
        writeFileSync(
            file,
            source.replaceAll(/from "(provider\/[^"]+)"/g, (_, path: string) => `from ${JSON.stringify(join(CHECKOUT, path))}`),
        );
        const node = ["--conditions=import", "--import", join(CHECKOUT, "node_modules/tsx/dist/loader.mjs"), file];
        this.child = spawn(process.execPath, node, { cwd: CHECKOUT, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
        for (const stream of [this.child.stdout, this.child.stderr]) stream?.setEncoding("utf8").on("data", (text: string) => (this.output += text));
        this.ended = once(this.child, "close").then(([code, signal]) => (code ?? signal) as number | string);
    }

    get pid(): number {
        return this.child.pid ?? 0;
    }

    /** Waits until it has printed something. */
    async says(what: RegExp): Promise<RegExpExecArray> {
        return eventually(() => {
            const match = what.exec(this.output);
            if (!match && this.child.exitCode !== null) throw new Error(`the program ended without saying ${what}: ${this.output}`);
            return match;
        });
    }

    kill(): void {
        this.child.kill("SIGKILL");
    }
}

/** Waits for something to become true; how long, in seconds. */
export async function eventually<T>(look: () => T | null | false | undefined, seconds = 20): Promise<T> {
    const end = Date.now() + seconds * 1000;
    for (;;) {
        const seen = look();
        if (seen) return seen;
        if (Date.now() > end) throw new Error(`waited ${seconds} s for ${String(look)}`);
        await setTimeout(20);
    }
}

/** Alive, and no zombie that waits for its parent. */
export function alive(pid: number): boolean {
    if (!existsSync(`/proc/${pid}/stat`)) return false;
    try {
        return !/\) [ZX] /.test(execFileSync("cat", [`/proc/${pid}/stat`], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
    } catch {
        return false;
    }
}

/** A PATH on which only these tools are. */
export function pathOf(folder: string, ...tools: string[]): string {
    const bin = mkdtempSync(join(folder, "bin-"));
    for (const tool of tools) execFileSync("ln", ["-s", execFileSync("which", [tool], { encoding: "utf8" }).trim(), join(bin, tool)]);
    return bin;
}

/** Runs with another PATH. */
export async function withPath<T>(path: string, work: () => Promise<T>): Promise<T> {
    const before = process.env.PATH;
    process.env.PATH = path;
    try {
        return await work();
    } finally {
        process.env.PATH = before;
    }
}
