import type { Hierarchy } from "../../../provider/engine";
import { type Crashable, type Crasher, isCommitting, look, placeOf, recover, stagesOf } from "./crash";
import type { Order } from "./kill-child";
import { carryOut, type Work } from "./work";

export interface Kills {
    readonly grain: Order["grain"];
    /** Which of so many points; default: all. */
    readonly pick?: (points: number) => readonly number[];
}

/** So many of the points, spread evenly, and others for each number: the golden section does that for any. */
export function spread(points: number, most: number, number: number): number[] {
    if (points <= most) return [...Array(points).keys()];
    const picked = Array.from({ length: most }, (_, i) => Math.floor(points * ((i / most + (number + 1) * 0.618) % 1)));
    return [...new Set(picked)].sort((a, b) => a - b);
}

/** What a hierarchy and a look have both. */
interface Places extends Pick<Hierarchy, "current" | "branch"> {
    readonly snapshots: readonly Pick<Hierarchy["snapshots"][number], "name" | "parent">[];
    readonly branches: readonly Pick<Hierarchy["branches"][number], "name" | "from" | "tip" | "active">[];
}

/** What stands where: all that a listing must tell rightly before anybody has tidied up. */
function placesIn({ current, branch, snapshots, branches }: Places): unknown {
    return {
        current,
        branch,
        snapshots: new Map(snapshots.map(({ name, parent }) => [name, parent])),
        branches: branches.map(({ name, from, tip, active }) => ({ name, from, tip, active })),
    };
}

/**
 * Kills an operation at points of it: whoever looks then, and the next run, find the old hierarchy or the new one, whole, or what lies between two of its
 * transactions; and what was done is never undone.
 */
export async function killed(crasher: Crasher, machine: Crashable, work: Work, { grain, pick = (points) => [...Array(points).keys()] }: Kills): Promise<void> {
    await using point = machine.save();
    const stages = await stagesOf(machine, work);
    await machine.sound();
    expect(stages.length).toBeGreaterThan(1);
    await point.restore();
    const { points } = await crasher.run(machine, work, null, { grain });
    expect(points).toBeGreaterThan(3); // Journal, records, and what tidies up: no operation has fewer.
    const picked = pick(points ?? 0);
    const seen = new Set<string | null>();
    let at = 0;
    for (const k of picked) {
        await point.restore();
        expect(await crasher.run(machine, work, k, { grain })).toEqual({ points: null });
        await machine.connect();
        expect(stages.map(placesIn)).toContainEqual(placesIn(await machine.vm.hierarchy()));
        const outcome = await recover(machine);
        seen.add(outcome);
        const found = await look(machine);
        // What is taken back has not changed anything yet, what is finished has; and nothing that was done is ever undone.
        const now = placeOf(found, stages);
        if (now < 0) expect(found).toEqual(stages[at]);
        expect([k, outcome, now]).toEqual([k, outcome, Math.max(now, at, outcome === "finished" || (outcome === null && k > 0) ? 1 : 0)]);
        if (outcome === "taken back" || k === 0) expect([k, now]).toEqual([k, Math.min(now, stages.length - 2)]);
        at = now;
        await machine.sound();
        if (!isCommitting(found)) continue;
        await carryOut(machine.vm, work);
        expect([k, await look(machine)]).toEqual([k, stages.at(-1)]);
        await machine.sound();
    }
    if (picked.length < (points ?? 0)) return;
    expect(at).toBe(stages.length - 1);
    expect([...seen].sort()).toEqual(["finished", "taken back", null].sort());
}
