import { execa } from "execa";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AlreadyExistsError, connect, type Host, type VirtualMachine } from "../../../provider/engine";
import { counterLines, defineGuest, type GuestDomain, makeDisk } from "../../hosts/guest";
import { type Libvirt, type LibvirtRelease, startLibvirt } from "../../hosts/libvirt";
import { libvirt as installed, needs, newerLibvirt, suiteWith } from "../../support/requires";

const releases: readonly [LibvirtRelease, typeof installed][] = [
    ["installed", installed],
    ["newer", newerLibvirt],
];

describe.each(releases)("%s", (release, requirement) => {
    suiteWith(needs(requirement), `what a guest that runs must not lose, on libvirt as ${release}`, () => {
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

        async function running(name: string, nvram?: string): Promise<{ readonly guest: GuestDomain; readonly vm: VirtualMachine }> {
            const guest = await defineGuest(libvirt, { name, ...(nvram !== undefined && { nvram }) });
            await libvirt.virsh("start", name);
            await counterLines(guest.serial, 2);
            return { guest, vm: await host.domain(name) };
        }

        const stateOf = ({ name }: GuestDomain) => libvirt.virsh("domstate", name);
        const names = async ({ name }: GuestDomain) => (await libvirt.virsh("snapshot-list", name, "--name")).split("\n").filter(Boolean);
        const last = async ({ serial }: GuestDomain) => (await counterLines(serial, 1)).at(-1) ?? 0;

        /** What the guest counts next. */
        async function next({ serial }: GuestDomain): Promise<number> {
            const before = (await counterLines(serial, 1)).length;
            return (await counterLines(serial, before + 2)).at(-1) ?? 0;
        }

        test("memory is not written over a file that is there", async () => {
            const { guest, vm } = await running("over");
            const memoryFile = join(libvirt.images, "precious");
            await writeFile(memoryFile, "precious");
            await expect(vm.create({ name: "checkpoint", mode: "external", memoryFile })).rejects.toThrow(AlreadyExistsError);
            expect(await readFile(memoryFile, "utf8")).toBe("precious");
            expect(await names(guest)).toEqual([]);
        });

        test("a disk that was plugged in for one run is not written to by the memory that knew it", async () => {
            const { guest, vm } = await running("plugged");
            const extra = join(libvirt.images, "extra.qcow2");
            await makeDisk(extra, Buffer.from("extra"));
            await libvirt.virsh("attach-disk", guest.name, extra, "vdb", "--subdriver", "qcow2", "--live");
            await vm.create({ name: "checkpoint", mode: "external" });
            await expect(vm.revert("checkpoint", { leave: "destroy", force: true })).rejects.toThrow("the guest had a disk vdb");
            expect(await stateOf(guest)).toBe("shut off");
            const written = await execa("qemu-io", ["-f", "qcow2", "-c", "read -P 0x65 0 1", extra]); // Nobody has it open.
            expect(written.stdout).not.toContain("failed");
            await libvirt.virsh("start", guest.name);
            expect(await libvirt.virsh("domblklist", guest.name)).not.toContain(extra);
        });

        test.each(["internal", "external"] as const)("%s: a checkpoint's name may go once its memory has been gone back to", async (mode) => {
            const { guest, vm } = await running(`discarded-${mode}`);
            await vm.create({ name: "base", mode });
            for (let i = 0; i < 3; i++) await next(guest);
            const at = await last(guest);
            await vm.create({ name: "checkpoint" });
            await vm.revert("checkpoint", { leave: "destroy", force: true, discard: true });
            expect(await stateOf(guest)).toBe("running");
            expect(await next(guest)).toBeGreaterThan(at);
            expect(await names(guest)).toEqual(["base"]);
        });

        test("what is left behind with a checkpoint does nothing after it", async () => {
            const { guest, vm } = await running("left");
            await vm.create({ name: "base", mode: "external", diskOnly: true });
            await vm.branch("other", { from: "base" });
            await vm.switch("other", { leave: "checkpoint" });
            const at = await last(guest);
            const checkpoint = (await names(guest)).find((name) => name.startsWith("leave-"));
            await vm.revert(checkpoint ?? "");
            expect(await stateOf(guest)).toBe("running");
            const [first] = (await counterLines(guest.serial, (await counterLines(guest.serial, 1)).length + 1)).filter((number) => number > at);
            expect(first).toBe(at + 1);
        });

        test.each([true, false])("the firmware's variables come back with what was taken of a guest that ran, of its disks alone: %s", async (diskOnly) => {
            const nvram = join(libvirt.images, `variables-${diskOnly}.fd`);
            const { guest, vm } = await running(`firmware-${diskOnly}`, nvram);
            await libvirt.virsh("destroy", guest.name);
            const [then, now] = [Buffer.alloc(64 * 1024, "then"), Buffer.alloc(64 * 1024, "now")];
            await writeFile(nvram, then);
            await libvirt.virsh("start", guest.name);
            const copies = async () => (await readdir(libvirt.images)).filter((name) => name.startsWith(`${guest.name}.nvram.`));
            await vm.create({ name: "forgotten", diskOnly: true, noMetadata: true });
            expect(await copies()).toEqual([]);
            await vm.create({ name: "taken", mode: "external", diskOnly });
            expect(await copies()).toHaveLength(1);
            await libvirt.virsh("destroy", guest.name);
            for (const powerState of ["shutoff", "running"] as const) {
                await writeFile(nvram, now);
                await vm.revert("taken", { force: true, leave: "destroy", powerState });
                expect(await stateOf(guest)).toBe(powerState === "running" ? "running" : "shut off");
                expect((await readFile(nvram)).equals(then)).toBe(true);
            }
            await vm.delete("taken");
            expect(await copies()).toEqual([]);
        });

        test("firmware's variables that were copied for a checkpoint go where none is taken", async () => {
            const nvram = join(libvirt.images, "refused.fd");
            const { guest, vm } = await running("refused", nvram);
            const listed = async () => (await readdir(libvirt.images)).filter((name) => !name.startsWith(".")).sort();
            const there = await listed();
            const memoryFile = join(libvirt.images, "no-such-folder", "memory");
            await expect(vm.create({ name: "checkpoint", mode: "external", memoryFile })).rejects.toThrow();
            expect(await names(guest)).toEqual([]);
            expect(await listed()).toEqual(there);
        });
    });
});
