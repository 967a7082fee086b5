import { checkTree, type TreeInputs } from "../engine/desired";
import { validateSnapshotTree } from "../generated/validators";
import { InvalidInputError, SnaptreeError } from "../model";
import { isUnknown, type Properties, UNKNOWN } from "./unknown";
import { type Fault, inputFaults, type Validator } from "./validate";

/** Everything that is wrong with the inputs of a SnapshotTree, found without contacting a host. What is not known yet is right. */
export function treeFaults(inputs: Properties): Fault[] {
    const faults = inputFaults(validateSnapshotTree as Validator, inputs);
    return faults.length > 0 ? faults : shapeFaults(inputs);
}

/** The planner's own word on the shape of a tree. */
function shapeFaults(inputs: Properties): Fault[] {
    if (isUnknown(inputs.snapshots) || isUnknown(inputs.branches)) return [];
    try {
        checkTree(shapeOf(inputs));
        return [];
    } catch (error) {
        if (!(error instanceof SnaptreeError)) throw error;
        return [{ property: error instanceof InvalidInputError ? error.property : "", error }];
    }
}

/** What places the nodes. One whose place is unknown stands on a snapshot of that very name: like any that is not listed, it may be there. */
function shapeOf({ snapshots, branches, current, prune }: TreeInputs): TreeInputs {
    const nodes = Object.entries(snapshots ?? {}).map(([name, node]) => [name, { parent: isUnknown(node) ? UNKNOWN : node?.parent }] as const);
    const forks = Object.entries(branches ?? {}).map(([name, branch]) => [name, { from: isUnknown(branch) ? UNKNOWN : branch.from }] as const);
    const named = [...nodes.map(([, { parent }]) => parent), ...forks.map(([, { from }]) => from), current, prune];
    return {
        snapshots: Object.fromEntries(nodes),
        branches: Object.fromEntries(forks),
        current,
        prune: named.includes(UNKNOWN) || prune == null ? "none" : prune,
    };
}
