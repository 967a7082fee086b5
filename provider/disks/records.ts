import { isAbsolute, relative, resolve } from "node:path";
import { type Domain, HostError, type Mode, quoted, type SnapshotState } from "../model";

/*
 * What Snaptree keeps of a domain, in `hierarchy.json` in the domain's folder. It is replaced whole and at once, and everything else it names
 * (documents, overlays) is new and unnamed until then: a reader, or the next run after a kill, sees one hierarchy or the other.
 */

/** Disk target to file. */
export type Files = Readonly<Record<string, string>>;

/** Disk target to the file that a domain's document has it on. */
export function filesOf({ disks }: Domain): Files {
    return Object.fromEntries(disks.flatMap(({ target, file }) => (file === null ? [] : [[target, file]])));
}

export interface SnapshotRecord {
    readonly name: string;
    readonly parent: string | null;
    readonly description: string | null;
    readonly creationTime: number;
    readonly state: SnapshotState;
    readonly mode: Mode;
    /** Its contents never were the domain's live state. */
    readonly made: boolean;
    readonly files: Files;
    /** Its name inside the images, in the internal model: a rename leaves it. */
    readonly tag: string | null;
    /** File of its `<domainsnapshot>` document. */
    readonly document: string;
    /** Copy of the guest's firmware variables. */
    readonly nvram: string | null;
    /** Null where it was taken by others, who keep none. */
    readonly contentId: string | null;
    /** A leaf is being merged into its file. */
    readonly committing?: boolean;
    /** Who manages it. */
    readonly owner?: string;
    /** Some of its disks are kept inside their images and others are not, as others may have taken it. */
    readonly mixed?: boolean;
    /** A checkpoint, which holds the guest's memory. */
    readonly memory?: boolean;
    /** File of that memory, where it is none of the images'. */
    readonly memoryFile?: string;
}

export interface BranchRecord {
    readonly name: string;
    readonly from: string | null;
    /** Newest snapshot on it. */
    readonly tip: string | null;
    readonly files: Files;
    /** Its tip snapshot, in the internal model. */
    readonly tag: string | null;
    /** File of the `<domain>` document that travels with it. */
    readonly document: string;
    readonly nvram: string | null;
    /** Who manages it. */
    readonly owner?: string;
}

/** An image that Snaptree knows. */
export interface ImageRecord {
    readonly path: string;
    /** What it stands on; null where that is nothing, or not Snaptree's to know. */
    readonly backing: string | null;
    readonly format: string;
    /** Snaptree made it, for this domain. */
    readonly created: boolean;
    /** It did, and nobody was promised that it stays: it may be written and removed. */
    readonly owned: boolean;
}

export interface Records {
    readonly generation: number;
    /** Number for the next new file. */
    readonly next: number;
    readonly current: string | null;
    readonly branch: string | null;
    readonly tip: Files;
    readonly images: ReadonlyMap<string, ImageRecord>;
    readonly snapshots: ReadonlyMap<string, SnapshotRecord>;
    readonly branches: ReadonlyMap<string, BranchRecord>;
}

/** Before the first snapshot. */
export const noRecords: Records = {
    generation: 0,
    next: 1,
    current: null,
    branch: null,
    tip: {},
    images: new Map(),
    snapshots: new Map(),
    branches: new Map(),
};

interface Stored {
    readonly version: number;
    readonly generation: number;
    readonly next: number;
    readonly current: string | null;
    readonly branch: string | null;
    readonly tip: Files;
    readonly images: readonly ImageRecord[];
    readonly snapshots: readonly SnapshotRecord[];
    readonly branches: readonly BranchRecord[];
}

const VERSION = 1;

type Convert = (path: string) => string;

const convertFiles = (files: Files, convert: Convert): Files => Object.fromEntries(Object.entries(files).map(([target, file]) => [target, convert(file)]));

function convertPaths(stored: Stored, convert: Convert): Stored {
    const maybe = (path: string | null) => (path === null ? null : convert(path));
    return {
        ...stored,
        tip: convertFiles(stored.tip, convert),
        images: stored.images.map((image) => ({ ...image, path: convert(image.path), backing: maybe(image.backing) })),
        snapshots: stored.snapshots.map((s) => ({ ...s, files: convertFiles(s.files, convert), document: convert(s.document), nvram: maybe(s.nvram) })),
        branches: stored.branches.map((b) => ({ ...b, files: convertFiles(b.files, convert), document: convert(b.document), nvram: maybe(b.nvram) })),
    };
}

/** Paths inside the domain's folder are stored relative to it, so that a folder can be moved. */
function inFolder(folder: string): Convert {
    return (path) => {
        const inside = relative(folder, path);
        return inside.startsWith("..") || isAbsolute(inside) ? path : inside;
    };
}

/** @throws HostError when the text is no records of this version. */
export function parseRecords(text: string, folder: string): Records {
    let stored: Stored;
    try {
        stored = JSON.parse(text) as Stored;
        if (stored.version !== VERSION) throw new Error(`it has version ${String(stored.version)}, and this Snaptree knows version ${VERSION}`);
        stored = convertPaths(stored, (path) => resolve(folder, path));
    } catch (error) {
        throw new HostError(`the records in ${quoted(folder)} can't be read: ${(error as Error).message}; nothing was changed`, { folder }, { cause: error });
    }
    const { generation, next, current, branch, tip } = stored;
    return {
        ...{ generation, next, current, branch, tip },
        images: new Map(stored.images.map((image) => [image.path, image])),
        snapshots: new Map(stored.snapshots.map((snapshot) => [snapshot.name, snapshot])),
        branches: new Map(stored.branches.map((b) => [b.name, b])),
    };
}

export function formatRecords(records: Records, folder: string): string {
    const { generation, next, current, branch, tip } = records;
    const stored: Stored = {
        version: VERSION,
        ...{ generation, next, current, branch, tip },
        images: [...records.images.values()],
        snapshots: [...records.snapshots.values()],
        branches: [...records.branches.values()],
    };
    return JSON.stringify(convertPaths(stored, inFolder(folder)));
}
