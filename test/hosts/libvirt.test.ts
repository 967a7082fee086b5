import { execa } from "execa";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { libvirt as installed, needs, newerLibvirt, qemu, suiteWith } from "../support/requires";
import { counterLines, defineGuest, writtenNumber } from "./guest";
import { type Libvirt, startLibvirt } from "./libvirt";
import { traces } from "./traces";

const releases = [
    { release: "installed", requirement: installed },
    { release: "newer", requirement: newerLibvirt },
] as const;

describe.each(releases)("libvirt, $release", ({ release, requirement }) => {
    suiteWith(needs(qemu, requirement), "a daemon of its own", () => {
        let libvirt: Libvirt;
        beforeAll(async () => {
            libvirt = await startLibvirt({ release });
        });
        afterAll(() => libvirt.stop());

        const state = (domain: string): Promise<string> => libvirt.virsh("domstate", domain);

        test("answers, with the version that it says, and has libvirt's test driver too", async () => {
            expect(await libvirt.virsh("version", "--daemon")).toContain(`Running against daemon: ${libvirt.version}`);
            expect(await virsh(libvirt.testUri, "list", "--all", "--name")).toBe("test");
        });

        test("starts with nothing of the machine's or of another daemon's", async () => {
            await using other = await startLibvirt({ release });
            await defineGuest(libvirt, { name: "alone" });
            expect(await other.virsh("list", "--all", "--name")).toBe("");
            expect(await other.virsh("pool-list", "--all", "--name")).toBe("");
            expect(await libvirt.virsh("list", "--all", "--name")).toBe("alone");
        });

        test("finds disks in whichever temporary folder", async () => {
            await using other = await startLibvirt({ release });
            const { name } = await defineGuest({ images: other.images, virsh: (...args) => libvirt.virsh(...args) }, { name: "elsewhere" });
            expect(await libvirt.virsh("domblkinfo", name, "vda")).toMatch(/^Capacity: +1048576$/m);
        });

        test("runs a guest that counts, goes on where a checkpoint was taken, and pays no attention to the power button", async () => {
            const guest = await defineGuest(libvirt, { name: "counts", title: "<&'\">", disks: ["vda", "vdb"] });
            await libvirt.virsh("start", guest.name);
            expect((await counterLines(guest.serial, 3)).slice(0, 3)).toEqual([1, 2, 3]);
            expect(await libvirt.virsh("desc", guest.name, "--title")).toBe("<&'\">");

            const before = await counterLines(guest.serial, 3);
            await libvirt.virsh("snapshot-create-as", guest.name, "checkpoint");
            await counterLines(guest.serial, (await counterLines(guest.serial, 3)).length + 4);
            await libvirt.virsh("destroy", guest.name);
            const ended = await counterLines(guest.serial, 3);
            await libvirt.virsh("snapshot-revert", guest.name, "checkpoint");
            const again = await counterLines(guest.serial, ended.length + 1);
            expect(again[ended.length]).toBeGreaterThan(before.at(-1)!);
            expect(again[ended.length]).toBeLessThan(ended.at(-1)!);

            await libvirt.virsh("shutdown", guest.name, "--mode", "acpi");
            await counterLines(guest.serial, again.length + 5);
            expect(await state(guest.name)).toBe("running");
        });

        test("runs a guest that writes before it prints, and powers off when it is asked to", async () => {
            const guest = await defineGuest(libvirt, { name: "obeys", obeys: true, writes: true, nvram: join(libvirt.images, "obeys.fd") });
            await libvirt.virsh("start", guest.name);
            await counterLines(guest.serial, 2);
            await libvirt.virsh("shutdown", guest.name, "--mode", "acpi");
            while ((await state(guest.name)) !== "shut off") await setTimeout(50);
            const printed = (await counterLines(guest.serial, 2)).at(-1) as number;
            expect(await writtenNumber(guest.disks[0]!.file)).toBeGreaterThanOrEqual(printed);
        });

        test("is found again with its domains, snapshots and running guests after it was killed", async () => {
            const guest = await defineGuest(libvirt, { name: "survives" });
            await libvirt.virsh("snapshot-create-as", guest.name, "before");
            await libvirt.virsh("start", guest.name);
            const seen = await counterLines(guest.serial, 1);
            await libvirt.kill();
            await expect(libvirt.virsh("list")).rejects.toThrow("Connection refused");
            await counterLines(guest.serial, seen.length + 3);
            await libvirt.restart();
            expect(await state(guest.name)).toBe("running");
            expect(await libvirt.virsh("snapshot-list", guest.name, "--name")).toBe("before");
            await libvirt.virsh("destroy", guest.name);
            await libvirt.virsh("start", guest.name);
        });
    });

    suiteWith(needs(qemu, requirement), "what it leaves behind", () => {
        test("is nothing once it is stopped", async () => {
            const libvirt = await startLibvirt({ release });
            const guest = await defineGuest(libvirt, { name: "vm" });
            await libvirt.virsh("start", guest.name);
            await counterLines(guest.serial, 1);
            expect(await traces(libvirt.folder)).not.toEqual([]);
            await libvirt.stop();
            expect(await traces(libvirt.folder)).toEqual([]);
        });

        test("is nothing once the tests are killed", async () => {
            const program = `void require("./libvirt.ts").startLibvirt({ release: "${release}" }).then(({ folder }) => console.log(folder));`;
            const loader = ["--conditions=import", "--import", join(__dirname, "../../node_modules/tsx/dist/loader.mjs")];
            const tests = execa(process.execPath, [...loader, "--input-type=commonjs", "--eval", program], { cwd: __dirname, reject: false });
            const [folder = ""] = (await once(createInterface(tests.stdout), "line")) as string[];
            expect(await traces(folder)).not.toEqual([]);
            tests.kill("SIGKILL");
            await tests;
            while ((await traces(folder)).length > 0) await setTimeout(20);
        });
    });
});

async function virsh(uri: string, ...args: string[]): Promise<string> {
    return (await execa("virsh", ["--connect", uri, ...args])).stdout.trimEnd();
}
