import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import ts from "typescript";

const checkout = dirname(dirname(__dirname));

/** The SDK as it is installed: compiled as `npm run build` does, with the package's own package.json. */
function install(folder: string): void {
    const program = ts.createProgram([join(checkout, "sdk/index.ts")], {
        ...ts.parseJsonConfigFileContent(
            ts.readConfigFile(join(checkout, "tsconfig.build.json"), (path) => readFileSync(path, "utf8")).config,
            ts.sys,
            checkout,
        ).options,
        outDir: join(folder, "node_modules/pulumi-snaptree/dist"),
        sourceMap: false,
        noEmitOnError: false,
    });
    program.emit();
    writeFileSync(join(folder, "node_modules/pulumi-snaptree/package.json"), readFileSync(join(checkout, "package.json")));
    mkdirSync(join(folder, "node_modules/@pulumi"));
    symlinkSync(join(checkout, "node_modules/@pulumi/pulumi"), join(folder, "node_modules/@pulumi/pulumi"));
}

/** What an editor shows of a program when the pointer rests on the last occurrence of a word. */
function editor(folder: string, source: string): (word: string) => string {
    const path = join(folder, "program.ts");
    const host: ts.LanguageServiceHost = {
        getCompilationSettings: () => ({ module: ts.ModuleKind.Node20, target: ts.ScriptTarget.ES2023, strict: true, types: [] }),
        getScriptFileNames: () => [path],
        getScriptVersion: () => "1",
        getScriptSnapshot: (file) => {
            const text = file === path ? source : ts.sys.readFile(file);
            return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
        },
        getCurrentDirectory: () => folder,
        getDefaultLibFileName: ts.getDefaultLibFilePath,
        fileExists: (file) => file === path || ts.sys.fileExists(file),
        readFile: (file) => ts.sys.readFile(file),
        directoryExists: (file) => ts.sys.directoryExists(file),
        realpath: (file) => ts.sys.realpath?.(file) ?? file,
    };
    const service = ts.createLanguageService(host);
    return (word) => ts.displayPartsToString(service.getQuickInfoAtPosition(path, source.lastIndexOf(word))?.documentation);
}

describe("the installed package", () => {
    let folder: string;
    beforeAll(() => {
        folder = mkdtempSync(join(tmpdir(), "snaptree-sdk-"));
        mkdirSync(join(folder, "node_modules/pulumi-snaptree"), { recursive: true });
        install(folder);
    });
    afterAll(() => {
        rmSync(folder, { recursive: true });
    });
    const run = (file: string, source: string): string => {
        writeFileSync(join(folder, file), source);
        return execFileSync(process.execPath, [join(folder, file)], { cwd: folder, encoding: "utf8" }).trim();
    };

    test("is imported by name from an ES module", () => {
        expect(run("program.mjs", `import { Snapshot } from "pulumi-snaptree"; console.log(typeof Snapshot, Snapshot.name);`)).toBe("function Snapshot");
    });

    test("is required from CommonJS", () => {
        expect(run("program.cjs", `const { Snapshot } = require("pulumi-snaptree"); console.log(typeof Snapshot);`)).toBe("function");
    });

    test("loads neither ajv nor what talks to hosts into a program", () => {
        const loaded = run("loaded.cjs", `require("pulumi-snaptree"); console.log(Object.keys(require.cache).join("\\n"));`);
        expect(loaded).not.toMatch(/node_modules\/(ajv|fast-xml-parser)\/|dist\/provider\/(engine\/(?!flags|desired)|backends|xml)/);
        expect(loaded).toContain("dist/provider/engine/flags.js");
    });

    test("documents every level of the arguments and the outputs in an editor", () => {
        const hover = editor(
            folder,
            `import { Snapshot } from "pulumi-snaptree";
             const base = new Snapshot("base", {
                 domain: "web",
                 onDelete: "subtree",
                 provision: [{ command: ["a"], timeout: 5 }],
                 disks: { vda: { file: "/a" } },
             });
             base.contentId;`,
        );
        expect(hover("Snapshot }")).toContain("A snapshot of a virtual machine");
        expect(hover("onDelete")).toContain("What goes when the resource is deleted");
        expect(hover("timeout")).toContain("How many seconds");
        expect(hover("file:")).toContain("The absolute path of the overlay");
        expect(hover("contentId")).toContain("Names the contents");
    });
});
