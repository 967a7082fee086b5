// Between the engine's own steps too, at moments that nobody chose, and while the next run is already tidying up.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { writeAll } from "../../conformance/support";
import { needs, qemu, suiteWith } from "../../support/requires";
import { Crasher, type Look, look, placeOf, recover, stagesOf } from "./crash";
import { spread } from "./killed";
import { QemuMachine } from "./machine";
import { cases, scene, sceneOf } from "./scenarios";
import { lengthen, takeClusterPastEnd } from "./tools";

const RUNS = Number(process.env.SNAPTREE_RUNS ?? 8);

/** Points of what is killed at point after point; `make soak` tries them all. */
const MOST = process.env.SNAPTREE_RUNS === undefined ? 10 : Infinity;
const MOST_AGAIN = process.env.SNAPTREE_RUNS === undefined ? 3 : Infinity;

suiteWith(needs(qemu), "killed anywhere", () => {
    let crasher: Crasher;
    beforeAll(async () => {
        crasher = await Crasher.make();
    });
    afterAll(() => crasher[Symbol.asyncDispose]());

    /** The next run gives the old or the new, or what lies between two transactions of one operation; a later one can do all there is to do. */
    async function expectOldOrNew(machine: QemuMachine, stages: readonly Look[], where: unknown): Promise<void> {
        const outcome = await recover(machine);
        const found = await look(machine);
        const expected = outcome === null ? stages : outcome === "finished" ? stages.slice(1) : stages.slice(0, -1);
        if (placeOf(found, expected) < 0) expect([where, outcome, expected]).toEqual([where, outcome, [found]]);
        await machine.sound();
        await machine.vm.create({ name: "later" });
        expect(await recover(machine)).toBeNull();
        await machine.sound();
    }

    test.each(cases)("in %s (%s): at file operations and starts of processes, and by the clock", async (_, mode, scenario) => {
        await using machine = await sceneOf(scenario, mode, (targets) => QemuMachine.make(targets));
        const work = await scenario.work(machine);
        await using point = machine.save();
        const stages = await stagesOf(machine, work);
        await point.restore();
        const start = Date.now();
        const { points } = await crasher.run(machine, work, null, { grain: "call" });
        const lasts = Date.now() - start;
        expect(points).toBeGreaterThan(10);
        // The golden section spreads any number of tries evenly.
        const number = cases.findIndex(([, m, s]) => s === scenario && m === mode);
        for (let i = 1; i <= Math.ceil(RUNS / 8); i++) {
            const share = (i * 0.618 + number * 0.382) % 1;
            await point.restore();
            if ((i + number) % 2 === 1) await crasher.run(machine, work, Math.floor(share * (points ?? 0)), { grain: "call" });
            else await crasher.run(machine, work, null, { after: (0.2 + 0.8 * share) * lasts });
            await expectOldOrNew(machine, stages, { i, share });
        }
    });

    test("in taking a snapshot, between file operations and starts of processes", async () => {
        await using machine = await QemuMachine.make(["vda"]);
        await scene(machine, "external");
        const work = { verb: "create", request: { name: "n" } } as const;
        await using point = machine.save();
        const stages = await stagesOf(machine, work);
        await point.restore();
        const { points } = await crasher.run(machine, work, null, { grain: "call" });
        for (const at of spread(points ?? 0, MOST, 0)) {
            await point.restore();
            await crasher.run(machine, work, at, { grain: "call" });
            await expectOldOrNew(machine, stages, { at });
        }
    });

    test("in a revert (internal) where QEMU had taken a cluster and not written there yet: it is given back", async () => {
        await using machine = await QemuMachine.make(["vda"]);
        await scene(machine, "internal");
        const work = { verb: "revert", name: "c", request: { keep: "kept" } } as const;
        await using point = machine.save();
        const { vda = "" } = await machine.files();
        const { points } = await crasher.run(machine, work, null);
        const outcomes = new Set<unknown>();
        for (let k = 0; k < (points ?? 0); k++) {
            await point.restore();
            await crasher.run(machine, work, k);
            // No QEMU is at work any more, or none yet.
            if (!existsSync(join(machine.folder, "journal.json")) || existsSync(join(machine.folder, "journal.apply0"))) continue;
            await takeClusterPastEnd(vda);
            outcomes.add(await recover(machine));
            await lengthen(vda);
            await machine.sound();
        }
        expect([...outcomes].sort()).toEqual(["finished", "taken back"]);
    });

    const twice = cases.filter(
        ([name, mode]) => name.includes("provisioned") || (name.includes("more than what stands") && mode === "external") || name.includes("in place of"),
    );
    test.each(twice)("in %s (%s), and again at points of the next run", async (_, mode, scenario) => {
        await using machine = await sceneOf(scenario, mode, (targets) => QemuMachine.make(targets));
        const work = await scenario.work(machine);
        const before = await look(machine);
        await using point = machine.save();
        const { points } = await crasher.run(machine, work, null);
        const after = await look(machine);
        // One that is taken back whole, and one that is finished: the last points on either side of the commit.
        for (const [expected, k] of [
            [before, await lastBeforeCommit()],
            [after, (points ?? 0) - 3],
        ] as const) {
            await point.restore();
            await crasher.run(machine, work, k);
            await using killed = machine.save();
            const again = await crasher.run(machine, { verb: "recover" }, null);
            for (const j of spread(again.points ?? 0, MOST_AGAIN, k)) {
                await killed.restore();
                expect(await crasher.run(machine, { verb: "recover" }, j)).toEqual({ points: null });
                await recover(machine);
                expect([k, j, await look(machine)]).toEqual([k, j, expected]);
                await machine.sound();
            }
        }

        async function lastBeforeCommit(): Promise<number> {
            for (let k = (points ?? 0) - 1; k > 0; k--) {
                await point.restore();
                await crasher.run(machine, work, k);
                if ((await recover(machine)) === "taken back") return k;
            }
            throw new Error("nothing is ever taken back");
        }
    });

    // Where the tip is thrown away knowingly, what is written to it before that has happened goes with it: only what comes afterwards must stay.
    const written = cases.filter(
        ([name, mode]) => (name.includes("more than what stands") && mode === "external") || (name.includes("revert, the tip kept") && mode === "internal"),
    );
    test.each(written)("in %s (%s): what the domain writes between that and the next run stays", async (_, mode, scenario) => {
        await using machine = await sceneOf(scenario, mode, (targets) => QemuMachine.make(targets));
        const work = await scenario.work(machine);
        await using point = machine.save();
        const { points } = await crasher.run(machine, work, null);
        for (const k of spread(points ?? 0, MOST, 0)) {
            await point.restore();
            await crasher.run(machine, work, k);
            const bootable = await writeAll(machine, 1, "w").then(
                () => true,
                () => false, // Its disk is not there yet: it could not start either.
            );
            await recover(machine);
            const { branches } = await machine.vm.hierarchy();
            const kept = await Promise.all(branches.map(({ name }) => machine.branch(name)));
            if (bootable) expect([k, [await machine.tip(), ...kept].some(({ vda }) => vda?.[1] === "w")]).toEqual([k, true]);
            await machine.sound();
        }
    });
});
