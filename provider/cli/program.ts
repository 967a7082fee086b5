import { Command, CommanderError, InvalidArgumentError } from "commander";
import { connect } from "../engine";
import { packageVersion } from "./version";
import { printHierarchy } from "./list";
import { complain, EXIT, exitCode, type Output } from "./output";

interface GlobalOptions {
    readonly host?: string;
    readonly json?: boolean;
}

interface DiskOption {
    readonly target: string;
    readonly file: string;
}

function parseDisk(text: string, before: readonly DiskOption[] = []): DiskOption[] {
    const at = text.indexOf("=");
    if (at < 1 || at === text.length - 1) throw new InvalidArgumentError("write TARGET=FILE, for example vda=/images/web.qcow2.");
    return [...before, { target: text.slice(0, at), file: text.slice(at + 1) }];
}

type Streams = Pick<Output, "print" | "complain">;

/** A command line, built anew for each run so that no option of one is seen by the next. */
function build(streams: Streams): Command {
    const program = new Command("snaptree")
        .description("Trees of virtual machine snapshots: look at them, make them, move between them.")
        .option("--host <uri>", "the host, as libvirt writes it (default: SNAPTREE_HOST), for example qemu:///embed?root=/srv/vms")
        .option("--json", "print results and errors as JSON")
        .version(packageVersion())
        .addHelpText("after", "\nExit codes: 0 done; 2 wrong usage or input; 3 something would be lost; 4 the host can't; 1 everything else.")
        .exitOverride()
        .configureOutput({ writeOut: (text) => streams.print(text.trimEnd()), writeErr: () => undefined });
    const output = (): Output => ({ ...streams, json: program.opts<GlobalOptions>().json ?? false });
    const host = () => connect(program.opts<GlobalOptions>().host);

    program
        .command("define")
        .description(
            "make a domain of disk images that are there already; they stay where they are, and are never written once an external snapshot stands on them",
        )
        .argument("<domain>", "its name")
        .requiredOption("--disk <target=file>", "a disk and its image; give it once for each disk", parseDisk)
        .option("--format <format>", "the images' format: qcow2, raw", "qcow2")
        .addHelpText("after", "\nExample:\n  snaptree --host 'qemu:///embed?root=/srv/vms' define web --disk vda=/images/web.qcow2")
        .action(async (name: string, options: { disk: DiskOption[]; format: string }) => {
            await using connected = await host();
            const machine = await connected.define({ name, disks: options.disk.map((disk) => ({ ...disk, format: options.format })) });
            const { uuid } = await machine.hierarchy();
            output().print(output().json ? JSON.stringify({ domain: name, uuid }) : `defined ${name} (${uuid})`);
        });

    program
        .command("list")
        .description("show the snapshots and branches of a domain")
        .argument("<domain>", "its name")
        .option("--tree", "draw the hierarchy as a tree")
        .addHelpText("after", "\nExamples:\n  snaptree list web --tree\n  snaptree --json list web")
        .action(async (name: string, options: { tree?: boolean }) => {
            await using connected = await host();
            const machine = await connected.domain(name);
            printHierarchy(await machine.hierarchy(), options.tree ?? false, output());
        });
    return program;
}

/**
 * Runs the command line.
 *
 * @param argv the words after the program's own name.
 * @returns the exit code (design section 7).
 */
export async function main(argv: readonly string[], streams: Streams): Promise<number> {
    const program = build(streams);
    try {
        await program.parseAsync(argv, { from: "user" });
        return EXIT.done;
    } catch (error) {
        if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
        const output = { ...streams, json: argv.includes("--json") };
        if (error instanceof CommanderError) {
            const message = error.code === "commander.help" ? "no verb is given" : error.message.replace(/^error: /, "");
            complain(
                Object.assign(new Error(`${message}${/[.]$/.test(message) ? "" : ";"} “snaptree --help” shows how it is used`), { name: "InvalidInputError" }),
                output,
            );
            return EXIT.usage;
        }
        complain(error, output);
        return exitCode(error);
    }
}
