// Hierarchies that plain virsh made: read, drawn and managed as they are.
import { join } from "node:path";
import { writeFile } from "node:fs/promises";
import { UnsupportedError } from "../../../provider/engine";
import { type Libvirt, type LibvirtRelease, startLibvirt } from "../../hosts/libvirt";
import { libvirt as installed, needs, newerLibvirt, suiteWith } from "../../support/requires";
import { goesOn, type Held, isHeld } from "./behind";
import { LibvirtMachine } from "./machine";

const releases: readonly [LibvirtRelease, typeof installed][] = [
    ["installed", installed],
    ["newer", newerLibvirt],
];

describe.each(releases)("%s", (release, requirement) => {
    suiteWith(needs(requirement), `what plain virsh made, on libvirt as ${release}`, () => {
        let libvirt: Libvirt;
        beforeAll(async () => void (libvirt = await startLibvirt({ release })));
        afterAll(() => libvirt.stop());

        /** Writes to the tip, and takes a snapshot of it as anybody would. */
        async function take(machine: LibvirtMachine, held: Held, slot: number, name: string, ...options: string[]): Promise<void> {
            await machine.write("vda", slot, name.slice(0, 1));
            held.snapshots[name] = await machine.tip();
            await libvirt.virsh("snapshot-create-as", machine.domain, name, ...options);
        }

        const nothing = (): Held => ({ snapshots: {}, branches: {} });

        test("external ones, one of them with a guest's memory", async () => {
            await using machine = await LibvirtMachine.make(libvirt, ["vda"]);
            const { vm, domain } = machine;
            const held = nothing();
            await take(machine, held, 1, "a", "--disk-only", "--description", 'first <&> "best"');
            await take(machine, held, 2, "b", "--disk-only");
            await machine.write("vda", 3, "c");
            held.snapshots.c = await machine.tip();
            await libvirt.virsh("start", domain);
            await libvirt.virsh("snapshot-create-as", domain, "c", "--memspec", `${join(machine.temporary, "c.save")},snapshot=external`);
            await libvirt.virsh("destroy", domain);
            await machine.write("vda", 4, "t");
            const tip = await machine.tip();

            const drawn = await vm.hierarchy();
            expect(drawn).toMatchObject({ current: "c", branch: null, dirty: true, branches: [] });
            expect(drawn.snapshots).toMatchObject([
                { name: "a", parent: null, mode: "external", memory: false, description: 'first <&> "best"' },
                { name: "b", parent: "a", mode: "external", memory: false },
                { name: "c", parent: "b", mode: "external", memory: true, state: "running" },
            ]);
            await vm.branch("side", { from: "a" });
            await vm.switch("side");
            held.branches["auto-c-1"] = tip;
            await machine.write("vda", 5, "s");
            held.branches.side = await machine.tip();
            await vm.redefine({ name: "a", description: "other" });
            expect(await libvirt.virsh("snapshot-dumpxml", domain, "a")).toContain("<description>other</description>");
            await vm.delete("b");
            delete held.snapshots.b;
            await isHeld(machine, held);
            await vm.switch("auto-c-1");
            await vm.revert("a");
            expect(await machine.tip()).toEqual(held.snapshots.a);
            await goesOn(machine, held);
            await machine.sound();
        });

        test("internal ones", async () => {
            await using machine = await LibvirtMachine.make(libvirt, ["vda"]);
            const { vm } = machine;
            const held = nothing();
            await take(machine, held, 1, "a");
            await take(machine, held, 2, "b");
            await machine.write("vda", 4, "t");
            const tip = await machine.tip();
            expect((await vm.hierarchy()).snapshots).toMatchObject([
                { name: "a", parent: null, mode: "internal", memory: false },
                { name: "b", parent: "a", mode: "internal" },
            ]);
            await vm.branch("side", { from: "a" });
            await vm.switch("side");
            held.branches["auto-b-1"] = tip;
            await machine.write("vda", 5, "s");
            held.branches.side = await machine.tip();
            await vm.delete("a");
            delete held.snapshots.a;
            await isHeld(machine, held);
            await goesOn(machine, held);
            await machine.sound();
        });

        test("both kinds in one: drawn, and only what harms neither is done", async () => {
            await using machine = await LibvirtMachine.make(libvirt, ["vda"]);
            const { vm } = machine;
            const held = nothing();
            await take(machine, held, 1, "inside");
            await take(machine, held, 2, "outside", "--disk-only");
            await machine.write("vda", 3, "t");
            const tip = await machine.tip();
            const drawn = await vm.hierarchy();
            expect(drawn.snapshots).toMatchObject([
                { name: "inside", parent: null, mode: "internal" },
                { name: "outside", parent: "inside", mode: "external" },
            ]);
            const before = await machine.xml();
            const harmful = [
                () => vm.revert("inside", { force: true }),
                () => vm.branch("side", { from: "inside" }),
                () => vm.delete("inside"),
                () => vm.delete("inside", { scope: "subtree", force: true }),
                () => vm.create({ name: "more", parent: "inside" }),
                () => vm.create({ name: "more", mode: "internal" }),
                () => vm.revert("outside", { commit: true, force: true }),
            ];
            for (const attempt of harmful) await expect(attempt()).rejects.toThrow(UnsupportedError);
            expect(await machine.xml()).toBe(before);
            expect(await vm.hierarchy()).toEqual(drawn);
            expect(await machine.tip()).toEqual(tip);
            await vm.redefine({ name: "inside", description: "old" });
            await vm.branch("side", { from: "outside" });
            await vm.switch("side");
            held.branches["auto-outside-1"] = tip;
            held.branches.side = await machine.tip();
            expect(held.branches.side).toEqual(held.snapshots.outside);
            await goesOn(machine, held);
            await vm.delete("inside", { scope: "metadata" });
            expect((await vm.hierarchy()).snapshots.map(({ name }) => name)).toEqual(["outside"]);
        });

        test("one that has no domain, and a domain with what is other people's", async () => {
            await using machine = await LibvirtMachine.make(libvirt, ["vda"]);
            const { vm, domain } = machine;
            await libvirt.virsh("metadata", domain, "--config", "--uri", "urn:other", "--key", "other", "--set", "<owner name='x'>theirs</owner>");
            const held = nothing();
            await take(machine, held, 1, "a", "--disk-only");
            const { uuid } = await vm.hierarchy();
            await libvirt.kill();
            await writeFile(
                join(libvirt.folder, "lib/qemu/snapshot", domain, "bare.xml"), // As libvirt before 0.9.5 left it.
                `<domainsnapshot><name>bare</name><state>shutoff</state><creationTime>1000</creationTime><domain><uuid>${uuid}</uuid></domain><active>0</active></domainsnapshot>`,
            );
            await libvirt.restart();
            expect((await vm.hierarchy()).snapshots.map(({ name }) => name).sort()).toEqual(["a", "bare"]);
            await vm.branch("side", { from: "a" });
            await vm.switch("side");
            await vm.create({ name: "b" });
            await expect(vm.revert("bare", { force: true })).rejects.toThrow();
            await vm.delete("bare");
            expect((await vm.hierarchy()).snapshots.map(({ name }) => name)).toEqual(["a", "b"]);
            expect(await machine.xml()).toContain("theirs</");
            await isHeld(machine, held);
        });

        test("what Snaptree made is plain virsh's to revert, delete and take where no branch stands, as far as this libvirt can", async () => {
            await using machine = await LibvirtMachine.make(libvirt, ["vda"]);
            const { vm, domain } = machine;
            const held = nothing();
            for (const [i, name] of ["a", "b", "c"].entries()) {
                await machine.write("vda", i + 1, name);
                held.snapshots[name] = await machine.tip();
                await vm.create({ name });
            }
            expect(await libvirt.virsh("snapshot-dumpxml", domain, "b")).not.toContain("held-by-branches");
            // A branch came, and went.
            await vm.branch("side", { from: "a" });
            expect(await libvirt.virsh("snapshot-dumpxml", domain, "a")).toContain("snapshotDeleteInProgress");
            await vm.unbranch("side");
            expect(await libvirt.virsh("snapshot-dumpxml", domain, "a")).not.toMatch(/snapshotDeleteInProgress|held-by-branches/);
            if (release === "newer") {
                await libvirt.virsh("snapshot-delete", domain, "b"); // libvirt merges.
                delete held.snapshots.b;
                await libvirt.virsh("snapshot-revert", domain, "a");
            }
            await take(machine, held, 6, "d", "--disk-only");
            const { current, snapshots } = await vm.hierarchy();
            expect(current).toBe("d");
            expect(snapshots.map(({ name, parent }) => [name, parent])).toEqual(
                release === "newer"
                    ? [
                          ["a", null],
                          ["c", "a"],
                          ["d", "a"],
                      ]
                    : [
                          ["a", null],
                          ["b", "a"],
                          ["c", "b"],
                          ["d", "c"],
                      ],
            );
            await isHeld(machine, held);
            await vm.branch("side", { from: "c" });
            held.branches.side = held.snapshots.c ?? {};
            await goesOn(machine, held);
        });
    });
});
