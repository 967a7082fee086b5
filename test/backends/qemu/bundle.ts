import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";

/** A program of the tests in one file, which starts fast, and which any user may read. */
export interface Bundle extends AsyncDisposable {
    readonly file: string;
}

export async function bundle(entry: string): Promise<Bundle> {
    const folder = await mkdtemp(join(tmpdir(), "snaptree-child-"));
    await chmod(folder, 0o755);
    const file = join(folder, "child.js");
    const entryPoints = [join(__dirname, entry)];
    await build({ entryPoints, outfile: file, bundle: true, platform: "node", target: "node20", logLevel: "error", conditions: ["import"] });
    return { file, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}
