import { AlreadyExistsError, quoted } from "../../model";
import type { Draft } from "../draft";

/** Snapshots and branches share one name space. @throws AlreadyExistsError */
export function refuseTaken(draft: Draft, name: string): void {
    if (draft.snapshots.has(name) || draft.branches.has(name))
        throw new AlreadyExistsError(`there is a snapshot or branch ${quoted(name)} already; choose another name`);
}

/** Children, branches and the domain follow a snapshot to its new name. */
export function renameSnapshot(draft: Draft, from: string, to: string): void {
    refuseTaken(draft, to);
    const moved = (name: string | null) => (name === from ? to : name);
    const snapshots = [...draft.snapshots.values()];
    draft.snapshots.clear();
    for (const snapshot of snapshots) {
        const name = snapshot.name === from ? to : snapshot.name;
        draft.snapshots.set(name, { ...snapshot, name, parent: moved(snapshot.parent) });
    }
    for (const branch of [...draft.branches.values()]) draft.branches.set(branch.name, { ...branch, from: moved(branch.from), tip: moved(branch.tip) });
    draft.current = moved(draft.current);
}
