import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { execa, execaSync } from "execa";
import type { Progress } from "../../../provider/engine";
import { type Bundle, bundle } from "./bundle";
import type { Order } from "./kill-child";
import type { Machine } from "../../conformance/bench";
import { carryOut, type Work } from "./work";

/** What a machine was, to be brought back. */
export interface Saved extends AsyncDisposable {
    /** Byte for byte. */
    restore(): Promise<void>;
}

/** A machine that processes of their own can work on, and that can be put back to what it was. */
export interface Crashable extends Machine {
    readonly uri: string;
    readonly domain: string;
    /** Where the domain's overlays are. */
    readonly folder: string;
    /** From now on a file must stay as it is. */
    seal(file: string): Promise<void>;
    /** A new connection: nothing that an earlier one remembered helps. */
    connect(): Promise<void>;
    /** At once, waiting for nobody: what is there in this moment. */
    save(): Saved;
}

export interface Outcome {
    /** Points that were passed; null where it was killed. */
    readonly points: number | null;
}

/** Runs operations in processes of their own, which may be killed. */
export class Crasher implements AsyncDisposable {
    private constructor(private readonly child: Bundle) {}

    static async make(): Promise<Crasher> {
        return new Crasher(await bundle("kill-child.ts"));
    }

    /** @param after milliseconds after which it is killed wherever it is; absent: at `killAt` or never. */
    async run(
        machine: Crashable,
        work: Work,
        killAt: number | null,
        { after, grain = "step" }: { after?: number; grain?: Order["grain"] } = {},
    ): Promise<Outcome> {
        const order: Order = { uri: machine.uri, domain: machine.domain, work, killAt, grain };
        const child = execa("node", [this.child.file, JSON.stringify(order)], { reject: false });
        const timer = after === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), after);
        const { signal, exitCode, stdout, stderr } = await child;
        clearTimeout(timer);
        if (signal === "SIGKILL") return { points: null };
        if (exitCode !== 0) throw new Error(stderr);
        return { points: Number(stdout) };
    }

    [Symbol.asyncDispose](): PromiseLike<void> {
        return this.child[Symbol.asyncDispose]();
    }
}

/** All that a user can see of a machine: its hierarchy, without what is new at each creation, and every byte of every node. */
export async function look(machine: Crashable) {
    const { snapshots, branches, ...rest } = await machine.vm.hierarchy();
    const contents = await Promise.all(snapshots.map(({ name }) => machine.snapshot(name)));
    const kept = await Promise.all(branches.map(({ name }) => machine.branch(name)));
    return {
        ...rest,
        tip: await machine.tip(),
        snapshots: snapshots
            .map(({ name, parent, description, state, mode, committing }, i) => {
                return { name, parent, description, state, mode, committing, holds: committing ? null : (contents[i] ?? null) };
            })
            .sort(byName),
        branches: branches.map(({ files, ...branch }, i) => ({ ...branch, disks: Object.keys(files), holds: kept[i] })),
    };
}

export type Look = Awaited<ReturnType<typeof look>>;

/** A commit was interrupted: what its snapshot holds is neither the old nor the new, and nothing else is other than it was. */
export function isCommitting({ snapshots }: Look): boolean {
    return snapshots.some(({ committing }) => committing);
}

/** Which of several looks one is like, where a commit that was interrupted makes no difference; -1: none. */
export function placeOf(found: Look, stages: readonly Look[]): number {
    const marked = new Set(found.snapshots.filter(({ committing }) => committing).map(({ name }) => name));
    const snapshots = (stage: Look) =>
        stage.snapshots.map((snapshot) => (marked.has(snapshot.name) ? { ...snapshot, committing: true, holds: null } : snapshot));
    return stages.findIndex((stage) => isDeepStrictEqual({ ...stage, snapshots: snapshots(stage) }, found));
}

function byName(a: { name: string }, b: { name: string }): number {
    return a.name < b.name ? -1 : 1;
}

/** A copy with the same times to the nanosecond, which fs.cp does not keep: by them a file is known that nobody wrote to. */
function copy(from: string, to: string): void {
    execaSync("cp", ["--archive", "--no-target-directory", "--", from, to]);
}

/** A folder as it is now. */
export function saveFolder(folder: string): Saved {
    const saved = mkdtempSync(`${folder}.saved-`);
    copy(folder, saved);
    return {
        async restore() {
            await rm(folder, { recursive: true });
            copy(saved, folder);
        },
        [Symbol.asyncDispose]: () => rm(saved, { recursive: true, force: true }),
    };
}

/** Carries out an operation, and tells what there was to see before it and after each of its transactions. */
export async function stagesOf(machine: Crashable, work: Work): Promise<Look[]> {
    const stages = [await look(machine)];
    const passed: Saved[] = [];
    try {
        // Whoever is told waits for nobody, so what is there in that moment is set aside.
        const onProgress = ({ kind }: Progress) => void (kind === "done" && passed.push(machine.save()));
        await carryOut(machine.vm, work, { onProgress });
        for (const saved of passed) {
            await saved.restore();
            const stage = await look(machine);
            if (!isDeepStrictEqual(stage, stages.at(-1))) stages.push(stage);
        }
    } finally {
        for (const saved of passed) await saved[Symbol.asyncDispose]();
    }
    return stages;
}

/** The next run: it says what it found, if anything. */
export async function recover(machine: Crashable): Promise<"finished" | "taken back" | null> {
    await machine.connect();
    const said: Progress[] = [];
    await machine.vm.apply(await machine.vm.plan({ snapshots: {} }), { onProgress: (progress) => void said.push(progress) });
    const found = said.filter(({ kind }) => kind === "recover");
    expect(found.length).toBeLessThanOrEqual(1);
    const message = found[0]?.message;
    return message === undefined ? null : message.includes("finishing it") ? "finished" : "taken back";
}
