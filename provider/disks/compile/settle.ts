import { HostError, quoted } from "../../model";
import type { Draft } from "../draft";

/** What the steps that tidy up need to know of the world. */
export interface Surroundings {
    /** Files that other domains' chains use: never written, never removed. Looked up once, when first asked for. */
    readonly foreign: () => Promise<ReadonlySet<string>>;
    readonly allocated: (file: string) => Promise<number>;
    /** Bytes that the guest sees of a file that is there. */
    readonly virtualSize: (file: string, format: string) => Promise<number>;
    /** Internal snapshots in a qcow2 file that is there. */
    readonly tags: (file: string) => Promise<readonly { readonly id: string; readonly name: string }[]>;
    readonly exists: (file: string) => Promise<boolean>;
    /** What the file's own header says that it stands on. */
    readonly backing: (overlay: string) => Promise<string | null>;
    /** A path without symbolic links. */
    readonly real: (file: string) => Promise<string>;
    /** How a running guest that has the overlay of a merge open lets it be merged: upwards only into what it writes to. Absent, or null: as if nobody had. */
    readonly running?: (overlay: string) => "written" | "inner" | null;
}

/** Files that a name still needs: a snapshot's contents, a branch's leaf, the tip. */
function named(draft: Draft): Set<string> {
    const files = new Set(Object.values(draft.tip()));
    for (const snapshot of draft.snapshots.values()) for (const file of Object.values(snapshot.files)) files.add(file);
    for (const branch of draft.branches.values()) for (const file of Object.values(branch.files)) files.add(file);
    return files;
}

/** Snaptree made the file, and no other domain uses it. */
export async function ours(draft: Draft, file: string, around: Surroundings): Promise<boolean> {
    if (draft.images.get(file)?.owned !== true) return false;
    const foreign = await around.foreign();
    return !foreign.has(file) && !foreign.has(await around.real(file));
}

/** Ours, and holding nothing but what we put there: somebody's internal snapshots in it would go, or read what is put under them. */
export async function expendable(draft: Draft, file: string, around: Surroundings): Promise<boolean> {
    if (!(await ours(draft, file, around))) return false;
    return draft.sizes.has(file) || !(await around.exists(file)) || (await around.tags(file)).length === 0;
}

/** Removes our files that nothing names and nothing stands on. */
export async function dropUnused(draft: Draft, around: Surroundings): Promise<void> {
    for (let again = true; again;) {
        again = false;
        const needed = named(draft);
        const under = new Set([...draft.images.values()].map((image) => image.backing));
        for (const { path } of [...draft.images.values()]) {
            if (needed.has(path) || under.has(path) || !(await expendable(draft, path, around))) continue;
            draft.discard(path);
            again = true;
        }
    }
}

/** The inner files that may be merged; null: any. */
type Among = ReadonlySet<string> | null;

/** An unnamed inner file and the one file that stands on it. */
interface Mergeable {
    readonly inner: string;
    readonly overlay: string;
}

async function mergeables(draft: Draft, around: Surroundings, among: Among): Promise<Map<string, Mergeable>> {
    const needed = named(draft);
    const above = new Map<string, string[]>();
    for (const { path, backing } of draft.images.values()) if (backing !== null) above.set(backing, [...(above.get(backing) ?? []), path]);
    const found = new Map<string, Mergeable>();
    for (const [inner, overlays] of above) {
        const [overlay, ...others] = overlays;
        if (overlay === undefined || others.length > 0 || needed.has(inner) || among?.has(inner) === false) continue;
        if ((await expendable(draft, inner, around)) && (await expendable(draft, overlay, around))) found.set(inner, { inner, overlay });
    }
    return found;
}

/** The uppermost of a chain: what pulls do before the commit must not meet what pushes below them do after it. */
function uppermost(candidates: ReadonlyMap<string, Mergeable>): Mergeable | undefined {
    return [...candidates.values()].find(({ overlay }) => !candidates.has(overlay));
}

/** Copies the inner file's clusters up; undoable, so it is done before the commit. */
function pull(draft: Draft, { inner, overlay }: Mergeable): void {
    const image = draft.images.get(inner);
    const under = image?.backing ?? null;
    draft.before({
        kind: "pull",
        overlay,
        from: { backing: draft.backingName(inner), format: draft.formatOf(inner) },
        onto: under === null ? null : { backing: draft.backingName(under), format: draft.formatOf(under) },
    });
    const record = draft.images.get(overlay);
    if (record) draft.images.set(overlay, { ...record, backing: under });
    draft.remove(inner);
}

