// What somebody does with govc or vSphere's own client, behind Snaptree's back: it is read as what it is, no branch is lost by it, and Snaptree goes on.
import { connect, type VirtualMachine } from "../../../provider/engine";
import { Vim } from "../../../provider/backends/esx/vim/vim";
import { BusyError, DataLossError, InvalidInputError } from "../../../provider/engine";
import { holding } from "../../conformance/bench";
import { grow, parents, place, refused, seen } from "../../conformance/support";
import { startVsphere, type Vsphere } from "../../hosts/vsphere";
import { needs, suiteWith, vsphere as installed } from "../../support/requires";
import { EsxMachine } from "./machine";

suiteWith(needs(installed), "govc, behind Snaptree's back,", () => {
    let vsphere: Vsphere;
    beforeAll(async () => {
        vsphere = await startVsphere({ kind: "vpx" });
        process.env.XDG_STATE_HOME = vsphere.folder;
    });
    afterAll(() => vsphere.stop());

    /** a under nothing, b under a, c under b; branch p on a holds something of its own; the machine is on branch q of c, and has written there too. */
    async function scene(): Promise<EsxMachine> {
        const machine = await EsxMachine.make(vsphere, ["vda"]);
        await grow(machine, "a", null, 1);
        await grow(machine, "b", "a", 2);
        await grow(machine, "c", "b", 3);
        await machine.vm.branch("p", { from: "a" });
        await machine.vm.switch("p");
        await machine.write("vda", 5, "p");
        await machine.vm.branch("q", { from: "c" });
        await machine.vm.switch("q");
        await machine.write("vda", 5, "q");
        return machine;
    }
    const SNAPSHOTS = { a: "a", b: "ab", c: "abc" };
    const P = "a...p";
    const Q = "abc.q";

    const snapshot = (machine: EsxMachine, verb: string, ...args: string[]) => vsphere.govc(`snapshot.${verb}`, "-vm", machine.domain, ...args);

    /** Every branch can still be gone to, and away from, with all that it holds. */
    async function goesOn(machine: EsxMachine, held: Readonly<Record<string, string>>): Promise<void> {
        for (const [name, contents] of Object.entries(held)) {
            await machine.vm.switch(name);
            expect([name, await machine.tip()]).toEqual([name, { vda: holding(contents) }]);
        }
        await machine.vm.create({ name: "later" });
        const { snapshots, branches } = await seen(machine);
        expect({ snapshots, branches }).toMatchObject({ snapshots: { later: Object.values(held).at(-1) ?? "" }, branches: held });
    }

    test("a machine goes back to a snapshot, and what was kept with it too: branches that came later stay, and only the tip that was left is gone", async () => {
        await using machine = await scene();
        await snapshot(machine, "revert", "b");
        const now = await seen(machine);
        expect(now).toMatchObject({ current: "b", branch: null, tip: SNAPSHOTS.b, snapshots: SNAPSHOTS, branches: { p: P, q: SNAPSHOTS.c } });
        expect(now.dirty).toBe(true); // It was started since what counts was written, and nothing tells that it was not started here.
        await machine.vm.revert("b", { force: true });
        await goesOn(machine, { p: P, q: SNAPSHOTS.c });
        await machine.sound();
    });

    test("a machine goes back to before all that was done on a branch: the branch stays where it was", async () => {
        await using machine = await EsxMachine.make(vsphere, ["vda"]);
        await grow(machine, "a", null, 1);
        await grow(machine, "b", "a", 2);
        await machine.vm.branch("w", { from: "b" });
        await machine.vm.switch("w");
        await machine.write("vda", 3, "w");
        await machine.vm.revert("b", { commit: true });
        const { branches } = await machine.vm.hierarchy();
        await snapshot(machine, "revert", "a");
        const now = await machine.vm.hierarchy();
        expect(now).toMatchObject({ current: "a", branch: null });
        expect(now.branches).toMatchObject(branches.map(({ name, from, tip }) => ({ name, from, tip, active: false })));
        await machine.vm.switch("w");
        expect((await machine.tip()).vda).toMatch(/^0abw/);
    });

    test("a machine goes back to a branch's own hidden snapshot: it is on that branch", async () => {
        await using machine = await scene();
        await snapshot(machine, "revert", "snaptree-tip-p");
        const now = await seen(machine);
        expect(now).toEqual({ current: "a", branch: "p", dirty: true, tip: P, snapshots: SNAPSHOTS, branches: { p: P, q: SNAPSHOTS.c } });
        await machine.write("vda", 6, "p");
        await goesOn(machine, { q: SNAPSHOTS.c, p: `${P}p` });
        await machine.sound();
    });

    test("snapshots are taken and removed on a branch, which goes on", async () => {
        await using machine = await scene();
        await snapshot(machine, "create", "-d", "by hand", "hand");
        await machine.write("vda", 6, "h");
        await snapshot(machine, "create", "more");
        await snapshot(machine, "remove", "hand");
        const hierarchy = await machine.vm.hierarchy();
        expect(place(hierarchy)).toMatchObject({ current: "more", branch: "q", branches: ["p", "q"] });
        expect(parents(hierarchy)).toEqual({ a: null, b: "a", c: "b", more: "c" });
        expect((await seen(machine)).snapshots).toEqual({ ...SNAPSHOTS, more: `${Q}h` });
        await machine.vm.delete("b");
        await goesOn(machine, { p: P, q: `${Q}h` });
        await machine.sound();
    });

    test("the snapshot that the machine stands on is removed: what the machine holds is then its own, and is not lost for a clean tip", async () => {
        await using machine = await EsxMachine.make(vsphere, ["vda"]);
        await grow(machine, "a", null, 1);
        await grow(machine, "b", "a", 2);
        expect(place(await machine.vm.hierarchy())).toMatchObject({ current: "b", dirty: false });
        await snapshot(machine, "remove", "b");
        expect(place(await machine.vm.hierarchy())).toMatchObject({ current: "a", dirty: true });
        await machine.vm.revert("a", { keep: "kept" });
        expect(await machine.branch("kept")).toEqual({ vda: holding("ab") });
        await machine.sound();
    });

    test("the hidden snapshot of a branch is removed: the doctor says so, and the branch goes on from its newest snapshot", async () => {
        await using machine = await scene();
        await snapshot(machine, "remove", "snaptree-tip-p");
        expect(await machine.vm.doctor()).toMatchObject([
            { kind: "chain", what: "p", repairable: false, message: expect.stringContaining("by hand") as string },
        ]);
        await goesOn(machine, { p: "a", q: Q });
    });

    test("what was written is not lost where the host tells late of it", async () => {
        await using machine = await EsxMachine.make(vsphere, ["vda"]);
        for (const [slot, name] of ["a", "b"].entries()) {
            await machine.write("vda", slot + 1, name);
            await machine.vm.create({ name });
        }
        await vsphere.tellLayoutLate(machine.domain);
        await machine.write("vda", 3, "x");
        expect((await machine.vm.hierarchy()).dirty).toBe(false); // As the host has it.
        const error = await refused(machine.vm.revert("a"));
        expect([error.constructor, error.message]).toEqual([BusyError, expect.stringContaining("was started meanwhile")]);
        expect(await machine.tip()).toEqual({ vda: holding("abx") });
        expect(await refused(machine.vm.revert("a"))).toBeInstanceOf(DataLossError);
        await machine.sound();
    });

    test.each([{}, { diskOnly: true }])("what a machine writes that runs on after its snapshot (%j) is not taken for nothing once it is off", async (how) => {
        await using machine = await EsxMachine.make(vsphere, ["vda"]);
        await vsphere.govc("vm.power", "-on", machine.domain);
        await machine.vm.create({ name: "a", ...how });
        await machine.write("vda", 1, "x");
        await vsphere.govc("vm.power", "-off", machine.domain);
        expect(place(await machine.vm.hierarchy())).toMatchObject({ current: "a", dirty: true });
        await machine.vm.create({ name: "b" });
        expect(place(await machine.vm.hierarchy())).toMatchObject({ current: "b", dirty: false });
    });

    test.each(["logging=FALSE", "log.keepOld=0"])("a machine whose log tells nothing (%s) is never taken for clean", async (setting) => {
        await using machine = await EsxMachine.make(vsphere, ["vda"]);
        await machine.vm.create({ name: "a" });
        expect((await machine.vm.hierarchy()).dirty).toBe(false);
        await vsphere.govc("vm.change", "-vm", machine.domain, "-e", setting);
        expect((await machine.vm.hierarchy()).dirty).toBe(true);
        await machine.vm.revert("a", { keep: "kept" });
        expect(await machine.tip()).toEqual({ vda: holding("") });
        expect(parents(await machine.vm.hierarchy())).toEqual({ a: null }); // It was not started meanwhile either, so nothing had to be rescued.
    });

    test("files that the host could not merge are merged with the next removal, and the doctor does it at once", async () => {
        await using machine = await EsxMachine.make(vsphere, ["vda"]);
        for (const [slot, name] of ["a", "b", "c", "d"].entries()) {
            await machine.write("vda", slot + 1, name);
            await machine.vm.create({ name });
        }
        await vsphere.leaveDisks();
        await snapshot(machine, "remove", "a");
        expect(await machine.vm.doctor()).toMatchObject([{ kind: "leftover", repairable: true, message: expect.stringContaining("merge") as string }]);
        await machine.vm.doctor({ repair: true });
        await machine.sound();
        await vsphere.leaveDisks();
        await machine.vm.delete("b");
        await machine.sound();
        expect(await machine.snapshot("d")).toEqual({ vda: holding("abcd") });
    });

    /** What govc reads of the machine's own configuration. */
    const recordsOf = async (machine: EsxMachine) => /^\s*snaptree\.records:\s+(\S+)$/m.exec(await vsphere.govc("vm.info", "-e", machine.domain))?.[1];

    test("files that only what the machine leaves kept apart are merged when it goes back", async () => {
        await using machine = await EsxMachine.make(vsphere, ["vda"]);
        await grow(machine, "a", null, 1);
        await grow(machine, "b", "a", 2);
        await machine.vm.revert("a", { force: true });
        await machine.vm.delete("a"); // Its files stay: b and the machine stand on them.
        await machine.vm.revert("b", { force: true });
        expect(await machine.tip()).toEqual({ vda: holding("ab") });
        await machine.sound();
    });

    test("what is kept is written again after the machine goes back to where it was not there yet", async () => {
        await using machine = await EsxMachine.make(vsphere, ["vda"]);
        await snapshot(machine, "create", "first");
        await machine.vm.branch("p", { from: "first" });
        const written = await recordsOf(machine);
        expect(written).toMatch(/^1:[01]:/);
        await machine.vm.switch("p");
        expect(await recordsOf(machine)).toMatch(/^1:[01]:/);
        await machine.connect();
        expect(place(await machine.vm.hierarchy())).toMatchObject({ current: "first", branch: "p" });
        await snapshot(machine, "revert", "first"); // As vSphere's own client would: that does bring back what was not there yet.
        expect(await recordsOf(machine)).toBeUndefined();
    });

    test("what is refused once a guest was left with a checkpoint is refused before: it runs on, and nothing is taken", async () => {
        await using machine = await EsxMachine.make(vsphere, ["vda"]);
        await grow(machine, "a", null, 1);
        await machine.vm.branch("p", { from: "a" });
        await machine.vm.switch("p");
        await vsphere.govc("vm.power", "-on", machine.domain);
        const error = await refused(machine.vm.revert("a", { keep: "k", leave: "checkpoint" }));
        expect(error).toBeInstanceOf(InvalidInputError);
        expect(error.message).toContain("leave keep out");
        const { state, snapshots } = await vsphere.look(machine.domain);
        expect([state, snapshots.map(({ name }) => name)]).toEqual(["poweredOn", ["a"]]);
        await machine.vm.revert("a", { leave: "checkpoint", force: true });
        expect(await machine.vm.hierarchy()).toMatchObject({ powerState: "shutoff", current: "a", branch: null });
        await machine.sound();
    });

    describe("two that write at once", () => {
        /** As if on a machine of its own: neither lock nor journal is shared. */
        async function elsewhere(machine: EsxMachine): Promise<{ vm: VirtualMachine } & AsyncDisposable> {
            const before = process.env.XDG_STATE_HOME;
            process.env.XDG_STATE_HOME = `${vsphere.folder}/elsewhere`;
            try {
                const host = await connect(machine.uri, { password: vsphere.password });
                return { vm: await host.domain(machine.domain), [Symbol.asyncDispose]: () => host[Symbol.asyncDispose]() };
            } finally {
                if (before === undefined) delete process.env.XDG_STATE_HOME;
                else process.env.XDG_STATE_HOME = before;
            }
        }

        /** Does something in the moment before a host is told what to keep. */
        async function before(work: () => Promise<unknown>, then: () => Promise<unknown>): Promise<Error | null> {
            const real: unknown = Reflect.get(Vim.prototype, "reconfigure");
            const reconfigure = real as Vim["reconfigure"];
            const waiting = [then];
            Vim.prototype.reconfigure = async function (this: Vim, ...args) {
                await waiting.pop()?.();
                return reconfigure.apply(this, args);
            };
            try {
                return await work().then(() => null, (error: unknown) => error as Error); // prettier-ignore
            } finally {
                Vim.prototype.reconfigure = reconfigure;
                expect(waiting).toEqual([]);
            }
        }

        test("the second is refused, by the version of the configuration, and neither loses the other's branch", async () => {
            await using machine = await EsxMachine.make(vsphere, ["vda"]);
            await machine.vm.create({ name: "a" });
            await using other = await elsewhere(machine);
            const error = await before(
                () => machine.vm.branch("x", { from: "a" }),
                () => other.vm.branch("y", { from: "a" }),
            );
            expect(error).toBeInstanceOf(BusyError);
            expect(error?.message).toContain("meanwhile");
            expect(place(await machine.vm.hierarchy()).branches).toEqual(["y"]);
            await machine.vm.branch("x", { from: "a" });
            expect(place(await other.vm.hierarchy()).branches).toEqual(["x", "y"]);
            await machine.sound();
        });

        test("what goes elsewhere is taken back where somebody changes the configuration in that moment", async () => {
            await using machine = await scene();
            const was = await seen(machine);
            await using other = await elsewhere(machine);
            const error = await before(
                () => machine.vm.switch("p"),
                () => other.vm.branch("y", { from: "a" }),
            );
            expect(error).toBeInstanceOf(BusyError);
            const now = await seen(machine);
            expect(now).toEqual({ ...was, branches: { ...was.branches, y: "a" } });
            await goesOn(machine, { p: P, q: Q });
            await machine.sound();
        });
    });
});
