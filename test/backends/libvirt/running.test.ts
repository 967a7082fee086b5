import { BusyError, connect, type Host, type VirtualMachine } from "../../../provider/engine";
import { counterLines, defineGuest, type GuestDomain } from "../../hosts/guest";
import { type Libvirt, type LibvirtRelease, startLibvirt } from "../../hosts/libvirt";
import { libvirt as installed, needs, newerLibvirt, suiteWith } from "../../support/requires";

const releases: readonly [LibvirtRelease, typeof installed][] = [
    ["installed", installed],
    ["newer", newerLibvirt],
];

let count = 0;

describe.each(releases)("%s", (release, requirement) => {
    suiteWith(needs(requirement), `guests that run, on libvirt as ${release}`, () => {
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

        /** A guest that counts, and runs. */
        async function running(
            habits: { readonly obeys?: boolean; readonly writes?: boolean } = {},
        ): Promise<{ readonly guest: GuestDomain; readonly vm: VirtualMachine }> {
            const guest = await defineGuest(libvirt, { name: `guest-${++count}`, ...habits });
            await libvirt.virsh("start", guest.name);
            await counterLines(guest.serial, 2);
            return { guest, vm: await host.domain(guest.name) };
        }

        /** What the guest counts once it goes on. */
        async function goesOn(guest: GuestDomain): Promise<number> {
            const before = (await counterLines(guest.serial, 1)).length;
            return (await counterLines(guest.serial, before + 2)).at(-1) ?? 0;
        }

        const stateOf = (guest: GuestDomain) => libvirt.virsh("domstate", guest.name);

        test.each(["internal", "external"] as const)("%s: a checkpoint brings the guest back with its memory, running or paused", async (mode) => {
            const { guest, vm } = await running();
            const before = (await counterLines(guest.serial, 1)).at(-1) ?? 0;
            const taken = await vm.create({ name: "checkpoint", mode });
            const after = (await counterLines(guest.serial, 1)).at(-1) ?? 0;
            expect(taken).toMatchObject({ name: "checkpoint", mode, memory: true, state: "running" });
            expect(taken.contentId).not.toBeNull();
            await goesOn(guest);
            const late = await goesOn(guest);
            const lines = (await counterLines(guest.serial, 1)).length;
            await vm.revert("checkpoint", { leave: "destroy", force: true });
            expect(await stateOf(guest)).toBe("running");
            // It counts on from where it was when that was taken: neither from the start, nor from where it had come to. It counted on until it was left, too.
            const numbers = (await counterLines(guest.serial, lines + 8)).slice(lines);
            const [first = 0] = numbers.filter((number) => number <= late);
            expect(first).toBeGreaterThanOrEqual(before);
            expect(first).toBeLessThanOrEqual(after + 1);
            await vm.revert("checkpoint", { leave: "destroy", force: true, powerState: "paused" });
            expect(await stateOf(guest)).toBe("paused");
            expect(await libvirt.virsh("snapshot-current", guest.name, "--name")).toBe("checkpoint");
            await vm.revert("checkpoint", { leave: "destroy", force: true, powerState: "shutoff" });
            expect(await stateOf(guest)).toBe("shut off");
        });

        test("a guest that runs is not left unless somebody says how", async () => {
            const { guest, vm } = await running({ obeys: true, writes: true });
            await vm.create({ name: "base", diskOnly: true });
            await vm.branch("other", { from: "base" });
            await expect(vm.switch("other")).rejects.toThrow(BusyError);
            expect(await stateOf(guest)).toBe("running");
            await vm.switch("other", { leave: "shutdown" });
            expect(await stateOf(guest)).toBe("shut off");
            expect((await vm.hierarchy()).branch).toBe("other");
            await vm.switch("auto-base-1", { powerState: "running" });
            await goesOn(guest);
            await vm.switch("other", { leave: "checkpoint", powerState: "running" });
            await goesOn(guest);
            const { snapshots, branches } = await vm.hierarchy();
            expect(snapshots.map(({ name }) => name)).toEqual(["base", expect.stringMatching(/^leave-auto-base-1-\d+$/)]);
            expect(branches.map(({ name }) => name)).toEqual(["auto-base-1", "other"]);
        });

        test("an internal hierarchy is forked while its guest runs, and left by a checkpoint that keeps the guest's memory", async () => {
            const { guest, vm } = await running({ writes: true });
            await vm.create({ name: "base", mode: "internal" });
            await vm.branch("other", { from: "base" });
            await vm.switch("other", { leave: "checkpoint" });
            expect(await stateOf(guest)).toBe("shut off");
            const { snapshots, branch } = await vm.hierarchy();
            expect([branch, snapshots.map(({ memory }) => memory)]).toEqual(["other", [true, true]]);
            const [, kept = ""] = (await libvirt.virsh("snapshot-list", guest.name, "--name")).split("\n");
            expect(kept).toMatch(/^leave-tip-\d+$/);
            await vm.revert(kept);
            await goesOn(guest);
        });
    });
});