/** Writes the overlay's clusters down; from then on the inner file is what the overlay was. */
function push(draft: Draft, { inner, overlay }: Mergeable, around: Surroundings): void {
    const above = draft.dependents(overlay);
    draft.after({ kind: "commit", overlay, ...(around.running && { into: inner, above: above.map(({ path }) => path) }) });
    for (const dependent of above) {
        draft.after({ kind: "point", overlay: dependent.path, backing: draft.backingName(inner), format: "qcow2" });
        draft.alter([dependent.path]);
        draft.images.set(dependent.path, { ...dependent, backing: inner });
    }
    rename(draft, overlay, inner);
    // Before the domain is pointed at the inner file: from then on it may write there, and a merge that is repeated must not undo that.
    draft.after({ kind: "remove", files: [overlay] });
    draft.images.delete(overlay);
}

/** Whatever was called by one file's name is called by another's. */
function rename(draft: Draft, from: string, to: string): void {
    const renamed = (files: Readonly<Record<string, string>>) =>
        Object.fromEntries(Object.entries(files).map(([target, file]) => [target, file === from ? to : file]));
    for (const snapshot of draft.snapshots.values()) draft.snapshots.set(snapshot.name, { ...snapshot, files: renamed(snapshot.files) });
    for (const branch of draft.branches.values()) draft.branches.set(branch.name, { ...branch, files: renamed(branch.files) });
    const moved = Object.entries(draft.tip()).filter(([, file]) => file === from);
    draft.pointTip(Object.fromEntries(moved.map(([target]) => [target, to])));
}

/** Refuses to merge files that somebody put on others since. */
export async function checkChain(draft: Draft, { inner, overlay }: Mergeable, around: Surroundings): Promise<void> {
    for (const file of [inner, overlay]) {
        // Of a file that is about to be made or put elsewhere only the draft knows.
        if (draft.sizes.has(file) || draft.images.get(file)?.backing !== draft.stored.images.get(file)?.backing) continue;
        const recorded = draft.images.get(file)?.backing ?? null;
        const actual = await around.backing(file);
        if (actual === recorded || (actual !== null && recorded !== null && (await around.real(actual)) === (await around.real(recorded)))) continue;
        throw new HostError(
            `the image ${quoted(file)} stands on ${quoted(actual ?? "nothing")}, and Snaptree left it on ${quoted(recorded ?? "nothing")}; put it back before going on, so that nothing is lost`,
            { file },
        );
    }
}

type Direction = "up" | "down";

/**
 * Whichever direction copies less. Down only between files of one size, since a smaller one would grow or hide what it has, and where what stands on the
 * overlay, and would be put on the inner file, is ours. Under a running guest, up only into what it writes to, and only before the first that goes down: what
 * is pulled across a file that is still to be pushed would be pushed no more. Null: neither can be.
 */
async function directionOf(draft: Draft, merge: Mergeable, around: Surroundings, pushed: boolean): Promise<Direction | null> {
    const held = around.running?.(merge.overlay) ?? null;
    const canGoUp = held === null || (held === "written" && !pushed);
    const upAtMost = canGoUp ? "up" : null;
    for (const { path } of draft.dependents(merge.overlay)) if (!(await ours(draft, path, around))) return upAtMost;
    const allocated = (file: string) => (draft.sizes.has(file) ? 0 : around.allocated(file));
    const size = (file: string) => draft.sizes.get(file) ?? around.virtualSize(file, "qcow2");
    if ((await size(merge.inner)) !== (await size(merge.overlay))) return upAtMost;
    return canGoUp && (await allocated(merge.inner)) <= (await allocated(merge.overlay)) ? "up" : "down";
}

/**
 * Tidies up after names are gone (design section 2, delete): a file of ours that nothing names goes where nothing stands on it, is merged with the
 * one file that does, and stays as an unnamed inner file while several do.
 */
export async function settle(draft: Draft, around: Surroundings, among: Among = null): Promise<void> {
    await dropUnused(draft, around);
    const kept = new Set<string>();
    let pushed = false;
    const next = async () => {
        const all = await mergeables(draft, around, among);
        for (const inner of kept) all.delete(inner);
        return uppermost(all);
    };
    for (let merge = await next(); merge; merge = await next()) {
        await checkChain(draft, merge, around);
        const direction = await directionOf(draft, merge, around, pushed);
        if (direction === null) {
            kept.add(merge.inner);
            continue;
        }
        draft.alter([merge.inner, merge.overlay]);
        if (direction === "up") pull(draft, merge);
        else push(draft, merge, around);
        pushed ||= direction === "down";
    }
}
