import { randomUUID } from "node:crypto";
import { isAbsolute } from "node:path";
import {
    AlreadyExistsError,
    checkState,
    type Domain,
    HostError,
    InvalidInputError,
    type Mode,
    NotFoundError,
    quoted,
    type RedefineOperation,
    Tree,
} from "../../model";
import { layoutDifference, parseDomain, parseSnapshot, type SnapshotDocument } from "../../xml";
import { memoryIn } from "../document";
import type { Draft } from "../draft";
import type { Files, SnapshotRecord } from "../records";
import { tagIn } from "../tag";
import { renameSnapshot } from "./rename";
import { configOf, type World } from "./world";

/** Where the document says that the contents are: in the disks of its `<domain>`. */
function contentsOf(document: SnapshotDocument, domain: Domain): { readonly mode: Mode; readonly files: Files } {
    const taking = new Map(document.disks.map((disk) => [disk.name, disk]));
    const files: Record<string, string> = {};
    const modes = new Set<Mode>();
    for (const { target, file, device, readonly } of domain.disks) {
        const how = taking.get(target)?.snapshot ?? (document.disks.length === 0 && !readonly && device === "disk" ? "internal" : "no");
        if (file === null || how === "no" || how === "manual") continue;
        files[target] = file;
        modes.add(how);
    }
    const [mode, ...others] = modes;
    if (mode === undefined) throw new InvalidInputError("the document says of no disk how it was snapshotted; take it whole, with <disks> and <domain>", "xml");
    if (others.length > 0) throw new InvalidInputError("the document mixes internal and external disks, which one hierarchy does not", "xml");
    return { mode, files };
}

/** Contents in an image that two names had would go with the first of them. */
function refuseShared(draft: Draft, name: string, tag: string): void {
    const other = [...draft.snapshots.values()].find((node) => node.tag === tag && node.name !== name);
    if (other)
        throw new InvalidInputError(`the internal snapshot ${quoted(tag)} holds what ${quoted(other.name)} is, so it can't be ${quoted(name)} too`, "xml");
}

async function checkContents(draft: Draft, world: World, name: string, tag: string, mode: Mode, files: Files): Promise<void> {
    const written = new Set([draft.tip(), ...[...draft.branches.values()].map((branch) => branch.files)].flatMap((leaves) => Object.values(leaves)));
    for (const [target, file] of Object.entries(files)) {
        const missing = (what: string) => new HostError(`disk ${target} has no contents for ${quoted(name)}: ${what}; nothing was changed`, { file });
        if (!isAbsolute(file)) throw missing(`${quoted(file)} is not an absolute path`);
        if (!(await world.exists(file))) throw missing(`${quoted(file)} is not there`);
        if (mode === "internal" && !(await world.tags(file)).some((there) => there.name === tag))
            throw missing(`${quoted(file)} holds no internal snapshot of that name`);
        if (mode === "external" && written.has(file)) throw missing(`${quoted(file)} is what the domain or a branch writes to`);
    }
}

async function checkDomain(draft: Draft, world: World, before: SnapshotRecord | undefined, document: SnapshotDocument, force: boolean): Promise<void> {
    if (!document.domain)
        throw new InvalidInputError("the document has no <domain>, without which there is no going back to it; take it whole from the host", "xml");
    const mine = draft.domain().uuid;
    const theirs = parseDomain(document.domain).uuid;
    if (theirs !== mine)
        throw new InvalidInputError(
            `the document is of the domain with UUID ${theirs}, and this one has ${mine}; a redefinition can't move a snapshot between domains`,
            "xml",
        );
    const config = (before && (await configOf(draft, world, before))) ?? draft.config;
    const difference = layoutDifference(config, document.domain);
    if (difference !== null && !force)
        throw new InvalidInputError(`the document would change what the guest sees: ${difference}; keep that, or use force`, "xml");
}

