import { type PackageSpec, type Properties, type PropertySpec, type TypeSpec, isAny, referenced, shortName } from "./package";

/** How a type is written: as the value itself, or as what a program may pass (`pulumi.Input` on every level). */
interface Style {
    readonly of: (type: string) => string;
    readonly objectName: (name: string) => string;
}

const plain: Style = { of: (type) => type, objectName: (name) => name };
const input: Style = { of: (type) => `pulumi.Input<${type}>`, objectName: (name) => `${name}Args` };

/** Inputs and outputs of every resource, and the types that they use, as values that are all known. */
export function emitTypes(spec: PackageSpec): string {
    const types = Object.entries(spec.types).map(([token, type]) => {
        const name = shortName(token);
        if ("enum" in type) return `${comment(type.description)}export type ${name} = ${type.enum.map(({ value }) => JSON.stringify(value)).join(" | ")};\n`;
        return emitInterface(spec, plain, name, type);
    });
    const resources = Object.entries(spec.resources).flatMap(([token, resource]) => {
        const name = shortName(token);
        const { inputProperties, requiredInputs, properties, required } = resource;
        return [
            emitInterface(spec, plain, `${name}Inputs`, { description: `The inputs of a ${name}.`, properties: inputProperties, required: requiredInputs }),
            emitInterface(spec, plain, `${name}Outputs`, {
                description: `The outputs of a ${name}: its inputs, and what is known once it is there.`,
                properties,
                required,
            }),
        ];
    });
    return [...types, ...resources].join("\n");
}

/** What programs pass to the classes of the SDK. */
export function emitArguments(spec: PackageSpec): string {
    const objects = Object.entries(spec.types).flatMap(([token, type]) =>
        "properties" in type ? [emitInterface(spec, input, input.objectName(shortName(token)), type)] : [],
    );
    const resources = Object.entries(spec.resources).map(([token, { inputProperties, requiredInputs }]) => {
        const properties = Object.fromEntries(Object.entries(inputProperties).filter(([, property]) => !property.language?.snaptree?.filledIn));
        return emitInterface(spec, input, `${shortName(token)}Args`, {
            description: `The arguments of a {@link ${shortName(token)}}.`,
            properties,
            required: requiredInputs,
        });
    });
    const text = [...objects, ...resources].join("\n");
    return [emitImports(spec, text), text].join("\n");
}

/** For every resource a class that declares its outputs, for the SDK's class to stand on. */
export function emitOutputs(spec: PackageSpec): string {
    const classes = Object.entries(spec.resources).map(([token, { properties, required = [] }]) => {
        const fields = Object.entries(properties).map(([name, property]) => {
            const type = `${typeText(spec, plain, property)}${required.includes(name) ? "" : orUndefined(property)}`;
            return `${comment(property.description ?? "")}declare readonly ${name}: pulumi.Output<${type}>;`;
        });
        const name = shortName(token);
        return `${comment(`The outputs of a ${name}.`)}export abstract class ${name}Outputs extends pulumi.CustomResource {\n${fields.join("\n")}\n}\n`;
    });
    const text = classes.join("\n");
    const used = usedIn(text, Object.keys(spec.types).map(shortName));
    return [`import * as pulumi from "@pulumi/pulumi";`, `import type { ${used.join(", ")} } from "../provider/generated/types";`, "", text].join("\n");
}

