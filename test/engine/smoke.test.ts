// What the dynamic face takes for granted of the real engine, checked on a provider that does nothing but keep a diary.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { version } from "../../package.json";
import { needs, pulumi, suiteWith } from "../support/requires";
import { type Language, writeProgram } from "./program";
import { PulumiError, Stack } from "./stack";

const diaryProvider = `
const { spawn } = require("node:child_process");
const { appendFileSync } = require("node:fs");
const { setTimeout } = require("node:timers/promises");
const write = (event, detail) => appendFileSync(process.env.DIARY, JSON.stringify({ pid: process.pid, event, detail }) + "\\n");

exports.provider = (version) => {
    write("start", process.cwd());
    const child = spawn("sleep", ["60"], { stdio: "ignore" });
    child.on("exit", (code, signal) => write("child ended", signal));
    process.on("SIGINT", async () => {
        write("signal", "SIGINT");
        await setTimeout(300);
        write("cleaned up");
        process.exit(0);
    });
    let running = 0;
    return {
        create: async (inputs) => {
            if (inputs.label === "refused") throw new Error("this label is refused");
            write("create", ++running);
            await setTimeout(100);
            running--;
            return { id: inputs.label, outs: { label: inputs.label, parent: inputs.parent, version } };
        },
        diff: async (id, olds, news) => ({ changes: olds.label !== news.label, replaces: ["label"] }),
        read: async (id, props) => (write("read", id), { id, props }),
        delete: async (id) => write("delete", id),
    };
};`;

const loader = `exports.handler = () => require("diary-provider").provider(require("pulumi-snaptree/package.json").version)`;

/** A root and its children, each of which takes an output of the root. */
const body = (labels: string[]): string => `
class Entry extends pulumi.CustomResource {
    constructor(name, args) {
        super("pulumi-nodejs:dynamic/diary:Entry", name, { ...args, version: undefined, __provider: ${JSON.stringify(loader)} });
    }
}
const root = new Entry("root", { label: "root", parent: "" });
for (const label of ${JSON.stringify(labels)}) new Entry(label, { label, parent: root.id });
`;

const heads: Record<Language, string> = {
    commonjs: `const pulumi = require("@pulumi/pulumi");`,
    module: `import * as pulumi from "@pulumi/pulumi";`,
    typescript: `import * as pulumi from "@pulumi/pulumi";`,
};

const source = (language: Language, labels: string[]): string => `${heads[language]}\n${body(labels)}`;

suiteWith(needs(pulumi), "the real engine", () => {
    let folder: string;
    let env: { DIARY: string };
    beforeEach(async () => {
        folder = await mkdtemp(join(tmpdir(), "snaptree-diary-"));
        env = { DIARY: join(folder, "diary") };
    });
    afterEach(() => rm(folder, { recursive: true, force: true }));

    const diary = async (): Promise<{ pid: number; event: string; detail?: unknown }[]> => {
        const lines = (await readFile(env.DIARY, "utf8")).trim().split("\n");
        return lines.map((line) => JSON.parse(line) as { pid: number; event: string; detail?: unknown });
    };
    const write = (language: Language, labels: string[]) => writeProgram(source(language, labels), { language, packages: { "diary-provider": diaryProvider } });

    test.each<Language>(["commonjs", "module", "typescript"])("runs a program written as %s whose providers are loaded by name", async (language) => {
        await using program = await write(language, ["a", "b"]);
        await using stack = await Stack.create(program.folder, { env });
        expect((await stack.up()).changes).toEqual({ create: 4 });
        const made = (await stack.resources()).map(({ id, outputs }) => [id, outputs?.version]);
        expect(made).toEqual(expect.arrayContaining(["root", "a", "b"].map((id) => [id, version])));
    });

    test("takes a program through preview, up, refresh and destroy", async () => {
        await using program = await write("commonjs", ["a"]);
        await using stack = await Stack.create(program.folder, { env });
        const preview = await stack.preview();
        expect(preview.changes).toEqual({ create: 3 });
        expect(preview.steps.map(({ op, urn }) => `${op} ${urn.split("::").at(-1)}`)).toEqual(expect.arrayContaining(["create root", "create a"]));
        expect(preview.stdout).toMatch(/\+ pulumi-nodejs:dynamic\/diary:Entry: \(create\)/);
        await stack.up();
        expect((await stack.preview()).changes).toEqual({ same: 3 });
        expect((await stack.refresh()).changes).toEqual({ same: 3 });
        expect((await stack.destroy()).changes).toEqual({ delete: 3 });
        expect(await stack.resources()).toEqual([]);
    });

    test("one provider process, in the program's folder, serves all resources of a run, several at a time", async () => {
        await using program = await write("commonjs", ["a", "b", "c", "d", "e", "f"]);
        await using stack = await Stack.create(program.folder, { env });
        await stack.up();
        const entries = await diary();
        expect(new Set(entries.map(({ pid }) => pid)).size).toBe(1);
        expect(entries.filter(({ event }) => event === "start").map(({ detail }) => detail)).toEqual([program.folder]);
        expect(Math.max(...entries.filter(({ event }) => event === "create").map(({ detail }) => Number(detail)))).toBeGreaterThan(1);
    });

    test("at its end the provider and its children get SIGINT and there is time to clean up", async () => {
        await using program = await write("commonjs", []);
        await using stack = await Stack.create(program.folder, { env });
        await stack.up();
        const events = (await diary()).map(({ event, detail }) => (detail === undefined ? event : `${event} ${String(detail)}`));
        expect(events).toEqual(expect.arrayContaining(["signal SIGINT", "child ended SIGINT", "cleaned up"]));
    });

    test("a failing run is an error with everything that was said, and what succeeded is in the state", async () => {
        await using program = await write("commonjs", ["refused"]);
        await using stack = await Stack.create(program.folder, { env });
        const error: unknown = await stack.up().catch((e: unknown) => e);
        expect(error).toBeInstanceOf(PulumiError);
        expect(String(error)).toMatch(/this label is refused/);
        expect((error as PulumiError).outcome.diagnostics.filter(({ severity }) => severity === "error")).not.toEqual([]);
        expect((await stack.resources()).map(({ id }) => id)).toEqual(["root"]);
        await program.rewrite(source("commonjs", ["accepted"]));
        expect((await stack.up()).changes).toMatchObject({ create: 1 });
    });
});
