import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeProgram } from "../test/engine/program";
import { Stack } from "../test/engine/stack";
import { applied, binary, emptyDomain } from "./disks";
import { type Figure, median } from "./measure";

const RESOURCES = 200;

/** The same tree twice: with Snapshot, and with a resource of an empty dynamic provider. */
const snapshots = `
const { Snapshot } = require("pulumi-snaptree");
const made = [];
for (let i = 0; i < ${RESOURCES}; i++) made.push(new Snapshot("s" + i, { domain: "vm", ...(i > 0 && { parent: made[(i - 1) >> 1] }) }));
`;

const empty = `
const pulumi = require("@pulumi/pulumi");
const loader = 'exports.handler = () => require("empty-provider")';
class Empty extends pulumi.CustomResource {
    constructor(name, inputs) {
        super("pulumi-nodejs:dynamic/bench:Empty", name, { ...inputs, made: undefined, __provider: loader });
    }
}
const made = [];
for (let i = 0; i < ${RESOURCES}; i++) made.push(new Empty("s" + i, { domain: "vm", name: "s" + i, ...(i > 0 && { parent: made[(i - 1) >> 1].made }) }));
`;

const emptyProvider = `
module.exports = {
    check: async (olds, news) => ({ inputs: news }),
    diff: async () => ({ changes: false }),
    create: async (inputs) => ({ id: inputs.name, outs: { ...inputs, made: inputs.name } }),
};
`;

interface Run {
    readonly milliseconds: number;
    /** Characters of state a resource takes beside its inputs and outputs. */
    readonly state: number;
}

async function up(source: string, env: Record<string, string>, packages: Record<string, string> = {}): Promise<Run> {
    await using program = await writeProgram(source, { packages });
    await using stack = await Stack.create(program.folder, { env });
    const { milliseconds, changes } = await stack.up({ args: ["--skip-preview"] });
    if (changes.create !== RESOURCES + 1) throw new Error(`created ${changes.create} of ${RESOURCES + 1}`);
    const sizes = (await stack.resources())
        .filter(({ type }) => type.includes("dynamic/"))
        .map(({ inputs = {}, outputs = {}, ...rest }) => {
            // The loader stands among inputs and outputs, and is no input or output of the user's.
            const loader = [inputs.__provider, outputs.__provider].filter((text) => text !== undefined);
            return JSON.stringify({ ...rest, loader }).length;
        });
    return { milliseconds, state: Math.max(...sizes) };
}

async function snaptreeUp(): Promise<Run> {
    const folder = await mkdtemp(join(tmpdir(), "snaptree-bench-"));
    try {
        const { uri } = await emptyDomain(folder);
        return await up(snapshots, { SNAPTREE_HOST: uri });
    } finally {
        await rm(folder, { recursive: true });
    }
}

export async function pulumiFigures(rounds: number): Promise<Figure[]> {
    const ours: Run[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < rounds; round++) {
        ours.push(await snaptreeUp());
        theirs.push((await up(empty, {}, { "empty-provider": emptyProvider })).milliseconds + (await applied(binary(RESOURCES))));
    }
    return [
        {
            what: `pulumi up of ${RESOURCES} Snapshots`,
            ours: median(ours.map(({ milliseconds }) => milliseconds)),
            against: { what: "up of an empty provider + library", milliseconds: median(theirs) },
            limit: 1.25,
            note: `${Math.max(...ours.map(({ state }) => state))} characters of state beside inputs and outputs`,
        },
    ];
}