/** Of some names those that stand in a text, but for its comments. */
function usedIn(text: string, names: readonly string[]): string[] {
    const code = text.replace(/\/\*\*[^]*?\*\//g, "");
    return names.filter((name) => new RegExp(`\\b${name}\\b`).test(code));
}

const factsType = `/** Names of properties of a resource: what the faces need to know of it without reading the schema. */
export interface ResourceProperties {
    readonly inputs: readonly string[];
    /** Inputs whose change replaces it. */
    readonly replacing: readonly string[];
    readonly secret: readonly string[];
    readonly outputs: readonly string[];
    /** Outputs that it has whatever a program gives. */
    readonly filled: readonly string[];
}
`;

/** The properties of each resource, by what they mean to the faces. */
export function emitFacts(spec: PackageSpec): string {
    const facts = Object.entries(spec.resources).map(([token, { inputProperties, properties, required }]) => {
        const names = (of: Properties, which: (property: PropertySpec) => boolean) =>
            Object.entries(of).flatMap(([name, property]) => (which(property) ? [name] : []));
        const value = {
            inputs: names(inputProperties, () => true),
            replacing: names(inputProperties, (property) => property.willReplaceOnChanges === true),
            secret: names(properties, (property) => property.secret === true),
            outputs: Object.keys(properties),
            filled: required ?? [],
        };
        const name = shortName(token);
        return `${comment(`The properties of a ${name}.`)}export const ${name.charAt(0).toLowerCase()}${name.slice(1)}Properties: ResourceProperties = ${JSON.stringify(value)};\n`;
    });
    return [factsType, ...facts].join("\n");
}

function emitImports(spec: PackageSpec, text: string): string {
    const enums = usedIn(
        text,
        Object.entries(spec.types).flatMap(([token, type]) => ("enum" in type ? [shortName(token)] : [])),
    );
    const resources = Object.values(spec.resources).flatMap(({ inputProperties }) =>
        Object.values(inputProperties).flatMap((property) => property.language?.snaptree?.alsoResource ?? []),
    );
    return [
        `import type * as pulumi from "@pulumi/pulumi";`,
        `import type { ${enums.join(", ")} } from "../provider/generated/types";`,
        ...[...new Set(resources)].map((name) => `import type { ${name} } from "./${name.toLowerCase()}";`),
        "",
    ].join("\n");
}

interface Shape {
    readonly description: string;
    readonly properties: Properties;
    readonly required?: readonly string[] | undefined;
}

function emitInterface(spec: PackageSpec, style: Style, name: string, { description, properties, required = [] }: Shape): string {
    const fields = Object.entries(properties).map(([field, property]) => {
        const resource = style === input ? property.language?.snaptree?.alsoResource : undefined;
        const type = (resource ? `${resource} | ` : "") + typeText(spec, style, property);
        const optional = required.includes(field) ? `${field}: ${type}` : `${field}?: ${type}${orUndefined(property)}`;
        return `${comment(property.description ?? "")}readonly ${optional};`;
    });
    return `${comment(description)}export interface ${name} {\n${fields.join("\n")}\n}\n`;
}

/** What is optional may be given as undefined too, which any value includes. */
function orUndefined(type: TypeSpec): string {
    return isAny(type) ? "" : " | undefined";
}

function typeText(spec: PackageSpec, style: Style, type: TypeSpec): string {
    return style.of(bareText(spec, style, type));
}

function bareText(spec: PackageSpec, style: Style, type: TypeSpec): string {
    if (isAny(type)) return "unknown";
    if (type.oneOf) return type.oneOf.map((choice) => bareText(spec, style, choice)).join(" | ");
    if (type.$ref) return "enum" in referenced(spec, type.$ref) ? shortName(type.$ref) : style.objectName(shortName(type.$ref));
    if (type.items) return `readonly ${listItem(typeText(spec, style, type.items))}[]`;
    if (type.additionalProperties) return `Readonly<Record<string, ${typeText(spec, style, type.additionalProperties)}>>`;
    return type.type === "integer" ? "number" : String(type.type);
}

function listItem(type: string): string {
    return /^[\w.]+(<.*>)?$/.test(type) ? type : `(${type})`;
}

/** A doc comment, wrapped so that it reads well in an editor. */
function comment(text: string): string {
    const lines = [""];
    for (const word of text.split(/\s+/)) {
        const line = lines.at(-1) ?? "";
        if (line && line.length + word.length > 140) lines.push(word);
        else lines[lines.length - 1] = line ? `${line} ${word}` : word;
    }
    return lines.length === 1 ? `/** ${lines[0]} */\n` : `/**\n${lines.map((line) => ` * ${line}`).join("\n")}\n */\n`;
}
