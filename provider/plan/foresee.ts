import type { CreateOperation, Hierarchy, Snapshot } from "../model";

/** A snapshot as far as it is known before it is taken. */
function expected({ name, parent, description, source }: CreateOperation): Snapshot {
    const unknown = { creationTime: 0, state: "shutoff", mode: null, memory: false, files: {}, contentId: null } as const;
    return { name, parent, description: description ?? null, made: source === "parent", ...unknown };
}

/** What a hierarchy will be once a snapshot that is remembered has been taken, for planning what comes after it before it is. */
export function foresee(hierarchy: Hierarchy, operation: CreateOperation): Hierarchy {
    const { current, dirty, branches, snapshots } = hierarchy;
    const kept = operation.keepTip === null ? [] : [{ name: operation.keepTip, from: current, tip: current, active: false, dirty: true, files: {} }];
    const tip = operation.moveTip ? { current: operation.name, dirty: false } : { current, dirty };
    return { ...hierarchy, ...tip, snapshots: [...snapshots, expected(operation)], branches: [...branches, ...kept] };
}
