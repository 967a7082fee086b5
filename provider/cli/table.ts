import Table from "cli-table3";
import { formatBytes, type Branch, type Hierarchy, type Snapshot } from "../model";
import type { Colours } from "./terminal";
import { nameOr, printable, when } from "./text";

const NO_BORDERS = {
    ...{ top: "", "top-mid": "", "top-left": "", "top-right": "", bottom: "", "bottom-mid": "", "bottom-left": "", "bottom-right": "" },
    ...{ left: "", "left-mid": "", mid: "", "mid-mid": "", right: "", "right-mid": "", middle: "  " },
};

/** Rows under their heads, in columns. */
function table(head: readonly string[], rows: readonly string[][]): string {
    const made = new Table({ head: [...head], chars: NO_BORDERS, style: { head: [], border: [], "padding-left": 0, "padding-right": 0 } });
    made.push(...rows);
    return made
        .toString()
        .split("\n")
        .map((line) => line.trimEnd())
        .join("\n");
}

export function size(bytes: number | null): string {
    return bytes === null ? "-" : formatBytes(bytes);
}

function snapshotCells({ name, parent, creationTime, state, mode, bytes, committing }: Snapshot, current: boolean, colours: Colours): string[] {
    const shown = current ? colours.green(printable(name)) : printable(name);
    return [current ? "*" : "", shown, nameOr(parent), when(creationTime), committing ? colours.red("committing") : state, mode ?? "-", size(bytes)];
}

function branchCells({ name, from, tip, active, dirty, bytes }: Branch, colours: Colours): string[] {
    const shown = active ? colours.cyan(printable(name)) : printable(name);
    return [active ? "*" : "", shown, nameOr(from), nameOr(tip), dirty ? colours.yellow("dirty") : "clean", size(bytes)];
}

/** The tip has changes and no branch that keeps them. */
export function hasLooseTip({ branch, dirty, snapshots, branches }: Hierarchy): boolean {
    return branch === null && dirty && snapshots.length + branches.length > 0;
}

/** The plain listing: snapshots, then branches, each with a star where the domain is. */
export function tables(hierarchy: Hierarchy, colours: Colours): string {
    const { snapshots, branches, current } = hierarchy;
    const snapshotRows = snapshots.map((snapshot) => snapshotCells(snapshot, snapshot.name === current, colours));
    const branchRows = branches.map((branch) => branchCells(branch, colours));
    const parts = [
        ...(snapshots.length > 0 ? [table(["", "Name", "Parent", "Creation time", "State", "Mode", "Size"], snapshotRows)] : []),
        ...(branches.length > 0 ? [table(["", "Branch", "From", "Tip", "State", "Size"], branchRows)] : []),
        ...(hasLooseTip(hierarchy) ? [colours.yellow(`The tip has changes since ${nameOr(current, "before the first snapshot")} and no branch.`)] : []),
    ];
    return parts.join("\n\n");
}
