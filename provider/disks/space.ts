import { stat, statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { formatBytes, HostError, quoted } from "../model";
import { allocatedBytes } from "./images";
import { readQcow2 } from "./qcow2";
import type { QemuStep } from "./steps";

/** A file grows by at most so many bytes; negative: it goes, and gives back at least these. */
export interface Growth {
    readonly file: string;
    readonly bytes: number;
}

/** The files as they are before the steps: bytes on the disk, and what stands under overlays. */
export interface Before {
    readonly allocated: ReadonlyMap<string, number>;
    readonly backing: ReadonlyMap<string, string>;
}

function under({ overlay, onto }: { readonly overlay: string; readonly onto: { readonly backing: string } | null }): string | null {
    return onto && resolve(dirname(overlay), onto.backing);
}

/** How files grow, step by step. What is copied from a file is at most what it takes on the disk, with all that came into it before. */
export function growth(steps: readonly QemuStep[], { allocated, backing }: Before): Growth[] {
    const sizes = new Map(allocated);
    const stands = new Map<string, string | null>(backing);
    const found: Growth[] = [];
    const copy = (from: string, to: string) => {
        const bytes = sizes.get(from) ?? 0;
        sizes.set(to, (sizes.get(to) ?? 0) + bytes);
        found.push({ file: to, bytes });
    };
    for (const step of steps) {
        if (step.kind === "pull") {
            copy(resolve(dirname(step.overlay), step.from.backing), step.overlay);
            stands.set(step.overlay, under(step));
        } else if (step.kind === "merge" || step.kind === "commit") copy(step.overlay, stands.get(step.overlay) ?? step.overlay);
        else if (step.kind === "compress") copy(step.from, step.to);
        else if (step.kind === "remove") found.push(...step.files.map((file) => ({ file, bytes: -(allocated.get(file) ?? 0) })));
    }
    return found;
}

/** The files that have to be known for that. */
function sourcesOf(step: QemuStep): readonly string[] {
    switch (step.kind) {
        case "pull":
            return [resolve(dirname(step.overlay), step.from.backing), step.overlay];
        case "merge":
        case "commit":
            return [step.overlay];
        case "compress":
            return [step.from];
        default:
            return [];
    }
}

async function lookedAt(steps: readonly QemuStep[]): Promise<Before> {
    const removed = steps.flatMap((step) => (step.kind === "remove" ? step.files : []));
    const allocated = new Map<string, number>();
    const backing = new Map<string, string>();
    for (const file of new Set([...steps.flatMap(sourcesOf), ...removed])) allocated.set(file, await allocatedBytes(file).catch(() => 0)); // Not there yet.
    for (const step of steps) {
        if (step.kind !== "merge" && step.kind !== "commit") continue;
        const name = await readQcow2(step.overlay).then(
            (header) => header.backing,
            () => null, // The step says better what is wrong with it.
        );
        if (name !== null) backing.set(step.overlay, resolve(dirname(step.overlay), name));
    }
    return { allocated, backing };
}

interface Room {
    readonly device: number;
    /** Bytes; infinite where the file system does not say. */
    readonly free: number;
}

/** The file system that a file is on, or will be. */
async function roomFor(file: string): Promise<Room> {
    const there = await stat(file).then(
        () => file,
        () => dirname(file),
    );
    const { blocks, bavail, bsize } = await statfs(there);
    return { device: (await stat(there)).dev, free: blocks === 0 ? Infinity : bavail * bsize };
}

/** What happens on one file system. */
interface Account extends Room {
    used: number;
    peak: number;
    readonly grown: Map<string, number>;
}

async function accounts(growths: readonly Growth[]): Promise<Account[]> {
    const all = new Map<number, Account>();
    for (const { file, bytes } of growths) {
        const room = await roomFor(file);
        const account = all.get(room.device) ?? { ...room, used: 0, peak: 0, grown: new Map<string, number>() };
        all.set(room.device, account);
        account.used += bytes;
        account.peak = Math.max(account.peak, account.used);
        if (bytes > 0) account.grown.set(file, (account.grown.get(file) ?? 0) + bytes);
    }
    return [...all.values()];
}

/**
 * Refuses what would fill a disk before it is begun: hours into a merge is a bad time to find out.
 *
 * @throws HostError with the file that grows most, how much room is needed, and how much there is.
 */
export async function refuseFullDisks(steps: readonly QemuStep[]): Promise<void> {
    if (!steps.some((step) => sourcesOf(step).length > 0)) return;
    for (const { free, peak, grown } of await accounts(growth(steps, await lookedAt(steps)))) {
        if (peak <= free) continue;
        const [file = "", ...others] = [...grown].sort(([, a], [, b]) => b - a).map(([name]) => name);
        const what = others.length === 0 ? `${quoted(file)} needs` : `${quoted(file)} and ${others.length} more need`;
        throw new HostError(
            `the disk is too full for this: ${what} up to ${formatBytes(peak)}, and there are ${formatBytes(free)} free; nothing was done: make room there and run again`,
            { file, needed: peak, free },
        );
    }
}
