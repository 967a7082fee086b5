/** What Snaptree adds to a property of the package schema, under `language.snaptree`. */
export interface Extras {
    readonly minimum?: number;
    readonly exclusiveMinimum?: number;
    readonly minItems?: number;
    readonly minLength?: 1;
    /** What to do about a wrong value, for the end of an error message. */
    readonly hint?: string;
    /** In the Node SDK the argument can also be a resource of this name. */
    readonly alsoResource?: string;
    /** The SDK sets it; programs don't. */
    readonly filledIn?: boolean;
    /** It may hold secrets: errors never show its value. */
    readonly confidential?: boolean;
    /** An output that is no mere echo of an input. */
    readonly own?: boolean;
}

export interface TypeSpec {
    readonly type?: "boolean" | "integer" | "number" | "string" | "array" | "object";
    readonly $ref?: string;
    readonly items?: TypeSpec;
    readonly additionalProperties?: TypeSpec;
    readonly oneOf?: readonly TypeSpec[];
}

export interface PropertySpec extends TypeSpec {
    readonly description?: string;
    readonly secret?: boolean;
    readonly defaultInfo?: { readonly environment: readonly string[] };
    readonly willReplaceOnChanges?: boolean;
    readonly language?: { readonly snaptree?: Extras };
}

export type Properties = Readonly<Record<string, PropertySpec>>;

export interface EnumSpec {
    readonly description: string;
    readonly type: "string";
    readonly enum: readonly { readonly value: string; readonly description: string }[];
}

export interface ObjectSpec {
    readonly description: string;
    readonly type: "object";
    readonly properties: Properties;
    readonly required?: readonly string[];
}

export interface ResourceSpec {
    readonly description: string;
    readonly inputProperties: Properties;
    readonly requiredInputs?: readonly string[];
    properties: Properties;
    readonly required?: readonly string[];
}

/** A Pulumi package schema, as far as Snaptree uses it. */
export interface PackageSpec {
    readonly types: Readonly<Record<string, EnumSpec | ObjectSpec>>;
    readonly resources: Readonly<Record<string, ResourceSpec>>;
}

/** `snaptree:index:Snapshot` and `#/types/snaptree:index:Snapshot` to `Snapshot`. */
export function shortName(token: string): string {
    return token.slice(token.lastIndexOf(":") + 1);
}

/** Any value at all. */
export function isAny(type: TypeSpec): boolean {
    return type.$ref === "pulumi.json#/Any";
}

/** The type that a `$ref` names. @throws Error when the schema has no such type. */
export function referenced(spec: PackageSpec, ref: string): EnumSpec | ObjectSpec {
    const found = spec.types[ref.replace("#/types/", "")];
    if (!found) throw new Error(`schema.json has no type ${ref}; add it under “types”`);
    return found;
}

/**
 * Every input is an output too, since Pulumi hands old outputs to `diff`. The package schema has to list them, and this does, input for input;
 * outputs that are marked as `own` stay as they are.
 */
export function withInputsAsOutputs(resource: ResourceSpec): Properties {
    const own = Object.entries(resource.properties).filter(([, property]) => property.language?.snaptree?.own);
    const echoes = Object.entries(resource.inputProperties).map(([name, property]) => {
        const { defaultInfo: _default, willReplaceOnChanges: _replaces, language: _language, ...echo } = property;
        return [name, echo] as const;
    });
    return Object.fromEntries([...echoes, ...own]);
}
