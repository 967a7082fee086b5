// What somebody does with VBoxManage, behind Snaptree's back: it is read as what it is, no branch is lost by it, and Snaptree goes on.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createColors } from "picocolors";
import { drawTree } from "../../../provider/cli/draw";
import { BusyError, InvalidInputError } from "../../../provider/engine";
import { holding } from "../../conformance/bench";
import { grow, parents, place, refusedUntouched, seen } from "../../conformance/support";
import { startVirtualBox, type VirtualBox } from "../../hosts/virtualbox";
import { needs, suiteWith, virtualbox as installed } from "../../support/requires";
import { VboxMachine } from "./machine";

/** Names that anybody can give with VBoxManage, and that Snaptree reads, draws and can delete. */
const NAMES: readonly (readonly [what: string, name: string])[] = [
    ["a newline", "two\nlines"],
    ["quotes and a backslash", `"it's" \\ “so” &amp; <b>`],
    [
        "a line that looks like a warning of VBoxManage's",
        "WARNING: The vboxdrv kernel module is not loaded.\n\n         You will not be able to start VMs until this problem is fixed.",
    ],
    ["a line that looks like an error", "VBoxManage: error: Details: code VBOX_E_OBJECT_NOT_FOUND (0x80bb0001)"],
    ["letters of other scripts", "Привет, 世界 🌳"],
    ["a name that is Snaptree's own", "snaptree-tip-p"],
    ["what looks like an option", "-dash"],
    ["what looks like a long option", "--name=x"],
    ["what looks like a path", "../x"],
];

