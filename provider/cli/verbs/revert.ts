import type { Leave } from "../../engine";
import { checkRevertFlags } from "../../engine/flags";
import {
    checkNamed,
    domainArgument,
    forceOption,
    leaveOption,
    named,
    type NameOptions,
    powerChoice,
    type PowerOptions,
    withName,
    withPower,
} from "../arguments";
import { place } from "../listing";
import { printable } from "../text";
import { type Verb, verb } from "../verb";

interface RevertOptions extends NameOptions, PowerOptions {
    readonly follow?: boolean;
    readonly reset?: boolean;
    readonly commit?: boolean;
    readonly discard?: boolean;
    readonly keep?: string | true;
    readonly resetNvram?: boolean;
    readonly leave?: Leave;
    readonly force?: boolean;
}

export const revert: Verb = (program, session) => {
    const command = verb(program, "revert", {
        summary: "go back to a snapshot, go on from it, or commit into it",
        details:
            "With --reset, the default, the disks become what the snapshot holds. With --follow they stay as they were left on the branch that stands directly on it. " +
            "With --commit the changes made since are merged into the snapshot, which is taken again there; that can be interrupted, and goes on when it is run again. " +
            "Changes that nothing else keeps are lost only with --force; --keep keeps them as a branch.",
        examples: [
            "snaptree revert web base",
            "snaptree revert web base --keep before-the-upgrade",
            "snaptree revert web --current --commit",
            "snaptree revert web base --commit --discard",
        ],
    }).addArgument(domainArgument());
    withName(command, "the snapshot to go to")
        .option("--follow", "go on from the disks as they were left after it")
        .option("--reset", "back to the snapshot's own state (the default)")
        .option("--commit", "merge the changes made since into it")
        .option("--discard", "delete the snapshot's name afterwards")
        .option("--keep [branch]", "keep the changes that would be lost as a branch; without a name, as auto-…")
        .option("--reset-nvram", "let the firmware variables start from their template");
    withPower(command)
        .addOption(leaveOption())
        .addOption(forceOption())
        .action(async (domain: string, name: string | undefined, { current, running, paused, ...request }: RevertOptions) => {
            checkRevertFlags(request);
            const power = powerChoice({ running, paused });
            checkNamed(name, current);
            await session.change(domain, async (vm, run) => {
                const snapshot = await named(vm, name);
                await vm.revert(snapshot, { ...request, ...power }, run);
                const done = request.commit ? "committed into" : request.follow ? "following" : "reverted to";
                return { words: `${done} ${printable(snapshot)}${request.discard ? ", and deleted its name" : ""}`, value: place(await vm.hierarchy()) };
            });
        });
};
