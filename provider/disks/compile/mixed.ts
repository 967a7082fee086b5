import { type Mode, type Operation, quoted, Tree, UnsupportedError } from "../../model";
import type { Draft } from "../draft";
import type { BranchRecord, SnapshotRecord } from "../records";

/*
 * Others may have taken snapshots of both kinds in one hierarchy. The external ones are managed there as everywhere. What is inside an image is only read:
 * going back to it would write to an image that others may stand on, and merging or freezing that image would take it away or out of reach.
 */

type Snapshots = ReadonlyMap<string, SnapshotRecord>;

/** The mode of a hierarchy's snapshots, in which new ones are taken; null where there are none. Of both kinds, only external ones can be added. */
export function modeOfAll(snapshots: Snapshots): Mode | null {
    if (snapshots.size === 0) return null;
    return [...snapshots.values()].every(({ mode, mixed }) => mode === "internal" && !mixed) ? "internal" : "external";
}

/** Some of its contents are inside an image. One whose contents nobody knows is of no kind. */
function reachesInside(snapshot: SnapshotRecord | undefined): boolean {
    return snapshot !== undefined && Object.keys(snapshot.files).length > 0 && (snapshot.mode === "internal" || snapshot.mixed === true);
}

function isMixed(snapshots: Snapshots): boolean {
    return modeOfAll(snapshots) === "external" && [...snapshots.values()].some(reachesInside);
}

/** Names of snapshots whose contents an operation reads, moves or removes. */
function touched(operation: Operation, snapshots: Snapshots): readonly (string | null)[] {
    switch (operation.kind) {
        case "create":
            return [operation.source === "parent" ? operation.parent : null, operation.replace ? operation.name : null];
        case "delete": {
            const { name, scope } = operation;
            if (scope === "metadata") return [];
            const below = scope === "keepChildren" ? [] : new Tree(snapshots.values()).descendants(name).map((each) => each.name);
            return scope === "children" ? below : [name, ...below];
        }
        case "revert":
            return [operation.name];
        case "branch":
            return [operation.from];
        case "reset":
            return [operation.to, ...operation.snapshots];
        default:
            return [];
    }
}

/** The branch that an operation goes to, empties or removes. */
function branchOf(operation: Operation, branches: ReadonlyMap<string, BranchRecord>): BranchRecord | undefined {
    return operation.kind === "switch" || operation.kind === "unbranch" || operation.kind === "reset" ? branches.get(operation.name) : undefined;
}

/** The snapshot inside one of the images that taking another one would freeze. */
function frozenWith(draft: Draft, operation: Operation): SnapshotRecord | undefined {
    if (operation.kind !== "create" || operation.source !== "tip") return undefined;
    const tip = new Set(Object.values(draft.tip()));
    return [...draft.snapshots.values()].find((snapshot) => reachesInside(snapshot) && Object.values(snapshot.files).some((file) => tip.has(file)));
}

/** @throws UnsupportedError for what would harm a hierarchy of both kinds */
export function refuseMixed(draft: Draft, operation: Operation): void {
    const { snapshots, branches, place } = draft;
    if (!isMixed(snapshots)) return;
    const advice = "in this hierarchy internal and external snapshots are mixed; do it with virsh, or first delete the ones that are inside images there";
    if (operation.kind === "commit" || operation.kind === "merge") throw new UnsupportedError(place.backend, "merging", advice);
    const inside = touched(operation, snapshots).find((name) => name !== null && reachesInside(snapshots.get(name)));
    if (inside != null) throw new UnsupportedError(place.backend, `this with ${quoted(inside)}, which is inside its images`, advice);
    const branch = branchOf(operation, branches);
    if (branch && branch.tag !== null) throw new UnsupportedError(place.backend, `this with branch ${quoted(branch.name)}, which is inside its images`, advice);
    const frozen = frozenWith(draft, operation);
    if (frozen) throw new UnsupportedError(place.backend, `a snapshot that would freeze the image that ${quoted(frozen.name)} is inside of`, advice);
}
