import { BusyError, HostError, InvalidInputError, quoted } from "../../model";
import { type OpenDisk, openDisks, type OpenImage } from "./open-disks";
import { pause } from "./pause";
import { option, type Virsh, VirshError } from "./virsh";

/*
 * Block jobs: what moves between the images of a disk while its guest runs. A job belongs to QEMU: it goes on while libvirtd is away, and ends with the guest,
 * with the chain as it was. Each function here may be called again after it was interrupted, and then goes on from where things are.
 */

/** libvirt's words for a kind of job. */
type Kind = "Block Commit" | "Active Block Commit" | "Block Pull";

/** A block job that is under way. */
export interface BlockJob {
    /** In libvirt's words: `Block Commit`, `Active Block Commit`, `Block Pull`, `Block Copy`, `Backup`. */
    readonly type: string;
    /** From 0 to 1. */
    readonly fraction: number;
    /** It has copied all and waits for its pivot. */
    readonly ready: boolean;
}

export interface JobOptions {
    /** Aborted, the job is ended, and the chain is as it was. */
    readonly signal?: AbortSignal | undefined;
    /** From 0 to 1. */
    readonly onProgress?: ((fraction: number) => void) | undefined;
    /** At most so many bytes a second; default: as fast as it goes. */
    readonly bandwidth?: number;
}

export interface CommitRequest extends JobOptions {
    /** Target of the disk: `vda`. */
    readonly target: string;
    /** The uppermost file whose contents go down; where the guest writes to it, it writes to `base` afterwards. */
    readonly top: string;
    /** The file that takes them. */
    readonly base: string;
}

export interface PullRequest extends JobOptions {
    readonly target: string;
    /** The first file that stays under the one that the guest writes to; null: none does. */
    readonly base: string | null;
}

/** How a job left a disk. */
export interface JobResult {
    /** The files that the disk stands on now, the one that the guest writes to first; null: what is no file. */
    readonly chain: readonly (string | null)[];
    /** Files that this disk stood on when the job began, and doesn't any more. They are left as they are: the job removes none. */
    readonly unused: readonly string[];
}

/** Milliseconds between two looks at a job. */
const LOOK_AGAIN = 100;

/** The job that is under way on a disk; null where none is, or no guest runs. */
export async function jobOf(virsh: Virsh, domain: string, target: string): Promise<BlockJob | null> {
    const raw = await infoOf(virsh, domain, target);
    const field = (name: string) => new RegExp(`^ *${name}=(.*)$`, "m").exec(raw)?.[1];
    const type = field("type");
    if (type === undefined) return null;
    const [at, end] = [Number(field("cur") ?? 0), Number(field("end") ?? 0)];
    // libvirt counts an active job to its end before it is ready.
    const ready = at >= end && ((await openDisks(virsh, domain)) ?? []).some((disk) => disk.target === target && disk.mirror?.ready);
    return { type, fraction: ready ? 1 : end > 0 ? Math.min(at / end, 1) : 0, ready };
}

async function infoOf(virsh: Virsh, domain: string, target: string): Promise<string> {
    try {
        return await virsh.run(["blockjob", option("domain", domain), option("path", target), "--raw"]);
    } catch (error) {
        if (error instanceof VirshError && error.message.includes("domain is not running")) return "";
        throw error;
    }
}

/** Ends the job on a disk, and the chain is as it was. Nothing where there is none. */
export async function abortJob(virsh: Virsh, domain: string, target: string): Promise<void> {
    try {
        await virsh.run(["blockjob", option("domain", domain), option("path", target), "--abort"]);
    } catch (error) {
        // It ended by itself in this moment, with its guest or without.
        if (!(error instanceof VirshError) || (await jobOf(virsh, domain, target))) throw error;
    }
}

/** What a request comes to. */
interface Plan {
    readonly kind: Kind;
    /** What virsh is given to begin it. */
    readonly command: readonly [string, ...string[]];
    /** The chain that is to be there at the end. */
    readonly wanted: readonly OpenImage[];
}

const shown = (chain: readonly OpenImage[]) => chain.map(({ file }) => quoted(file ?? "?")).join(" on ");

const sameChain = (a: readonly OpenImage[], b: readonly OpenImage[]) => a.length === b.length && a.every(({ file }, at) => file === b[at]?.file);

async function diskOf(virsh: Virsh, domain: string, target: string): Promise<OpenDisk> {
    const disks = await openDisks(virsh, domain);
    if (!disks)
        throw new HostError(
            `the guest ${quoted(domain)} does not run, and only a running one has block jobs; one that was under way ended with it: look at what its disks stand on, then go on without`,
        );
    const disk = disks.find((each) => each.target === target);
    if (!disk) throw new InvalidInputError(`${quoted(domain)} has no disk ${quoted(target)}; name one that it has`, "target");
    return disk;
}

function placeOf({ target, chain }: OpenDisk, file: string): number {
    const place = chain.findIndex((image) => image.file === file);
    if (place >= 0) return place;
    throw new InvalidInputError(`the disk ${target} stands on ${shown(chain)}, and not on ${quoted(file)}; look at it again`, target);
}

/** An image as libvirt finds it without comparing paths. */
function named({ target, chain }: OpenDisk, place: number): string {
    const { index, file } = chain[place] as OpenImage;
    return index === null ? (file as string) : `${target}[${index}]`;
}

function limits({ bandwidth }: JobOptions): string[] {
    return bandwidth === undefined ? [] : [option("bandwidth", String(bandwidth)), "--bytes"];
}

