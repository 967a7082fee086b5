import { validateSnapshot } from "../generated/validators";
import { checkName, checkNewName } from "../model";
import { flagConflicts } from "./flags";
import type { Properties } from "./unknown";
import { type Fault, type Validator, inputFaults, nameFaults } from "./validate";

/** Everything that is wrong with the inputs of a Snapshot, found without contacting a host. */
export function snapshotFaults(inputs: Properties): Fault[] {
    // What is redefined exists already or did elsewhere, and may have a name that Snaptree gave.
    const names = nameFaults("snapshot", inputs.name, inputs.redefine === true ? checkName : checkNewName);
    const conflicts = flagConflicts(inputs).map(([property, error]) => ({ property, error }));
    return [...inputFaults(validateSnapshot as Validator, inputs), ...names, ...conflicts];
}
