import type { ErrorObject } from "ajv";
import { InvalidInputError, type SnaptreeError, checkName } from "../model";
import { describeFault, faultyProperty } from "./messages";
import { type Properties, isUnknown } from "./unknown";

/** A property that can't be used as it is, by its path in the program (`provision[0].command`). */
export interface Fault {
    readonly property: string;
    readonly error: SnaptreeError;
}

/** One of the generated validators, as ajv writes them. */
export type Validator = (data: unknown) => boolean;

/**
 * What is wrong with a resource's inputs as its schema has them, with its host and with its domain, found without contacting a host. Unknown values
 * are right everywhere. Values that may be secret appear in no message.
 */
export function inputFaults(validator: Validator, inputs: Properties): Fault[] {
    return [...schemaFaults(validator, inputs), ...hostFaults(inputs), ...textFaults("domain", inputs.domain, checkName)];
}

function schemaFaults(validator: Validator, inputs: Properties): Fault[] {
    if (validator(inputs)) return [];
    const found = (validator as { readonly errors?: readonly ErrorObject[] | null }).errors ?? [];
    const errors = found.filter((error) => !isUnknown(error.data));
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

/** What is wrong with the name of a snapshot or a branch. `kind` says what it names. */
export function nameFaults(kind: string, name: unknown, check: (name: string, property: string) => void): Fault[] {
    if (name === undefined) return [{ property: "name", error: new InvalidInputError(`name is missing; give the ${kind} a name`, "name") }];
    return textFaults("name", name, check);
}

/** What a check of a text says of it, where it is one and is known. */
export function textFaults(property: string, value: unknown, check: (value: string, property: string) => void): Fault[] {
    if (typeof value !== "string" || isUnknown(value)) return [];
    try {
        check(value, property);
        return [];
    } catch (error) {
        if (error instanceof InvalidInputError) return [{ property, error }];
        throw error;
    }
}