function planCommit(domain: string, disk: OpenDisk, request: CommitRequest): Plan {
    const [top, base] = [placeOf(disk, request.top), placeOf(disk, request.base)];
    if (base <= top)
        throw new InvalidInputError(`${quoted(request.base)} is not under ${quoted(request.top)} in the chain of ${disk.target}; name one that is`, "base");
    const from = top === 0 ? ["--active"] : [option("top", named(disk, top))];
    return {
        kind: top === 0 ? "Active Block Commit" : "Block Commit",
        command: ["blockcommit", option("domain", domain), option("path", disk.target), ...from, option("base", named(disk, base)), ...limits(request)],
        wanted: [...disk.chain.slice(0, top), ...disk.chain.slice(base)],
    };
}

function planPull(domain: string, disk: OpenDisk, request: PullRequest): Plan {
    const base = request.base === null ? disk.chain.length : placeOf(disk, request.base);
    if (base === 0)
        throw new InvalidInputError(
            `the guest writes to ${quoted(request.base ?? "")} itself, so nothing can be pulled from above it; name a file under it`,
            "base",
        );
    const from = request.base === null ? [] : [option("base", named(disk, base))];
    return {
        kind: "Block Pull",
        command: ["blockpull", option("domain", domain), option("path", disk.target), ...from, ...limits(request)],
        wanted: [...disk.chain.slice(0, 1), ...disk.chain.slice(base)],
    };
}

function resultOf(before: OpenDisk, chain: readonly OpenImage[], gone: readonly string[] = []): JobResult {
    const files = chain.map(({ file }) => file);
    const all = new Set([...before.chain.map(({ file }) => file), ...gone]);
    return { chain: files, unused: [...all].filter((file) => file !== null && !files.includes(file)) as string[] };
}

/** Waits until the job is through; an active commit is pivoted. */
async function watch(virsh: Virsh, domain: string, target: string, { signal, onProgress }: JobOptions): Promise<void> {
    for (let job = await jobOf(virsh, domain, target); job; job = await jobOf(virsh, domain, target)) {
        onProgress?.(job.fraction);
        if (job.ready) await virsh.alone(["blockjob", option("domain", domain), option("path", target), "--pivot"]);
        else await pause(LOOK_AGAIN, signal);
    }
}

/** Begins a job, unless it was begun before. */
async function begin(virsh: Virsh, domain: string, target: string, { kind, command }: Plan): Promise<void> {
    const other = await jobOf(virsh, domain, target);
    if (!other) {
        await virsh.run(command);
        return;
    }
    if (other.type !== kind)
        throw new BusyError(
            `the disk ${target} of ${quoted(domain)} has a block job already (${other.type}); wait for its end, or end it with “virsh blockjob DOMAIN ${target} --abort”`,
            other.type,
        );
}

async function perform(virsh: Virsh, domain: string, disk: OpenDisk, plan: Plan, options: JobOptions): Promise<JobResult> {
    const { target } = disk;
    const through = async () => {
        const { chain } = await diskOf(virsh, domain, target);
        return sameChain(chain, plan.wanted) ? resultOf(disk, chain) : null;
    };
    try {
        await begin(virsh, domain, target, plan);
    } catch (error) {
        // One that an earlier run began may have come to its end since the disk was looked at.
        const result = error instanceof VirshError ? await through() : null;
        if (!result) throw error;
        return result;
    }
    try {
        await watch(virsh, domain, target, options);
    } catch (error) {
        if (!options.signal?.aborted) throw error;
        await abortJob(virsh, domain, target);
        const result = await through();
        if (!result) throw error;
        return result;
    }
    const result = await through();
    if (result) return result;
    const { chain } = await diskOf(virsh, domain, target);
    throw new HostError(
        `the ${plan.kind} on ${target} of ${quoted(domain)} ended before it was through, and libvirt does not say why; look for a full file system, then run again: the disk stands on ${shown(chain)} as before`,
    );
}

/**
 * Merges the contents of files of a running guest's disk downwards, from `top` to the file above `base` into `base`. Until it is through, the disk stands on
 * what it stood on, but `base` by itself changes: nothing else may stand on it. Done already: nothing happens. A job of that kind that is under way is taken over.
 *
 * @throws InvalidInputError where the disk doesn't stand on these files; BusyError where another job is under way; HostError where it ended early; VirshError in
 *   libvirt's words; the signal's reason when it is aborted before the end.
 * @example
 * ```ts
 * const { unused } = await blockCommit(virsh, uuid, { target: "vda", top: "/vms/leaf.qcow2", base: "/vms/base.qcow2", onProgress });
 * ```
 */
export async function blockCommit(virsh: Virsh, domain: string, request: CommitRequest): Promise<JobResult> {
    request.signal?.throwIfAborted();
    const disk = await diskOf(virsh, domain, request.target);
    const has = (file: string) => disk.chain.some((image) => image.file === file);
    if (has(request.base) && !has(request.top)) return resultOf(disk, disk.chain, [request.top]);
    return perform(virsh, domain, disk, planCommit(domain, disk, request), request);
}

/**
 * Copies what files of a running guest's disk hold into the file that the guest writes to, so that it stands on `base` directly. The files are not changed. Done
 * already: nothing happens. A job of that kind that is under way is taken over.
 *
 * @throws as {@link blockCommit} does.
 * @example await blockPull(virsh, uuid, { target: "vda", base: null })
 */
export async function blockPull(virsh: Virsh, domain: string, request: PullRequest): Promise<JobResult> {
    request.signal?.throwIfAborted();
    const disk = await diskOf(virsh, domain, request.target);
    const plan = planPull(domain, disk, request);
    if (sameChain(disk.chain, plan.wanted)) return resultOf(disk, disk.chain);
    return perform(virsh, domain, disk, plan, request);
}
