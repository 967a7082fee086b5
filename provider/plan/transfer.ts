import {
    AlreadyExistsError,
    type Branch,
    BusyError,
    called,
    type ExportedBranch,
    type ExportedSnapshot,
    type Hierarchy,
    type HierarchyExport,
    InvalidInputError,
    quoted,
    type Snapshot,
} from "../model";
import { type Plan, planOf } from "./plan";

/** It is the very one, which an import that was interrupted, or done twice, has brought here. */
function sameSnapshot(there: Snapshot, { contentId }: ExportedSnapshot): boolean {
    return contentId !== null && there.contentId === contentId;
}

function sameBranch(there: Branch, { from, tip, files }: ExportedBranch): boolean {
    const listed = (branch: Pick<Branch, "from" | "tip" | "files">) => JSON.stringify([branch.from, branch.tip, Object.entries(branch.files).sort()]);
    return listed(there) === listed({ from, tip, files });
}

/**
 * Remembers here what was exported elsewhere: what is not here yet, as one operation, which happens whole or not at all.
 *
 * @throws InvalidInputError for another domain's hierarchy; AlreadyExistsError where others have its names, of which it says all.
 */
export function planImport(hierarchy: Hierarchy, exported: HierarchyExport): Plan {
    if (hierarchy.uuid !== exported.uuid) {
        throw new InvalidInputError(
            `the domain ${quoted(hierarchy.domain)} has the UUID ${hierarchy.uuid}, and this is the hierarchy of one with ${exported.uuid}; import it where that domain is`,
            "uuid",
        );
    }
    const snapshots = new Map(hierarchy.snapshots.map((snapshot) => [snapshot.name, snapshot]));
    const branches = new Map(hierarchy.branches.map((branch) => [branch.name, branch]));
    const isHere = (wanted: ExportedSnapshot) => {
        const there = snapshots.get(wanted.name);
        return there !== undefined && sameSnapshot(there, wanted);
    };
    const isBranchHere = (wanted: ExportedBranch) => {
        const there = branches.get(wanted.name);
        return there !== undefined && sameBranch(there, wanted);
    };
    const missing = {
        ...exported,
        snapshots: exported.snapshots.filter((snapshot) => !isHere(snapshot)),
        branches: exported.branches.filter((branch) => !isBranchHere(branch)),
    };
    const taken = [...missing.snapshots, ...missing.branches].map(({ name }) => name).filter((name) => snapshots.has(name) || branches.has(name));
    if (taken.length > 0) {
        throw new AlreadyExistsError(
            `the domain ${quoted(hierarchy.domain)} has others called ${taken.map(quoted).join(", ")} there already; rename or delete them, so that none is taken for another`,
            { names: taken },
        );
    }
    const isThere = missing.snapshots.length === 0 && missing.branches.length === 0;
    const stands = [exported.current ?? hierarchy.current, exported.branch ?? hierarchy.branch];
    if (isThere && stands[0] === hierarchy.current && stands[1] === hierarchy.branch) return planOf(hierarchy, []);
    return planOf(hierarchy, [{ kind: "import", name: hierarchy.domain, hierarchy: missing }]);
}

/** Remembers nothing of a domain any more; its disks stay as they are. @throws BusyError where a snapshot's file is half-written. */
export function planForget(hierarchy: Hierarchy): Plan {
    refuseHalf(hierarchy);
    return planOf(hierarchy, [{ kind: "forget", name: hierarchy.domain }]);
}

/** What is carried elsewhere must be whole: only here it is known how the rest is written. @throws BusyError */
export function refuseHalf({ snapshots }: Hierarchy): void {
    const half = snapshots.find(({ committing }) => committing);
    if (half) throw new BusyError(`a commit into snapshot ${called(half.name)} was not finished; run it again, which goes on with it, and then this`);
}
