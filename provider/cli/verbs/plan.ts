import type { Command } from "commander";
import { existsSync } from "node:fs";
import { chmod, writeFile } from "node:fs/promises";
import type { Plan } from "../../engine";
import { FlagConflictError, InvalidInputError, quoted } from "../../model";
import { forceOption, VALUES } from "../arguments";
import { tell } from "../output";
import type { Session } from "../session";
import { isPlan, type Given, readWish, storedPlan, type WantedTree } from "../tree-file";
import { readSource } from "../source";
import { type Verb, verb } from "../verb";

interface Owner {
    readonly owner?: string;
}

/** `[domain] <file>`: the file may name the domain itself. */
function withFile(command: Command, what: string): Command {
    return command
        .usage("[options] [domain] <file>")
        .argument(`[${VALUES.domain}]`, "the domain's name, where the file has none or another is meant")
        .argument(`[${VALUES.file}]`, what)
        .option("--owner <name>", "who manages what is made: what “prune: managed” removes is what the same one made earlier (default: snaptree)");
}

/** @throws InvalidInputError where there is no file. */
function fileIn(first: string | undefined, second: string | undefined, { owner }: Owner, session: Session): { readonly file: string; readonly given: Given } {
    const [file, domain] = second === undefined ? [first, undefined] : [second, first];
    if (file === undefined) throw new InvalidInputError("no file is given; name one that says which snapshots and branches there should be", "file");
    return { file, given: { domain, owner, host: session.host } };
}

function report(domain: string, plan: Plan): object {
    return { domain, ...plan.toJSON() };
}

/** A file that is there is written over only where it is a plan: a tree's own file must not go. */
async function refuseOther(file: string): Promise<void> {
    if (!existsSync(file)) return;
    const isOne = await readSource(file).then(isPlan, () => false);
    if (!isOne) throw new InvalidInputError(`${quoted(file)} is there already, and is no plan; choose another file`, "out");
}

/** Only its owner may read it: commands may hold secrets. */
async function write(file: string, domain: string, plan: Plan, { provision }: WantedTree): Promise<void> {
    await writeFile(file, `${JSON.stringify(storedPlan(domain, plan, provision), null, 2)}\n`, { mode: 0o600 });
    await chmod(file, 0o600);
}

const FILE_HELP = `
Such a file:
  snapshots:
    base:
      provision:                        # run before it is taken, with the file to change in their environment, as SNAPTREE_DISK_VDA
        - command: [./install.sh]
    tools:
      parent: base
      description: base and what everybody needs
  branches:
    case-42: { from: tools }
  current: case-42                      # where the domain is to be afterwards
  prune: managed                        # what is made and no longer listed goes; or all, or none`;

export const plan: Verb = (program, session) => {
    const command = verb(program, "plan", {
        summary: "show what it takes to get to the hierarchy that a file describes",
        details:
            "The file says what a SnapshotTree takes, as YAML or JSON. Nothing is changed. A snapshot that is there stays as it is, even where its commands in the file are others now: delete it to have it taken again.",
        examples: ["snaptree plan web tree.yaml", "snaptree plan web tree.yaml --out web.plan && snaptree apply web web.plan"],
    });
    withFile(command, "which snapshots and branches there should be, as YAML or JSON")
        .addHelpText("after", FILE_HELP)
        .option("--out <file>", "write the plan there, for “snaptree apply”")
        .action(async (first: string | undefined, second: string | undefined, options: Owner & { out?: string }) => {
            const { file, given } = fileIn(first, second, options, session);
            const wish = await readWish(file, given);
            if (wish.kind === "plan") throw new InvalidInputError(`${quoted(file)} is a plan already; “snaptree apply” carries it out`, "file");
            if (options.out !== undefined) await refuseOther(options.out);
            const made = await session.look(wish.domain, (vm) => wish.located(() => vm.plan(wish.desired)), wish);
            if (options.out !== undefined) await write(options.out, wish.domain, made, wish);
            tell(session.output, made.toString(), report(wish.domain, made));
        });
};

export const apply: Verb = (program, session) => {
    const command = verb(program, "apply", {
        summary: "get to the hierarchy that a file describes, or carry out a plan",
        details: "A plan is carried out as it was shown: where what it touches has changed since, it is refused.",
        examples: ["snaptree apply web tree.yaml", "snaptree apply web web.plan"],
    });
    withFile(command, "which snapshots and branches there should be, or a plan that “snaptree plan --out” wrote")
        .addOption(forceOption())
        .action(async (first: string | undefined, second: string | undefined, options: Owner & { force?: boolean }) => {
            const { file, given } = fileIn(first, second, options, session);
            const wish = await readWish(file, given);
            if (wish.kind === "plan" && options.owner !== undefined)
                throw new FlagConflictError("a plan and owner flag are mutually exclusive; the plan has the owner");
            const force = options.force ?? (wish.kind === "tree" ? wish.force : false);
            await session.change(
                wish.domain,
                async (vm, run) => {
                    const made = wish.kind === "plan" ? wish.plan : await wish.located(() => vm.plan(wish.desired));
                    const count = made.operations.length;
                    if (!session.output.json && count > 0) session.output.print(made.toString());
                    await vm.apply(made, { ...run, force, provision: wish.provision });
                    const words = count === 0 ? made.toString() : `done: ${count} ${count === 1 ? "operation" : "operations"}`;
                    return { words, value: report(wish.domain, made) };
                },
                wish,
            );
        });
};
