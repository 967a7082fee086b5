import type { Branch, Hierarchy, Snapshot } from "../model";

/** A snapshot as `--json` prints it (design section 7): absent values null. */
export function snapshotRow({ name, parent, description, creationTime, state, mode, memory, files, bytes }: Snapshot, facts: SnapshotFacts): object {
    return { name, parent, description, creationTime, state, mode, memory, current: facts.current, children: facts.children, files, bytes };
}

/** What only the hierarchy knows of a snapshot. */
export interface SnapshotFacts {
    readonly current: boolean;
    readonly children: readonly string[];
}

/** A branch as `--json` prints it. */
export function branchRow({ name, from, tip, active, dirty, files, bytes }: Branch): object {
    return { name, from, tip, active, dirty, files, bytes };
}

/** Where the domain is, as verbs that move it print it. */
export function place({ domain, powerState, current, branch, dirty }: Hierarchy): object {
    return { domain, powerState, current, branch, dirty };
}

/** Items by what they have in common. */
export function grouped<T, K>(items: Iterable<T>, keyOf: (item: T) => K): ReadonlyMap<K, readonly T[]> {
    const groups = new Map<K, T[]>();
    for (const item of items) {
        const group = groups.get(keyOf(item));
        if (group) group.push(item);
        else groups.set(keyOf(item), [item]);
    }
    return groups;
}

/** What the hierarchy knows of each of its snapshots. */
export function factsOf({ snapshots, current }: Hierarchy): (name: string) => SnapshotFacts {
    const children = grouped(snapshots, ({ parent }) => parent);
    return (name) => ({ current: name === current, children: (children.get(name) ?? []).map((child) => child.name) });
}

/** The hierarchy as `list --json` prints it. */
export function listing(hierarchy: Hierarchy): object {
    const { domain, uuid, powerState, current, branch, dirty, snapshots, branches } = hierarchy;
    const facts = factsOf(hierarchy);
    const rows = snapshots.map((snapshot) => snapshotRow(snapshot, facts(snapshot.name)));
    return { domain, uuid, powerState, current, branch, dirty, snapshots: rows, branches: branches.map(branchRow) };
}
