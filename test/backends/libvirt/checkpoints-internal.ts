import { readFile } from "node:fs/promises";
import { execa } from "execa";
import { AlreadyExistsError, connect, type Host, type VirtualMachine } from "../../../provider/engine";
import { counterLines, defineGuest, type GuestDomain } from "../../hosts/guest";
import { type Libvirt, type LibvirtRelease, startLibvirt } from "../../hosts/libvirt";
import { suiteWith } from "../../support/requires";
import { imageOf, qemuImg } from "../qemu/tools";
import { requirement } from "./conformance";

let count = 0;

/** Where in the guest's disk the test writes; the guest boots from its first sector. */
const PLACE = 512 * 1024;

/** What becomes of a guest's memory inside its image while the domain is shut off. */
export function internalCheckpoints(release: LibvirtRelease): void {
    suiteWith(requirement(release), `checkpoints inside images, on libvirt (${release})`, () => {
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

        /** A guest with the checkpoint “cp”, taken while it ran, and “after” on it; shut off. */
        async function checkpointed(): Promise<{ readonly guest: GuestDomain; readonly vm: VirtualMachine; readonly file: string; readonly counted: number }> {
            const guest = await defineGuest(libvirt, { name: `inner-${++count}` });
            await libvirt.virsh("start", guest.name);
            await counterLines(guest.serial, 2);
            const vm = await host.domain(guest.name);
            await vm.create({ name: "cp", mode: "internal" });
            const counted = (await counterLines(guest.serial, 2)).length;
            await libvirt.virsh("destroy", guest.name);
            const file = guest.disks[0]?.file ?? "";
            await write(file, "a");
            await vm.create({ name: "after" });
            return { guest, vm, file, counted };
        }

        async function write(file: string, letter: string): Promise<void> {
            await execa("qemu-io", ["-f", "qcow2", "-c", `write -q -P ${letter.charCodeAt(0)} ${PLACE} 64k`, file]);
        }

        /** What stands there now, or in an internal snapshot. */
        async function letter(file: string, tag: string | null = null): Promise<string> {
            const raw = `${file}.raw`;
            await qemuImg("convert", ...(tag === null ? [] : ["-l", `snapshot.name=${tag}`]), "-f", "qcow2", "-O", "raw", "--", file, raw);
            return (await readFile(raw)).toString("latin1", PLACE, PLACE + 1);
        }

        const virsh = (...args: string[]) => libvirt.virsh(...args);
        const stateOf = async (guest: GuestDomain, name: string) => /<state>(.*)<\/state>/.exec(await virsh("snapshot-dumpxml", guest.name, name))?.[1];
        const tree = async (guest: GuestDomain) =>
            (await virsh("snapshot-list", guest.name, "--name", "--parent")).split("\n").map((line) => line.trim().split(/\s+/));

        /** Plain virsh reverts there, and the guest goes on counting from where it was. */
        async function comesBack(guest: GuestDomain, name: string): Promise<void> {
            const before = (await counterLines(guest.serial, 1)).length;
            await virsh("snapshot-revert", guest.name, name);
            const numbers = await counterLines(guest.serial, before + 2);
            expect(numbers[before + 1]).toBe((numbers[before] ?? 0) + 1);
            expect(numbers[before] ?? 0).toBeGreaterThan(1); // A guest that boots begins anew.
            await virsh("destroy", guest.name);
        }

        test("one that is renamed keeps its memory under its new name, for plain virsh too", async () => {
            const { guest, vm, file } = await checkpointed();
            await vm.redefine({ name: "cp", rename: "a-much-longer-name-than-before" });
            expect((await imageOf(file)).internal).toEqual(["a-much-longer-name-than-before", "after"]);
            expect(await virsh("snapshot-current", guest.name, "--name")).toBe("after");
            await comesBack(guest, "a-much-longer-name-than-before");
        });

        test("a branch that is forked at one gets its disks, and never the memory", async () => {
            const { guest, vm, file } = await checkpointed();
            await vm.branch("side", { from: "cp" });
            await vm.switch("side", { keep: "main" });
            expect(await virsh("domstate", guest.name)).toBe("shut off");
            expect(await letter(file)).toBe("\0");
            await write(file, "b");
            await vm.switch("main");
            expect(await letter(file)).toBe("a");
            await vm.switch("side");
            expect(await letter(file)).toBe("b");
            expect((await vm.hierarchy()).branches.map(({ name, from }) => [name, from])).toEqual([
                ["main", "after"],
                ["side", "cp"],
            ]);
            await vm.switch("main");
            await vm.revert("cp", { powerState: "running" });
            await virsh("destroy", guest.name);
            const { branches, branch, current } = await vm.hierarchy();
            expect([branches.map(({ name }) => name), branch, current]).toEqual([["main", "side"], null, "cp"]);
            await vm.switch("side");
            expect(await letter(file)).toBe("b");
            await vm.switch("main");
            expect(await letter(file)).toBe("a");
            await comesBack(guest, "cp");
        });

        test("one that is committed into is of disks alone afterwards, and what stood on it does so still", async () => {
            const { guest, vm, file } = await checkpointed();
            await vm.delete("after");
            await write(file, "c");
            await vm.revert("cp", { commit: true });
            expect(await stateOf(guest, "cp")).toBe("shutoff");
            expect(await virsh("snapshot-current", guest.name, "--name")).toBe("cp");
            expect((await imageOf(file)).internal).toEqual(["cp"]);
            expect(await letter(file, "cp")).toBe("c");
            expect((await vm.hierarchy()).snapshots).toMatchObject([{ name: "cp", memory: false, state: "shutoff" }]);
            await write(file, "d");
            await virsh("snapshot-revert", guest.name, "cp");
            expect(await letter(file)).toBe("c");
        });

        test("one that was only forgotten is not written over by another of its name", async () => {
            const { guest, vm, file } = await checkpointed();
            await vm.delete("after", { scope: "metadata" });
            await virsh("start", guest.name);
            await expect(vm.create({ name: "after" })).rejects.toThrow(AlreadyExistsError);
            await virsh("destroy", guest.name);
            expect(await letter(file, "after")).toBe("a");
        });

        test("one that the branch of a running guest was forked at is deleted under it", async () => {
            const { guest, vm, file } = await checkpointed();
            await vm.delete("after");
            await vm.branch("side", { from: "cp" });
            await vm.switch("side", { powerState: "running", force: true });
            await vm.delete("cp");
            expect(await virsh("domstate", guest.name)).toBe("running");
            await virsh("destroy", guest.name);
            expect((await imageOf(file)).internal).toEqual(["snaptree-tip-auto-cp-1"]);
            expect((await vm.hierarchy()).branches).toMatchObject([{ name: "auto-cp-1" }, { name: "side", from: null, active: true }]);
        });

        test("one that is deleted goes with its memory, and its children move up", async () => {
            const { guest, vm, file } = await checkpointed();
            await vm.delete("cp");
            expect(await tree(guest)).toEqual([["after"]]);
            expect((await imageOf(file)).internal).toEqual(["after"]);
            await virsh("snapshot-revert", guest.name, "after");
            expect(await letter(file)).toBe("a");
        });
    });
}
