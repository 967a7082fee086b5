import { type Branch, formatBytes, type Hierarchy, type Snapshot, Tree } from "../model";
import { grouped } from "./listing";
import { hasLooseTip } from "./table";
import type { Colours } from "./terminal";
import { printable } from "./text";

interface Drawn {
    readonly label: string;
    readonly below: () => Drawn[];
}

function sizeIn(bytes: number | null): string[] {
    return bytes === null ? [] : [formatBytes(bytes)];
}

function snapshotLabel({ name, committing, bytes }: Snapshot, current: boolean, colours: Colours): string {
    const facts = [...(current ? ["current"] : []), ...(committing ? ["committing"] : []), ...sizeIn(bytes)];
    const label = `${printable(name)}${facts.length > 0 ? ` (${facts.join(", ")})` : ""}`;
    if (committing) return colours.red(label);
    return current ? colours.green(label) : label;
}

/** A branch hangs on its newest snapshot; where that is not its fork, it names that too. */
function branchLabel({ name, active, dirty, from, tip, bytes }: Branch, colours: Colours): string {
    const fork = from === tip || from === null ? [] : [`from ${printable(from)}`];
    const facts = ["branch", ...(active ? ["active"] : []), ...(dirty ? ["dirty"] : []), ...fork, ...sizeIn(bytes)];
    const label = `${printable(name)} [${facts.join(", ")}]`;
    if (active) return colours.cyan(label);
    return dirty ? colours.yellow(label) : label;
}

interface Line {
    readonly node: Drawn;
    readonly indent: string;
    readonly last: boolean;
}

/** A root and what is below it, line by line, as virsh's `--tree` draws it (vshTreePrint of libvirt). */
function linesOf(root: Drawn): string[] {
    const drawn: string[] = [];
    const stack: Line[] = [{ node: root, indent: "", last: true }];
    for (let line = stack.pop(); line; line = stack.pop()) {
        const { node, indent, last } = line;
        drawn.push(`${indent}${node === root ? "" : "+- "}${node.label}`);
        const below = node.below();
        const inner = node === root ? indent : `${indent}${last ? " " : "|"} `;
        if (below.length > 0) drawn.push(`${inner}  |`);
        else if (last) drawn.push(inner.trimEnd());
        const lines = below.map((each, i) => ({ node: each, indent: `${inner}  `, last: i === below.length - 1 }));
        stack.push(...lines.reverse());
    }
    return drawn;
}

/** The hierarchy as a picture in text: snapshots as virsh draws them, with branches, the active one and dirty tips. */
export function drawTree(hierarchy: Hierarchy, colours: Colours): string {
    const tree = new Tree(hierarchy.snapshots);
    const branches = grouped(hierarchy.branches, ({ tip }) => tip);
    const leaf = (label: string): Drawn => ({ label, below: () => [] });
    const leavesOn = (name: string | null): Drawn[] => [
        ...(branches.get(name) ?? []).map((branch) => leaf(branchLabel(branch, colours))),
        ...(hasLooseTip(hierarchy) && hierarchy.current === name ? [leaf(colours.yellow("(the tip) [no branch, dirty]"))] : []),
    ];
    const drawn = (snapshot: Snapshot): Drawn => ({
        label: snapshotLabel(snapshot, snapshot.name === hierarchy.current, colours),
        below: () => [...tree.children(snapshot.name).map(drawn), ...leavesOn(snapshot.name)],
    });
    const roots = [...tree.roots().map(drawn), ...leavesOn(null)];
    return roots.flatMap(linesOf).join("\n").trimEnd();
}
