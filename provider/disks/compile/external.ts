import { basename, dirname, join } from "node:path";
import { AlreadyExistsError, type CreateOperation, InvalidInputError, quoted, UnsupportedError } from "../../model";
import { withDiskFiles } from "../../xml";
import type { Draft } from "../draft";
import type { Files } from "../records";
import { remember } from "./create";
import { type Participant, participants } from "./disks";
import { overlayOn, overlaysOn, sizeOf } from "./overlays";
import { expendable } from "./settle";
import { arrivalAt, holdAs } from "./branch";
import { chosen } from "./tip";
import { adopt, configOf, located, nvramOf, snapshotOf, type World } from "./world";

/** The draft has that image, perhaps by another name: what it is only about to make, no disk tells. */
async function planned(draft: Draft, world: World, file: string): Promise<boolean> {
    if (draft.images.has(file)) return true;
    const namesakes = [...draft.sizes.keys()].filter((made) => draft.images.has(made) && basename(made) === basename(file));
    for (const made of namesakes) if ((await realPlace(world, made)) === (await realPlace(world, file))) return true;
    return false;
}

/** Where a file is, or will be, without symbolic links. */
async function realPlace(world: World, file: string): Promise<string> {
    return join(await world.real(dirname(file)), basename(file));
}

/** The overlay on a frozen disk: a new one, or the one that the program made. */
async function leafOn(draft: Draft, world: World, part: Participant, backing: string, operation: CreateOperation): Promise<string> {
    const property = `disks.${part.target}.file`;
    const wanted = part.overlay;
    if (!operation.reuseExternal) {
        if (wanted !== null && ((await world.exists(wanted)) || (await planned(draft, world, wanted))))
            throw new AlreadyExistsError(`${property} ${quoted(wanted)} exists already; name another file, or say reuseExternal`);
        return overlayOn(draft, world, part.target, backing, wanted);
    }
    if (wanted === null) throw new InvalidInputError(`reuseExternal needs ${property}, the overlay that is there already`, property);
    if ((await world.backing(wanted)) !== backing) {
        throw new InvalidInputError(
            `${property} ${quoted(wanted)} does not stand on ${quoted(backing)}, which the snapshot freezes; make it with that backing file`,
            property,
        );
    }
    draft.images.set(wanted, { path: wanted, backing, format: "qcow2", created: false, owned: false });
    return wanted;
}

/** A file that is about to be frozen gives way to a compressed copy of itself. */
async function compressed(draft: Draft, world: World, operation: CreateOperation, target: string, file: string): Promise<string> {
    if (operation.compression === undefined) return file;
    const image = draft.images.get(file);
    if (!image || image.backing === null || !(await expendable(draft, file, world))) {
        throw new UnsupportedError(
            draft.place.backend,
            `compression of ${quoted(file)}, which Snaptree did not make, or which holds somebody's internal snapshots`,
            "take this snapshot without compression; later ones can have it",
        );
    }
    const to = draft.allocate(target, "qcow2", file);
    draft.sizes.set(to, await sizeOf(draft, world, file));
    draft.images.set(to, { ...image, path: to });
    const backing = draft.backingName(image.backing);
    draft.before({ kind: "compress", from: file, to, type: operation.compression, backing, backingFormat: draft.formatOf(image.backing) });
    draft.alter([file]);
    draft.remove(file);
    return to;
}

async function compressedAll(draft: Draft, world: World, operation: CreateOperation, files: Files): Promise<Files> {
    const frozen: Record<string, string> = {};
    for (const [target, file] of Object.entries(files)) frozen[target] = await compressed(draft, world, operation, target, file);
    return frozen;
}

function known(draft: Draft, parts: readonly Participant[]): Files {
    for (const part of parts) draft.know(part.file, part.format);
    draft.freeze(parts.map(({ file }) => file));
    return Object.fromEntries(parts.map(({ target, file }) => [target, file]));
}

/** Freezes the leaves that the domain writes to, and puts new ones on them. */
export async function externalFromTip(draft: Draft, world: World, operation: CreateOperation): Promise<void> {
    const domain = draft.domain();
    const parts = participants(draft, operation, "external");
    const files = await compressedAll(draft, world, operation, known(draft, parts));
    const overlays: Record<string, string> = {};
    for (const part of parts) overlays[part.target] = await leafOn(draft, world, part, files[part.target] ?? part.file, operation);
    const config = withDiskFiles(draft.config, located(draft, files));
    remember(draft, operation, { mode: "external", files, tag: null, overlays, config, nvram: await nvramOf(draft, world, domain) });
    if (!operation.noMetadata) draft.current = operation.name;
    goOn(draft, overlays);
}

/** The domain, and the branch that it is on, go on writing to other leaves. */
function goOn(draft: Draft, overlays: Files): void {
    draft.pointTip(overlays);
    const branch = draft.activeBranch();
    if (branch) draft.branches.set(branch.name, { ...branch, tip: draft.current, files: { ...branch.files, ...overlays } });
}

/** What a fresh leaf goes on: the parent's files, or for a root the disks as they are. */
function under(draft: Draft, operation: CreateOperation): Files {
    if (operation.parent === null) return known(draft, participants(draft, operation, "external"));
    const { files } = snapshotOf(draft, operation.parent);
    return chosen(files, operation);
}

/** Freezes a fresh leaf of the parent, which commands may have changed first. */
export async function externalFromParent(draft: Draft, world: World, operation: CreateOperation): Promise<void> {
    if (Object.values(operation.disks ?? {}).some(({ file }) => file !== undefined)) {
        throw new UnsupportedError(
            draft.place.backend,
            "disks.*.file for a snapshot that is not of the tip",
            "leave the file out, or take the snapshot where its parent is current",
        );
    }
    const parent = operation.parent === null ? null : snapshotOf(draft, operation.parent);
    const domain = draft.domain();
    const base = under(draft, operation);
    const fresh = await overlaysOn(draft, world, base);
    if (operation.provisioned) draft.before({ kind: "provision", files: fresh });
    const files = await compressedAll(draft, world, operation, fresh);
    const overlays = operation.moveTip ? await overlaysOn(draft, world, files) : {};
    const config = (parent && (await configOf(draft, world, parent))) ?? draft.config;
    const nvram = parent ? parent.nvram : await nvramOf(draft, world, domain);
    remember(draft, operation, { mode: "external", files, tag: null, overlays, config: withDiskFiles(config, located(draft, files)), nvram });
    if (!operation.moveTip) {
        if (!parent) goOn(draft, await overlaysOn(draft, world, base)); // What the domain wrote to is frozen under the new root.
        return;
    }
    if (operation.keepTip !== null) await holdAs(draft, world, operation.keepTip, arrivalAt(config, overlays), null);
    if (parent) await adopt(draft, world, parent, overlays);
    else draft.pointTip(overlays);
    draft.current = operation.noMetadata ? operation.parent : operation.name;
}
