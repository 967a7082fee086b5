import type { CreateRequest, CreateXMLFlags, RunOptions, Snapshot, VirtualMachine } from "../../engine";
import { checkExclusive, checkFlags } from "../../engine/flags";
import { FlagConflictError, InvalidInputError } from "../../model";
import { domainArgument, forceOption, VALUES } from "../arguments";
import { factsOf, place, snapshotRow } from "../listing";
import { readText } from "../source";
import { printable } from "../text";
import { type Verb, verb } from "../verb";

/** Options that the library takes as they are. */
const FLAGS = ["diskOnly", "quiesce", "redefine", "current", "halt", "atomic", "live", "reuseExternal", "force"] as const satisfies (keyof CreateXMLFlags)[];

interface CreateOptions extends Partial<Record<(typeof FLAGS)[number], true>> {
    readonly description?: string;
    readonly internal?: true;
    readonly external?: true;
    readonly memoryFile?: string;
    readonly compress?: string;
    readonly xml?: string;
    readonly metadata: boolean;
}

type OptionNames = Partial<Record<keyof CreateOptions, string>>;

/** What a document says itself, each by its name as a flag. */
const IN_DOCUMENT = {
    description: "description",
    internal: "internal",
    external: "external",
    memoryFile: "memory-file",
    compress: "compress",
} satisfies OptionNames;

/** What says how a snapshot is taken: redefine takes none. */
const TAKING = {
    internal: "internal",
    external: "external",
    memoryFile: "memory-file",
    compress: "compress",
    diskOnly: "disk-only",
    quiesce: "quiesce",
    atomic: "atomic",
    live: "live",
    reuseExternal: "reuse-external",
} satisfies OptionNames;

/** @throws FlagConflictError */
function refuseWith(flag: string, others: OptionNames, options: CreateOptions): void {
    for (const [option, other] of Object.entries(others)) checkExclusive({ [flag]: true, [other]: Object.hasOwn(options, option) });
}

/** @throws FlagConflictError */
function checkOptions(name: string | undefined, options: CreateOptions): void {
    checkExclusive({ internal: options.internal, external: options.external });
    if (options.redefine && options.xml === undefined) refuseWith("redefine", TAKING, options);
    if (options.xml !== undefined) refuseWith("xml", IN_DOCUMENT, options);
    if (options.xml !== undefined && name !== undefined)
        throw new FlagConflictError("a snapshot's name and xml flag are mutually exclusive; the document has the name");
    checkFlags({ ...flagsOf(options), ...(options.memoryFile === undefined ? {} : { memoryFile: options.memoryFile }) });
}

function flagsOf(options: CreateOptions): CreateXMLFlags {
    const given = Object.fromEntries(FLAGS.filter((flag) => options[flag]).map((flag) => [flag, true]));
    return { ...given, ...(options.metadata ? {} : { noMetadata: true }) };
}

function creation(name: string | undefined, options: CreateOptions): CreateRequest {
    const { description, memoryFile, compress, internal, external } = options;
    return {
        ...flagsOf(options),
        ...(name === undefined ? {} : { name }),
        ...(description === undefined ? {} : { description }),
        ...(memoryFile === undefined ? {} : { memoryFile }),
        ...(compress === undefined ? {} : { compression: compress }),
        ...(internal ? { mode: "internal" } : external ? { mode: "external" } : {}),
    };
}

async function redefine(vm: VirtualMachine, name: string | undefined, { description, current, force }: CreateOptions, run: RunOptions): Promise<Snapshot> {
    if (name === undefined) throw new InvalidInputError("redefine needs the name of a snapshot, or its document (--xml)", "name");
    const changes = { ...(description === undefined ? {} : { description }), ...(current ? { current } : {}), ...(force ? { force } : {}) };
    await vm.redefine({ name, ...changes }, run);
    return vm.lookupByName(name);
}

/** The snapshot's row, as it is listed. */
async function row(vm: VirtualMachine, snapshot: Snapshot): Promise<object> {
    return snapshotRow(snapshot, factsOf(await vm.hierarchy())(snapshot.name));
}

function done(name: string, { redefine: redefined, metadata }: CreateOptions): string {
    if (redefined) return `redefined snapshot ${name}`;
    return metadata ? `created snapshot ${name}` : `took snapshot ${name}, and forgot it`;
}

export const create: Verb = (program, session) => {
    verb(program, "create", {
        summary: "take a snapshot of a domain as it is now",
        details: "It becomes the current snapshot; what was current is its parent. Without a name it is called after the seconds since 1970.",
        examples: [
            'snaptree create web base --description "fresh installation"',
            "snaptree create web --disk-only",
            'snaptree create web base --redefine --description "another description; disks are not touched"',
            "snaptree create web --xml base.xml --redefine --current",
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
        .option("--xml <file>", "take it, or redefine it, as this <domainsnapshot> document says")
        .option("--redefine", "restore or alter what is remembered of a snapshot; disks are not touched")
        .option("--current", "with --redefine: make it the current snapshot")
        .option("--no-metadata", "take it, then forget it")
        .option("--halt", "leave the domain shut off afterwards")
        .option("--atomic", "all disks or none, which is always so")
        .option("--live", "keep the guest running while its memory is saved")
        .option("--reuse-external", "use overlays that are there already")
        .addOption(forceOption())
        .action(async (domain: string, name: string | undefined, options: CreateOptions) => {
            checkOptions(name, options);
            const xml = options.xml === undefined ? null : await readText(options.xml);
            await session.change(domain, async (vm, run) => {
                const snapshot =
                    xml !== null
                        ? await vm.createXML(xml, flagsOf(options), run)
                        : await (options.redefine ? redefine(vm, name, options, run) : vm.create(creation(name, options), run));
                return { words: done(printable(snapshot.name), options), value: await row(vm, snapshot) };
            });
        });
};

export const createWithSnapshot: Verb = (program, session) => {
    verb(program, "create-with-snapshot", {
        summary: "start a domain from a snapshot",
        details: "It is a revert that ends running, and is refused where that would lose changes that nothing else keeps.",
        examples: ["snaptree create-with-snapshot web base"],
    })
        .addArgument(domainArgument())
        .argument(`<${VALUES.snapshot}>`, "the snapshot to start from")
        .action(async (domain: string, name: string) => {
            await session.change(domain, async (vm, run) => {
                await vm.createWithSnapshot(name, {}, run);
                return { words: `started ${printable(domain)} from ${printable(name)}`, value: place(await vm.hierarchy()) };
            });
        });
};
