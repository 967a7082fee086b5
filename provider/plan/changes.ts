import type { Hierarchy, Loss, Operation } from "../model";

/** The leaf that goes when the domain leaves its tip without keeping it; nothing where it holds nothing. */
function tipGoes({ branch, dirty }: Hierarchy, keepTip: string | null, isEmptied: boolean): Loss[] {
    if (!dirty || keepTip !== null) return [];
    if (branch === null) return ["tip"];
    return isEmptied ? [`branch:${branch}`] : [];
}

function ifDirty({ branches }: Hierarchy, name: string): Loss[] {
    return branches.some((branch) => branch.name === name && branch.dirty) ? [`branch:${name}`] : [];
}

/**
 * What one operation would destroy of the hierarchy as it is now. A plan of several operations lists its losses before the first; what somebody wrote
 * meanwhile is found by this before each of the others.
 */
export function lossesOf(hierarchy: Hierarchy, operation: Operation): Loss[] {
    switch (operation.kind) {
        case "revert":
            return tipGoes(hierarchy, operation.keepTip, hierarchy.current === operation.name);
        case "switch":
            return hierarchy.branch === operation.name ? [] : tipGoes(hierarchy, operation.keepTip, false);
        case "create":
            return operation.source === "parent" && operation.moveTip && operation.parent !== null ? tipGoes(hierarchy, operation.keepTip, false) : [];
        case "reset":
            return ifDirty(hierarchy, operation.name);
        case "unbranch":
            return hierarchy.branch === operation.name ? [] : ifDirty(hierarchy, operation.name);
        case "delete":
            return operation.branches.flatMap((name) => ifDirty(hierarchy, name));
        default:
            return [];
    }
}
