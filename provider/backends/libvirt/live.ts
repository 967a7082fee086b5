import { existsSync } from "node:fs";
import { AlreadyExistsError, BusyError, type CreateOperation, type Mode, quoted, UnsupportedError } from "../../model";
import type { SnapshotDisk } from "../../xml";
import type { Draft, NewFile } from "../../disks/draft";
import { participants } from "../../disks/compile/disks";
import type { World } from "../../disks/compile";
import { modeOfAll, refuseMixed } from "../../disks/compile/mixed";
import type { Files, ImageRecord, Records } from "../../disks/records";
import { BACKEND } from "./capabilities";
import type { NewSnapshot } from "./native";
import type { Seen } from "./seen";

/*
 * Snapshots of a guest that runs are taken by libvirt itself: only QEMU has its memory, and its disks in the same instant.
 */

/** Names under which every QEMU keeps a guest's memory in its image. */
const FIT_FOR_IMAGES = /^[-\w.]+$/;

/** QEMU can keep the guest whole in its images: each is qcow2, and no firmware variables are, which are raw. */
function fitsImages(draft: Draft, name: string): boolean {
    const { disks, nvram } = draft.domain();
    return nvram === null && FIT_FOR_IMAGES.test(name) && disks.every(({ device, readonly, format }) => device !== "disk" || readonly || format === "qcow2");
}

function modeOf(draft: Draft, operation: CreateOperation): Mode {
    refuseMixed(draft, operation);
    const own = modeOfAll(draft.snapshots);
    const external = operation.diskOnly === true || operation.memoryFile !== undefined;
    const mode = operation.mode ?? (external ? "external" : (own ?? (fitsImages(draft, operation.name) ? "internal" : "external")));
    if (own !== null && own !== mode)
        throw new UnsupportedError(BACKEND, `${mode} snapshots in a hierarchy of ${own} ones`, `the two are not mixed: leave mode out, or ask for ${own}`);
    return mode;
}

function refuse(operation: CreateOperation): void {
    if (operation.compression !== undefined)
        throw new UnsupportedError(BACKEND, "compression of what a running guest writes to", "leave it out, or shut the domain down first");
    if (operation.replace) throw new UnsupportedError(BACKEND, "replacing a snapshot while the guest runs", "delete it first, or shut the domain down");
}

/** The disks of the snapshot, as libvirt is told of them; those that are left out too. */
function disksOf(draft: Draft, operation: CreateOperation, mode: Mode): SnapshotDisk[] {
    const parts = new Map(participants(draft, operation, mode).map((part) => [part.target, part]));
    return draft.domain().disks.map(({ target, device, readonly }) => {
        const part = parts.get(target);
        if (!part || device !== "disk" || readonly) return { name: target, snapshot: "no", type: "file", file: null, driver: null };
        if (mode === "internal") return { name: target, snapshot: mode, type: "file", file: null, driver: null };
        return { name: target, snapshot: mode, type: "file", file: part.overlay ?? draft.allocate(target, "qcow2", part.file), driver: "qcow2" };
    });
}

/** Where the guest's memory goes. libvirt would write over whatever is there, without a word. @throws AlreadyExistsError */
function memoryFileOf(draft: Draft, { memoryFile }: CreateOperation, beside: string | null): string {
    const known = new Set([...draft.snapshots.values()].map((snapshot) => snapshot.memoryFile));
    if (memoryFile !== undefined) {
        if (known.has(memoryFile) || draft.images.has(memoryFile) || existsSync(memoryFile))
            throw new AlreadyExistsError(`memoryFile ${quoted(memoryFile)} exists already; name another file`);
        return memoryFile;
    }
    for (;;) {
        const file = draft.allocate("memory", "save", beside);
        if (!known.has(file)) return file;
    }
}

