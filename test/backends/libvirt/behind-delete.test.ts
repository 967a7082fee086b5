// Plain “virsh snapshot-delete” on a domain that has branches: refused by libvirt, or nothing that stands there is lost.
import { execa } from "execa";
import { type Libvirt, type LibvirtRelease, startLibvirt } from "../../hosts/libvirt";
import { libvirt as installed, needs, newerLibvirt, suiteWith } from "../../support/requires";
import { goesOn, grow, type Held, isHeld, stillListed } from "./behind";
import { LibvirtMachine } from "./machine";

const releases: readonly [LibvirtRelease, typeof installed][] = [
    ["installed", installed],
    ["newer", newerLibvirt],
];

describe.each(releases)("%s", (release, requirement) => {
    suiteWith(needs(requirement), `plain deletions on a domain with branches, on libvirt as ${release}`, () => {
        let libvirt: Libvirt;
        beforeAll(async () => void (libvirt = await startLibvirt({ release })));
        afterAll(() => libvirt.stop());

        /** Asks for every deletion there is. What somebody deletes by its name is theirs to lose, and nothing else. @returns how many there were */
        async function deleteAll(machine: LibvirtMachine, held: Held): Promise<number> {
            let deleted = 0;
            for (const name of Object.keys(held.snapshots))
                for (const flags of [[], ["--children"], ["--children-only"]]) {
                    const args = ["snapshot-delete", machine.domain, `--snapshotname=${name}`, ...flags];
                    const { exitCode } = await execa("virsh", ["--connect", libvirt.uri, ...args], { reject: false });
                    if (exitCode === 0) deleted++;
                }
            return deleted;
        }

        test("lose none, wherever the domain is", async () => {
            await using machine = await LibvirtMachine.make(libvirt, ["vda"]);
            let held = await grow(machine, "side");
            const before = held;
            const deleteAndLook = async () => {
                await deleteAll(machine, held);
                held = await stillListed(machine, held);
                await isHeld(machine, held);
            };
            await deleteAndLook();
            await libvirt.virsh("start", machine.domain);
            await deleteAll(machine, held);
            await libvirt.virsh("destroy", machine.domain);
            held = await stillListed(machine, held);
            await isHeld(machine, held);
            await machine.vm.switch("inner");
            await deleteAndLook();
            if (release === "newer") {
                await libvirt.virsh("snapshot-revert", machine.domain, "a"); // Now the branch is one that libvirt has left without knowing.
                await deleteAndLook();
            }
            // All that stood under a branch is there, since libvirt was kept from it.
            expect(held).toEqual(before);
            for (const name of Object.keys(held.snapshots)) await libvirt.virsh("snapshot-delete", machine.domain, name, "--metadata");
            held = await stillListed(machine, held);
            expect(held.snapshots).toEqual({});
            await isHeld(machine, held);
            await goesOn(machine, held, ["side", "trunk"]);
        });

        if (release === "newer")
            test("lose none after a plain revert, or a plain snapshot on a branch, once Snaptree has done anything since", async () => {
                await using machine = await LibvirtMachine.make(libvirt, ["vda"]);
                const { vm, domain } = machine;
                let held = await grow(machine, "side");
                await libvirt.virsh("snapshot-revert", domain, "b"); // Two branches stand there.
                await vm.redefine({ name: "a", description: "anything" });
                await machine.write("vda", 7, "w");
                await deleteAll(machine, held);
                held = await stillListed(machine, held);
                expect(Object.keys(held.snapshots)).toEqual(["a", "b", "c"]);
                await isHeld(machine, held);

                await vm.switch("side", { force: true });
                await libvirt.virsh("snapshot-create-as", domain, "d", "--disk-only");
                await machine.write("vda", 7, "x");
                held.branches.side = await machine.tip();
                await vm.redefine({ name: "a", description: "anything else" });
                await libvirt.virsh("snapshot-revert", domain, "a");
                await isHeld(machine, held);
                await deleteAll(machine, { ...held, snapshots: { ...held.snapshots, d: {} } });
                await isHeld(machine, held);
            });
    });
});
