import { kindOf } from "../../model";
import { element, formatSnapshot, isElement, parseDomain, type SnapshotDisk, type SnapshotDocument, withDiskFiles, type XmlElement } from "../../xml";
import type { Records, SnapshotRecord } from "../../disks/records";
import { withOwn } from "./metadata";
import { bare, type Seen } from "./seen";

/*
 * The documents that libvirt is to have of snapshots. Of an external one it takes the overlay named in <disks> for what was put on the contents, and
 * may unlink it at a revert, or merge it at a deletion, without a look at who else stands there.
 */

const HELD = ".held-by-branches";

/** A file that is never there: named in the place of an overlay that libvirt must not touch. */
function neverThere(contents: string): string {
    return `${contents}${HELD}`;
}

/** Something stands on a snapshot whose document names this, that libvirt does not see. */
export function isNeverThere(file: string): boolean {
    return file.endsWith(HELD);
}

/** libvirt refuses to delete a snapshot by itself that has this on a disk: it would not see what else stands on the contents. */
const GUARD = "snapshotDeleteInProgress";

/** What stands on a snapshot's contents. */
interface Above {
    /** The one overlay that libvirt may take for the snapshot's own; null: none, or none that it may touch. */
    readonly overlay: string | null;
    /** Something stands there that libvirt would not see, or that is a branch's to keep. */
    readonly isHeld: boolean;
}

/** Who stands on what, looked up once for all documents. */
export class Standing {
    private readonly above = new Map<string, string[]>();
    /** Leaves of branches, also of the one that the domain is on: plain virsh may have taken it elsewhere by the time it deletes. */
    private readonly leaves = new Set<string>();

    constructor(records: Records) {
        for (const { path, backing } of records.images.values()) {
            if (backing === null) continue;
            const others = this.above.get(backing);
            if (others) others.push(path);
            else this.above.set(backing, [path]);
        }
        for (const { files, tag } of records.branches.values()) if (tag === null) for (const file of Object.values(files)) this.leaves.add(file);
    }

    on(contents: string): Above {
        const [overlay, ...others] = this.above.get(contents) ?? [];
        if (overlay === undefined) return { overlay: null, isHeld: false };
        const isHeld = others.length > 0 || this.leaves.has(overlay);
        return { overlay: isHeld ? null : overlay, isHeld };
    }
}

function guarded(disk: SnapshotDisk, isHeld: boolean): SnapshotDisk {
    const before = disk.element ?? element("disk");
    // libvirt has one of its own where a deletion did not end, which is not ours to lift.
    if (!isHeld && disk.file?.endsWith(HELD) !== true) return disk;
    const others = before.children.filter((node) => !isElement(node) || node.name !== GUARD);
    return { ...disk, element: { ...before, children: isHeld ? [element(GUARD), ...others] : others } };
}

function diskNow(disk: SnapshotDisk, record: SnapshotRecord, standing: Standing): SnapshotDisk {
    const contents = record.files[disk.name];
    if (disk.snapshot !== "external" || contents === undefined) return disk;
    const { overlay, isHeld } = standing.on(contents);
    return { ...guarded(disk, isHeld), type: "file", driver: disk.driver ?? "qcow2", file: overlay ?? neverThere(contents) };
}

/** One entry for each disk of the domain, named by its target. */
function disksOf(document: SnapshotDocument, record: SnapshotRecord, domain: XmlElement): SnapshotDisk[] {
    const given = new Map(document.disks.map((disk) => [disk.name, disk]));
    return parseDomain(domain).disks.map(({ target, file }) => {
        const known = given.get(target) ?? (file === null ? undefined : given.get(file));
        const how = known?.snapshot ?? (record.files[target] === undefined ? "no" : record.mode);
        return { ...(known ?? { type: "file", file: null, driver: null }), name: target, snapshot: how };
    });
}

/** The document of one snapshot as libvirt is to have it. @param own what Snaptree keeps in it, in the one that carries that */
function documentNow(record: SnapshotRecord, stored: SnapshotDocument, records: Records, standing: Standing, own: XmlElement | null): SnapshotDocument {
    const { name, parent, description, creationTime, state } = record;
    const placed = { name, parent, description, creationTime, state };
    const domain = stored.domain && bare(stored.domain);
    if (!domain) return { ...stored, ...placed };
    const targets = new Set(parseDomain(domain).disks.map(({ target }) => target));
    const files = Object.fromEntries(
        Object.entries(record.files)
            .filter(([target]) => targets.has(target))
            .map(([target, file]) => [target, { file, format: records.images.get(file)?.format ?? "qcow2" }]),
    );
    return {
        ...stored,
        ...placed,
        disks: disksOf(stored, record, domain).map((disk) => diskNow(disk, record, standing)),
        // Overlays that a revert of libvirt's made: they are named as all others are, or as none.
        revertDisks: [],
        domain: withOwn(withDiskFiles(domain, files), own),
        inactiveDomain: stored.inactiveDomain && withOwn(bare(stored.inactiveDomain), own),
        unknown: stored.unknown.filter((node) => typeof node === "string" || !isElement(node) || !node.name.includes(":")),
    };
}

