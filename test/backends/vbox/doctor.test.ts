// What the doctor finds on a machine of VirtualBox's, what a repair makes of it, and that the machine can be removed as any other afterwards.
import { copyFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { holding } from "../../conformance/bench";
import { grow, parents, refused, seen } from "../../conformance/support";
import { startVirtualBox, type VirtualBox } from "../../hosts/virtualbox";
import { needs, suiteWith, virtualbox as installed } from "../../support/requires";
import { Crasher } from "../qemu/crash";
import { VboxMachine } from "./machine";

suiteWith(needs(installed), "the doctor of a machine of VirtualBox's", () => {
    let virtualbox: VirtualBox;
    let crasher: Crasher;
    beforeAll(async () => {
        crasher = await Crasher.make();
        virtualbox = await startVirtualBox();
    });
    afterAll(async () => {
        await virtualbox.stop();
        await crasher[Symbol.asyncDispose]();
    });

    /** a under nothing, b and c under a; the machine is on c. */
    async function scene(): Promise<VboxMachine> {
        const machine = await VboxMachine.make(virtualbox, ["vda"]);
        await grow(machine, "a", null, 1);
        await grow(machine, "b", "a", 2);
        await grow(machine, "c", "a", 2);
        await machine.vm.revert("c", { force: true });
        return machine;
    }
    const SNAPSHOTS = { a: "a", b: "ab", c: "ac" };

    test("finds nothing on a machine that is sound, whatever was done with it", async () => {
        await using machine = await scene();
        const { vm } = machine;
        await vm.branch("p", { from: "b" });
        await vm.switch("p");
        await machine.write("vda", 4, "p");
        await vm.revert("c");
        await vm.delete("a");
        await vm.renameBranch("p", "q");
        expect(await vm.doctor({ repair: true })).toEqual([]);
        expect((await seen(machine)).branches).toEqual({ q: "ab.p" });
        await machine.sound();
    });

    test.each([
        [1, "taken back", ["a", "b", "c"]],
        [3, "finished", ["a", "b", "c", "n"]],
    ] as const)("finds an operation that was interrupted at point %s, and sees to it that it is %s", async (at, how, names) => {
        await using machine = await scene();
        await crasher.run(machine, { verb: "create", request: { name: "n", description: "new", owner: "somebody" } }, at, { grain: "command" });
        await machine.connect();
        const found = await machine.vm.doctor();
        expect(found).toMatchObject([{ kind: "journal", repairable: true, repaired: false }]);
        expect(found[0]?.message).toMatch(
            new RegExp(`^an operation was interrupted in “.*”; nothing is lost: a repair, or the next operation, sees that it is ${how}$`),
        );
        expect(await machine.vm.doctor({ repair: true })).toMatchObject([{ kind: "journal", repaired: true }]);
        expect(await machine.vm.doctor()).toEqual([]);
        expect((await machine.vm.hierarchy()).snapshots.map(({ name }) => name).sort()).toEqual(names);
        expect((await seen(machine)).snapshots).toMatchObject(SNAPSHOTS);
        await machine.sound();
    });

    test("merges what is left of a deleted snapshot once one thing alone stands on it", async () => {
        await using machine = await scene();
        await machine.vm.delete("a"); // Two stand on it: it stays, without a name.
        await virtualbox.run("snapshot", machine.domain, "delete", "b");
        const found = await machine.vm.doctor();
        expect(found).toMatchObject([{ kind: "leftover", repairable: true }]);
        expect(found[0]?.message).toMatch(
            /^VirtualBox’s snapshot .*snaptree-inner-.* holds what one other thing stands on, and nobody names it; a repair merges it into that$/,
        );
        expect(await machine.vm.doctor({ repair: true })).toMatchObject([{ kind: "leftover", repaired: true }]);
        expect(await machine.vm.doctor()).toEqual([]);
        expect((await machine.document()).snapshots.map(({ name }) => name)).toEqual(["c"]);
        expect(await seen(machine)).toMatchObject({ current: "c", tip: "ac", snapshots: { c: "ac" } });
        await machine.sound();
    });

    test("names a snapshot that was only forgotten, and leaves it alone", async () => {
        await using machine = await scene();
        const xml = await machine.vm.document("b");
        await machine.vm.delete("b", { scope: "metadata" });
        expect(parents(await machine.vm.hierarchy())).toEqual({ a: null, c: "a" });
        expect(await machine.vm.doctor({ repair: true })).toMatchObject([
            { kind: "kept", repairable: false, message: expect.stringMatching(/redefine it to have it back/) as string },
        ]);
        await machine.vm.redefine({ name: "b", xml });
        expect((await seen(machine)).snapshots).toEqual(SNAPSHOTS);
        expect(await machine.vm.doctor()).toEqual([]);
        await machine.sound();
    });

    test("names images that no snapshot is on, with what to do, and removes none of them", async () => {
        await using machine = await scene();
        const under = (await machine.vm.hierarchy()).snapshots.find(({ name }) => name === "b")?.files.vda ?? "";
        const [known, unknown] = ["known.vdi", "unknown.vdi"].map((name) => join(machine.folder, "Snapshots", name)) as [string, string];
        await virtualbox.run("createmedium", "disk", `--filename=${known}`, `--diffparent=${under}`);
        await copyFile(under, unknown);
        const found = await machine.vm.doctor({ repair: true });
        expect(found.map(({ kind, what, repairable }) => ({ kind, what, repairable }))).toEqual([
            { kind: "orphan", what: known, repairable: false },
            { kind: "orphan", what: unknown, repairable: false },
        ]);
        const [, uuid = ""] = /closemedium disk ([0-9a-f-]{36}) --delete”/.exec(found[0]?.message ?? "") ?? [];
        await machine.leave();
        await machine.sound(); // They are there still.
        await virtualbox.run("closemedium", "disk", uuid, "--delete"); // As it says.
        expect((await machine.vm.doctor()).map(({ what }) => what)).toEqual([unknown]);
        expect(await machine.snapshot("b")).toEqual({ vda: holding("ab") });
        await rm(unknown);
        expect(await machine.vm.doctor()).toEqual([]);
    });

    test("says one thing of an image that is not there: to have it forgotten where nothing needs it, and to put it back where something does", async () => {
        await using machine = await scene();
        const { files } = (await machine.vm.hierarchy()).snapshots.find(({ name }) => name === "b") ?? {};
        const under = files?.vda ?? "";
        const [inner, leaf] = ["inner.vdi", "leaf.vdi"].map((name) => join(machine.folder, "Snapshots", name)) as [string, string];
        await virtualbox.run("createmedium", "disk", `--filename=${inner}`, `--diffparent=${under}`);
        await virtualbox.run("createmedium", "disk", `--filename=${leaf}`, `--diffparent=${inner}`);
        for (const file of [inner, leaf]) await rename(file, `${file}.away`);
        const found = await machine.vm.doctor();
        expect(found.map(({ kind, what }) => ({ kind, what }))).toEqual([
            { kind: "chain", what: inner },
            { kind: "orphan", what: leaf },
        ]);
        expect(found[0]?.message).toContain("put it back from a backup");
        const [, uuid = ""] = /have VirtualBox forget it with “VBoxManage closemedium disk ([0-9a-f-]{36})”$/.exec(found[1]?.message ?? "") ?? [];
        await rename(`${inner}.away`, inner); // As it says.
        await virtualbox.run("closemedium", "disk", uuid);
        expect((await machine.vm.doctor()).map(({ what }) => what)).toEqual([inner]);
        await virtualbox.run("closemedium", "disk", inner, "--delete");
        await rm(`${leaf}.away`);
        expect(await machine.vm.doctor()).toEqual([]);
        await machine.sound();
    });

    test("a machine whose document is not there is told with what VirtualBox left beside it", async () => {
        await using machine = await scene();
        const file = join(machine.folder, `${machine.domain}.vbox`);
        await rm(`${file}-prev`, { force: true });
        await rename(file, `${file}-tmp`);
        expect((await refused(machine.vm.hierarchy())).message).toMatch(
            /is not there; what VirtualBox left beside it is "vm-\w+\.vbox-tmp" \(the newest, if it is whole\): look at it/,
        );
        await rename(`${file}-tmp`, file);
        await copyFile(file, `${file}-prev`);
        await rename(file, `${file}.away`);
        expect((await refused(machine.vm.hierarchy())).message).toMatch(/what VirtualBox left beside it is "vm-\w+\.vbox-prev" \(the one before\): look at it/);
        await rm(`${file}-prev`);
        expect((await refused(machine.vm.hierarchy())).message).toMatch(/is not there; put it back from a backup, or unregister the machine$/);
        await rename(`${file}.away`, file);
        expect((await seen(machine)).snapshots).toEqual(SNAPSHOTS);
    });
});
