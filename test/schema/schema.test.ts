import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import schema from "../../schema/schema.json";
import { findPulumi } from "../hosts/pulumi";
import { needs, pulumi, suiteWith } from "../support/requires";

const checkout = dirname(dirname(__dirname));

/** Every property of the schema with its path, wherever it stands. */
const properties = [
    ...Object.entries(schema.resources).flatMap(([token, { inputProperties, properties }]) => [
        ...Object.entries(inputProperties).map(([name, spec]) => [`${token} input ${name}`, spec] as const),
        ...Object.entries(properties).map(([name, spec]) => [`${token} output ${name}`, spec] as const),
    ]),
    ...Object.entries(schema.types).flatMap(([token, type]) =>
        "properties" in type ? Object.entries(type.properties).map(([name, spec]) => [`${token} ${name}`, spec] as const) : [],
    ),
];

test.each(properties)("%s is described in sentences", (_, { description }) => {
    expect(description).toMatch(/^[A-Z][^]*[.]$/);
});

const resources = Object.entries(schema.resources);

describe.each(resources)("%s", (_, { inputProperties, requiredInputs, properties }) => {
    test("says the default of each input, unless it has to be given", () => {
        const free = Object.entries(inputProperties).filter(([name, spec]) => !JSON.stringify(spec).includes("filledIn") && !requiredInputs.includes(name));
        expect(free.filter(([, { description }]) => !description.includes("Default: ")).map(([name]) => name)).toEqual([]);
    });

    test("has every input as an output too, since Pulumi compares old outputs with new inputs", () => {
        expect(Object.keys(properties)).toEqual(expect.arrayContaining(Object.keys(inputProperties)));
    });

    test("keeps passwords and documents secret, as inputs and as outputs", () => {
        const confidential = [inputProperties, properties].flatMap((of) => Object.entries(of).filter(([name]) => ["password", "xml"].includes(name)));
        expect(confidential.length).toBeGreaterThan(0);
        for (const [name, spec] of confidential) expect([name, "secret" in spec && spec.secret]).toEqual([name, true]);
    });
});

suiteWith(needs(pulumi), "the package schema", () => {
    test("is one that Pulumi takes", () => {
        const found = findPulumi();
        if (found === null) throw new Error("no pulumi");
        const home = mkdtempSync(join(tmpdir(), "snaptree-schema-"));
        const env = { PATH: process.env.PATH, PULUMI_HOME: home, PULUMI_SKIP_UPDATE_CHECK: "true" };
        execFileSync(found.cli, ["schema", "check", join(checkout, "schema/schema.json")], { env, stdio: "pipe" });
        rmSync(home, { recursive: true });
    });
});

describe("generated files", () => {
    const check = (folder: string) => spawnSync("npm", ["run", "--silent", "generate:check"], { cwd: folder, encoding: "utf8" });

    test("are what the schema says", () => {
        expect(check(checkout)).toMatchObject({ status: 0, stdout: "", stderr: expect.not.stringContaining("generate") as string });
    });

    test("that are stale fail the check with one sentence", () => {
        const copy = mkdtempSync(join(tmpdir(), "snaptree-generate-"));
        for (const path of ["schema", "provider/generated", "sdk", "package.json"]) cpSync(join(checkout, path), join(copy, path), { recursive: true });
        symlinkSync(join(checkout, "node_modules"), join(copy, "node_modules"));
        const path = join(copy, "schema/schema.json");
        writeFileSync(path, readFileSync(path, "utf8").replace("A text for humans", "A text for people"));
        const { status, stderr } = check(copy);
        expect(status).toBe(1);
        const paths = "schema/schema.json, provider/generated/types.ts, sdk/args.ts, sdk/outputs.ts";
        expect(stderr.trim().split("\n").at(-1)).toBe(`${paths} are not what schema/schema.json says; run “npm run generate” and commit the result`);
        rmSync(copy, { recursive: true });
    });
});
