import { execa } from "execa";
import { connect, type Host, type VirtualMachine } from "../../../provider/engine";
import { counterLines, defineGuest, type GuestDomain, writtenNumber } from "../../hosts/guest";
import { type Libvirt, type LibvirtRelease, startLibvirt } from "../../hosts/libvirt";
import { libvirt as installed, needs, newerLibvirt, suiteWith } from "../../support/requires";
import { disksOf } from "../qemu/machine";
import { expectAllWritten, expectCounting, expectOneStory, openChain } from "./story";

const releases: readonly [LibvirtRelease, typeof installed][] = [
    ["installed", installed],
    ["newer", newerLibvirt],
];

let count = 0;

describe.each(releases)("%s", (release, requirement) => {
    suiteWith(needs(requirement), `external hierarchies under a guest that runs, on libvirt as ${release}`, () => {
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

        interface Running {
            readonly guest: GuestDomain;
            readonly vm: VirtualMachine;
        }

        /** A guest that counts and writes, and runs on snapshots that stand on one another. What `heavy` froze holds more than others; `light` holds something too. */
        async function running(names: readonly string[], heavy?: string, light?: string): Promise<Running> {
            const guest = await defineGuest(libvirt, { name: `external-${++count}`, writes: true });
            const vm = await host.domain(guest.name);
            for (const name of names) {
                if (name === heavy) await write(await leaf(guest));
                if (name === light) await write(await leaf(guest), "0x33 768k 192k");
                await vm.create({ name, diskOnly: true });
            }
            if (light === "tip") await write(await leaf(guest), "0x33 64k 192k", "0x33 768k 256k");
            await libvirt.virsh("start", guest.name);
            await counterLines(guest.serial, 2);
            return { guest, vm };
        }

        const leaf = async ({ name }: GuestDomain) => disksOf(await libvirt.virsh("dumpxml", "--inactive", name))[0]!.file;
        const write = (file: string, ...patterns: string[]) =>
            execa("qemu-io", [
                "-f",
                "qcow2",
                ...(patterns.length > 0 ? patterns : ["0x22 256k 512k"]).flatMap((pattern) => ["-c", `write -P ${pattern}`]),
                file,
            ]);
        const holds = (file: string) => execa("qemu-io", ["--read-only", "--force-share", "-f", "qcow2", "-c", "read -P 0x22 256k 512k", file]);
        const fileOf = async (vm: VirtualMachine, name: string) => {
            const { snapshots, branches } = await vm.hierarchy();
            return [...snapshots, ...branches].find((node) => node.name === name)!.files.vda!;
        };

        test("snapshots go from under it, wherever they stand, and what stands on them keeps its contents", async () => {
            const { guest, vm } = await running(["a", "b", "c", "d"], "b");
            await vm.branch("side", { from: "c" });

            const top = await leaf(guest);
            await vm.delete("d"); // What the guest writes to takes it.
            expect(await leaf(guest)).toBe(top);
            await expectOneStory(libvirt, guest, vm);

            const [below] = [await fileOf(vm, "b")];
            await vm.delete("b"); // The one on it is written down into it, and the branch that stands on that one moves.
            expect(await fileOf(vm, "c")).toBe(below);
            expect((await holds(await fileOf(vm, "side"))).stdout).not.toContain("failed");
            await expectOneStory(libvirt, guest, vm);

            await vm.delete("c"); // Two stand on it: it stays without a name.
            expect(await openChain(libvirt, guest.name)).toEqual([top, below, guest.disks[0]!.file]);
            await expectOneStory(libvirt, guest, vm);

            await vm.unbranch("side", { force: true }); // One does now, which holds less, and is written down under the guest.
            expect(await openChain(libvirt, guest.name)).toEqual([below, guest.disks[0]!.file]);
            expect((await expectOneStory(libvirt, guest, vm)).snapshots.map(({ name }) => name)).toEqual(["a"]);
            await expectCounting(guest);
            await expectAllWritten(libvirt, guest);
            expect((await holds(below)).stdout).not.toContain("failed");
        });

        test("whole subtrees go, names alone go, and a snapshot becomes its parent's contents", async () => {
            const { guest, vm } = await running(["a", "b", "c", "d", "e"], "c");
            await vm.deactivate("c", { merge: true });
            expect((await holds(await fileOf(vm, "b"))).stdout).not.toContain("failed");
            await expectOneStory(libvirt, guest, vm);
            const [number, file] = [await writtenNumber(await fileOf(vm, "d")), await fileOf(vm, "d")];
            await vm.create({ name: "f", diskOnly: true });
            await vm.delete("e", { scope: "metadata" });
            expect([await fileOf(vm, "d"), await writtenNumber(file)]).toEqual([file, number]);
            await expectOneStory(libvirt, guest, vm);
            await vm.delete("d", { scope: "children" });
            expect((await expectOneStory(libvirt, guest, vm)).snapshots.map(({ name }) => name)).toEqual(["a", "b", "d"]);
            await vm.delete("b", { scope: "subtree" });
            expect((await expectOneStory(libvirt, guest, vm)).snapshots.map(({ name }) => name)).toEqual(["a"]);
            await expectCounting(guest);
            await expectAllWritten(libvirt, guest);
        });

        /** Starts a job as an administrator would, so slowly that it is met in the middle. What is asked for next takes it over. */
        const begin = (...job: string[]) => libvirt.virsh(...job, "--bandwidth", "4096", "--bytes");
        const jobInfo = ({ name }: GuestDomain) => libvirt.virsh("blockjob", "--domain", name, "--path", "vda", "--raw");

        test.each(["is cancelled", "loses libvirtd"])("a deletion that %s before it is decided leaves all as it was", async (how) => {
            const { guest, vm } = await running(["a", "b"], "b", "tip");
            const chain = await openChain(libvirt, guest.name);
            await begin("blockpull", "--domain", guest.name, "--path", "vda", "--base", chain[2]!);
            const controller = new AbortController();
            let killed: Promise<void> | undefined;
            const onProgress = ({ message }: { message: string }) => {
                if (!message.endsWith(": pull")) return;
                if (how === "is cancelled") controller.abort(new Error("enough"));
                else killed ??= libvirt.kill();
            };
            await expect(vm.delete("b", {}, { signal: controller.signal, onProgress })).rejects.toThrow();
            await killed;
            if (killed) await libvirt.restart();
            await vm.branch("later", { from: "b" }); // Where that could not be taken back, the next run does it first.
            expect(await jobInfo(guest)).toBe("");
            expect(await openChain(libvirt, guest.name)).toEqual(chain);
            expect((await expectOneStory(libvirt, guest, vm)).snapshots.map(({ name }) => name)).toEqual(["a", "b"]);
            await vm.unbranch("later");
            await vm.delete("b");
            expect((await expectOneStory(libvirt, guest, vm)).snapshots.map(({ name }) => name)).toEqual(["a"]);
            expect(await openChain(libvirt, guest.name)).toEqual([chain[0], chain[2]]);
            await expectCounting(guest);
            await expectAllWritten(libvirt, guest);
        });

        test.each(["libvirtd", "libvirtd, and then the guest,"])("a deletion in which %s ends once it is decided is finished by the next run", async (who) => {
            const { guest, vm } = await running(["a", "b", "c"], "b", "c");
            const [, top, base] = await openChain(libvirt, guest.name);
            await begin("blockcommit", "--domain", guest.name, "--path", "vda", "--top", top!, "--base", base!);
            let killed: Promise<void> | undefined;
            const kill = ({ message, fraction }: { message: string; fraction?: number }) => {
                if (message.endsWith(": commit") && fraction !== undefined) killed ??= libvirt.kill();
            };
            await expect(vm.delete("b", {}, { onProgress: kill })).rejects.toThrow();
            await killed;
            await libvirt.restart();
            if (who === "libvirtd") await libvirt.virsh("blockjob", "--domain", guest.name, "--path", "vda", "--bandwidth", "1000");
            else await libvirt.virsh("destroy", guest.name);
            await vm.branch("later", { from: "c" });
            expect((await expectOneStory(libvirt, guest, vm)).snapshots.map(({ name }) => name)).toEqual(["a", "c"]);
            expect(await fileOf(vm, "c")).toBe(base);
            if (who === "libvirtd") await expectCounting(guest);
            else await libvirt.virsh("start", guest.name);
            await expectAllWritten(libvirt, guest);
            expect((await holds(base!)).stdout).not.toContain("failed");
        });

        test("a sibling is made beside it, and no guest notices", async () => {
            const { guest, vm } = await running(["a"]);
            await vm.branch("main", { from: "a" });
            await libvirt.virsh("destroy", guest.name);
            await vm.switch("main", { powerState: "running" });
            await vm.create({ name: "b", diskOnly: true });
            const chain = await openChain(libvirt, guest.name);
            const command = ["sh", "-c", 'exec qemu-io -f qcow2 -c "write -P 0x22 256k 512k" "$SNAPTREE_DISK_VDA"'];
            await vm.create({ name: "sibling", parent: "a", provision: [{ command }] });
            expect(await openChain(libvirt, guest.name)).toEqual(chain);
            expect((await holds(await fileOf(vm, "sibling"))).stdout).not.toContain("failed");
            expect(await expectOneStory(libvirt, guest, vm)).toMatchObject({ branch: "main", current: "b" });
            await expectAllWritten(libvirt, guest);
        });
    });
});
