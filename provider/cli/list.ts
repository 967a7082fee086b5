import Table from "cli-table3";
import type { Hierarchy } from "../model";
import { drawTree, rows } from "./draw";
import type { Output } from "./output";

/** The hierarchy as `list --json` prints it (design section 7): absent values null, snapshots with their children. */
export function listing({ domain, uuid, powerState, current, branch, dirty, snapshots, branches }: Hierarchy): object {
    const children = new Map<string | null, string[]>();
    for (const { name, parent } of snapshots) children.set(parent, [...(children.get(parent) ?? []), name]);
    return {
        domain,
        uuid,
        powerState,
        current,
        branch,
        dirty,
        snapshots: snapshots.map(({ name, parent, description, creationTime, state, mode, memory, files }) => ({
            name,
            parent,
            description,
            creationTime,
            state,
            mode,
            memory,
            current: name === current,
            children: children.get(name) ?? [],
            files,
        })),
        branches: branches.map(({ name, from, tip, active, dirty: changed, files }) => ({ name, from, tip, active, dirty: changed, files })),
    };
}

const NO_BORDERS = {
    ...{ top: "", "top-mid": "", "top-left": "", "top-right": "", bottom: "", "bottom-mid": "", "bottom-left": "", "bottom-right": "" },
    ...{ left: "", "left-mid": "", mid: "", "mid-mid": "", right: "", "right-mid": "", middle: "  " },
};

function table(hierarchy: Hierarchy): string {
    const made = new Table({
        head: ["", "Name", "Parent", "Creation time", "State", "Mode"],
        chars: NO_BORDERS,
        style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
    });
    made.push(...rows(hierarchy));
    return made
        .toString()
        .split("\n")
        .map((line) => line.trimEnd())
        .join("\n");
}

/** Prints a hierarchy: as a table, as a tree, or as JSON. */
export function printHierarchy(hierarchy: Hierarchy, tree: boolean, output: Output): void {
    if (output.json) output.print(JSON.stringify(listing(hierarchy)));
    else if (hierarchy.snapshots.length === 0 && hierarchy.branches.length === 0) output.print(`${hierarchy.domain} has no snapshots`);
    else output.print(tree ? drawTree(hierarchy) : table(hierarchy));
}
