import type { ErrorObject } from "ajv";
import { validateSnapshot } from "../generated/validators";
import { InvalidInputError, type SnaptreeError, checkName, checkNewName } from "../model";
import { flagConflicts } from "./flags";
import { describeFault, faultyProperty } from "./messages";
import { type Properties, isUnknown } from "./unknown";

/** A property that can't be used as it is, by its path in the program (`provision[0].command`). */
export interface Fault {
    readonly property: string;
    readonly error: SnaptreeError;
}

interface Validator {
    (data: unknown): boolean;
    errors?: readonly ErrorObject[] | null;
}

/**
 * Everything that is wrong with the inputs of a Snapshot, found without contacting a host. Unknown values are right everywhere.
 * Values that may be secret appear in no message.
 */
export function snapshotFaults(inputs: Properties): Fault[] {
    const faults = [...schemaFaults(validateSnapshot as Validator, inputs), ...hostFaults(inputs), ...nameFaults(inputs)];
    const conflicts = flagConflicts(inputs).map(([property, error]) => ({ property, error }));
    return [...faults, ...conflicts];
}

function schemaFaults(validator: Validator, inputs: Properties): Fault[] {
    if (validator(inputs)) return [];
    const errors = (validator.errors ?? []).filter((error) => !isUnknown(error.data));
    const unions = errors.filter(({ keyword }) => keyword === "anyOf").map(({ schemaPath }) => `${schemaPath}/`);
    const faults = new Map<string, Fault>();
    for (const error of errors) {
        // Of a union, what each of its choices says is noise: the union itself says what is expected.
        if (unions.some((path) => error.schemaPath.startsWith(path))) continue;
        const property = faultyProperty(error, inputs);
        if (!faults.has(property)) faults.set(property, { property, error: new InvalidInputError(describeFault(error, property), property) });
    }
    return [...faults.values()];
}

const exampleHost = "qemu:///embed?root=/srv/vms";
const scheme = /^[a-z][a-z0-9.+-]*:\/\//i;
/** `user:password@`, and not the port in `machine:22/…`. */
const passwordInUri = /^[^:/?#]+:\/\/[^/?#@[\]]*:(?!\d*(?:[/?#]|$))[^@]*@/;
// eslint-disable-next-line no-control-regex
const controlCharacter = /[\u0000-\u001f\u007f]/;

/** What is wrong with a host's URI. The URI is never shown: what is wrong with it may be the password in it. */
function hostFaults({ host }: Properties): Fault[] {
    const why = hostFault(host);
    return why === null ? [] : [{ property: "host", error: new InvalidInputError(why, "host") }];
}

function hostFault(host: unknown): string | null {
    if (host === undefined || host === "") return `host is missing; set it (for example to ${exampleHost}) or the environment variable SNAPTREE_HOST`;
    if (typeof host !== "string" || isUnknown(host)) return null;
    if (passwordInUri.test(host)) {
        return "host has a password in it, which would show in state and logs; take it out and set “password” or the environment variable SNAPTREE_PASSWORD";
    }
    if (!scheme.test(host) || controlCharacter.test(host))
        return `host is no URI; write it as libvirt does, for example ${exampleHost} or qemu+ssh://user@machine/system`;
    return null;
}

function nameFaults({ domain, name, redefine }: Properties): Fault[] {
    const faults: Fault[] = [];
    if (name === undefined) faults.push({ property: "name", error: new InvalidInputError("name is missing; give the snapshot a name", "name") });
    // What is redefined exists already or did elsewhere, and may have a name that Snaptree gave.
    faults.push(...attempt("name", name, redefine === true ? checkName : checkNewName), ...attempt("domain", domain, checkName));
    return faults;
}

function attempt(property: string, value: unknown, check: (name: string, property: string) => void): Fault[] {
    if (typeof value !== "string" || isUnknown(value)) return [];
    try {
        check(value, property);
        return [];
    } catch (error) {
        if (error instanceof InvalidInputError) return [{ property, error }];
        throw error;
    }
}