/** What libvirt is to be asked for. Files of Snaptree's own naming lie beside those that the domain is on. */
export function liveCreation(draft: Draft, operation: CreateOperation): NewSnapshot {
    refuse(operation);
    const mode = modeOf(draft, operation);
    const disks = disksOf(draft, operation, mode);
    const [first] = disks.flatMap(({ file }) => file ?? []);
    const { name, description, diskOnly, live, quiesce, atomic, halt, reuseExternal, noMetadata } = operation;
    return {
        name,
        description,
        memory: diskOnly ? undefined : mode === "internal" ? "internal" : { file: memoryFileOf(draft, operation, first ?? null) },
        disks,
        flags: {
            diskOnly: diskOnly ?? false,
            live: live ?? false,
            quiesce: quiesce ?? false,
            atomic: atomic ?? false,
            halt: halt ?? false,
            reuseExternal: reuseExternal ?? false,
            noMetadata: noMetadata ?? false,
        },
    };
}

/** The copy of the guest's firmware variables that goes with a snapshot; null: it has none, or nobody is to remember the snapshot. */
export function liveNvram(draft: Draft, { noMetadata }: CreateOperation): NewFile | null {
    const { nvram } = draft.domain();
    if (nvram === null || noMetadata || !existsSync(nvram)) return null;
    return { file: draft.allocate("nvram", "fd", nvram), contents: { copyOf: nvram } };
}

/**
 * QEMU up to 9 writes over what an image holds under the name of a checkpoint, without a word: of a snapshot that was only forgotten, those are its contents.
 *
 * @throws AlreadyExistsError
 */
export async function refuseOverwriting(draft: Draft, { name, memory }: NewSnapshot, { tags }: Pick<World, "tags">): Promise<void> {
    if (memory !== "internal") return;
    for (const { file, format } of draft.domain().disks) {
        if (file === null || format !== "qcow2" || !(await tags(file)).some((there) => there.name === name)) continue;
        throw new AlreadyExistsError(`the image ${quoted(file)} holds an internal snapshot ${quoted(name)} already; redefine it, or choose another name`);
    }
}

/**
 * The images once libvirt has taken a snapshot. The overlays are Snaptree's, which named them, but for those that somebody made before; and what is frozen for
 * a snapshot that is forgotten at once is nobody's to remove.
 *
 * @param tip what the guest wrote to before
 */
export function liveImages({ images }: Records, { disks = [], flags }: NewSnapshot, tip: Files): Map<string, ImageRecord> {
    const after = new Map(images);
    const set = (file: string, change: Partial<ImageRecord>) => {
        const image = after.get(file);
        if (image) after.set(file, { ...image, ...change });
    };
    for (const { name, file } of disks) {
        if (file === null) continue;
        set(file, { created: true, owned: flags?.reuseExternal !== true });
        if (flags?.noMetadata) set(tip[name] ?? file, { owned: false });
    }
    return after;
}

/** Snapshots inside images that go, and that QEMU can take out of them while their guest runs: those of libvirt's own that have its names for them. */
export function deletable({ documents }: Seen, { stored, snapshots }: Draft): ReadonlySet<string> {
    const gone = [...stored.snapshots.values()].filter(({ name, tag }) => !snapshots.has(name) && documents.has(name) && tag === name);
    return new Set(gone.map(({ name }) => name).filter((name) => FIT_FOR_IMAGES.test(name)));
}

/** A memory that lies in a managed save goes on from the files that it left, and no others. */
export function refuseAsleep(name: string, draft: Draft): void {
    const chain = new Set<string>();
    for (let files = Object.values(draft.stored.tip); files.length > 0;) {
        for (const file of files) chain.add(file);
        files = files.flatMap((file) => draft.stored.images.get(file)?.backing ?? []).filter((file) => !chain.has(file));
    }
    const image = draft.use().altered.find((file) => chain.has(file));
    if (image === undefined) return;
    throw new BusyError(
        `${quoted(name)} has a managed save, which goes on from ${quoted(image)} as it is; start the domain first, or drop its memory with “virsh managedsave-remove”`,
    );
}
