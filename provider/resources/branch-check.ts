import { validateSnapshotBranch } from "../generated/validators";
import { checkNewName } from "../model";
import type { Properties } from "./unknown";
import { type Fault, type Validator, inputFaults, nameFaults } from "./validate";

/** Everything that is wrong with the inputs of a SnapshotBranch, found without contacting a host. */
export function branchFaults(inputs: Properties): Fault[] {
    return [...inputFaults(validateSnapshotBranch as Validator, inputs), ...nameFaults("branch", inputs.name, checkNewName)];
}
