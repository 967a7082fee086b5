import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Log, runLong } from "./progress";

export interface GoProgram {
    /** The import path of the program's main package. */
    package: string;
    /** Module → version. */
    requires: Record<string, string>;
    ldflags?: string;
}

/** Builds a published Go program into the file `output`. A module of our own around it lets modules that `go install` refuses (they have replace lines) be built. */
export async function buildGo(program: GoProgram, output: string, log: Log): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), "snaptree-go-"));
    try {
        const requires = Object.entries(program.requires).map(([module, version]) => `require ${module} ${version}\n`);
        await writeFile(join(folder, "go.mod"), `module snaptree-hosts\n\ngo 1.21\n\n${requires.join("")}`);
        await build(folder, ["-mod=mod", `-ldflags=-s -w ${program.ldflags ?? ""}`], program.package, output, log);
    } finally {
        await rm(folder, { recursive: true, force: true });
    }
}

/** Builds the program in a folder (`.`, `./govc`) of a module that is in the checkout, whose go.sum says what it is built of, into the file `output`. */
export async function buildGoModule(module: string, source: string, output: string, log: Log): Promise<void> {
    await build(module, ["-mod=readonly", "-ldflags=-s -w"], source, output, log);
}

async function build(folder: string, flags: readonly string[], source: string, output: string, log: Log): Promise<void> {
    const command: [string, ...string[]] = ["go", "build", "-trimpath", "-buildvcs=false", ...flags, "-o", output, source];
    await runLong(log, `building ${source} with Go`, command, { cwd: folder, env: { GOWORK: "off" }, timeout: 1_800_000 });
}
