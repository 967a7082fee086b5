import { AlreadyExistsError, quoted } from "../../../model";
import type { Draft } from "../draft";

/** Children, branches and the domain follow a snapshot to its new name. */
export function renameSnapshot(draft: Draft, from: string, to: string): void {
    if (draft.snapshots.has(to) || draft.branches.has(to))
        throw new AlreadyExistsError(`there is a snapshot or branch ${quoted(to)} already; choose another name`);
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
