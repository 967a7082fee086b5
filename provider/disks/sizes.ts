import type { Mode } from "../model";
import { ownBytes, type OwnBytes } from "./clusters";
import { allocatedBytes } from "./images";
import type { BranchRecord, Files, Records, SnapshotRecord } from "./records";

/*
 * What snapshots and branches cost on the disk: what deleting one alone would give back at most. In the external model these are its files; one that
 * Snaptree does not look after stays whatever is deleted, and one that another name needs too stays with that. In the internal model they are the
 * clusters that nothing else in the image refers to.
 */

/** Bytes; null where they are not known. */
export interface Sizes {
    readonly snapshot: (snapshot: SnapshotRecord) => number | null;
    readonly branch: (branch: BranchRecord) => number | null;
}

function sum(values: readonly (number | null)[]): number | null {
    return values.reduce((all, value) => (all === null || value === null ? null : all + value), 0);
}

function modeOf({ snapshots, branches }: Records): Mode {
    const [snapshot] = snapshots.values();
    return snapshot?.mode ?? ([...branches.values()].some(({ tag }) => tag !== null) ? "internal" : "external");
}

/** Looks at all files at once, and at each once. */
async function lookedAt<T>(files: Iterable<string>, look: (file: string) => Promise<T>): Promise<ReadonlyMap<string, T>> {
    return new Map(await Promise.all([...new Set(files)].map(async (file) => [file, await look(file)] as const)));
}

function filesOf({ snapshots, branches }: Records): string[] {
    return [...snapshots.values(), ...branches.values()].flatMap(({ files }) => Object.values(files));
}

async function externalSizes(records: Records): Promise<Sizes> {
    const named = filesOf(records);
    const owners = new Map<string, number>();
    for (const file of named) owners.set(file, (owners.get(file) ?? 0) + 1);
    const own = named.filter((file) => records.images.get(file)?.owned === true && owners.get(file) === 1);
    const bytes = await lookedAt(own, (file) => allocatedBytes(file).catch(() => null));
    const size = ({ files }: { readonly files: Files }) => sum(Object.values(files).map((file) => (bytes.has(file) ? (bytes.get(file) ?? null) : 0)));
    return { snapshot: size, branch: size };
}

async function internalSizes(records: Records): Promise<Sizes> {
    const images = await lookedAt(filesOf(records), ownBytes);
    const taken = new Set([...records.snapshots.values()].map(({ tag }) => tag));
    const size = (files: Files, of: (bytes: OwnBytes) => number | null) =>
        sum(
            Object.values(files).map((file) => {
                const bytes = images.get(file);
                return bytes ? of(bytes) : null;
            }),
        );
    return {
        snapshot: ({ files, tag }) => size(files, ({ snapshots }) => (tag === null ? null : (snapshots.get(tag) ?? null))),
        branch: ({ name, files, tag }) => {
            if (name === records.branch) return size(files, ({ tip }) => tip);
            // A fresh fork shares its snapshot's contents, and costs nothing.
            return size(files, ({ snapshots }) => (tag === null ? null : taken.has(tag) ? 0 : (snapshots.get(tag) ?? null)));
        },
    };
}

export function sizesOf(records: Records): Promise<Sizes> {
    return modeOf(records) === "external" ? externalSizes(records) : internalSizes(records);
}
