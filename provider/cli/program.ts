import { Command } from "commander";
import { complain, EXIT, exitCode } from "./output";
import { Session } from "./session";
import type { Terminal } from "./terminal";
import { tellUsage, UsageError, type Verb } from "./verb";
import { branch, switchTo } from "./verbs/branch";
import { completion } from "./verbs/completion";
import { exportTo, importFrom, migrate } from "./verbs/carry";
import { create, createWithSnapshot } from "./verbs/create";
import { deactivate } from "./verbs/deactivate";
import { define } from "./verbs/define";
import { remove } from "./verbs/delete";
import { doctor } from "./verbs/doctor";
import { list } from "./verbs/list";
import { apply, plan } from "./verbs/plan";
import { revert } from "./verbs/revert";
import { show } from "./verbs/show";
import { packageVersion } from "./version";

/** All verbs, as the help lists them. */
const GROUPS: Readonly<Record<string, readonly Verb[]>> = {
    "Looking:": [list, show, doctor],
    "Snapshots:": [create, revert, remove, deactivate, createWithSnapshot],
    "Branches:": [branch, switchTo],
    "Whole hierarchies:": [plan, apply],
    "Domains and hosts:": [define, exportTo, importFrom, migrate],
    "This command line:": [completion],
};

const HELP = `
A snapshot is named after its domain: “snaptree revert web base”. A name that begins with “-” comes after “--”.

Exit codes:
  0  done
  1  it failed, and the error says why
  2  wrong usage, wrong input, or flags that exclude each other
  3  something would be lost that nothing else holds; nothing was done
  4  the host can't do this

Examples:
  export SNAPTREE_HOST='qemu:///embed?root=/srv/vms'
  snaptree define web --disk vda=/images/web.qcow2
  snaptree create web base
  snaptree list web --tree`;

/** A command line, built anew for each run so that no option of one is seen by the next. */
function build(terminal: Terminal): Command {
    const program = new Command("snaptree")
        .description("Trees of virtual machine snapshots: look at them, make them, move between them.")
        .option(
            "--host <uri>",
            "the host, as libvirt writes it (default: SNAPTREE_HOST), for example qemu:///embed?root=/srv/vms, vbox:///session or esx://root@machine/",
        )
        .option("--json", "print results and errors as JSON")
        .option("--no-color", "no colours; they are shown only on a terminal, and not where NO_COLOR is set")
        .version(packageVersion())
        .helpCommand(false)
        .configureHelp({ showGlobalOptions: true })
        .configureOutput({ writeOut: (text) => terminal.print(text.trimEnd()), writeErr: () => undefined })
        .addHelpText("after", HELP);
    const session = new Session(program, terminal);
    for (const [group, verbs] of Object.entries(GROUPS)) {
        program.commandsGroup(group);
        for (const add of verbs) add(program, session);
    }
    return tellUsage(program);
}

/**
 * Runs the command line.
 *
 * @param argv the words after the program's own name.
 * @returns the exit code (design section 7).
 */
export async function main(argv: readonly string[], terminal: Terminal): Promise<number> {
    try {
        await build(terminal).parseAsync(argv, { from: "user" });
        return EXIT.done;
    } catch (error) {
        if (error instanceof UsageError && error.cause.exitCode === 0) return EXIT.done;
        complain(error, { ...terminal, json: argv.includes("--json") });
        return error instanceof UsageError ? EXIT.usage : exitCode(error);
    }
}
