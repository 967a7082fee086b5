import * as pulumi from "@pulumi/pulumi";
import type { ResourceProperties } from "../provider/generated/properties";
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
export function registered(args: Properties, properties: ResourceProperties): pulumi.Inputs {
    const places = Object.fromEntries(properties.filled.map((name) => [name, undefined]));
    const secrets = givenSecrets(args, properties).map((name) => [name, pulumi.secret(args[name])] as const);
    return { ...places, ...args, ...Object.fromEntries(secrets) };
}

/** The secret properties that a program gave. */
function givenSecrets(args: Properties, properties: ResourceProperties): string[] {
    return properties.secret.filter((name) => args[name] !== undefined);
}

/** What a program gave, with the host that the environment names where it gave none. */
export function withHost(args: object): Properties {
    const given = Object.entries(args).filter(([, value]) => value !== undefined);
    return { host: process.env.SNAPTREE_HOST || undefined, ...Object.fromEntries(given) };
}

/**
 * Refuses the options of an import: Pulumi would ask a dynamic provider for something that it can't know yet, and fail with an error that says
 * nothing. `what` can't be imported; `instead` says what to do.
 */
export function refuseImport(opts: pulumi.CustomResourceOptions, what: string, instead: string): void {
    if (opts.import === undefined && opts.id === undefined) return;
    throw new InvalidInputError(`a dynamic provider can't import ${what}; leave out the option and ${instead}`, "opts");
}

/** Pulumi's options, which also mark as secret the outputs that echo secret arguments. */
export function keepSecret(opts: pulumi.CustomResourceOptions, args: Properties, properties: ResourceProperties): pulumi.CustomResourceOptions {
    const additionalSecretOutputs = givenSecrets(args, properties);
    return pulumi.mergeOptions(opts, additionalSecretOutputs.length > 0 ? { additionalSecretOutputs } : {});
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
