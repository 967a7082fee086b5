import type { CreateRequest, RunOptions, Snapshot, VirtualMachine } from "../../engine";
import { checkExclusive, checkFlags } from "../../engine/flags";
import { InvalidInputError } from "../../model";
import { domainArgument, forceOption, VALUES } from "../arguments";
import { factsOf, snapshotRow } from "../listing";
import { tell } from "../output";
import { printable } from "../text";
import { type Verb, verb } from "../verb";

interface CreateOptions {
    readonly description?: string;
    readonly internal?: boolean;
    readonly external?: boolean;
    readonly diskOnly?: boolean;
    readonly memoryFile?: string;
    readonly quiesce?: boolean;
    readonly compress?: string;
    readonly redefine?: boolean;
    readonly current?: boolean;
    readonly metadata: boolean;
    readonly halt?: boolean;
    readonly atomic?: boolean;
    readonly live?: boolean;
    readonly reuseExternal?: boolean;
    readonly force?: boolean;
}

/** What says how a snapshot is taken, each by its name as a flag: redefine takes none. */
const TAKING = {
    internal: "internal",
    external: "external",
    diskOnly: "disk-only",
    memoryFile: "memory-file",
    quiesce: "quiesce",
    compress: "compress",
    atomic: "atomic",
    live: "live",
    reuseExternal: "reuse-external",
} as const satisfies Partial<Record<keyof CreateOptions, string>>;

/** @throws FlagConflictError */
function checkOptions(options: CreateOptions): void {
    checkExclusive({ internal: options.internal, external: options.external });
    if (options.redefine) {
        for (const [option, flag] of Object.entries(TAKING)) checkExclusive({ redefine: true, [flag]: Object.hasOwn(options, option) });
    }
    checkFlags({ ...options, noMetadata: !options.metadata });
}

function creation(name: string | undefined, { internal, external, compress, redefine: _, current: __, metadata, ...settings }: CreateOptions): CreateRequest {
    return {
        ...settings,
        ...(name === undefined ? {} : { name }),
        ...(internal ? { mode: "internal" } : external ? { mode: "external" } : {}),
        ...(compress === undefined ? {} : { compression: compress }),
        ...(metadata ? {} : { noMetadata: true }),
    };
}

async function redefine(vm: VirtualMachine, name: string | undefined, { description, current, force }: CreateOptions, run: RunOptions): Promise<string> {
    if (name === undefined) throw new InvalidInputError("redefine needs the name of a snapshot; name one", "name");
    const changes = { ...(description === undefined ? {} : { description }), ...(current ? { current } : {}), ...(force ? { force } : {}) };
    await vm.redefine({ name, ...changes }, run);
    return name;
}

/** The snapshot's row, as it is listed; of one that was forgotten, as it was taken. */
async function rowOf(vm: VirtualMachine, name: string, taken?: Snapshot): Promise<object | null> {
    const hierarchy = await vm.hierarchy();
    const snapshot = hierarchy.snapshots.find((each) => each.name === name) ?? taken;
    return snapshot ? snapshotRow(snapshot, factsOf(hierarchy)(name)) : null;
}

export const create: Verb = (program, session) => {
    verb(program, "create", {
        summary: "take a snapshot of a domain as it is now",
        details: "It becomes the current snapshot; what was current is its parent. Without a name it is called after the seconds since 1970.",
        examples: [
            'snaptree create web base --description "fresh installation"',
            "snaptree create web --disk-only",
            'snaptree create web base --redefine --current --description "another description; disks are not touched"',
        ],
    })
        .addArgument(domainArgument())
        .argument(`[${VALUES.new}]`, "the snapshot's name")
        .option("--description <text>", "what is to be remembered of it")
        .option("--internal", "keep it inside the qcow2 files")
        .option("--external", "freeze the files, and go on in overlays on top of them")
        .option("--disk-only", "without the memory of a domain that runs")
        .option("--memory-file <file>", "where to keep the memory of a domain that runs")
        .option("--quiesce", "have the guest's agent freeze its file systems first; needs --disk-only")
        .option("--compress <type>", "compress what it holds: zlib, zstd")
        .option("--redefine", "restore or alter what is remembered of a snapshot; disks are not touched")
        .option("--current", "with --redefine: make it the current snapshot")
        .option("--no-metadata", "take it, then forget it")
        .option("--halt", "leave the domain shut off afterwards")
        .option("--atomic", "all disks or none, which is always so")
        .option("--live", "keep the guest running while its memory is saved")
        .option("--reuse-external", "use overlays that are there already")
        .addOption(forceOption())
        .action(async (domain: string, name: string | undefined, options: CreateOptions) => {
            checkOptions(options);
            await session.change(domain, async (vm, run) => {
                if (options.redefine) {
                    const redefined = await redefine(vm, name, options, run);
                    return void tell(session.output, `redefined snapshot ${printable(redefined)}`, await rowOf(vm, redefined));
                }
                const taken = await vm.create(creation(name, options), run);
                const done = options.metadata ? "created snapshot" : "took, and forgot, snapshot";
                tell(session.output, `${done} ${printable(taken.name)}`, await rowOf(vm, taken.name, taken));
            });
        });
};
