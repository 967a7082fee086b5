import { Argument, type Command } from "commander";
import type { VirtualMachine } from "../../engine";
import { VALUES } from "../arguments";
import { forBash, SCRIPTS, type Shell, splitLine, type Wanted, wantedAt, wantsFiles } from "../completion";
import type { Session } from "../session";
import { printable } from "../text";
import { type Verb, verb } from "../verb";

const shells = Object.keys(SCRIPTS) as Shell[];

async function namesIn(vm: VirtualMachine, value: string): Promise<string[]> {
    const { snapshots, branches } = await vm.hierarchy();
    const names = { [VALUES.snapshot]: snapshots, [VALUES.branch]: branches, [VALUES.node]: [...snapshots, ...branches] }[value] ?? [];
    return names.map(({ name }) => name);
}

async function candidates({ words, value = "", domain, host }: Wanted, session: Session): Promise<readonly string[]> {
    if (words) return words;
    const elsewhere = host === undefined ? {} : { host };
    if (value === VALUES.domain) return session.connected((connected) => connected.domains(), elsewhere);
    const named = ([VALUES.snapshot, VALUES.branch, VALUES.node] as string[]).includes(value);
    return domain !== undefined && named ? session.look(domain, (vm) => namesIn(vm, value), elsewhere) : [];
}

/** What the scripts ask: first whether files are meant, then what can stand at the cursor, a line each. */
async function complete(program: Command, session: Session, shell: Shell, line: string): Promise<void> {
    const typed = splitLine(line);
    const wanted = wantedAt(program, typed);
    session.output.print(wantsFiles(wanted) ? "files" : "words");
    const { before = "" } = wanted;
    // A host that can't be reached has nothing to offer, and a shell is no place to say why.
    for (const candidate of await candidates(wanted, session).catch(() => [])) {
        const word = before + candidate;
        if (word.startsWith(typed.current) && printable(word) === word) session.output.print(shell === "bash" ? forBash(word, typed) : word);
    }
}

export const completion: Verb = (program, session) => {
    verb(program, "completion", {
        summary: "print the script that makes a shell complete verbs, options and names",
        examples: ["source <(snaptree completion bash)    # in ~/.bashrc", "source <(snaptree completion zsh)     # in ~/.zshrc, after compinit"],
    })
        .addArgument(new Argument("<shell>", "the shell").choices(shells))
        .action((shell: Shell) => session.output.print(SCRIPTS[shell]));
    program
        .command("__complete", { hidden: true })
        .argument("<shell>")
        .argument("<line>")
        .action((shell: Shell, line: string) => complete(program, session, shell, line));
};
