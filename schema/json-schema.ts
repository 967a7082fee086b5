import { type EnumSpec, type PackageSpec, type Properties, type PropertySpec, type TypeSpec, isAny, referenced } from "./package";

/** JSON Schema with three words of our own, from which errors are written: `expected`, `hint` and `secret`. */
export interface JsonSchema {
    readonly [keyword: string]: unknown;
    readonly expected?: string;
}

/** The words that the validator has to know besides JSON Schema's. */
export const ownWords = ["expected", "hint", "secret"];

/** Ajv counts characters with a helper of its own, which would have to be loaded; what is not empty has one, whatever it is. */
const anyCharacter = "[^]";

const simple = { string: "text", boolean: "true or false", integer: "a whole number", number: "a number" } as const;

/** Turns inputs of the package schema into a JSON Schema object that refuses what it does not know, except names that Pulumi itself adds (`__…`). */
export function inputsToJsonSchema(spec: PackageSpec, properties: Properties, required: readonly string[] = []): JsonSchema {
    return {
        type: "object",
        properties: Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, propertySchema(spec, property)])),
        patternProperties: { "^__": {} },
        additionalProperties: false,
        required,
        expected: "an object",
    };
}

function propertySchema(spec: PackageSpec, property: PropertySpec): JsonSchema {
    const { hint, minimum, exclusiveMinimum, minItems, minLength, confidential } = property.language?.snaptree ?? {};
    const schema = typeSchema(spec, property);
    const bounds = defined({ minimum, exclusiveMinimum, minItems, pattern: minLength === undefined ? undefined : anyCharacter });
    const kept = property.secret === true || confidential === true ? keptSecret(schema) : schema;
    return { ...kept, ...bounds, ...defined({ hint }), expected: `${schema.expected}${boundsInWords(bounds)}` };
}

/** Marks a schema and those of the values inside it: errors then say what kind of value was given and never which. */
function keptSecret(schema: JsonSchema): JsonSchema {
    const inside = (["items", "additionalProperties"] as const).filter((keyword) => typeof schema[keyword] === "object");
    return { ...schema, ...Object.fromEntries(inside.map((keyword) => [keyword, keptSecret(schema[keyword] as JsonSchema)])), secret: true };
}

function typeSchema(spec: PackageSpec, type: TypeSpec): JsonSchema {
    if (isAny(type)) return { expected: "any value" };
    if (type.oneOf) return unionSchema(spec, type.oneOf);
    if (type.$ref) return referenceSchema(spec, type.$ref);
    if (type.type === "array" && type.items) {
        const items = typeSchema(spec, type.items);
        return { type: "array", items, expected: `a list${ofEach(items)}` };
    }
    if (type.type === "object" && type.additionalProperties) {
        const values = typeSchema(spec, type.additionalProperties);
        return { type: "object", additionalProperties: values, expected: `an object${ofEach(values)}` };
    }
    if (type.type === "array" || type.type === "object" || type.type === undefined)
        throw new Error(`schema.json has a type without parts: ${JSON.stringify(type)}`);
    return { type: type.type, expected: simple[type.type] };
}

function unionSchema(spec: PackageSpec, choices: readonly TypeSpec[]): JsonSchema {
    const anyOf = choices.map((choice) => typeSchema(spec, choice));
    return { anyOf, expected: anyOf.map((choice) => choice.expected).join(", or ") };
}

function referenceSchema(spec: PackageSpec, ref: string): JsonSchema {
    const type = referenced(spec, ref);
    if ("properties" in type) return inputsToJsonSchema(spec, type.properties, type.required);
    return { enum: type.enum.map(({ value }) => value), expected: inWords(type) };
}

function inWords(type: EnumSpec): string {
    const values = type.enum.map(({ value }) => JSON.stringify(value));
    return `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`;
}

function ofEach(item: JsonSchema): string {
    if (item.expected === "text") return " of texts";
    if (item.expected === "an object") return " of objects";
    return item.expected === "any value" ? "" : ` of ${item.expected}`;
}

function boundsInWords({ minimum, exclusiveMinimum, minItems, pattern }: Record<string, unknown>): string {
    if (minimum !== undefined) return ` of at least ${String(minimum)}`;
    if (exclusiveMinimum !== undefined) return ` above ${String(exclusiveMinimum)}`;
    if (minItems !== undefined) return " that is not empty";
    return pattern === undefined ? "" : " that is not empty";
}

function defined(fields: Record<string, unknown>): Record<string, unknown> {
    return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
