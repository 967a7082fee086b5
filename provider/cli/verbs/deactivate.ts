import type { DeactivateRequest, Progress } from "../../engine";
import { checkDeactivateFlags } from "../../engine/flags";
import { checkNamed, domainArgument, named, type NameOptions, withName } from "../arguments";
import { place } from "../listing";
import { printable } from "../text";
import { type Verb, verb } from "../verb";

export const deactivate: Verb = (program, session) => {
    const command = verb(program, "deactivate", {
        summary: "stop using a snapshot: the domain goes to its parent",
        details: "The changes made since are kept as a branch, unless they are merged into the parent or discarded.",
        examples: ["snaptree deactivate web tuesday", "snaptree deactivate web --current --merge"],
    }).addArgument(domainArgument());
    withName(command, "the snapshot that is used no more")
        .option("--merge", "its contents become its parent's, and its name goes")
        .option("--merge-force", "the same, even where others are lost by it")
        .option("--discard", "delete it, with the changes made since")
        .option("--discard-force", "the same, even where others are lost by it")
        .action(async (domain: string, name: string | undefined, { current, ...how }: NameOptions & DeactivateRequest) => {
            checkDeactivateFlags(how);
            checkNamed(name, current);
            await session.change(domain, async (vm, run) => {
                const snapshot = await named(vm, name);
                const done: Progress[] = [];
                const onProgress = (progress: Progress) => {
                    if (progress.kind === "done") done.push(progress);
                    run.onProgress?.(progress);
                };
                await vm.deactivate(snapshot, how, { ...run, onProgress });
                const words = done.length > 0 ? `deactivated ${printable(snapshot)}` : `nothing to do: the domain does not use ${printable(snapshot)}`;
                return { words, value: place(await vm.hierarchy()) };
            });
        });
};