async function restored(draft: Draft, world: World, before: SnapshotRecord | undefined, operation: RedefineOperation, xml: string): Promise<SnapshotRecord> {
    const document = parseSnapshot(xml);
    if (document.name !== null && document.name !== operation.name) {
        throw new InvalidInputError(`the document is of ${quoted(document.name)}, and ${quoted(operation.name)} was to be redefined`, "xml");
    }
    await checkDomain(draft, world, before, document, operation.force ?? false);
    const domain = parseDomain(document.domain ?? draft.config);
    const { mode, files } = contentsOf(document, domain);
    const [other] = [...draft.snapshots.values()].filter(({ name }) => name !== operation.name);
    if (other && other.mode !== mode && before?.mode !== mode)
        throw new InvalidInputError(`the document is of an ${mode} snapshot in a hierarchy of ${other.mode} ones`, "xml");
    const tag = mode === "internal" ? (before?.tag ?? tagIn(document) ?? operation.name) : null;
    if (tag !== null) refuseShared(draft, operation.name, tag);
    await checkContents(draft, world, operation.name, tag ?? operation.name, mode, files);
    for (const file of Object.values(before?.files ?? {})) draft.release(file); // Where they are named no more, they are only forgotten.
    for (const [target, file] of Object.entries(files)) await own(draft, world, file, domain.disks.find((disk) => disk.target === target)?.format ?? "qcow2");
    if (before) draft.remove(before.document);
    return {
        name: operation.name,
        parent: document.parent,
        description: document.description,
        creationTime: document.creationTime ?? before?.creationTime ?? Math.floor(Date.now() / 1000),
        state: checkState(before, document.state ?? "shutoff"),
        mode,
        made: before?.made ?? false,
        files,
        tag,
        document: draft.addFile("snapshot", "xml", xml),
        nvram: before?.nvram ?? null,
        contentId: before?.contentId ?? randomUUID(),
        ...memoryIn(document),
        ...(before?.owner !== undefined && { owner: before.owner }),
        ...(before?.committing && { committing: true }),
    };
}

/** A file that was only forgotten is looked after again; one that Snaptree never made stays somebody else's. */
export async function own(draft: Draft, world: World, file: string, format: string): Promise<void> {
    const image = draft.images.get(file);
    if (image) return void draft.images.set(file, { ...image, owned: image.created });
    const backing = format === "qcow2" ? await world.backing(file) : null;
    const under = backing === null || draft.images.has(backing) ? backing : await world.real(backing);
    draft.images.set(file, { path: file, backing: under !== null && draft.images.has(under) ? under : null, format, created: false, owned: false });
}

/** Restores or alters metadata; disks stay as they are. */
export async function compileRedefine(draft: Draft, world: World, operation: RedefineOperation): Promise<void> {
    await redefine(draft, world, operation);
    new Tree(draft.snapshots.values()); // Refuses a missing parent and a cycle.
    if (operation.current) draft.current = operation.name;
    if (operation.rename !== undefined && operation.rename !== operation.name) renameSnapshot(draft, operation.name, operation.rename);
}

/** What is remembered of one snapshot, without a look at those around it. */
export async function redefine(draft: Draft, world: World, operation: RedefineOperation): Promise<void> {
    const before = draft.snapshots.get(operation.name);
    if (!before && operation.xml === undefined) {
        throw new NotFoundError(`there is no snapshot ${quoted(operation.name)} to redefine; give its whole <domainsnapshot> document to restore it`);
    }
    if (!before && draft.branches.has(operation.name)) throw new AlreadyExistsError(`there is a branch ${quoted(operation.name)} already; choose another name`);
    const record = operation.xml === undefined ? before : await restored(draft, world, before, operation, operation.xml);
    if (!record) return;
    draft.snapshots.set(operation.name, {
        ...record,
        ...(operation.description !== undefined && { description: operation.description }),
        ...(operation.creationTime !== undefined && { creationTime: operation.creationTime }),
        ...(operation.state !== undefined && { state: checkState(before, operation.state) }),
    });
}
