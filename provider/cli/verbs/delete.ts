import type { DeleteScope } from "../../engine";
import { checkExclusive } from "../../engine/flags";
import { checkNamed, domainArgument, forceOption, named, type NameOptions, withName } from "../arguments";
import { place } from "../listing";
import { printable } from "../text";
import { type Verb, verb } from "../verb";

interface DeleteOptions extends NameOptions {
    readonly children?: boolean;
    readonly childrenOnly?: boolean;
    readonly metadata?: boolean;
    readonly force?: boolean;
}

/** @throws FlagConflictError */
function scopeOf({ children, childrenOnly, metadata }: DeleteOptions): DeleteScope {
    checkExclusive({ children, "children-only": childrenOnly, metadata });
    if (children) return "subtree";
    if (childrenOnly) return "children";
    return metadata ? "metadata" : "keepChildren";
}

const DONE: Readonly<Record<DeleteScope, (name: string) => string>> = {
    keepChildren: (name) => `deleted ${name}`,
    subtree: (name) => `deleted ${name} and everything below it`,
    children: (name) => `deleted everything below ${name}`,
    metadata: (name) => `forgot ${name}; its contents are where they were`,
};

export const remove: Verb = (program, session) => {
    const command = verb(program, "delete", {
        summary: "delete a snapshot; its children keep their contents",
        examples: ["snaptree delete web base", "snaptree delete web experiments --children", "snaptree delete web --current --metadata"],
    }).addArgument(domainArgument());
    withName(command, "the snapshot to delete")
        .option("--children", "everything below it too")
        .option("--children-only", "only everything below it")
        .option("--metadata", "only what is remembered of it")
        .addOption(forceOption())
        .action(async (domain: string, name: string | undefined, options: DeleteOptions) => {
            const scope = scopeOf(options);
            checkNamed(name, options.current);
            await session.change(domain, async (vm, run) => {
                const snapshot = await named(vm, name);
                await vm.delete(snapshot, { scope, force: options.force ?? false }, run);
                return { words: DONE[scope](printable(snapshot)), value: place(await vm.hierarchy()) };
            });
        });
};
