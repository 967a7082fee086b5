import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import Ajv from "ajv";
import standaloneCode from "ajv/dist/standalone";
import { format } from "prettier";
import { emitArguments, emitFacts, emitOutputs, emitTypes } from "./emit-types";
import { inputsToJsonSchema, ownWords } from "./json-schema";
import { type PackageSpec, shortName, withInputsAsOutputs } from "./package";

const checkout = dirname(__dirname);
const source = join(checkout, "schema/schema.json");
const head = "// Generated from schema/schema.json by “npm run generate”; change the schema instead.\n";

/** Everything that is derived from schema.json: path → contents. The schema itself is among it, with every input listed as an output. */
export async function generate(text: string): Promise<Map<string, string>> {
    const spec = JSON.parse(text) as PackageSpec;
    for (const resource of Object.values(spec.resources)) {
        resource.properties = withInputsAsOutputs(resource);
    }
    const files: [string, string][] = [
        ["schema/schema.json", JSON.stringify(spec)],
        ["provider/generated/types.ts", head + emitTypes(spec)],
        ["provider/generated/properties.ts", head + emitFacts(spec)],
        ["provider/generated/validators.ts", `/* eslint-disable */\n// @ts-nocheck\n${head}${emitValidators(spec)}`],
        ["sdk/args.ts", head + emitArguments(spec)],
        ["sdk/outputs.ts", head + emitOutputs(spec)],
    ];
    return new Map(await Promise.all(files.map(async ([path, contents]) => [join(checkout, path), await pretty(path, contents)] as const)));
}

/** The validator of ajv as code of its own, so that neither a program nor the provider has to load ajv. */
function emitValidators(spec: PackageSpec): string {
    const ajv = new Ajv({ allErrors: true, verbose: true, strict: true, allowUnionTypes: true, code: { source: true, esm: true, lines: true } });
    ajv.addVocabulary(ownWords);
    const names: Record<string, string> = {};
    for (const [token, { inputProperties, requiredInputs }] of Object.entries(spec.resources)) {
        ajv.addSchema(inputsToJsonSchema(spec, inputProperties, requiredInputs), token);
        names[`validate${shortName(token)}`] = token;
    }
    return standaloneCode(ajv, names);
}

async function pretty(path: string, contents: string): Promise<string> {
    return format(contents, { filepath: path, printWidth: 160, tabWidth: path.endsWith(".json") ? 2 : 4 });
}

/** Paths of the files that are not what the schema says. */
export async function stale(): Promise<string[]> {
    const files = await generate(await readFile(source, "utf8"));
    const checks = [...files].map(async ([path, contents]) =>
        (await readFile(path, "utf8").catch(() => null)) === contents ? [] : [relative(checkout, path)],
    );
    return (await Promise.all(checks)).flat();
}

async function main(): Promise<void> {
    if (process.argv.includes("--check")) {
        const paths = await stale();
        if (paths.length > 0) {
            console.error(
                `${paths.join(", ")} ${paths.length > 1 ? "are" : "is"} not what schema/schema.json says; run “npm run generate” and commit the result`,
            );
            process.exitCode = 1;
        }
        return;
    }
    for (const [path, contents] of await generate(await readFile(source, "utf8"))) {
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, contents);
    }
}

if (require.main === module) void main();
