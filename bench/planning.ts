import type { Hierarchy } from "../provider/model";
import { type Desired, plan } from "../provider/plan";
import { binary, chain } from "./disks";
import { type Figure, median, time } from "./measure";

const empty: Hierarchy = { domain: "vm", uuid: "", powerState: "shutoff", current: null, branch: null, dirty: true, snapshots: [], branches: [] };

async function planned(desired: Desired, count: number, rounds: number, current = empty): Promise<number> {
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
        times.push(
            await time(async () => {
                const { operations } = plan(current, desired);
                if (operations.length !== count) throw new Error(`planned ${operations.length} operations`);
                return Promise.resolve();
            }),
        );
    }
    return median(times);
}

const MANY = 100_000;
const SNAPSHOTS = 10_000;
const BRANCHES = 1_000;

/** A tree of snapshots with branches all over it. */
const wanted: Desired = {
    ...binary(SNAPSHOTS),
    branches: Object.fromEntries(Array.from({ length: BRANCHES }, (_, i) => [`b${i}`, { from: `s${(i * 7919) % SNAPSHOTS}` }])),
    current: "b7",
    owner: "bench",
};

/** The hierarchy that it becomes; the domain is on one of its branches, which has been written to as all have. */
function grown(): Hierarchy {
    const unknown = {
        description: null,
        state: "shutoff",
        mode: "external",
        memory: false,
        files: {},
        made: true,
        contentId: null,
        committing: false,
    } as const;
    const snapshots = Object.entries(wanted.snapshots).map(([name, { parent = null }], i) => {
        return { ...unknown, name, parent, creationTime: i, owner: "bench", bytes: 1 };
    });
    const branches = Object.entries(wanted.branches ?? {}).map(([name, { from }]) => {
        return { name, from, tip: from, active: name === "b7", dirty: true, files: {}, owner: "bench", bytes: 1 };
    });
    return { ...empty, current: wanted.branches?.b7?.from ?? null, branch: "b7", snapshots, branches };
}

/** Everything from nothing; nothing where it is all there; and everything again to nothing, dirty branches and all. */
async function branchFigures(rounds: number): Promise<Figure[]> {
    const there = grown();
    const what = `planning ${SNAPSHOTS} snapshots and ${BRANCHES} branches`;
    const cases: [string, Desired, number, Hierarchy][] = [
        [what, wanted, SNAPSHOTS + BRANCHES + 1, empty],
        [`${what}, which are there`, wanted, 0, there],
        [`${what} away`, { snapshots: {}, prune: "managed", owner: "bench" }, SNAPSHOTS + BRANCHES + 1, there],
    ];
    const figures: Figure[] = [];
    for (const [name, desired, count, current] of cases) figures.push({ what: name, ours: await planned(desired, count, rounds, current), limit: 300 });
    return figures;
}

export async function planningFigures(rounds: number): Promise<Figure[]> {
    const figures: Figure[] = [];
    for (const [shape, make] of Object.entries({ chain, "binary tree": binary })) {
        const half = await planned(make(MANY / 2), MANY / 2, rounds);
        const whole = await planned(make(MANY), MANY, rounds);
        figures.push({
            what: `planning ${MANY} snapshots, a ${shape}`,
            ours: whole,
            limit: 1000,
            note: `${(whole / half).toFixed(2)} × the time of half as many`,
        });
    }
    return [...figures, ...(await branchFigures(rounds))];
}
