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
        const ldflags = `-ldflags=-s -w ${program.ldflags ?? ""}`;
        const command: [string, ...string[]] = ["go", "build", "-mod=mod", "-trimpath", "-buildvcs=false", ldflags, "-o", output, program.package];
        await runLong(log, `building ${program.package} with Go`, command, { cwd: folder, env: { GOWORK: "off" }, timeout: 1_800_000 });
    } finally {
        await rm(folder, { recursive: true, force: true });
    }
}