suiteWith(needs(installed), "VBoxManage, behind Snaptree's back,", () => {
    let virtualbox: VirtualBox;
    beforeAll(async () => void (virtualbox = await startVirtualBox()));
    afterAll(() => virtualbox.stop());

    /** a under nothing, b under a, c under b; branch p on a holds something of its own; the machine is on branch q of c, and has written there too. */
    async function scene(): Promise<VboxMachine> {
        const machine = await VboxMachine.make(virtualbox, ["vda"]);
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

    async function uuidOf(machine: VboxMachine, wanted: string): Promise<string> {
        const found = (await machine.document()).snapshots.find(({ name }) => name === wanted);
        if (!found) throw new Error(`VirtualBox has no snapshot ${wanted}`);
        return found.uuid;
    }

    const snapshot = (machine: VboxMachine, ...args: string[]) => virtualbox.run("snapshot", machine.domain, ...args);

    /** Every branch can still be gone to, and away from, with all that it holds. */
    async function goesOn(machine: VboxMachine, held: Readonly<Record<string, string>>): Promise<void> {
        for (const [name, contents] of Object.entries(held)) {
            await machine.vm.switch(name);
            expect([name, await machine.tip()]).toEqual([name, { vda: holding(contents) }]);
        }
        await machine.vm.create({ name: "later" });
        const { snapshots, branches } = await seen(machine);
        expect({ snapshots, branches }).toMatchObject({ snapshots: { later: Object.values(held).at(-1) ?? "" }, branches: held });
        await machine.sound();
    }

    test("another snapshot is restored where a branch was written to: its own tip is what went, and the branch stays", async () => {
        await using machine = await scene();
        await snapshot(machine, "restore", "b");
        const now = await seen(machine);
        expect(now).toEqual({ current: "b", branch: null, dirty: false, tip: SNAPSHOTS.b, snapshots: SNAPSHOTS, branches: { p: P, q: SNAPSHOTS.c } });
        await goesOn(machine, { p: P, q: SNAPSHOTS.c });
    });

    test("a branch's own hidden snapshot is restored: the machine is on that branch", async () => {
        await using machine = await scene();
        await snapshot(machine, "restore", "snaptree-tip-p");
        const now = await seen(machine);
        expect(now).toEqual({ current: "a", branch: "p", dirty: true, tip: P, snapshots: SNAPSHOTS, branches: { p: P, q: SNAPSHOTS.c } });
        await machine.write("vda", 6, "p");
        await goesOn(machine, { q: SNAPSHOTS.c, p: `${P}p` });
    });

    test("snapshots are taken, renamed, described and deleted on a branch, which goes on", async () => {
        await using machine = await scene();
        await snapshot(machine, "take", "hand", "--description=by hand");
        await machine.write("vda", 6, "h");
        await snapshot(machine, "take", "more");
        await snapshot(machine, "edit", "b", "--name=bee", "--description=buzz");
        await snapshot(machine, "delete", "hand");
        const hierarchy = await machine.vm.hierarchy();
        expect(place(hierarchy)).toEqual({ current: "more", branch: "q", dirty: false, branches: ["p", "q"] });
        expect(parents(hierarchy)).toEqual({ a: null, bee: "a", c: "bee", more: "c" });
        expect(hierarchy.snapshots.find(({ name }) => name === "bee")?.description).toBe("buzz");
        const now = await seen(machine);
        expect(now.snapshots).toEqual({ a: SNAPSHOTS.a, bee: SNAPSHOTS.b, c: SNAPSHOTS.c, more: `${Q}h` });
        await machine.vm.delete("bee");
        await goesOn(machine, { p: P, q: `${Q}h` });
    });

    test("a branch's hidden snapshot is deleted: the branch stays, goes on from where it forked, and that is said", async () => {
        await using machine = await scene();
        await snapshot(machine, "delete", await uuidOf(machine, "snaptree-tip-p"));
        const now = await seen(machine);
        expect(now).toMatchObject({ branch: "q", tip: Q, snapshots: SNAPSHOTS, branches: { p: SNAPSHOTS.a, q: Q } });
        const findings = await machine.vm.doctor();
        expect(findings.filter(({ kind }) => kind === "chain").map(({ message }) => message)).toEqual([
            expect.stringMatching(/^the tip of branch "p" was removed by hand, so it goes on from the snapshot \{.*\}; put the machine’s folder back/),
        ]);
        await goesOn(machine, { p: SNAPSHOTS.a, q: Q });
    });

    test("the snapshot that a branch forks from is deleted: the branch forks from what is left", async () => {
        await using machine = await scene();
        await snapshot(machine, "delete", "c");
        const now = await machine.vm.hierarchy();
        expect(now.branches).toMatchObject([
            { name: "p", from: "a" },
            { name: "q", from: "b", tip: "b", dirty: true },
        ]);
        expect(await machine.tip()).toEqual({ vda: holding(Q) });
        await goesOn(machine, { p: P, q: Q });
    });

    test("several snapshots have one name: each is told apart by its UUID, the shared name is refused, and each can be renamed and deleted", async () => {
        await using machine = await VboxMachine.make(virtualbox, ["vda"]);
        const uuids: string[] = [];
        for (const character of "xyz") {
            await machine.write("vda", 1, character);
            await snapshot(machine, "take", "same");
            uuids.push((await machine.document()).current ?? "");
        }
        const [x, y, z] = uuids.map((uuid) => `same {${uuid}}`) as [string, string, string];
        expect(parents(await machine.vm.hierarchy())).toEqual({ [x]: null, [y]: x, [z]: y });
        const error = await refusedUntouched(machine, () => machine.vm.delete("same"));
        expect(error).toBeInstanceOf(InvalidInputError);
        for (const name of [x, y, z]) expect(error.message).toContain(name);
        await machine.vm.redefine({ name: z, rename: "zed" });
        await machine.vm.delete(y);
        expect((await seen(machine)).snapshots).toEqual({ same: "x", zed: "z" });
        await machine.vm.revert("same", { force: true });
        expect(await machine.tip()).toEqual({ vda: holding("x") });
        await machine.sound();
    });

    test.each(NAMES)("a snapshot's name and description have %s: it is read exactly, drawn, gone back to, renamed and deleted", async (_, name) => {
        await using machine = await VboxMachine.make(virtualbox, ["vda"]);
        await machine.write("vda", 1, "x");
        await snapshot(machine, "take", name, `--description=${name}`);
        const { vm } = machine;
        expect((await vm.hierarchy()).snapshots).toMatchObject([{ name, description: name, parent: null }]);
        expect(drawTree(await vm.hierarchy(), createColors(false)).split("\n").length).toBeLessThan(5);
        expect(await machine.snapshot(name)).toEqual({ vda: holding("x") });
        await machine.write("vda", 2, "y");
        await vm.create({ name: "on" });
        await vm.revert(name);
        expect(await machine.tip()).toEqual({ vda: holding("x") });
        await vm.redefine({ name, rename: "plain" });
        expect(parents(await vm.hierarchy())).toEqual({ plain: null, on: "plain" });
        await snapshot(machine, "edit", await uuidOf(machine, "plain"), `--name=${name}`);
        await vm.delete(name, { scope: "keepChildren" });
        expect(parents(await vm.hierarchy())).toEqual({ on: null });
        expect(await machine.tip()).toEqual({ vda: holding("x") });
        await machine.sound();
    });

    test("a name and a description are 70,000 characters long: read and kept as they are; above what the system takes is refused, and nothing changes", async () => {
        await using machine = await VboxMachine.make(virtualbox, ["vda"]);
        const long = "x".repeat(70_000);
        await snapshot(machine, "take", long);
        await machine.vm.redefine({ name: long, rename: "short", description: long });
        expect((await machine.vm.hierarchy()).snapshots).toMatchObject([{ name: "short", description: long }]);
        const wide = "世".repeat(70_000); // Three bytes each.
        for (const work of [() => machine.vm.redefine({ name: "short", description: wide }), () => machine.vm.create({ name: "n", description: wide })]) {
            const error = await refusedUntouched(machine, work);
            expect(error).toBeInstanceOf(InvalidInputError);
            expect(error.message).toMatch(/bytes.*VBoxManage can be given 120 KiB.*shorten/);
        }
        await machine.vm.create({ name: "n" });
        await machine.sound();
    });

    test("a name that looks like a UUID, which VirtualBox gives but does not change to: the snapshot can be renamed, and no other gets such a name", async () => {
        await using machine = await VboxMachine.make(virtualbox, ["vda"]);
        const uuid = "3fa85f64-5717-4562-b3fc-2c963f66afa6";
        await snapshot(machine, "take", uuid);
        await machine.vm.create({ name: "n" });
        const error = await refusedUntouched(machine, () => machine.vm.redefine({ name: "n", rename: uuid.replace("3", "4") }));
        expect(error).toBeInstanceOf(InvalidInputError);
        expect(error.message).toMatch(/VirtualBox lets no snapshot be renamed to a UUID; choose another name/);
        await machine.vm.redefine({ name: uuid, rename: "plain" });
        expect(parents(await machine.vm.hierarchy())).toEqual({ plain: null, n: "plain" });
        await machine.sound();
    });

    test("a whole hierarchy is made: Snaptree reads it, and manages it from then on", async () => {
        await using machine = await VboxMachine.make(virtualbox, ["vda", "vdb"]);
        const take = async (name: string, slot: number) => {
            for (const target of machine.targets) await machine.write(target, slot, name);
            await snapshot(machine, "take", name);
        };
        await take("a", 1);
        await take("b", 2);
        await snapshot(machine, "restore", "a");
        await take("c", 2);
        await machine.write("vdb", 3, "t");
        const tip = { vda: holding("ac"), vdb: holding("act") };
        const snapshots = { a: "a", b: "ab", c: "ac" };
        expect(await seen(machine)).toEqual({ current: "c", branch: null, dirty: true, tip, snapshots, branches: {} });
        await machine.vm.revert("b", { keep: "kept" });
        expect(await seen(machine)).toEqual({ current: "b", branch: null, dirty: false, tip: snapshots.b, snapshots, branches: { kept: tip } });
        await machine.vm.delete("a");
        await machine.vm.switch("kept");
        expect(await seen(machine)).toMatchObject({ branch: "kept", tip, snapshots: { b: snapshots.b, c: snapshots.c } });
        await machine.sound();
    });

    test("the machine is renamed, and so is its folder: all of its branches are still there", async () => {
        await using machine = await scene();
        const before = await seen(machine);
        await virtualbox.run("modifyvm", machine.domain, "--name=other");
        const vm = await machine.host.domain("other");
        const { branches, snapshots } = await vm.hierarchy();
        expect(branches.map(({ name }) => name)).toEqual(["p", "q"]);
        expect(snapshots.map(({ name }) => name)).toEqual(["a", "b", "c"]);
        await vm.switch("p");
        await virtualbox.run("modifyvm", "other", `--name=${machine.domain}`);
        await machine.connect();
        await machine.vm.switch("q");
        expect(await seen(machine)).toEqual(before);
        await machine.sound();
    });

    describe("a state is saved", () => {
        async function saved(): Promise<VboxMachine> {
            const machine = await scene();
            const file = join(machine.folder, "Snapshots", "guest.sav");
            await writeFile(file, "what a guest has in its memory");
            await virtualbox.run("adoptstate", machine.domain, file);
            return machine;
        }

        test("which counts as paused, and is lost by nobody who does not say so", async () => {
            await using machine = await saved();
            expect((await machine.vm.hierarchy()).powerState).toBe("paused");
            for (const work of [() => machine.vm.switch("p"), () => machine.vm.revert("a")]) {
                const error = await refusedUntouched(machine, work);
                expect(error).toBeInstanceOf(BusyError);
                expect(error.message).toMatch(/is paused, and what its memory holds would be lost; shut it down, or say with leave/);
            }
            expect((await machine.vm.hierarchy()).powerState).toBe("paused");
            await machine.vm.switch("p", { leave: "destroy" });
            expect(await seen(machine)).toMatchObject({ branch: "p", tip: P, branches: { p: P, q: Q } });
            expect((await machine.vm.hierarchy()).powerState).toBe("shutoff");
            await machine.sound();
        });

        test("which a checkpoint keeps, and going back there has it again", async () => {
            await using machine = await saved();
            await machine.vm.switch("p", { leave: "checkpoint" });
            const { snapshots, powerState } = await machine.vm.hierarchy();
            expect(powerState).toBe("shutoff");
            const kept = snapshots.find(({ memory }) => memory);
            expect(kept).toMatchObject({ parent: "c", name: expect.stringMatching(/^leave-q-\d+$/) as string });
            expect(await seen(machine)).toMatchObject({ branch: "p", tip: P, branches: { p: P, q: Q } });
            await machine.vm.revert(kept?.name ?? "");
            expect((await machine.vm.hierarchy()).powerState).toBe("paused");
            expect(await machine.tip()).toEqual({ vda: holding(Q) });
        });

        test("of which a snapshot is taken: the state stays, and is there again after a time elsewhere", async () => {
            await using machine = await saved();
            await machine.vm.create({ name: "live" });
            expect(await machine.vm.hierarchy()).toMatchObject({ powerState: "paused", current: "live" });
            await machine.vm.revert("a", { leave: "destroy" });
            expect(await machine.vm.hierarchy()).toMatchObject({ powerState: "shutoff", current: "a" });
            await machine.vm.revert("live");
            expect(await machine.vm.hierarchy()).toMatchObject({ powerState: "paused", current: "live" });
            expect(await machine.snapshot("live")).toEqual({ vda: holding(Q) });
        });
    });
});
