import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { execa } from "execa";
import type { Progress } from "../../../provider/engine";
import type { Order, Work } from "./kill-child";
import type { QemuMachine } from "./machine";

export interface Outcome {
    /** Points that were passed; null where it was killed. */
    readonly points: number | null;
}

/** Runs operations in processes of their own, which may be killed. */
export class Crasher implements AsyncDisposable {
    private constructor(private readonly folder: string) {}

    static async make(): Promise<Crasher> {
        const folder = await mkdtemp(join(tmpdir(), "snaptree-crash-"));
        const outfile = join(folder, "child.js");
        await build({
            entryPoints: [join(__dirname, "kill-child.ts")],
            outfile,
            bundle: true,
            platform: "node",
            target: "node20",
            logLevel: "error",
            conditions: ["import"],
        });
        return new Crasher(folder);
    }

    /** @param after milliseconds after which it is killed wherever it is; absent: at `killAt` or never. */
    async run(
        machine: QemuMachine,
        work: Work,
        killAt: number | null,
        { after, grain = "step" }: { after?: number; grain?: Order["grain"] } = {},
    ): Promise<Outcome> {
        const order: Order = { uri: machine.uri, domain: machine.domain, work, killAt, grain };
        const child = execa("node", [join(this.folder, "child.js"), JSON.stringify(order)], { reject: false });
        const timer = after === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), after);
        const { signal, exitCode, stdout, stderr } = await child;
        clearTimeout(timer);
        if (signal === "SIGKILL") return { points: null };
        if (exitCode !== 0) throw new Error(stderr);
        return { points: Number(stdout) };
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await rm(this.folder, { recursive: true, force: true });
    }
}

/** All that a user can see of a machine: its hierarchy, without what is new at each creation, and every byte of every node. */
export async function look(machine: QemuMachine): Promise<unknown> {
    const { snapshots, branches, ...rest } = await machine.vm.hierarchy();
    const contents = await Promise.all(snapshots.map(({ name }) => machine.snapshot(name)));
    const kept = await Promise.all(branches.map(({ name }) => machine.branch(name)));
    return {
        ...rest,
        tip: await machine.tip(),
        snapshots: snapshots
            .map(({ name, parent, description, state, mode }, i) => ({ name, parent, description, state, mode, holds: contents[i] }))
            .sort(byName),
        branches: branches.map(({ files, ...branch }, i) => ({ ...branch, disks: Object.keys(files), holds: kept[i] })),
    };
}

function byName(a: { name: string }, b: { name: string }): number {
    return a.name < b.name ? -1 : 1;
}

/** A copy with the same times to the nanosecond, which fs.cp does not keep: by them a file is known that nobody wrote to. */
async function copy(from: string, to: string): Promise<void> {
    await execa("cp", ["--archive", "--no-target-directory", "--", from, to]);
}

/** Puts a machine back to what it was, byte for byte. */
export async function savePoint(machine: QemuMachine): Promise<{ restore: () => Promise<void> } & AsyncDisposable> {
    const saved = await mkdtemp(`${machine.temporary}.saved-`);
    await copy(machine.temporary, saved);
    return {
        async restore() {
            await rm(machine.temporary, { recursive: true });
            await copy(saved, machine.temporary);
        },
        [Symbol.asyncDispose]: () => rm(saved, { recursive: true, force: true }),
    };
}

/** The next run: it says what it found, if anything. */
export async function recover(machine: QemuMachine): Promise<"finished" | "taken back" | null> {
    await machine.connect();
    const said: Progress[] = [];
    await machine.vm.apply(await machine.vm.plan({ snapshots: {} }), { onProgress: (progress) => void said.push(progress) });
    const found = said.filter(({ kind }) => kind === "recover");
    expect(found.length).toBeLessThanOrEqual(1);
    const message = found[0]?.message;
    return message === undefined ? null : message.includes("finishing it") ? "finished" : "taken back";
}
