import { parseDomain, type SnapshotDocument, type XmlElement } from "../../xml";
import { childrenOf } from "../../xml";
import { filesOf, type Records, type SnapshotRecord } from "../../disks/records";
import { isNeverThere } from "./documents";
import { Headers } from "./graph";
import { contentsIn } from "./reconcile";
import type { Seen } from "./seen";

/*
 * What libvirt's own revert and delete would do to files that something else stands on: libvirt looks at its own snapshots only, and some releases not even at
 * those. It is found out from documents alone.
 */

/** The overlays that a snapshot's document names, each by the disk that it was put on. */
function overlaysIn({ disks, revertDisks }: SnapshotDocument): { readonly disk: string; readonly file: string }[] {
    return [...disks, ...revertDisks].flatMap(({ name, snapshot, file }) => (snapshot === "external" && file !== null ? [{ disk: name, file }] : []));
}

/** What images stand on as libvirt's documents tell it, where the images themselves can't be looked at. */
export class DocumentedHeaders extends Headers {
    private readonly backing = new Map<string, string>();

    constructor(seen: Seen) {
        super();
        for (const { document } of seen.documents.values()) {
            const { files } = contentsIn(document);
            for (const { disk, file } of overlaysIn(document)) {
                const contents = files[disk] ?? Object.values(files).find((each) => each === disk);
                if (contents !== undefined) this.backing.set(file, contents);
            }
        }
    }

    override of(file: string) {
        const backing = this.backing.get(file);
        return Promise.resolve(backing === undefined ? null : { isQcow2: true as const, backing });
    }

    override under(file: string): Promise<string | null> {
        return Promise.resolve(this.backing.get(file) ?? null);
    }
}

/** Every file that a `<domain>` has disks on, with all that these stand on as far as the document lists it. */
export function filesUnder(domain: XmlElement): Set<string> {
    const files = new Set<string>();
    const walk = (node: XmlElement) => {
        for (const inner of childrenOf(node)) {
            const { file } = inner.attributes;
            if (inner.name === "source" && file !== undefined) files.add(file);
            walk(inner);
        }
    };
    for (const devices of childrenOf(domain, "devices")) for (const disk of childrenOf(devices, "disk")) walk(disk);
    return files;
}

/** The files that hold what snapshots do, but for one of them. */
function contentsBut(name: string | null, { snapshots }: Records): Set<string> {
    return new Set([...snapshots.values()].filter((snapshot) => snapshot.name !== name).flatMap(({ files }) => Object.values(files)));
}

/** The files that libvirt's own revert to an external snapshot removes: those that the current snapshot's document names (9.9 and later). */
export function removedByRevert(seen: Seen): string[] {
    const current = seen.current === null ? undefined : seen.documents.get(seen.current)?.document;
    if (!current) return [];
    const disks = current.revertDisks.length > 0 ? current.revertDisks : current.disks;
    return disks.flatMap(({ snapshot, file }) => (snapshot === "external" && file !== null && !isNeverThere(file) ? [file] : []));
}

/** Why libvirt's own revert to an external snapshot would do harm, as the rest of “that …”; null where it would not. */
export function harmOfRevert(seen: Seen, records: Records): string | null {
    if (seen.current === null) return "libvirt has no current snapshot, and some releases of libvirtd crash there";
    const tip = new Set(Object.values(filesOf(parseDomain(seen.config))));
    const contents = contentsBut(null, records);
    const file = removedByRevert(seen).find((each) => !tip.has(each) || contents.has(each));
    return file === undefined ? null : `libvirt would remove ${JSON.stringify(file)}, which is not what the domain writes to now`;
}

function isOnPath(name: string, records: Records): boolean {
    const seen = new Set<string>();
    for (let at = records.current; at !== null && !seen.has(at); at = records.snapshots.get(at)?.parent ?? null) {
        if (at === name) return true;
        seen.add(at);
    }
    return false;
}

/**
 * Why libvirt's own deletion of an external snapshot would do harm; null where it would not.
 *
 * @param live all files that the domain's disks stand on, as far as libvirt lists them
 */
export function harmOfDelete(snapshot: SnapshotRecord, seen: Seen, records: Records, live: ReadonlySet<string>): string | null {
    const { name } = snapshot;
    const children = [...records.snapshots.values()].filter(({ parent }) => parent === name);
    const standing = children.length + (records.current === name ? 1 : 0);
    if (standing > 1) return `${standing} overlays stand on it, and some releases of libvirt would spoil all but one`;
    const document = seen.documents.get(name)?.document;
    const overlays = document ? overlaysIn(document).map(({ file }) => file) : [];
    if (overlays.some(isNeverThere)) return "something stands on it that libvirt does not see";
    if (standing === 1 || isOnPath(name, records)) return null;
    // libvirt removes the contents.
    const others = new Set([...contentsBut(name, records), ...Object.values(filesOf(parseDomain(seen.config))), ...live]);
    const made = new Set([...seen.documents.values()].flatMap((each) => overlaysIn(each.document)).map(({ file }) => file));
    const used = [...overlays, ...Object.values(snapshot.files)].find((file) => others.has(file));
    if (used !== undefined) return `libvirt would remove its contents, and ${JSON.stringify(used)} is in use`;
    const foreign = Object.values(snapshot.files).find((file) => !made.has(file));
    return foreign === undefined ? null : `libvirt would remove ${JSON.stringify(foreign)}, which no snapshot of this domain put there`;
}
