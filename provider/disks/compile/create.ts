import { randomUUID } from "node:crypto";
import { AlreadyExistsError, type CreateOperation, type Mode, quoted, UnsupportedError } from "../../model";
import { emptySnapshot, formatSnapshot, parseDomain, type XmlElement } from "../../xml";
import type { Draft } from "../draft";
import type { Files, SnapshotRecord } from "../records";
import { compileDelete } from "./delete";
import { externalFromParent, externalFromTip } from "./external";
import { internalFromParent, internalFromTip } from "./internal";
import { modeOfAll } from "./mixed";
import { renameSnapshot } from "./rename";
import { saveNvram } from "./tip";
import type { World } from "./world";

/** The hierarchy's mode; a branch tells it when all snapshots are gone. */
function ownMode(draft: Draft): Mode | null {
    const mode = modeOfAll(draft.snapshots);
    if (mode !== null) return mode;
    const [branch] = draft.branches.values();
    return branch ? (branch.tag === null ? "external" : "internal") : null;
}

/** The mode that is asked for, or the hierarchy's own. */
function modeOf(draft: Draft, operation: CreateOperation): Mode {
    const own = ownMode(draft);
    const mode = operation.mode ?? (operation.diskOnly ? "external" : (own ?? "external"));
    if (own !== null && own !== mode) {
        throw new UnsupportedError(
            draft.place.backend,
            `${mode} snapshots in a hierarchy of ${own} ones`,
            `the two are not mixed: leave mode out, or ask for ${own}`,
        );
    }
    return mode;
}

/** Refuses what needs a guest that runs, or what qcow2 has not. */
function checkSettings({ place: { backend, compression, shutOffAdvice } }: Draft, operation: CreateOperation, mode: Mode): void {
    for (const setting of ["quiesce", "memoryFile", "live"] as const) {
        if (operation[setting]) throw new UnsupportedError(backend, setting, shutOffAdvice);
    }
    if (operation.compression === undefined) return;
    if (!compression.includes(operation.compression)) {
        throw new UnsupportedError(backend, `compression ${quoted(operation.compression)}`, `qcow2 has ${compression.join(" and ")}`);
    }
    if (mode === "internal") throw new UnsupportedError(backend, "compression of an internal snapshot", "ask for mode external, or leave compression out");
}

/** Notes a snapshot that is being taken: its contents, its configuration, and the overlays that go on top (none in the internal model). */
export interface Taken {
    readonly mode: Mode;
    readonly files: Files;
    /** Its name in the images, in the internal model. */
    readonly tag: string | null;
    readonly overlays: Files;
    readonly config: XmlElement;
    readonly nvram: string | null;
}

/** Its `<domainsnapshot>` as libvirt writes it: `<domain>` names the files that hold the contents, `<disks>` the overlays put on them. */
export function documentOf(
    { name, description, parent }: Pick<CreateOperation, "name" | "parent"> & { readonly description?: string | null },
    taken: Pick<Taken, "mode" | "files" | "overlays" | "config">,
    creationTime: number,
): string {
    return formatSnapshot({
        ...emptySnapshot,
        name,
        description: description ?? null,
        state: "shutoff",
        parent,
        creationTime,
        memory: { snapshot: "no", file: null },
        disks: parseDomain(taken.config).disks.map(({ target }) => {
            const shape = { name: target, type: "file", file: null, driver: null };
            if (taken.files[target] === undefined) return { ...shape, snapshot: "no" as const };
            const file = taken.overlays[target];
            return file === undefined ? { ...shape, snapshot: taken.mode } : { name: target, snapshot: taken.mode, type: "file", file, driver: "qcow2" };
        }),
        domain: taken.config,
    });
}

/** Puts a snapshot that is being taken into the records; without metadata, what it froze is nobody's to remove. */
export function remember(draft: Draft, operation: CreateOperation, taken: Taken): void {
    if (operation.noMetadata) {
        for (const file of Object.values(taken.files)) draft.release(file);
        return;
    }
    const creationTime = Math.floor(Date.now() / 1000);
    draft.snapshots.set(operation.name, {
        name: operation.name,
        parent: operation.parent,
        description: operation.description ?? null,
        creationTime,
        state: "shutoff",
        mode: taken.mode,
        made: operation.source === "parent",
        files: taken.files,
        tag: taken.tag,
        document: draft.addFile("snapshot", "xml", documentOf(operation, taken, creationTime)),
        nvram: saveNvram(draft, taken.nvram),
        contentId: randomUUID(),
        ...(operation.owner !== undefined && { owner: operation.owner }),
    });
}

/** Takes a snapshot. */
export async function compileCreate(draft: Draft, world: World, operation: CreateOperation): Promise<void> {
    const old = operation.replace ? setAside(draft, operation.name) : null;
    if (draft.snapshots.has(operation.name) || draft.branches.has(operation.name)) {
        throw new AlreadyExistsError(`there is a snapshot or branch ${quoted(operation.name)} already; choose another name, or replace it with force`);
    }
    const mode = modeOf(draft, operation);
    checkSettings(draft, operation, mode);
    const above = await parentAsItIs(draft, world, operation);
    if (mode === "external") await (operation.source === "tip" ? externalFromTip : externalFromParent)(draft, world, operation);
    else await (operation.source === "tip" ? internalFromTip : internalFromParent)(draft, world, operation);
    if (above) ownNothing(draft, operation.name, above);
    if (old !== null) await compileDelete(draft, world, { kind: "delete", name: old, scope: "keepChildren", branches: [] });
}

/** The parent, where the tip that is about to be frozen holds just what that does. */
async function parentAsItIs(draft: Draft, world: World, { source, parent }: CreateOperation): Promise<SnapshotRecord | undefined> {
    const above = source === "tip" && parent !== null && draft.current === parent ? draft.snapshots.get(parent) : undefined;
    // What this very draft takes has had nobody to write to it.
    return above && draft.stored.snapshots.has(above.name) && (await world.dirty()) ? undefined : above;
}

/** A snapshot whose contents are its parent's, but for disks that only it takes in. */
function ownNothing(draft: Draft, name: string, parent: SnapshotRecord): void {
    const taken = draft.snapshots.get(name);
    const isCovered = taken && Object.keys(taken.files).every((target) => parent.files[target] !== undefined);
    if (isCovered) draft.snapshots.set(name, { ...taken, made: true });
}

/** The snapshot that is to be replaced gives up its name; its contents stay until the new one is there. */
function setAside(draft: Draft, name: string): string | null {
    if (!draft.snapshots.has(name)) return null;
    const aside = `${name}\0replaced`; // No name that anybody could give.
    renameSnapshot(draft, name, aside);
    return aside;
}
