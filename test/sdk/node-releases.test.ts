import { execa } from "execa";
import { join } from "node:path";
import { nodeReleases, ensureNode } from "../hosts/node";
import { Machine } from "../engine/machine";
import { writeProgram } from "../engine/program";
import { needs, qemu, suiteWith } from "../support/requires";

const x64 = () => (process.arch === "x64" && process.platform === "linux" ? null : "other releases of Node.js are brought for x64 Linux only");

/** Declares nothing, but loads the classes; then takes a snapshot with the library, which needs its ES-module dependencies. */
const body = `
    if (typeof Snapshot !== "function") throw new Error("no Snapshot");
    (async () => {
        const host = await connect(process.env.SNAPTREE_HOST);
        const vm = await host.domain("web");
        await vm.create({ name: "taken" });
        console.log((await vm.hierarchy()).current, process.version);
        await host[Symbol.asyncDispose]();
    })();`;

const sources = {
    commonjs: `const { Snapshot } = require("pulumi-snaptree"); const { connect } = require("pulumi-snaptree/engine");${body}`,
    module: `import { Snapshot } from "pulumi-snaptree"; import { connect } from "pulumi-snaptree/engine";${body}`,
} as const;

suiteWith(needs(qemu, x64), "the package on every supported Node.js", () => {
    const cases = nodeReleases.flatMap((release) => (["commonjs", "module"] as const).map((language) => [release, language] as const));
    test.each(cases)(
        "Node.js %s, a %s program",
        async (release, language) => {
            const node = await ensureNode(release, { log: (line) => process.stderr.write(`${line}\n`) });
            await using machine = await Machine.make();
            await using program = await writeProgram(sources[language], { language });
            const { stdout, stderr } = await execa(node, [join(program.folder, "index.js")], { env: { SNAPTREE_HOST: machine.uri } });
            expect(stdout).toBe(`taken v${release}`);
            expect(stderr).toBe("");
        },
        600_000,
    );
});
