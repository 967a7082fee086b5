import { execa } from "execa";
import { join } from "node:path";
import { BusyError, connect, type Host, type VirtualMachine } from "../../../provider/engine";
import { counterLines, defineGuest, type GuestDomain } from "../../hosts/guest";
import { type Libvirt, type LibvirtRelease, startLibvirt } from "../../hosts/libvirt";
import { libvirt as installed, needs, newerLibvirt, suiteWith } from "../../support/requires";
import { disksOf } from "../qemu/machine";
import { imageOf } from "../qemu/tools";
import { expectAllWritten, expectCounting, expectOneStory, openChain } from "./story";

const releases: readonly [LibvirtRelease, typeof installed][] = [
    ["installed", installed],
    ["newer", newerLibvirt],
];

let count = 0;

describe.each(releases)("%s", (release, requirement) => {
    suiteWith(needs(requirement), `what libvirt itself does to a guest that runs, as ${release}`, () => {
        let libvirt: Libvirt;
        let host: Host;
        beforeAll(async () => {
            libvirt = await startLibvirt({ release });
            host = await connect(libvirt.uri);
        });
        afterAll(async () => {
            await host[Symbol.asyncDispose]();
            await libvirt.stop();
        });

        async function running(obeys = false): Promise<{ readonly guest: GuestDomain; readonly vm: VirtualMachine }> {
            const guest = await defineGuest(libvirt, { name: `native-${++count}`, writes: true, obeys });
            await libvirt.virsh("start", guest.name);
            await counterLines(guest.serial, 2);
            return { guest, vm: await host.domain(guest.name) };
        }

        const tags = async (guest: GuestDomain) => (await imageOf(guest.disks[0]!.file)).internal;
        const stateOf = ({ name }: GuestDomain) => libvirt.virsh("domstate", name);

        test("snapshots inside the image of a running guest go by libvirt; a branch's tip can't, and says what to do", async () => {
            const { guest, vm } = await running();
            for (const name of ["a", "b", "c", "d", "e"]) await vm.create({ name });
            await vm.delete("b");
            expect((await expectOneStory(libvirt, guest, vm)).snapshots.map(({ name }) => name)).toEqual(["a", "c", "d", "e"]);
            await vm.delete("d", { scope: "children" });
            await vm.delete("c", { scope: "subtree" });
            expect(await expectOneStory(libvirt, guest, vm)).toMatchObject({ current: "a" });
            await expectCounting(guest);
            await libvirt.virsh("destroy", guest.name);
            expect(await tags(guest)).toEqual(["a"]);

            await vm.branch("side", { from: "a" });
            await vm.switch("side", { powerState: "running" });
            await vm.switch("auto-a-1", { leave: "destroy", force: true, powerState: "running" });
            const held = await tags(guest).catch(() => null);
            await expect(vm.unbranch("side", { force: true })).rejects.toThrow(/shut the domain down/);
            await expect(vm.unbranch("side", { force: true })).rejects.toThrow(BusyError);
            expect(await tags(guest).catch(() => null)).toEqual(held);
            expect(await stateOf(guest)).toBe("running");
        });

        test("a guest that sleeps in a managed save, or is paused, is left without losing what its memory holds", async () => {
            const { guest, vm } = await running(true);
            await vm.create({ name: "base", diskOnly: true });
            await vm.branch("other", { from: "base" });
            await vm.create({ name: "next", diskOnly: true });
            await libvirt.virsh("managedsave", guest.name);
            await expect(vm.create({ name: "asleep" })).rejects.toThrow(/managed save.*start it/);
            await expect(vm.delete("next")).rejects.toThrow(/managed save.*start the domain/);
            await expect(vm.switch("other")).rejects.toThrow(/say with leave/);
            const slept = (await counterLines(guest.serial, 1)).length;
            await vm.switch("other", { leave: "checkpoint" });
            const left = (await vm.hierarchy()).snapshots.find(({ name }) => name.startsWith("leave-"))!;
            expect(left).toMatchObject({ memory: true });
            expect(await libvirt.virsh("dominfo", guest.name)).toMatch(/Managed save: +no/);

            await vm.revert(left.name, { powerState: "running" });
            expect((await counterLines(guest.serial, slept + 2)).at(-1)).toBeGreaterThan(slept); // It went on, and did not boot.
            await libvirt.virsh("suspend", guest.name);
            await vm.switch("other", { leave: "shutdown", keep: "kept" });
            expect(await stateOf(guest)).toBe("shut off");
            await vm.switch("kept", { powerState: "running" });
            await libvirt.virsh("managedsave", guest.name);
            await vm.switch("other", { leave: "destroy", force: true });
            expect(await libvirt.virsh("dominfo", guest.name)).toMatch(/Managed save: +no/);
            await expectOneStory(libvirt, guest, vm);
        });

        test("each flag of libvirt's does what it says, and an active branch goes on to the new leaf", async () => {
            const { guest, vm } = await running();
            await libvirt.virsh("destroy", guest.name);
            await vm.create({ name: "base", diskOnly: true });
            await vm.branch("main", { from: "base" });
            await vm.switch("main", { powerState: "running" });
            await counterLines(guest.serial, 2);

            await expect(vm.create({ name: "quiet", diskOnly: true, quiesce: true })).rejects.toThrow(/agent/i);
            expect((await expectOneStory(libvirt, guest, vm)).snapshots.map(({ name }) => name)).toEqual(["base"]);

            const memoryFile = join(libvirt.images, `${guest.name}-own.save`);
            await vm.create({ name: "memory", memoryFile, live: true });
            expect(await libvirt.virsh("snapshot-dumpxml", guest.name, "memory")).toContain(`file='${memoryFile}'`);
            await vm.create({ name: "disks", diskOnly: true, atomic: true });
            const [top] = await openChain(libvirt, guest.name);
            await vm.create({ name: "forgotten", diskOnly: true, noMetadata: true });
            const [next, under] = await openChain(libvirt, guest.name);
            expect(under).toBe(top);
            const [main] = (await vm.hierarchy()).branches.filter(({ name }) => name === "main");
            expect(main).toMatchObject({ active: true, tip: "disks", files: { vda: next } });

            const made = join(libvirt.images, `${guest.name}-made.qcow2`);
            await execa("qemu-img", ["create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", next!, made]);
            await vm.create({ name: "reused", diskOnly: true, reuseExternal: true, disks: { vda: { file: made } } });
            expect((await openChain(libvirt, guest.name))[0]).toBe(made);
            expect(await expectOneStory(libvirt, guest, vm)).toMatchObject({ branch: "main", current: "reused" });
            await expectAllWritten(libvirt, guest);

            await libvirt.virsh("start", guest.name);
            await vm.create({ name: "last", halt: true, memoryFile: join(libvirt.images, `${guest.name}-last.save`) });
            expect(await stateOf(guest)).toBe("shut off");
            expect(disksOf(await libvirt.virsh("dumpxml", "--inactive", guest.name))[0]!.file).toBe((await vm.hierarchy()).branches[0]!.files.vda);
        });
    });
});
