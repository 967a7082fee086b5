import type { CreateOperation, Hierarchy, Snapshot } from "../model";

/** A snapshot as far as it is known before it is taken. */
function expected({ name, parent, description, source, owner }: CreateOperation): Snapshot {
    const unknown = { creationTime: 0, state: "shutoff", mode: null, memory: false, files: {}, contentId: null, committing: false, bytes: null } as const;
    return { name, parent, description: description ?? null, made: source === "parent", owner: owner ?? null, ...unknown };
}

/** What a hierarchy will be once a snapshot that is remembered has been taken, for planning what comes after it before it is. */
export function foresee(hierarchy: Hierarchy, operation: CreateOperation): Hierarchy {
    const { current, dirty, branches, snapshots } = hierarchy;
    const left = { from: current, tip: current, active: false, dirty: true, files: {}, owner: null, bytes: null };
    const kept = operation.keepTip === null ? [] : [{ name: operation.keepTip, ...left }];
    const moved = branches.map((branch) => (branch.active && operation.moveTip ? { ...branch, tip: operation.name, dirty: false } : branch));
    const tip = operation.moveTip ? { current: operation.name, dirty: false } : { current, dirty };
    return { ...hierarchy, ...tip, snapshots: [...snapshots, expected(operation)], branches: [...moved, ...kept] };
}
