// Plain “virsh snapshot-revert” on a domain that has branches: it can't know of them, and loses none.
import { execa } from "execa";
import { setTimeout } from "node:timers/promises";
import { type Libvirt, startLibvirt } from "../../hosts/libvirt";
import { libvirt as installed, needs, newerLibvirt, suiteWith } from "../../support/requires";
import { goesOn, grow, isHeld } from "./behind";
import { LibvirtMachine } from "./machine";

suiteWith(needs(installed, newerLibvirt), "a plain revert on a domain with branches", () => {
    let old: Libvirt;
    let newer: Libvirt;
    beforeAll(async () => {
        [old, newer] = await Promise.all([startLibvirt({ release: "installed" }), startLibvirt({ release: "newer" })]);
    });
    afterAll(async () => {
        await Promise.all([old.stop(), newer.stop()]);
    });

    /** Once more, at another second: libvirt names its overlays by it, and may remove its own of before. */
    async function revertAgain({ domain }: LibvirtMachine, to: string): Promise<void> {
        while ((await execa("virsh", ["-c", newer.uri, "snapshot-revert", domain, to], { reject: false })).exitCode !== 0) await setTimeout(200);
    }

    const cases = [
        { made: "9.0", active: "side", to: "c", what: "the current leaf", targets: ["vda"], running: false },
        { made: "9.0", active: "side", to: "a", what: "an ancestor and fork", targets: ["vda"], running: true },
        { made: "9.0", active: "inner", to: "b", what: "another branch's leaf", targets: ["vda", "vdb"], running: false },
        { made: "11.3", active: "inner", to: "a", what: "the current inner snapshot", targets: ["vda"], running: true },
        { made: "11.3", active: "side", to: "b", what: "another branch's leaf", targets: ["vda", "vdb"], running: false },
    ] as const;

    test.each(cases)("made on $made, on $active, to $what $to, running: $running", async ({ made, active, to, targets, running }) => {
        await using machine = await LibvirtMachine.make(made === "9.0" ? old : newer, targets);
        const held = await grow(machine, active);
        if (made === "9.0") await machine.upgrade(newer);
        if (running) await machine.libvirt.virsh("start", machine.domain);
        await machine.libvirt.virsh("snapshot-revert", machine.domain, to);
        expect(await machine.libvirt.virsh("domstate", machine.domain)).toBe("shut off");
        expect(await machine.tip()).toEqual(held.snapshots[to]);
        await machine.connect();
        expect(await machine.vm.hierarchy()).toMatchObject({ current: to, branch: null, dirty: false });
        await isHeld(machine, held);
        await revertAgain(machine, "a");
        expect(await machine.vm.hierarchy()).toMatchObject({ current: "a", branch: null, dirty: false });
        await isHeld(machine, held);
        await machine.sound();
        await goesOn(machine, held, [active, "trunk"]);
        await machine.sound();
    });

    test("the current snapshot is forgotten before: whatever is gone back to, the branches are known", async () => {
        await using machine = await LibvirtMachine.make(newer, ["vda"]);
        const { vm, domain } = machine;
        await machine.write("vda", 1, "a");
        await vm.create({ name: "a", mode: "external" });
        await vm.create({ name: "b" });
        await vm.branch("keepme", { from: "a" });
        await vm.switch("keepme");
        await machine.write("vda", 2, "k");
        const kept = await machine.tip();
        await vm.create({ name: "c" });
        for (const name of ["c", "b"]) {
            await newer.virsh("snapshot-delete", domain, name, "--metadata");
            await revertAgain(machine, "a");
            await machine.connect();
            expect((await machine.vm.hierarchy()).branches.map((branch) => branch.name)).toContain("keepme");
            expect(await machine.branch("keepme")).toEqual(kept);
        }
    });
});
