import { BusyError, HostError, quoted } from "../../model";
import { realFile } from "../../disks/chain";
import { isThere } from "../../disks/files";
import type { Use } from "../../disks/holders";
import { type CommitStep, type DropStep, type PointStep, type PullStep, type QemuStep, type RemoveStep, writtenBy } from "../../disks/steps";
import type { Step, StepContext } from "../backend";
import type { Headers } from "./graph";
import { abortJob, blockCommit, blockPull, jobOf } from "./jobs";
import { deleteSnapshot } from "./native";
import { type OpenDisk, openDisks, openFiles } from "./open-disks";
import { option, type Virsh } from "./virsh";

/*
 * Steps on images that the domain's own guest has open. QEMU's tools must not touch these: QEMU itself does what the step says, by a block job. Which of the
 * two a step needs is decided when it is carried out, since the guest may have ended, or an interrupted run is gone on with, by then.
 */

/** How a guest that runs has an image open: it writes to it, or the image stands under what it writes to. */
export function openIn(disks: readonly OpenDisk[]): (file: string) => "written" | "inner" | null {
    return (file) => {
        const place = Math.max(...disks.map(({ chain }) => chain.findIndex((image) => image.file === file)));
        return place < 0 ? null : place === 0 ? "written" : "inner";
    };
}

/** Files that no guest has open any more when their turn comes to be removed: what is merged out of a chain leaves it. */
function leftBy(steps: readonly QemuStep[]): Set<string> {
    return new Set(steps.flatMap((step) => (step.kind === "commit" ? [step.overlay] : step.kind === "pull" ? [step.from.backing] : [])));
}

/** The open images that a step writes or removes otherwise than by a job. */
function touched(step: QemuStep, open: ReadonlySet<string>, left: ReadonlySet<string>, deletable: ReadonlySet<string>): string[] {
    if (step.kind === "pull" || step.kind === "commit" || step.kind === "point") return [];
    if (step.kind === "drop" && step.tags.every((tag) => deletable.has(tag))) return [];
    const files = step.kind === "remove" ? step.files.filter((file) => !left.has(file)) : step.kind === "merge" ? [step.overlay] : writtenBy(step);
    return files.filter((file) => open.has(file));
}

/** What the guest that runs in a domain has to do with steps. */
export interface Runs {
    readonly name: string;
    readonly uuid: string;
    readonly disks: readonly OpenDisk[];
    /** Names of libvirt's own snapshots that go, and that it can delete from images while their guest runs. */
    readonly deletable: ReadonlySet<string>;
}

/**
 * The use of images when those that only jobs touch are the guest's own to have open.
 *
 * @throws BusyError where QEMU can't do it while the guest runs
 */
export function sparing(use: Use, { name, uuid, disks, deletable }: Runs, steps: readonly QemuStep[]): Use {
    const open = openFiles(disks);
    const left = leftBy(steps);
    const written = use.frozen.filter((file) => openIn(disks)(file) === "written");
    const [image] = [...written, ...steps.flatMap((step) => touched(step, open, left, deletable))];
    if (image !== undefined)
        throw new BusyError(`the guest ${quoted(name)} has ${quoted(image)} open, and QEMU can't do this while it runs; shut the domain down, and run again`);
    return { ...use, own: { images: use.altered.filter((file) => open.has(file)), uuid } };
}

/** What carrying out steps under a guest needs. */
export interface Beneath {
    readonly virsh: Virsh;
    readonly uuid: string;
    readonly headers: Headers;
    /** Disk target to the file that the domain starts with next. */
    readonly tip: () => Promise<Readonly<Record<string, string>>>;
}

function chainWith(disks: readonly OpenDisk[], file: string): OpenDisk | undefined {
    return disks.find(({ chain }) => chain.some((image) => image.file === file));
}

function under({ chain }: OpenDisk, file: string): string | null {
    return chain[chain.findIndex((image) => image.file === file) + 1]?.file ?? null;
}

