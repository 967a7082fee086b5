import type { Noded } from "./journal";
import type { Stored } from "./records";

/** A machine that stands on one of its snapshots; null: on none. */
export interface Standing extends Noded {
    readonly current: string | null;
}

function isBelow(machine: Standing, node: string | null, above: string | null): boolean {
    if (above === null) return true;
    for (let at = node; at !== null; at = machine.nodes.get(at)?.parent ?? null) if (at === above) return true;
    return false;
}

/**
 * What is kept, as it is since somebody went back to a snapshot by hand: the machine is not on the branch any more that it was on, which stays where it was;
 * on a branch's own tip snapshot, it is on that branch.
 */
export function sinceByHand(machine: Standing, stored: Stored): Stored {
    const { active, at, branches } = stored;
    if (machine.current === at) return stored;
    const there = branches.find(({ name, node }) => name !== active && node !== null && node === machine.current && stored.hidden.includes(node));
    if (active === null && !there) return stored;
    if (active !== null && !there && (at === null || !machine.nodes.has(at) || isBelow(machine, machine.current, at))) return stored;
    const moved = branches.map((branch) => {
        if (branch === there) return { ...branch, node: null };
        return branch.name === active ? { ...branch, node: at ?? branch.on } : branch;
    });
    return { ...stored, active: there?.name ?? null, branches: moved };
}
