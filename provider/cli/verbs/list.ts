import type { Hierarchy } from "../../model";
import { domainArgument } from "../arguments";
import { drawTree } from "../draw";
import { listing } from "../listing";
import { coloursOf, type Output } from "../output";
import { tables } from "../table";
import { type Verb, verb } from "../verb";

function words(hierarchy: Hierarchy, tree: boolean, output: Output): string {
    if (hierarchy.snapshots.length === 0 && hierarchy.branches.length === 0) return `${hierarchy.domain} has no snapshots`;
    return (tree ? drawTree : tables)(hierarchy, coloursOf(output));
}

export const list: Verb = (program, session) => {
    verb(program, "list", {
        summary: "show the snapshots and branches of a domain",
        examples: ["snaptree list web --tree", "snaptree --json list web"],
    })
        .addArgument(domainArgument())
        .option("--tree", "draw the hierarchy as a tree")
        .action(async (domain: string, { tree = false }: { tree?: boolean }) => {
            const hierarchy = await session.look(domain, (vm) => vm.hierarchy({ sizes: true }));
            const { output } = session;
            output.print(output.json ? JSON.stringify(listing(hierarchy)) : words(hierarchy, tree, output));
        });
};