/** Carries out a step on what the guest has open; false where it hasn't, so that QEMU's tools can. */
export async function performUnder(beneath: Beneath, step: Step, context: StepContext): Promise<boolean> {
    const { virsh, uuid } = beneath;
    const own = step as QemuStep;
    if (own.kind !== "pull" && own.kind !== "commit" && own.kind !== "point" && own.kind !== "drop" && own.kind !== "remove") return false;
    const disks = (await openDisks(virsh, uuid)) ?? [];
    switch (own.kind) {
        case "pull":
            return pull(beneath, disks, own, context);
        case "commit":
            return commit(beneath, disks, own, context);
        case "point":
            return pointed(disks, own);
        case "drop":
            return drop(beneath, disks, own);
        case "remove":
            return refuseOpen(disks, own);
    }
}

async function pull({ virsh, uuid }: Beneath, disks: readonly OpenDisk[], { overlay, onto }: PullStep, { signal, onProgress }: StepContext): Promise<boolean> {
    const disk = chainWith(disks, overlay);
    if (!disk) return false;
    await blockPull(virsh, uuid, { target: disk.target, base: onto?.backing ?? null, signal, onProgress });
    return true;
}

async function commit(
    { virsh, uuid, headers, tip }: Beneath,
    disks: readonly OpenDisk[],
    { overlay, into, above = [] }: CommitStep,
    { signal, onProgress }: StepContext,
): Promise<boolean> {
    if (into === undefined || !(await isThere(overlay))) return false;
    const disk = chainWith(disks, overlay);
    if (disk) {
        refuseMoved(disk, overlay, into);
        await blockCommit(virsh, uuid, { target: disk.target, top: overlay, base: into, signal, onProgress });
        return true;
    }
    // Done already: from then on the overlay is old, and what it holds must not be written down again.
    if (Object.values(await tip()).includes(into) || disks.some(({ chain }) => chain[0]?.file === into)) return true;
    const found = await Promise.all(above.map((file) => headers.under(file, new Set([into, overlay]))));
    return found.includes(into);
}

/** Whatever stands in the guest's chain has been pointed by the job itself. */
function pointed(disks: readonly OpenDisk[], { overlay, backing }: PointStep): boolean {
    const disk = chainWith(disks, overlay);
    if (disk) refuseMoved(disk, overlay, backing);
    return disk !== undefined;
}

function refuseMoved(disk: OpenDisk, overlay: string, backing: string): void {
    const found = under(disk, overlay);
    if (found === backing) return;
    throw new HostError(
        `the guest has ${quoted(overlay)} on ${quoted(found ?? "nothing")}, and it belongs on ${quoted(backing)}; shut the domain down, and run again`,
        { overlay },
    );
}

/** libvirt's own snapshots go by libvirt itself, which has QEMU take them out of all images. */
async function drop({ virsh, uuid }: Beneath, disks: readonly OpenDisk[], { files, tags }: DropStep): Promise<boolean> {
    const open = openFiles(disks);
    if (!files.some((file) => open.has(file))) return false;
    const there = new Set((await virsh.run(["snapshot-list", option("domain", uuid), "--name"])).split("\n"));
    for (const tag of tags) if (there.has(tag)) await deleteSnapshot(virsh, uuid, tag);
    return true;
}

async function refuseOpen(disks: readonly OpenDisk[], { files }: RemoveStep): Promise<false> {
    const open = openFiles(disks);
    for (const file of files)
        if (open.has(file) || open.has(await realFile(file)))
            throw new HostError(`the guest has ${quoted(file)} open still, so it is not removed; shut the domain down, and run again`, { file });
    return false;
}

/** Takes back a pull under a guest: what was copied stays, and is what stood under it. False where no guest has the overlay open. */
export async function undoUnder({ virsh, uuid }: Beneath, step: Step): Promise<boolean> {
    if (step.kind !== "pull") return false;
    const { overlay } = step as PullStep;
    const disk = chainWith((await openDisks(virsh, uuid)) ?? [], overlay);
    if (!disk) return false;
    if ((await jobOf(virsh, uuid, disk.target))?.type === "Block Pull") await abortJob(virsh, uuid, disk.target);
    return true;
}
