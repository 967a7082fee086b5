import { type Domain, HostError, noSuchSnapshot, quoted } from "../../model";
import { child, parseDomain, parseSnapshot, withDiskFiles, type XmlElement } from "../../xml";
import type { Draft } from "../draft";
import type { Files, SnapshotRecord } from "../records";
import type { Surroundings } from "./settle";

/** What compiling reads of the world; it changes none of it. */
export interface World extends Surroundings {
    /** A checksum of what the tip of a qcow2 file maps. */
    readonly mapping: (file: string) => Promise<string>;
    readonly read: (file: string) => Promise<string>;
    /** The tip that is stored holds something else than its current snapshot. */
    readonly dirty: () => Promise<boolean>;
}

/** @throws NotFoundError */
export function snapshotOf(draft: Draft, name: string): SnapshotRecord {
    const found = draft.snapshots.get(name);
    if (!found) throw noSuchSnapshot(name);
    return found;
}

/** Files with their formats, as documents have them. */
export function located(draft: Draft, files: Files): Record<string, { file: string; format: string }> {
    return Object.fromEntries(Object.entries(files).map(([target, file]) => [target, { file, format: draft.formatOf(file) }]));
}

/** A configuration with those of its disks that are named on these files. */
export function onFiles(draft: Draft, config: XmlElement, files: Files): XmlElement {
    const has = new Set(parseDomain(config).disks.map(({ target }) => target));
    const own = Object.fromEntries(Object.entries(files).filter(([target]) => has.has(target)));
    return withDiskFiles(config, located(draft, own));
}

/** The configuration that a snapshot holds; null where its document has none. */
export async function configOf(draft: Draft, world: World, snapshot: SnapshotRecord): Promise<XmlElement | null> {
    const { domain } = parseSnapshot(draft.pending(snapshot.document) ?? (await world.read(snapshot.document)));
    // A <domain> with nothing but a <uuid> is how old libvirt wrote that it has none.
    return domain && child(domain, "devices") ? domain : null;
}

/** The domain goes over to a snapshot's configuration, with its disks on new files; a disk that the snapshot leaves out stays as it is. */
export async function adopt(draft: Draft, world: World, snapshot: SnapshotRecord, files: Files): Promise<void> {
    const config = await configOf(draft, world, snapshot);
    if (!config) throw new HostError(`snapshot ${quoted(snapshot.name)} has no <domain> to go back to; redefine it with one`);
    configure(draft, config, files, snapshot.nvram ?? (hadNoNvram(snapshot) ? null : undefined));
}

/** A guest that runs has firmware variables; of what others took, nobody knows. */
function hadNoNvram({ state, contentId }: SnapshotRecord): boolean {
    return state === "shutoff" && contentId !== null;
}

/**
 * The domain goes over to a configuration, with disks on these files and the firmware variables that were saved with it.
 *
 * @param nvram null: it had none then; undefined: nobody knows, and those that are there stay
 */
export function configure(draft: Draft, config: XmlElement, files: Files, nvram: string | null | undefined): void {
    const before = draft.tip();
    const left = draft.domain().nvram;
    draft.config = onFiles(draft, config, { ...before, ...files });
    const kept = new Set([...draft.branches.values()].flatMap((branch) => Object.values(branch.files)));
    for (const [target, file] of Object.entries(before)) {
        if (draft.tip()[target] === undefined && !kept.has(file)) draft.release(file); // Its disk is not in that configuration: nobody's to remove.
    }
    if (nvram !== undefined) restoreNvram(draft, nvram, left);
}

/** The file that holds the guest's firmware variables, or will once what the draft brings back is there; null where there are none yet. */
export async function nvramOf(draft: Draft, world: World, { nvram }: Domain): Promise<string | null> {
    if (nvram === null) return null;
    return draft.restoredFrom(nvram) ?? ((await world.exists(nvram)) ? nvram : null);
}

/** What the domain leaves has been kept, or given up: where the guest goes on from a time when it had no firmware variables yet, it gets none of another time. */
function restoreNvram(draft: Draft, saved: string | null, left: string | null): void {
    const path = draft.domain().nvram;
    if (path === null) return;
    if (saved !== null) draft.restore(saved, path);
    else if (path === left) draft.after({ kind: "copy", from: null, to: path });
}
