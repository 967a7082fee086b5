import { type Hierarchy, listed, type Operation, type Snapshot } from "../../provider/model";
import { aBranch, aSnapshot } from "../support/nodes";

let clock = 0;

export const snapshot = (name: string, parent: string | null = null, rest: Partial<Snapshot> = {}): Snapshot =>
    aSnapshot({ name, parent, creationTime: clock++, contentId: `id-${name}`, made: true, ...rest });

export const hierarchy = (snapshots: readonly Snapshot[] = [], rest: Partial<Hierarchy> = {}): Hierarchy => ({
    domain: "web",
    uuid: "00000000-0000-0000-0000-000000000000",
    powerState: "shutoff",
    current: null,
    branch: null,
    dirty: snapshots.length === 0,
    snapshots: listed(snapshots),
    branches: [],
    ...rest,
});

/** What operations do to a hierarchy, written down once more and independently: the model that plans are tried on. */
export function carryOut(before: Hierarchy, operations: readonly Operation[]): Hierarchy {
    const there = new Map(before.snapshots.map((s) => [s.name, s]));
    let { current, dirty } = before;
    const branches = [...before.branches];
    for (const operation of operations) {
        if (operation.kind === "create") {
            if (operation.parent !== null && !there.has(operation.parent)) throw new Error(`${operation.name} before its parent`);
            if (there.has(operation.name)) throw new Error(`${operation.name} twice`);
            if (operation.source === "tip" && current !== operation.parent) throw new Error(`${operation.name} is not of the tip`);
            if (operation.keepTip !== null) branches.push(aBranch({ name: operation.keepTip, from: current, tip: current, dirty }));
            there.set(operation.name, snapshot(operation.name, operation.parent, { description: operation.description ?? null }));
            if (operation.moveTip) [current, dirty] = [operation.name, false];
        } else if (operation.kind === "redefine") {
            const old = there.get(operation.name);
            if (old) there.set(operation.name, { ...old, description: operation.description ?? null });
        } else if (operation.kind === "delete") {
            const parent = there.get(operation.name)?.parent ?? null;
            there.delete(operation.name);
            for (const [name, s] of there) if (s.parent === operation.name) there.set(name, { ...s, parent });
            if (current === operation.name) [current, dirty] = [parent, true];
        } else {
            if (!there.has(operation.name)) throw new Error(`revert to ${operation.name}, which is not there`);
            [current, dirty] = [operation.name, false];
        }
    }
    return { ...before, current, dirty, branches, snapshots: listed(there.values()) };
}

/** How often the tip moves to where it was not: creations that don't follow their parent directly, and reverts. */
export function moves(before: Hierarchy, operations: readonly Operation[]): number {
    return operations.filter(
        (o) => o.kind === "revert" || (o.kind === "create" && o.source === "parent" && before.snapshots.length + operations.indexOf(o) > 0),
    ).length;
}
