import { existsSync } from "node:fs";
import { copyFile, open, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { AlreadyExistsError, HostError, quoted, tipSnapshotName } from "../model";
import { parseDomain, parseXml } from "../xml";
import type { ProvisionStep, Step, StepContext } from "../backends/backend";
import { readIfThere, removeFile, replaceFile, syncFile, syncFolder, writeNewFile } from "./files";
import { afterTools, refuseOpenImages } from "./holders";
import type { Images } from "./images";
import { readQcow2 } from "./qcow2";
import { checksum, stampOf } from "./stamps";
import type { NewOverlay } from "./storage-daemon";

/** Makes empty overlays. */
export interface OverlaysStep extends Step {
    readonly kind: "overlays";
    readonly overlays: readonly NewOverlay[];
}

/** Writes a compressed copy of an overlay's own clusters. */
export interface CompressStep extends Step {
    readonly kind: "compress";
    readonly from: string;
    readonly to: string;
    readonly type: string;
    readonly backing: string;
    readonly backingFormat: string;
}

/** Takes internal snapshots, of all images or of none. */
export interface TakeStep extends Step {
    readonly kind: "take";
    readonly files: readonly string[];
    readonly tags: readonly string[];
    /** A file that is made once none of the images is found to hold such a tag: until then, one that is there is somebody else's. */
    readonly begun?: string;
}

/** The tip becomes what an internal snapshot holds; undone, what another one holds. */
export interface ApplyStep extends Step {
    readonly kind: "apply";
    readonly files: readonly string[];
    readonly tag: string;
    readonly undo: string | null;
    /** Commands write to the images next, so that what they hold afterwards tells nothing. */
    readonly open?: boolean;
    /** File to its tip's mapping when this was decided. */
    readonly from?: Readonly<Record<string, string>>;
    /** A file that is made once all are applied: from then on what the images hold is the domain's, and a run that goes on with this leaves it alone. */
    readonly done?: string;
}

/** Deletes internal snapshots. */
export interface DropStep extends Step {
    readonly kind: "drop";
    readonly files: readonly string[];
    readonly tags: readonly string[];
    /** A file that is made once all are deleted: what has such a name afterwards got it since. */
    readonly done?: string;
}

/** Gives internal snapshots other names. Of the old and the new ones, none is the same. */
export interface RetagStep extends Step {
    readonly kind: "retag";
    readonly files: readonly string[];
    /** Old name to new one. */
    readonly names: Readonly<Record<string, string>>;
    /** A file that is made once all have them: what has such an old name afterwards got it since. */
    readonly done?: string;
}

/** Copies into `overlay` what `from` holds, and puts it on `from`'s own backing file. */
export interface PullStep extends Step {
    readonly kind: "pull";
    readonly overlay: string;
    readonly from: { readonly backing: string; readonly format: string };
    readonly onto: { readonly backing: string; readonly format: string } | null;
}

/** Writes what `overlay` holds into the file under it. */
export interface CommitStep extends Step {
    readonly kind: "commit";
    readonly overlay: string;
    /** The file under it, where a running guest may carry this out. */
    readonly into?: string;
    /** Files that stand on the overlay when this is decided. */
    readonly above?: readonly string[];
}

/** Writes what a leaf holds into the file under it, before the commit: the leaf reads the same all the while, whether that is carried out, cut short or repeated. */
export interface MergeStep extends Step {
    readonly kind: "merge";
    readonly overlay: string;
}

/** Marks a snapshot into whose file a leaf is about to be merged; the commit takes the mark away. */
export interface MarkStep extends Step {
    readonly kind: "mark";
    readonly snapshot: string;
}

/** Puts an overlay on another file of the same contents. */
export interface PointStep extends Step {
    readonly kind: "point";
    readonly overlay: string;
    readonly backing: string;
    readonly format: string;
}

/** Writes the domain's document. */
export interface DomainStep extends Step {
    readonly kind: "domain";
    readonly file: string;
    readonly xml: string;
    /** Checksum of what it takes the place of. */
    readonly from?: string;
}

/** Documents and copies that the commit writes: named here so that undoing removes them. */
export interface DocumentsStep extends Step {
    readonly kind: "documents";
    readonly files: readonly string[];
}

export interface CopyStep extends Step {
    readonly kind: "copy";
    /** Null: what is copied was not there, so the file goes. */
    readonly from: string | null;
    readonly to: string;
    /** A file that is made once it is copied: from then on the guest writes there, and a run that goes on with this leaves it alone. */
    readonly done?: string;
}

export interface RemoveStep extends Step {
    readonly kind: "remove";
    readonly files: readonly string[];
    /** Files as they were when this was decided. One that was written since holds what nobody agreed to lose, and stays. */
    readonly stamps?: Readonly<Record<string, string>>;
}

export type QemuStep =
    | OverlaysStep
    | CompressStep
    | TakeStep
    | ApplyStep
    | DropStep
    | RetagStep
    | PullStep
    | CommitStep
    | MergeStep
    | MarkStep
    | PointStep
    | DocumentsStep
    | DomainStep
    | CopyStep
    | RemoveStep
    | ProvisionStep;

/** Takes into the records what images hold under a tag, so that it is somebody's. */
export type Keep = (files: readonly string[], tag: string) => Promise<void>;

/** Carries out one step; repeating one that was interrupted is safe. */
export async function perform(images: Images, step: QemuStep, context: StepContext, keep: Keep): Promise<void> {
    const done = typeof step.done === "string" ? step.done : null;
    // The run that was interrupted carried it out: what has changed since is somebody's.
    if (context.again && done !== null && existsSync(done)) return;
    if (context.again) await repair(images, step);
    await performOne(images, step, context, keep);
    if (done !== null) await mark(done);
}

async function performOne(images: Images, step: QemuStep, context: StepContext, keep: Keep): Promise<void> {
    switch (step.kind) {
        case "overlays":
            await images.createOverlays(step.overlays);
            return syncFolders(step.overlays.map(({ file }) => file));
        case "compress":
            await images.compress(step.from, step.to, step.type, step.backing, step.backingFormat, context);
            return syncFolders([step.to]);
        case "take":
            return take(images, step);
        case "apply":
            return apply(images, step, context.again, keep);
        case "drop":
            for (const file of step.files) await images.deleteSnapshots(file, step.tags);
            return;
        case "retag":
            for (const file of step.files) await images.renameSnapshots(file, step.names);
            return;
        case "pull":
            return images.pull(step.overlay, step.onto?.backing ?? null, step.onto?.format ?? null, context);
        case "commit":
            // It is removed right after: gone, it was merged, and what the domain wrote below it since must stay.
            return existsSync(step.overlay) ? images.commit(step.overlay, context) : undefined;
        case "merge":
            return images.commit(step.overlay, context);
        case "point":
            return images.point(step.overlay, step.backing, step.format);
        case "domain":
            return replaceDomain(step);
        case "copy":
            return step.from === null ? removeFile(step.to) : replaceByCopy(step.from, step.to);
        case "remove":
            for (const file of step.files) if (!(await writtenSince(file, step))) await removeFile(file);
            return;
        case "documents": // The commit writes them.
        case "mark": // The domain keeps the records.
            return;
        case "provision":
            return settleProvisioned(step);
    }
}

/** What the engine's commands wrote is kept: nobody goes on writing, and it is on the disk. */
async function settleProvisioned({ files }: ProvisionStep): Promise<void> {
    const images = Object.values(files);
    await refuseOpenImages({ frozen: images, altered: [] });
    for (const file of images) await syncFile(file);
}

async function take(images: Images, { files, tags, begun }: TakeStep): Promise<void> {
    for (const file of files) {
        const stranger = (await readQcow2(file)).snapshots.find(({ name }) => tags.includes(name));
        if (stranger) {
            throw new AlreadyExistsError(
                `somebody else took an internal snapshot ${quoted(stranger.name)} in the image ${quoted(file)} meanwhile; choose another name, or delete it there`,
            );
        }
    }
    if (begun !== undefined) await mark(begun);
    for (const file of files) await images.takeSnapshots(file, tags);
}

async function dropTaken(images: Images, { files, tags, begun }: TakeStep): Promise<void> {
    if (begun !== undefined && !existsSync(begun)) return;
    for (const file of files) await images.deleteSnapshots(file, tags);
    if (begun !== undefined) await removeFile(begun);
}

async function apply(images: Images, step: ApplyStep, again: boolean, keep: Keep): Promise<void> {
    if (again) await rescue(images, step, keep);
    for (const file of step.files) await images.applySnapshot(file, step.tag);
}

/** What was written since this was interrupted, and nobody decided about, is kept. */
async function rescue(images: Images, step: ApplyStep, keep: Keep): Promise<void> {
    const moved = await Promise.all(step.files.map((file) => movedOn(file, step)));
    if (!moved.includes(true)) return;
    await keepWritten(images, step.files, keep);
}

/** An image that holds neither what it did when this was decided nor what it is to hold: somebody wrote to it since it was interrupted. */
async function movedOn(file: string, { tag, from }: ApplyStep): Promise<boolean> {
    if (from === undefined) return false;
    const { mapping, unchanged } = await readQcow2(file, tag);
    return mapping !== from[file] && !unchanged;
}

async function mark(file: string): Promise<void> {
    await writeNewFile(file, "");
    await syncFolder(dirname(file));
}

async function writtenSince(file: string, { stamps }: RemoveStep): Promise<boolean> {
    const stamp = stamps?.[file];
    return stamp !== undefined && (await stampOf(file)) !== stamp;
}

/** What somebody wrote there since this was decided is not written over: once its disks are right, it is as good. */
async function replaceDomain({ file, xml, from }: DomainStep): Promise<void> {
    const found = await readIfThere(file);
    if (found !== null && found !== xml && from !== undefined && checksum(found) !== from) {
        const [wanted, there] = [parseDomain(parseXml(xml)).disks, parseDomain(parseXml(found)).disks];
        const isSame = wanted.length === there.length && wanted.every((disk, i) => disk.target === there[i]?.target && disk.file === there[i].file);
        if (isSame) return;
        const shown = wanted.map((disk) => `${disk.target} on ${quoted(disk.file ?? "")}`).join(", ");
        throw new HostError(
            `${quoted(file)} was changed by somebody else since, so it is not written over; put its disks where they belong (${shown}), and run again`,
            { file },
        );
    }
    await replaceFile(file, xml);
}

/** QEMU changes an image so that a kill leaves clusters without an owner at worst. */
async function repair(images: Images, step: QemuStep): Promise<void> {
    for (const file of await changedBy(images, step)) if (existsSync(file)) await afterTools(file, () => images.repairLeaks(file));
}

/** The images that a step leaves other than it found them. */
export function writtenBy(step: QemuStep): readonly string[] {
    switch (step.kind) {
        case "take":
        case "apply":
        case "drop":
        case "retag":
            return step.files;
        case "pull":
        case "point":
        case "commit":
            return [step.overlay];
        case "compress":
            return [step.to];
        case "provision":
            return Object.values(step.files);
        default:
            return [];
    }
}

/** The images that a step changes and that outlast it. */
async function changedBy(images: Images, step: QemuStep): Promise<readonly string[]> {
    if (step.kind === "commit" || step.kind === "merge") {
        return existsSync(step.overlay) ? [(await images.info(step.overlay, "qcow2")).backing ?? step.overlay] : [];
    }
    return step.kind === "compress" || step.kind === "provision" ? [] : writtenBy(step);
}

/** Takes back one step of a preparation, whether it was carried out, half carried out, or not at all. */
export async function undo(images: Images, step: QemuStep, keep: Keep): Promise<void> {
    await repair(images, step);
    switch (step.kind) {
        case "overlays":
            for (const overlay of step.overlays) if (await made(overlay)) await removeFile(overlay.file);
            return;
        case "documents":
            for (const file of step.files) await removeFile(file);
            return;
        case "compress":
            return removeFile(step.to);
        case "take":
            return dropTaken(images, step);
        case "apply":
            return takeBackApplied(images, step, keep);
        case "merge": // What was written under the leaf is what the leaf holds, and stays; so does the mark, until it is run again to its end.
        case "mark":
            return;
        case "pull":
            // What was copied stays, and is the same as what stands under it.
            return images.point(step.overlay, step.from.backing, step.from.format);
        case "provision":
            // Commands that outlived the run which began them would write into what is taken back.
            return refuseOpenImages({ frozen: Object.values(step.files), altered: [] });
        default:
            throw new HostError(`a step of the kind ${step.kind} can't be taken back`, { step: step.kind });
    }
}

async function takeBackApplied(images: Images, { files, tag, undo, open }: ApplyStep, keep: Keep): Promise<void> {
    if (undo === null) throw new HostError("this step can't be taken back", { step: "apply" });
    const applied = await filtered(files, (file) => holds(file, undo));
    // Neither what was there nor what was applied: somebody wrote to it since this was interrupted.
    const written = await filtered(applied, async (file) => !(await readQcow2(file, undo)).unchanged && !(await readQcow2(file, tag)).unchanged);
    if (written.length > 0 && !open) await keepWritten(images, files, keep);
    for (const file of applied) await images.applySnapshot(file, undo);
}

async function filtered(files: readonly string[], test: (file: string) => Promise<boolean>): Promise<string[]> {
    const kept = await Promise.all(files.map(test));
    return files.filter((_, i) => kept[i]);
}

async function keepWritten(images: Images, files: readonly string[], keep: Keep): Promise<void> {
    const tag = tipSnapshotName(`rescued-${Date.now()}`);
    for (const file of files) await images.takeSnapshots(file, [tag]);
    await keep(files, tag);
}

/** Where the way back was not taken yet, or has served already, nothing was applied, or it has been taken back. */
async function holds(file: string, tag: string): Promise<boolean> {
    return (await readQcow2(file)).snapshots.some(({ name }) => name === tag);
}

/** The file is the overlay that the step makes, at whatever point that was interrupted. Another one came in between, and is somebody else's. */
async function made({ file, backing }: NewOverlay): Promise<boolean> {
    const size = await stat(file).then(
        (found) => found.size,
        () => null,
    );
    if (size === null || size === 0) return size === 0;
    const header = await readQcow2(file).catch(() => null);
    if (header === null) return beginsAsQcow2(file); // Cut short: nobody but us was still at it.
    return header.backing === backing || (header.backing === null && !header.allocated);
}

async function beginsAsQcow2(file: string): Promise<boolean> {
    await using handle = await open(file, "r");
    const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.toString("latin1") === "QFI\xfb";
}

async function syncFolders(files: readonly string[]): Promise<void> {
    for (const folder of new Set(files.map((file) => dirname(file)))) await syncFolder(folder);
}

async function replaceByCopy(from: string, to: string): Promise<void> {
    await copyFile(from, `${to}.new`);
    await syncFile(`${to}.new`);
    await rename(`${to}.new`, to);
    await syncFolder(dirname(to));
}
