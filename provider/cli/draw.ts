import { type Branch, type Hierarchy, type Snapshot, Tree } from "../model";

interface Drawn {
    readonly label: string;
    readonly below: () => Drawn[];
}

/** Control characters of names that were made elsewhere must not move the cursor. */
function printable(text: string): string {
    // eslint-disable-next-line no-control-regex
    return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

function snapshotLabel(snapshot: Snapshot, { current, dirty, branch }: Hierarchy): string {
    if (snapshot.name !== current) return printable(snapshot.name);
    const state = dirty && branch === null ? "current, tip is dirty" : "current";
    return `${printable(snapshot.name)} (${state})`;
}

function branchLabel({ name, active, dirty }: Branch): string {
    const state = ["branch", ...(active ? ["active"] : []), ...(dirty ? ["dirty"] : [])].join(", ");
    return `${printable(name)} [${state}]`;
}

/** A node and what is below it, line by line, as virsh's `--tree` draws it (vshTreePrint of libvirt). */
function lines(node: Drawn, indent: string, last: boolean, root: boolean): string[] {
    const drawn = [`${indent}${root ? "" : "+- "}${node.label}`];
    const below = node.below();
    const inner = root ? indent : `${indent}${last ? " " : "|"} `;
    if (below.length > 0) drawn.push(`${inner}  |`);
    for (const [i, each] of below.entries()) drawn.push(...lines(each, `${inner}  `, i === below.length - 1, false));
    if (below.length === 0 && last) drawn.push(inner.trimEnd());
    return drawn;
}

/** The hierarchy as a picture in text: snapshots as virsh draws them, with branches, the active one and dirty tips. */
export function drawTree(hierarchy: Hierarchy): string {
    const tree = new Tree(hierarchy.snapshots);
    const branchesOn = (name: string | null): Drawn[] =>
        hierarchy.branches.filter(({ tip }) => tip === name).map((branch) => ({ label: branchLabel(branch), below: () => [] }));
    const drawn = (snapshot: Snapshot): Drawn => ({
        label: snapshotLabel(snapshot, hierarchy),
        below: () => [...tree.children(snapshot.name).map(drawn), ...branchesOn(snapshot.name)],
    });
    const roots = [...tree.roots().map(drawn), ...branchesOn(null)];
    return roots
        .flatMap((root) => lines(root, "", true, true))
        .join("\n")
        .trimEnd();
}

/** Whole seconds since 1970 as virsh shows them, in this machine's time zone. */
function when(seconds: number): string {
    const date = new Date(seconds * 1000);
    const two = (n: number) => String(Math.abs(n)).padStart(2, "0");
    const offset = -date.getTimezoneOffset();
    const zone = `${offset < 0 ? "-" : "+"}${two(Math.trunc(offset / 60))}${two(offset % 60)}`;
    const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
    return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())} ${zone}`;
}

/** The rows of the plain listing: name, parent, creation time, state, mode, and a star at the current one. */
export function rows(hierarchy: Hierarchy): string[][] {
    return hierarchy.snapshots.map((snapshot) => [
        snapshot.name === hierarchy.current ? "*" : "",
        printable(snapshot.name),
        snapshot.parent === null ? "-" : printable(snapshot.parent),
        when(snapshot.creationTime),
        snapshot.state,
        snapshot.mode ?? "-",
    ]);
}
