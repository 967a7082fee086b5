import type { Hierarchy } from "../provider/model";
import { type Desired, plan } from "../provider/plan";
import { binary, chain } from "./disks";
import { type Figure, median, time } from "./measure";

const empty: Hierarchy = { domain: "vm", uuid: "", powerState: "shutoff", current: null, branch: null, dirty: true, snapshots: [], branches: [] };

async function planned(desired: Desired, count: number, rounds: number): Promise<number> {
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
        times.push(
            await time(async () => {
                const { operations } = plan(empty, desired);
                if (operations.length !== count) throw new Error(`planned ${operations.length} operations`);
                return Promise.resolve();
            }),
        );
    }
    return median(times);
}

const MANY = 100_000;

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
    return figures;
}
