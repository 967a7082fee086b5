import { AlreadyExistsError, HostError, InvalidInputError } from "../../provider/engine";
import type { Stage } from "./index";
import { holding, PRISTINE } from "./bench";
import { grow, growSeed, parents, place, provisioned, refused, SEED, writeAll } from "./support";

export function createSuite({ bench, machine: make, all }: Stage): void {
    const mode = bench.mode === null ? {} : { mode: bench.mode };

    describe("create", () => {
        test("before the first snapshot the tip is dirty, belongs to nobody, and reading changes nothing", async () => {
            const machine = await make();
            expect(await machine.vm.hierarchy()).toMatchObject({
                current: null,
                branch: null,
                dirty: true,
                snapshots: [],
                branches: [],
                powerState: "shutoff",
            });
            expect(await machine.tip()).toEqual(all(PRISTINE));
        });

        test("freezes the tip as a child of the current snapshot and becomes current", async () => {
            const machine = await make();
            const before = Math.floor(Date.now() / 1000);
            const a = await machine.vm.create({ name: "a", description: "fresh <install> & “more”", ...mode });
            expect(a).toMatchObject({ name: "a", parent: null, description: "fresh <install> & “more”", state: "shutoff", memory: false, mode: bench.mode });
            expect(a.creationTime).toBeGreaterThanOrEqual(before);
            expect(place(await machine.vm.hierarchy())).toEqual({ current: "a", branch: null, dirty: false, branches: [] });
            await writeAll(machine, 1, "x");
            expect((await machine.vm.hierarchy()).dirty).toBe(true);
            const b = await machine.vm.create({ name: "b" });
            expect(b.parent).toBe("a");
            await writeAll(machine, 1, "y");
            expect(await machine.snapshot("a")).toEqual(all(PRISTINE));
            expect(await machine.snapshot("b")).toEqual(all(holding("x")));
            expect(await machine.tip()).toEqual(all(holding("y")));
        });

        test("the tree of the second seed mail holds its own bytes at each node, and the tip ends at the last one", async () => {
            const machine = await make();
            await machine.vm.create({ name: "base", ...mode });
            for (const [name, parent, slot] of SEED) await grow(machine, name, parent ?? "base", slot);
            for (const [name, , , holds] of SEED) expect([name, await machine.snapshot(name)]).toEqual([name, all(holding(holds))]);
            expect(parents(await machine.vm.hierarchy())).toEqual({ base: null, a: "base", b: "a", c: "b", d: "c", e: "b" });
            expect(place(await machine.vm.hierarchy())).toEqual({ current: "e", branch: null, dirty: false, branches: [] });
            expect(await machine.tip()).toEqual(all(holding("abe")));
        });

        test("siblings in another order give the same tree", async () => {
            const machine = await make();
            for (const at of [0, 1, 4, 2, 3]) await grow(machine, ...(SEED[at]?.slice(0, 3) as [string, string | null, number]), mode);
            for (const [name, , , holds] of SEED) expect([name, await machine.snapshot(name)]).toEqual([name, all(holding(holds))]);
            expect(await machine.tip()).toEqual(all(holding("abcd")));
        });

        test("elsewhere takes the parent's contents, and keeps a dirty tip without a branch as an automatic one", async () => {
            const machine = await make();
            await machine.vm.create({ name: "a", ...mode });
            await writeAll(machine, 1, "x");
            await machine.vm.create({ name: "b" });
            await writeAll(machine, 2, "y");
            await machine.vm.create({ name: "c", parent: "a" });
            expect(await machine.snapshot("c")).toEqual(all(PRISTINE));
            expect(await machine.tip()).toEqual(all(PRISTINE));
            expect(place(await machine.vm.hierarchy())).toEqual({ current: "c", branch: null, dirty: false, branches: ["auto-b-1"] });
            expect(await machine.branch("auto-b-1")).toEqual(all(holding("xy")));
            expect((await machine.vm.hierarchy()).branches).toMatchObject([{ from: "b", tip: "b", active: false, dirty: true }]);
            await writeAll(machine, 3, "z");
            await grow(machine, "d", "b", 4);
            expect(await machine.branch("auto-c-1")).toEqual(all(holding("..z")));
            expect(await machine.branch("auto-b-1")).toEqual(all(holding("xy")));
            expect(await machine.snapshot("d")).toEqual(all(holding("x..d")));
        });

        test("a clean tip is not kept", async () => {
            const machine = await make();
            await growSeed(machine);
            expect((await machine.vm.hierarchy()).branches).toEqual([]);
        });

        test("without metadata takes the snapshot and forgets it: nothing is listed, nothing is lost", async () => {
            const machine = await make();
            await machine.vm.create({ name: "a", ...mode });
            await writeAll(machine, 1, "x");
            await machine.vm.create({ name: "ghost", noMetadata: true });
            expect(parents(await machine.vm.hierarchy())).toEqual({ a: null });
            expect(place(await machine.vm.hierarchy())).toEqual({ current: "a", branch: null, dirty: true, branches: [] });
            await machine.leave("ghost");
            expect(await machine.tip()).toEqual(all(holding("x")));
            expect((await refused(machine.vm.revert("a"))).message).toContain("would lose tip");
        });

        test("a name is made up of the seconds since 1970", async () => {
            const machine = await make();
            const before = Math.floor(Date.now() / 1000);
            const { name } = await machine.vm.create({ ...mode });
            expect(Number(name)).toBeGreaterThanOrEqual(before);
            expect(Number(name)).toBeLessThanOrEqual(Date.now() / 1000);
        });

        test("a name that exists is refused; force replaces it where nothing stands on it", async () => {
            const machine = await make();
            await machine.vm.create({ name: "a", ...mode });
            await writeAll(machine, 1, "x");
            const { contentId } = await machine.vm.create({ name: "b" });
            await writeAll(machine, 2, "y");
            expect(await refused(machine.vm.create({ name: "b" }))).toBeInstanceOf(AlreadyExistsError);
            expect(await machine.snapshot("b")).toEqual(all(holding("x")));
            const again = await machine.vm.create({ name: "b", force: true });
            expect(again.parent).toBe("a");
            expect(again.contentId).not.toBe(contentId);
            expect(await machine.snapshot("b")).toEqual(all(holding("xy")));
            expect(parents(await machine.vm.hierarchy())).toEqual({ a: null, b: "a" });
            expect(await refused(machine.vm.create({ name: "a", force: true }))).toBeInstanceOf(AlreadyExistsError);
        });

        test("force that can't take the new snapshot leaves the old one as it was", async () => {
            const machine = await make();
            await machine.vm.create({ name: "a", ...mode });
            await writeAll(machine, 1, "x");
            await machine.vm.create({ name: "b" });
            await writeAll(machine, 2, "y");
            const faults = [{ compression: "lzma" }, { disks: { vdx: {} } }, { provision: [{ command: ["false"] }] }];
            for (const fault of [...faults, ...(bench.quiescesOff ? [] : [{ quiesce: true, diskOnly: true }])]) {
                await refused(machine.vm.create({ name: "b", force: true, ...fault }));
                expect(await machine.snapshot("b")).toEqual(all(holding("x")));
                expect(await machine.tip()).toEqual(all(holding("xy")));
            }
        });

        test("a second root and a missing parent are refused, and nothing changes", async () => {
            const machine = await make();
            await machine.vm.create({ name: "a", ...mode });
            const before = await machine.vm.hierarchy();
            expect(await refused(machine.vm.create({ name: "b", parent: null }))).toBeInstanceOf(InvalidInputError);
            expect((await refused(machine.vm.create({ name: "b", parent: "nobody" }))).message).toContain("nobody");
            expect(await machine.vm.hierarchy()).toEqual(before);
        });

        test("a provision that fails leaves nothing behind, and its output is in the error", async () => {
            const machine = await make();
            await machine.vm.create({ name: "a", ...mode });
            await writeAll(machine, 1, "x");
            const before = await machine.vm.hierarchy();
            const provision = [...provisioned(machine, 2, "p"), { command: ["sh", "-c", "echo the disk is on fire >&2; exit 3"] }];
            for (const parent of ["a", undefined]) {
                const error = await refused(machine.vm.create({ name: "b", provision, ...(parent && { parent }) }));
                expect(error).toBeInstanceOf(HostError);
                expect(error.message).toContain("the disk is on fire");
                expect(await machine.vm.hierarchy()).toEqual(before);
                expect(await machine.tip()).toEqual(all(holding("x")));
                expect(await machine.snapshot("a")).toEqual(all(PRISTINE));
            }
        });

        test("several snapshots at once are one plan: applied, nothing is left to do", async () => {
            const machine = await make();
            const snapshots = { r: { ...mode }, s: { parent: "r" }, t: { parent: "s", description: "third" }, u: { parent: "r" } };
            await machine.vm.apply(await machine.vm.plan({ snapshots, current: "s" }));
            expect(parents(await machine.vm.hierarchy())).toEqual({ r: null, s: "r", t: "s", u: "r" });
            expect(place(await machine.vm.hierarchy())).toEqual({ current: "s", branch: null, dirty: false, branches: [] });
            expect((await machine.vm.plan({ snapshots, current: "s" })).operations).toEqual([]);
        });
    });
}
