import * as pulumi from "@pulumi/pulumi";
import type { snapshotProperties } from "../provider/generated/properties";
import { InvalidInputError } from "../provider/model";
import { type Properties, UNKNOWN, ownProperties } from "../provider/resources/unknown";
import type { Fault } from "../provider/resources/validate";

/**
 * A resource's arguments as plain values, for checking them while the program is built: what is only known later stands as unknown,
 * and so does what is secret.
 */
export function knownArguments(args: Properties): Properties {
    return ownProperties(knownPart(args) as Properties);
}

function knownPart(value: unknown): unknown {
    if (pulumi.Output.isInstance(value) || value instanceof Promise || pulumi.Resource.isInstance(value)) return UNKNOWN;
    if (Array.isArray(value)) return value.map(knownPart);
    if (typeof value !== "object" || value === null || !isPlain(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, knownPart(inner)]));
}

function isPlain(value: object): boolean {
    const prototype: unknown = Object.getPrototypeOf(value);
    return prototype === Object.prototype || prototype === null;
}

/** @throws the one error there is, or one that lists them all. */
export function refuseFaults(faults: readonly Fault[]): void {
    const [first, ...others] = faults;
    if (!first) return;
    throw others.length === 0 ? first.error : new InvalidInputError(faults.map(({ error }) => error.message).join("\n"), first.property);
}

/**
 * Everything that a resource registers: what the program gave, secrets marked as such, and a place for each output that is there whatever it gave.
 * The others get none: a dozen promises and a stack trace for each would be most of what a program of hundreds of resources does.
 */
export function registered(args: Properties, properties: typeof snapshotProperties): pulumi.Inputs {
    const places = Object.fromEntries(properties.filled.map((name) => [name, undefined]));
    const secrets = givenSecrets(args, properties).map((name) => [name, pulumi.secret(args[name])] as const);
    return { ...places, ...args, ...Object.fromEntries(secrets) };
}

/** The secret properties that a program gave. */
export function givenSecrets(args: Properties, properties: typeof snapshotProperties): string[] {
    return properties.secret.filter((name) => args[name] !== undefined);
}

/** Makes an output of a resource that it has not registered an output of nothing, as it would be if it had. */
export function fillAbsent(prototype: object, names: readonly string[]): void {
    for (const name of names) {
        Object.defineProperty(prototype, name, {
            configurable: true,
            get: () => pulumi.output(undefined),
            set(this: object, value: unknown) {
                Object.defineProperty(this, name, { value, configurable: true, enumerable: true, writable: true });
            },
        });
    }
}
