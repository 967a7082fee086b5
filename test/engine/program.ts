import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const checkout = dirname(dirname(__dirname));

/** How a Pulumi program is written: it decides on the file's name and on `type` in package.json. */
export type Language = "commonjs" | "module" | "typescript";

const mainFile: Record<Language, string> = { commonjs: "index.js", module: "index.js", typescript: "index.ts" };

export interface Program extends AsyncDisposable {
    folder: string;
    /** Writes another version of the program, for the next `up`. */
    rewrite(source: string): Promise<void>;
}

/**
 * A temporary Pulumi program that can import “@pulumi/pulumi” and “pulumi-snaptree” as an installed one would.
 * The engine runs a dynamic provider in the program's own folder, and the loader in `__provider` is resolved from there:
 * from node_modules of that folder or of one above it, and from nowhere else.
 * @param packages further packages: name → the source of its index.js
 */
export async function writeProgram(source: string, options: { language?: Language; packages?: Record<string, string> } = {}): Promise<Program> {
    const { language = "commonjs", packages = {} } = options;
    const folder = await mkdtemp(join(tmpdir(), "snaptree-program-"));
    const rewrite = (text: string): Promise<void> => writeFile(join(folder, mainFile[language]), text);
    const type = language === "module" ? "module" : "commonjs";
    await writeFile(join(folder, "Pulumi.yaml"), "name: snaptree-test\nruntime: nodejs\n");
    await writeFile(join(folder, "package.json"), JSON.stringify({ name: "snaptree-test", private: true, type, main: mainFile[language] }));
    await rewrite(source);
    await linkPackages(join(folder, "node_modules"), packages);
    return { folder, rewrite, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

async function linkPackages(modules: string, packages: Record<string, string>): Promise<void> {
    await mkdir(join(modules, "@pulumi"), { recursive: true });
    await symlink(join(checkout, "node_modules/@pulumi/pulumi"), join(modules, "@pulumi/pulumi"));
    await symlink(checkout, join(modules, "pulumi-snaptree"));
    for (const [name, source] of Object.entries(packages)) {
        await mkdir(join(modules, name), { recursive: true });
        await writeFile(join(modules, name, "index.js"), source);
    }
}
