import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { writeProgram } from "../test/engine/program";
import { Stack, type StateResource } from "../test/engine/stack";
import { applied, binary, emptyDomain } from "./disks";
import { type Figure, median } from "./measure";

const checkout = dirname(__dirname);

const RESOURCES = 200;

/** A binary tree of snapshots. */
const program = `
const { Snapshot } = require("pulumi-snaptree");
const made = [];
for (let i = 0; i < ${RESOURCES}; i++) made.push(new Snapshot("s" + i, { domain: "vm", ...(i > 0 && { parent: made[(i - 1) >> 1] }) }));
`;

/** What the same program finds under the package's name where nothing but the provider is another: an empty one. */
const emptyPackage = {
    "package.json": JSON.stringify({ name: "pulumi-snaptree", version: "0.0.0", exports: { ".": "./index.js", "./dynamic": "./dynamic.js" } }),
    "index.js": `module.exports = require(${JSON.stringify(join(checkout, "dist/sdk/index.js"))});`,
    "dynamic.js": `exports.snapshot = () => ({
        check: async (olds, news) => ({ inputs: { onDelete: "keepChildren", ...news } }),
        diff: async () => ({ changes: false }),
        create: async (inputs) => ({ id: inputs.host + "#" + inputs.domain + "/" + inputs.name, outs: { ...inputs, creationTime: 0, state: "shutoff", contentId: "00000000-0000-4000-8000-000000000000" } }),
    });`,
};

async function putEmptyPackage(folder: string): Promise<void> {
    const place = join(folder, "node_modules/pulumi-snaptree");
    await rm(place);
    await mkdir(place);
    for (const [name, text] of Object.entries(emptyPackage)) await writeFile(join(place, name), text);
}

interface Run {
    readonly milliseconds: number;
    /** Characters of state a resource takes beside its inputs and outputs. */
    readonly state: number;
}

async function up(host: string, provider: "ours" | "empty"): Promise<Run> {
    await using written = await writeProgram(program);
    if (provider === "empty") await putEmptyPackage(written.folder);
    await using stack = await Stack.create(written.folder, { env: { SNAPTREE_HOST: host } });
    const { milliseconds, changes } = await stack.up({ args: ["--skip-preview"] });
    if (changes.create !== RESOURCES + 1) throw new Error(`created ${changes.create} of ${RESOURCES + 1}`);
    const snapshots = (await stack.resources()).filter(({ type }) => type.includes("Snapshot"));
    return { milliseconds, state: Math.max(...snapshots.map(beside)) };
}

/** Characters of a resource's state that are neither an input nor an output of the user's. */
function beside({ inputs = {}, outputs = {}, ...rest }: StateResource): number {
    return JSON.stringify({ ...rest, loader: [inputs.__provider, outputs.__provider] }).length;
}

async function snaptreeUp(): Promise<Run> {
    const folder = await mkdtemp(join(tmpdir(), "snaptree-bench-"));
    try {
        const { uri } = await emptyDomain(folder);
        return await up(uri, "ours");
    } finally {
        await rm(folder, { recursive: true });
    }
}

export async function pulumiFigures(rounds: number): Promise<Figure[]> {
    const ours: Run[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < rounds; round++) {
        ours.push(await snaptreeUp());
        theirs.push((await up("qemu:///embed?root=/nowhere", "empty")).milliseconds + (await applied(binary(RESOURCES))));
    }
    return [
        {
            what: `pulumi up of ${RESOURCES} Snapshots`,
            ours: median(ours.map(({ milliseconds }) => milliseconds)),
            against: { what: "the same up, empty provider + library", milliseconds: median(theirs) },
            limit: 1.25,
            note: `${Math.max(...ours.map(({ state }) => state))} characters of state beside inputs and outputs`,
        },
    ];
}
