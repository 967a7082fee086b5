import { QemuMachine } from "../backends/qemu/machine";
import { holding } from "../conformance/bench";
import { needs, qemu, suiteWith } from "../support/requires";
import { json, on } from "./run";

suiteWith(needs(qemu), "branches by the command line", () => {
    test("two branches keep their bytes through switches; the listing shows where they fork, and the one that the domain is on", async () => {
        await using machine = await QemuMachine.make(["vda"]);
        const snaptree = on(machine.uri);
        await snaptree("create", "vm", "base");
        expect((await snaptree("branch", "vm", "one", "--from", "base")).out).toMatch(/^forked branch one at base/);
        expect(json(await snaptree("branch", "vm", "two", "--from", "base", "--json"))).toMatchObject({
            name: "two",
            from: "base",
            tip: "base",
            active: false,
        });
        await snaptree("switch", "vm", "one");
        await machine.write("vda", 1, "1");
        await snaptree("create", "vm", "on-one");
        await machine.write("vda", 2, "1");
        expect(json(await snaptree("switch", "vm", "two", "--json"))).toEqual({
            domain: "vm",
            powerState: "shutoff",
            current: "base",
            branch: "two",
            dirty: false,
        });
        await machine.write("vda", 1, "2");
        expect(await machine.branch("one")).toEqual({ vda: holding("11") });
        expect(await machine.tip()).toEqual({ vda: holding("2") });
        expect((await snaptree("list", "vm", "--tree")).out).toMatch(/one \[branch, dirty, from base, .*two \[branch, active, dirty, /s);
        const { out } = await snaptree("list", "vm");
        expect(out).toMatch(/^ +Branch +From +Tip +State +Size$/m);
        expect(out).toMatch(/^ +one +base +on-one +dirty +\S+ \S+$/m);
        expect(out).toMatch(/^\* +two +base +base +dirty +\S+ \S+$/m);
        expect(json(await snaptree("list", "vm", "--json"))).toMatchObject({
            ...{ current: "base", branch: "two", dirty: true },
            branches: [
                { name: "one", from: "base", tip: "on-one", active: false, dirty: true, files: { vda: expect.any(String) as unknown } },
                { name: "two", from: "base", tip: "base", active: true, dirty: true, bytes: expect.any(Number) as unknown },
            ],
        });
        await machine.sound();
    });

    test("--reset and --delete lose nothing without --force, --commit keeps it in the snapshot, and the active branch stays", async () => {
        await using machine = await QemuMachine.make(["vda"]);
        const snaptree = on(machine.uri);
        await snaptree("create", "vm", "base");
        await snaptree("branch", "vm", "work", "--from", "base");
        await snaptree("switch", "vm", "work");
        await machine.write("vda", 1, "a");
        const refused = await snaptree("branch", "vm", "work", "--reset", "--json");
        expect({ ...refused, err: JSON.parse(refused.err) as unknown }).toMatchObject({
            code: 3,
            err: { error: { name: "DataLossError", losses: ["branch:work"] } },
        });
        expect(await machine.tip()).toEqual({ vda: holding("a") });
        expect((await snaptree("branch", "vm", "work", "--delete")).code).toBe(2);
        await snaptree("branch", "vm", "other", "--from", "base");
        await snaptree("switch", "vm", "other");
        expect((await snaptree("branch", "vm", "other", "--delete", "--force")).err).toMatch(/active branch can't be removed/);
        expect((await snaptree("branch", "vm", "work", "--delete")).code).toBe(3);
        expect((await snaptree("branch", "vm", "work", "--reset", "--force")).out).toBe("reset branch work");
        expect(await machine.branch("work")).toEqual({ vda: holding("") });
        expect((await snaptree("branch", "vm", "work", "--delete")).out).toBe("removed branch work");
        await machine.sound();
    });

    test("--delete --commit merges the branch into its snapshot; --reset --to-fork takes its own snapshots too", async () => {
        await using machine = await QemuMachine.make(["vda"]);
        const snaptree = on(machine.uri);
        await snaptree("create", "vm", "base");
        await snaptree("branch", "vm", "work", "--from", "base");
        await snaptree("switch", "vm", "work");
        await snaptree("create", "vm", "own");
        await machine.write("vda", 1, "a");
        await snaptree("revert", "vm", "base");
        expect((await snaptree("branch", "vm", "work", "--delete", "--commit")).code).toBe(0);
        expect(await machine.snapshot("own")).toEqual({ vda: holding("a") });
        await snaptree("branch", "vm", "again", "--from", "base");
        await snaptree("switch", "vm", "again");
        await snaptree("create", "vm", "own-2");
        expect((await snaptree("branch", "vm", "again", "--reset", "--to-fork")).err).toMatch(/would lose snapshot:own-2/);
        expect((await snaptree("branch", "vm", "again", "--reset", "--to-fork", "--force")).code).toBe(0);
        expect(json(await snaptree("list", "vm", "--json"))).toMatchObject({ current: "base", branch: "again", dirty: false });
        await machine.sound();
    });

    test("changes that have no branch are shown, and become one when the domain goes elsewhere", async () => {
        await using machine = await QemuMachine.make(["vda"]);
        const snaptree = on(machine.uri);
        await snaptree("create", "vm", "base");
        await machine.write("vda", 1, "a");
        expect((await snaptree("list", "vm", "--tree")).out).toMatch(/^base \(current, .*\)\n {2}\|\n {2}\+- \(the tip\) \[no branch, dirty\]$/);
        expect((await snaptree("list", "vm")).out).toMatch(/\n\nThe tip has changes since base and no branch\.$/);
        await snaptree("branch", "vm", "work", "--from", "base");
        expect((await snaptree("switch", "vm", "work")).code).toBe(0);
        expect(await machine.branch("auto-base-1")).toEqual({ vda: holding("a") });
        await machine.sound();
    });
});
