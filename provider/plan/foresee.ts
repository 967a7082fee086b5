import type { CreateOperation, Hierarchy, Snapshot } from "../model";

/** A snapshot as far as it is known before it is taken. */
function expected({ name, parent, description, source }: CreateOperation): Snapshot {
    const unknown = { creationTime: 0, state: "shutoff", mode: null, memory: false, files: {}, contentId: null } as const;
    return { name, parent, description: description ?? null, made: source === "parent", ...unknown };
}

/** What a hierarchy will be once a snapshot has been taken, for planning what comes after it before it is. */
export function foresee(hierarchy: Hierarchy, operation: CreateOperation): Hierarchy {
    const { current, dirty, branches } = hierarchy;
    const kept = operation.keepTip === null ? [] : [{ name: operation.keepTip, from: current, tip: current, active: false, dirty: true, files: {} }];
    const moved = operation.moveTip && !operation.noMetadata;
    return {
        ...hierarchy,
        snapshots: operation.noMetadata ? hierarchy.snapshots : [...hierarchy.snapshots, expected(operation)],
        branches: [...branches, ...kept],
        current: moved ? operation.name : current,
        dirty: moved ? false : dirty,
    };
}
