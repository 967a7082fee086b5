import { writeFile } from "node:fs/promises";
import { connect, type HierarchyExport } from "../../engine";
import { InvalidInputError, quoted } from "../../model";
import { domainArgument, VALUES } from "../arguments";
import { tell } from "../output";
import { readText } from "../source";
import { printable } from "../text";
import { type Verb, verb } from "../verb";

const written = (exported: HierarchyExport) => `${JSON.stringify(exported, null, 2)}\n`;

/** Only its owner may read it, since documents hold secrets; what is there already may be the only backup. */
async function writeNew(file: string, text: string): Promise<void> {
    try {
        await writeFile(file, text, { mode: 0o600, flag: "wx" });
    } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        const why = code === "EEXIST" ? "it is there already; choose another file" : message;
        throw new InvalidInputError(`${quoted(file)} can't be written: ${why}`, "file", { cause: error });
    }
}

async function readExport(file: string): Promise<HierarchyExport> {
    const text = await readText(file);
    try {
        return JSON.parse(text) as HierarchyExport; // Importing checks it.
    } catch (error) {
        throw new InvalidInputError(`${quoted(file)} is no JSON; name a file that “snaptree export” wrote`, "file", { cause: error });
    }
}

export const exportTo: Verb = (program, session) => {
    verb(program, "export", {
        summary: "write down all that is remembered of a domain's hierarchy",
        details: "As JSON, for “snaptree import” on another host or as a backup. The disks are none of it. It holds the secrets that the documents hold.",
        examples: ["snaptree export web web.json", "snaptree export web | ssh elsewhere snaptree import web /dev/stdin"],
    })
        .addArgument(domainArgument())
        .argument(`[${VALUES.file}]`, "where to write it, for its owner alone; without one, to standard output")
        .action(async (domain: string, file: string | undefined) => {
            const exported = await session.look(domain, (vm) => vm.export());
            if (file === undefined) return void session.output.print(written(exported).trimEnd());
            await writeNew(file, written(exported));
            const { snapshots, branches } = exported;
            const counted = { snapshots: snapshots.length, branches: branches.length };
            tell(session.output, `exported ${printable(domain)} (${counted.snapshots} snapshots, ${counted.branches} branches)`, { domain, file, ...counted });
        });
};

export const importFrom: Verb = (program, session) => {
    verb(program, "import", {
        summary: "remember here what was exported elsewhere",
        details:
            "The disks must be there already, at the same paths, and count as somebody else's: they are used, and never merged or removed. All of it is imported, or nothing.",
        examples: ["snaptree import web web.json"],
    })
        .addArgument(domainArgument())
        .argument(`<${VALUES.file}>`, "what “snaptree export” wrote")
        .action(async (domain: string, file: string) => {
            const exported = await readExport(file);
            const of = (exported as Partial<HierarchyExport> | null)?.domain;
            if (of !== undefined && of !== domain)
                throw new InvalidInputError(`${quoted(file)} is the export of ${quoted(of)}, and not of ${quoted(domain)}; name that domain`, "domain");
            await session.connected((host) =>
                session.perform(async (run) => {
                    const vm = await host.import(exported, run);
                    const { uuid } = await vm.hierarchy();
                    const counted = { snapshots: exported.snapshots.length, branches: exported.branches.length };
                    const words = `imported ${printable(domain)} (${counted.snapshots} snapshots, ${counted.branches} branches)`;
                    return { words, value: { domain, uuid, ...counted } };
                }),
            );
        });
};

export const migrate: Verb = (program, session) => {
    verb(program, "migrate", {
        summary: "move a domain with its hierarchy to another host that reaches the same files",
        details:
            "It is imported there, then forgotten here, so that never both write. No disk is copied; the files stay where they are, and are never merged or removed afterwards. Interrupted half-way, it goes on when it is run again.",
        examples: ["snaptree migrate web --to 'qemu:///embed?root=/srv/other'"],
    })
        .addArgument(domainArgument())
        .requiredOption("--to <uri>", "the host to move it to")
        .action(async (domain: string, { to }: { to: string }) => {
            await session.change(domain, async (vm, run) => {
                await using destination = await connect(to);
                const there = await vm.migrate(destination, run);
                const { uuid } = await there.hierarchy();
                return { words: `migrated ${printable(domain)} to ${printable(to)}`, value: { domain, uuid, host: to } };
            });
        });
};