/** Whether a redefinition makes one of the other: libvirt lets none make a checkpoint a snapshot of disks alone, or the other way round. */
function canBecome({ state }: SnapshotDocument, record: SnapshotRecord | undefined): boolean {
    return record !== undefined && kindOf(state ?? "shutoff") === kindOf(record.state);
}

/** What libvirt has to be told so that its snapshots are those of the records. */
export interface Remembering {
    /** Names that go: those that have a document before it is defined afresh, the others once all are defined. */
    readonly gone: readonly string[];
    /** Documents to be defined anew, parents first. */
    readonly documents: readonly { readonly name: string; readonly xml: string }[];
    /** libvirt's current snapshot afterwards; null: it is not to be changed. */
    readonly current: string | null;
}

/** The text of a document, to be compared with another one's: what libvirt fills in by itself does not count. */
function comparable(document: SnapshotDocument): string {
    return formatSnapshot({ ...document, memory: document.memory ?? { snapshot: "no", file: null }, active: null, compression: null });
}

/** Documents that were found to be as they should, with the cause: of hundreds that no transaction concerns, none is written and compared again at each. */
const right = new WeakMap<SnapshotDocument, string>();

/** All that a snapshot's document depends on, but for what it was, and what Snaptree keeps in it. */
function causeOf({ name, parent, description, creationTime, state, mode, files }: SnapshotRecord, { images }: Records, standing: Standing): string {
    const contents = Object.entries(files).map(([target, file]) => [target, file, images.get(file)?.format, standing.on(file)]);
    return JSON.stringify([name, parent, description, creationTime, state, mode, contents]);
}

/** Parents before children; a parent that is none of them counts as there. */
function topDown(records: readonly SnapshotRecord[]): SnapshotRecord[] {
    const left = new Map(records.map((record) => [record.name, record]));
    const sorted: SnapshotRecord[] = [];
    const add = (record: SnapshotRecord) => {
        if (!left.delete(record.name)) return;
        const above = record.parent === null ? undefined : left.get(record.parent);
        if (above) add(above);
        sorted.push(record);
    };
    for (const record of records) add(record);
    return sorted;
}

/** What libvirt is to call current. Without one it would make roots, and some releases crash: where there is none of ours, it keeps one. */
export function shownFor(seen: Seen, records: Records): string | null {
    if (records.current !== null) return records.current;
    if (seen.current !== null && records.snapshots.has(seen.current)) return seen.current;
    const [first] = topDown([...records.snapshots.values()]);
    return first?.name ?? null;
}

/**
 * The snapshots whose documents carry what Snaptree keeps: libvirt's own revert puts a snapshot's `<metadata>` in the place of the domain's. The current one does,
 * and a second one, so that what is kept outlives the current one's deletion. That is the first from the top: it is another one least often, and is still there
 * when the newest ones are deleted one after another.
 */
function carriersOf(current: string | null, records: Records, stored: (record: SnapshotRecord) => SnapshotDocument): ReadonlySet<string | null> {
    const others = topDown([...records.snapshots.values()]).filter(({ name }) => name !== current);
    return new Set([current, others.find((record) => stored(record).domain !== null)?.name ?? null]);
}

/**
 * How libvirt's snapshots become those of the records: only what differs is told.
 *
 * @param stored a snapshot's document as it is kept now
 * @param own what Snaptree keeps, for some of the snapshots to carry
 */
export function remembering(seen: Seen, records: Records, stored: (record: SnapshotRecord) => SnapshotDocument, own: XmlElement | null): Remembering {
    const standing = new Standing(records);
    const current = shownFor(seen, records);
    const carriers = carriersOf(current, records, stored);
    const gone = [...seen.documents].flatMap(([name, { document }]) => (canBecome(document, records.snapshots.get(name)) ? [] : [name]));
    const changed = [...records.snapshots.values()].flatMap((record) => {
        const there = seen.documents.get(record.name)?.document;
        const before = stored(record);
        const cause = causeOf(record, records, standing);
        // A parent that goes takes its name out of its children's documents, which have another one by then.
        const isSettled = there === before && !gone.includes(record.parent ?? "");
        if (isSettled && !carriers.has(record.name) && right.get(before) === cause) return [];
        const xml = comparable(documentNow(record, before, records, standing, carriers.has(record.name) ? own : null));
        if (!there || gone.includes(record.parent ?? "") || comparable(there) !== xml) return [{ record, xml }];
        if (isSettled && !carriers.has(record.name)) right.set(there, cause);
        return [];
    });
    const xmlOf = new Map(changed.map(({ record, xml }) => [record.name, xml]));
    return {
        gone,
        documents: topDown(changed.map(({ record }) => record)).map(({ name }) => ({ name, xml: xmlOf.get(name) ?? "" })),
        current,
    };
}
