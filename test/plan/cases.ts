import fc from "fast-check";
import type { Branch, Hierarchy, Snapshot } from "../../provider/model";
import type { Desired, DesiredSnapshot } from "../../provider/plan";
import { aBranch } from "../support/nodes";
import { hierarchy, snapshot } from "./simulation";

const OWNERS = [null, "me", "other"];

/** Answers in the order in which they are asked for: a program that is written with dice. */
export type Dice = (sides: number) => number;

/** A hierarchy of some snapshots and branches, of several owners. */
export function hierarchyOf(dice: Dice): Hierarchy {
    const owner = () => OWNERS[dice(OWNERS.length)] ?? null;
    const snapshots: Snapshot[] = [];
    for (let i = dice(9); i > 0; i--)
        snapshots.push(snapshot(`s${i}`, snapshots[dice(snapshots.length || 1)]?.name ?? null, { owner: owner(), made: dice(3) > 0 }));
    const line = (name: string | null): (string | null)[] => {
        const found = snapshots.find((each) => each.name === name);
        return found ? [found.name, ...line(found.parent)] : [null];
    };
    const branches: Branch[] = [];
    for (let i = dice(5); i > 0; i--) {
        const tip = snapshots[dice(snapshots.length + 1)]?.name ?? null;
        const up = line(tip);
        const name = dice(5) === 0 ? `auto-${tip ?? "base"}-${i}` : `b${i}`;
        branches.unshift(aBranch({ name, tip, from: up[dice(up.length)] ?? null, dirty: tip === null || dice(2) === 0, owner: owner() }));
    }
    branches.sort((a, b) => (a.name < b.name ? -1 : 1));
    const active = dice(2) === 0 ? branches[dice(branches.length || 1)] : undefined;
    const current = active ? active.tip : (snapshots[dice(snapshots.length + 1)]?.name ?? null);
    const dirty = active?.dirty ?? (current === null || dice(2) === 0);
    return hierarchy(snapshots, {
        ...{ current, dirty, branch: active?.name ?? null },
        branches: branches.map((branch) => ({ ...branch, active: branch === active })),
    });
}

export interface Case {
    readonly before: Hierarchy;
    readonly desired: Desired;
    /** New name to old one. */
    readonly renamed: ReadonlyMap<string, string>;
    /** What prune takes, by its old name. */
    readonly gone: ReadonlySet<string>;
}

/** A hierarchy, and a program that can be had from it: some of what is there, under new names too, and something new. */
export function caseOf(dice: Dice): Case {
    const before = hierarchyOf(dice);
    const prune = (["all", "managed", "none"] as const)[dice(3)] ?? "none";
    const listed = new Set([...before.snapshots, ...before.branches].filter(() => dice(3) > 0).map(({ name }) => name));
    const goes = ({ name, owner }: Snapshot | Branch) => !listed.has(name) && (prune === "all" || (prune === "managed" && owner === "me"));
    const renamed = new Map<string, string>();
    const now = new Map<string | null, string | null>([[null, null]]);
    const snapshots: Record<string, DesiredSnapshot> = {};
    for (const each of before.snapshots) {
        const parent = now.get(each.parent) ?? null;
        const name = listed.has(each.name) && dice(5) === 0 ? `r-${each.name}` : each.name;
        now.set(each.name, goes(each) ? parent : name);
        if (name !== each.name) renamed.set(name, each.name);
        if (!listed.has(each.name)) continue;
        snapshots[name] = { parent, ...(name !== each.name && { renamedFrom: each.name }), ...(dice(4) === 0 && { description: "new" }) };
    }
    const places = before.snapshots.filter((each) => !goes(each)).map(({ name }) => now.get(name) ?? name);
    const fresh = before.snapshots.length === 0 || places.length > 0 ? dice(5) : 0;
    for (let i = 0; i < fresh; i++) {
        const parent = places[dice(places.length || 1)] ?? null;
        snapshots[`n${i}`] = { parent, ...(dice(3) === 0 && { provisioned: true }), ...(dice(3) === 0 && { mode: "internal" }) };
        places.push(`n${i}`);
    }
    const branches: Record<string, { from: string }> = {};
    for (const each of before.branches) {
        const from = now.get(each.from) ?? null;
        if (listed.has(each.name) && from !== null) branches[each.name] = { from };
    }
    for (let i = places.length === 0 ? 0 : dice(3); i > 0; i--) branches[`m${i}`] = { from: places[dice(places.length)] ?? "" };
    const gone = before.branches.filter((each) => !Object.hasOwn(branches, each.name) && (prune === "all" || (prune === "managed" && each.owner === "me")));
    const goals = [...places, ...Object.keys(branches)];
    const goal = dice(3) > 0 ? goals[dice(goals.length || 1)] : undefined;
    const desired: Desired = { snapshots, branches, prune, owner: "me", ...(goal !== undefined && { current: goal }) };
    return { before, desired, renamed, gone: new Set([...before.snapshots.filter(goes), ...gone].map(({ name }) => name)) };
}

/** Whatever dice make of it. */
export function diced<T>(make: (dice: Dice) => T): fc.Arbitrary<T> {
    return fc.infiniteStream(fc.nat()).map((stream) => make((sides) => (stream.next().value as number) % sides));
}

/** The domain is on a branch that `all` removes, and nobody says where it is to go. */
export const strands = ({ before, desired, gone }: Pick<Case, "before" | "desired" | "gone">) =>
    desired.prune === "all" && desired.current === undefined && before.branch !== null && gone.has(before.branch);
