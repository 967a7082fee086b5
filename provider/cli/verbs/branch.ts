import type { Leave, RunOptions, VirtualMachine } from "../../engine";
import { checkExclusive } from "../../engine/flags";
import { FlagConflictError, InvalidInputError } from "../../model";
import { domainArgument, forceOption, leaveOption, powerChoice, type PowerOptions, VALUES, withPower } from "../arguments";
import { branchRow, place } from "../listing";
import type { Done } from "../session";
import { printable } from "../text";
import { type Verb, verb } from "../verb";

interface BranchOptions {
    readonly from?: string;
    readonly delete?: boolean;
    readonly commit?: boolean;
    readonly reset?: boolean;
    readonly toFork?: boolean;
    readonly force?: boolean;
}

/** One of the three is asked for, with what belongs to it. @throws FlagConflictError */
function checkOptions({ from, delete: remove, reset, commit, toFork, force }: BranchOptions): void {
    checkExclusive({ from: from !== undefined, delete: remove, reset });
    if (commit && !remove) throw new FlagConflictError("use of commit flag requires delete flag");
    if (toFork && !reset) throw new FlagConflictError("use of to-fork flag requires reset flag");
    if (force && !remove && !reset) throw new FlagConflictError("use of force flag requires delete or reset flag");
    if (from === undefined && !remove && !reset) throw new InvalidInputError("give --from SNAPSHOT to fork a branch there, --delete or --reset", "from");
}

async function forked(vm: VirtualMachine, name: string, from: string, run: RunOptions): Promise<Done> {
    const made = await vm.branch(name, { from }, run);
    return { words: `forked branch ${printable(name)} at ${printable(from)}; “snaptree switch” goes over to it`, value: branchRow(made) };
}

async function removed(vm: VirtualMachine, name: string, { commit = false, force = false }: BranchOptions, run: RunOptions): Promise<Done> {
    await vm.unbranch(name, { commit, force }, run);
    return { words: `removed branch ${printable(name)}${commit ? ", its changes committed" : ""}`, value: place(await vm.hierarchy()) };
}

async function emptied(vm: VirtualMachine, name: string, { toFork = false, force = false }: BranchOptions, run: RunOptions): Promise<Done> {
    await vm.resetBranch(name, { toFork, force }, run);
    return { words: `reset branch ${printable(name)}${toFork ? " to its fork" : ""}`, value: place(await vm.hierarchy()) };
}

export const branch: Verb = (program, session) => {
    verb(program, "branch", {
        summary: "fork a branch at a snapshot, remove one, or reset one",
        details: "The domain stays where it is: “snaptree switch” goes over to a branch.",
        examples: ["snaptree branch web case-42 --from base", "snaptree branch web case-42 --reset --force", "snaptree branch web case-42 --delete --commit"],
    })
        .addArgument(domainArgument())
        .argument(`<${VALUES.branch}>`, "the branch's name")
        .option(`--from <${VALUES.snapshot}>`, "fork it there, at any snapshot")
        .option("--delete", "remove it, with the changes on it that no snapshot holds")
        .option("--commit", "with --delete: merge those changes into the snapshot that it stands on first")
        .option("--reset", "drop the changes on it since its newest snapshot")
        .option("--to-fork", "with --reset: back to where it forks, so that its own snapshots go too")
        .addOption(forceOption())
        .action(async (domain: string, name: string, options: BranchOptions) => {
            checkOptions(options);
            await session.change(domain, (vm, run) =>
                options.from !== undefined ? forked(vm, name, options.from, run) : (options.delete ? removed : emptied)(vm, name, options, run),
            );
        });
};

export const switchTo: Verb = (program, session) => {
    const command = verb(program, "switch", {
        summary: "go over to a branch, and on from its disks as they were left",
        details: "Nothing is lost: what the domain leaves is kept on its branch, and changes that have no branch become one (auto-…).",
        examples: ["snaptree switch web case-42", "snaptree switch web case-42 --leave shutdown --running"],
    })
        .addArgument(domainArgument())
        .argument(`<${VALUES.branch}>`, "the branch to go to")
        .addOption(leaveOption());
    withPower(command).action(async (domain: string, name: string, { leave, ...options }: PowerOptions & { leave?: Leave }) => {
        const power = powerChoice(options);
        await session.change(domain, async (vm, run) => {
            await vm.switch(name, { ...power, ...(leave === undefined ? {} : { leave }) }, run);
            return { words: `on branch ${printable(name)}`, value: place(await vm.hierarchy()) };
        });
    });
};
