import { Argument, type Command, Option } from "commander";
import type { Leave, PowerChoice, VirtualMachine } from "../engine";
import { checkExclusive } from "../engine/flags";
import { FlagConflictError, InvalidInputError, NotFoundError, quoted } from "../model";

/** What stands for an argument's or an option's value, by which completion knows what to offer. */
export const VALUES = { domain: "domain", snapshot: "snapshot", branch: "branch", node: "name", new: "new-name", file: "file" } as const;

export function domainArgument(): Argument {
    return new Argument(`<${VALUES.domain}>`, "the domain's name");
}

/** NAME in the action of a verb that also takes `--current`. */
export interface NameOptions {
    readonly current?: boolean;
}

/** NAME, or in its place `--current`. */
export function withName(command: Command, description: string, value: string = VALUES.snapshot): Command {
    return command.argument(`[${value}]`, description).option("--current", "the current snapshot, in place of its name");
}

/** Refuses both and neither, before any host is contacted. */
export function checkNamed(name: string | undefined, current = false): void {
    if (name !== undefined && current) throw new FlagConflictError("a snapshot's name and current flag are mutually exclusive");
    if (name === undefined && !current) throw new InvalidInputError("no snapshot is named; name one, or give --current", "name");
}

/** The snapshot that is meant. @throws NotFoundError where the domain has no current one. */
export async function named(vm: VirtualMachine, name: string | undefined): Promise<string> {
    if (name !== undefined) return name;
    const { current } = await vm.hierarchy();
    if (current === null) throw new NotFoundError(`domain ${quoted(vm.name)} has no current snapshot; name one, or take one with “snaptree create”`);
    return current;
}

const POLICIES: readonly Leave[] = ["refuse", "shutdown", "checkpoint", "destroy"];

export function leaveOption(): Option {
    return new Option(
        "--leave <policy>",
        "what to do first with a domain that runs: refuse (default), shutdown, checkpoint (snapshot it with its memory), destroy (its memory is lost)",
    ).choices(POLICIES);
}

export function forceOption(): Option {
    return new Option("--force", "accept every loss that it would refuse otherwise");
}

export interface PowerOptions {
    readonly running?: boolean | undefined;
    readonly paused?: boolean | undefined;
}

/** `--running` and `--paused`. */
export function withPower(command: Command): Command {
    return command.option("--running", "start the domain afterwards").option("--paused", "start it paused");
}

/** @throws FlagConflictError */
export function powerChoice({ running, paused }: PowerOptions): { readonly powerState?: PowerChoice } {
    checkExclusive({ running, paused });
    if (running) return { powerState: "running" };
    return paused ? { powerState: "paused" } : {};
}
