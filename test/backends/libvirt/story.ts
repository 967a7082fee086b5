import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { execa } from "execa";
import type { Hierarchy, VirtualMachine } from "../../../provider/engine";
import { counterLines, type GuestDomain, writtenNumber } from "../../hosts/guest";
import type { Libvirt } from "../../hosts/libvirt";
import { disksOf } from "../qemu/machine";
import { checkImage } from "../qemu/tools";

/** The files under a disk, as qemu-img follows their headers. */
async function backingChain(file: string): Promise<string[]> {
    const { stdout } = await execa("qemu-img", ["info", "--force-share", "--backing-chain", "--output=json", "--", file]);
    return (JSON.parse(stdout) as { filename: string }[]).map(({ filename }) => filename);
}

/** The files of vda in the running guest, as libvirt says. */
export async function openChain(libvirt: Libvirt, domain: string): Promise<string[]> {
    const disk = /<disk\b[\s\S]*?<\/disk>/.exec(await libvirt.virsh("dumpxml", domain))?.[0] ?? "";
    return [...disk.matchAll(/<source file='([^']*)'/g)].map(([, file = ""]) => file);
}

async function isRunning(libvirt: Libvirt, domain: string): Promise<boolean> {
    return (await libvirt.virsh("domstate", domain)) !== "shut off";
}

/** libvirt's snapshots with their parents. */
async function told(libvirt: Libvirt, domain: string): Promise<Map<string, string | null>> {
    const found = new Map<string, string | null>();
    for (const name of (await libvirt.virsh("snapshot-list", domain, "--name")).split("\n").filter(Boolean)) {
        const xml = await libvirt.virsh("snapshot-dumpxml", domain, `--snapshotname=${name}`);
        found.set(name, /<parent>\s*<name>(.*?)<\/name>/.exec(xml)?.[1] ?? null);
    }
    return found;
}

/** The live XML, the one for the next start, libvirt's snapshots, the images' own headers and the hierarchy tell one story; nothing is left over. */
export async function expectOneStory(libvirt: Libvirt, { name, disks }: GuestDomain, vm: VirtualMachine): Promise<Hierarchy> {
    const hierarchy = await vm.hierarchy();
    const inactive = await libvirt.virsh("dumpxml", "--inactive", name);
    const [tip] = disksOf(inactive);
    expect(inactive).not.toContain("urn:snaptree:journal");
    if (await isRunning(libvirt, name)) expect(await openChain(libvirt, name)).toEqual(await backingChain(tip!.file));
    expect(await told(libvirt, name)).toEqual(new Map(hierarchy.snapshots.map((snapshot) => [snapshot.name, snapshot.parent])));
    if (hierarchy.current !== null) expect(await libvirt.virsh("snapshot-current", name, "--name")).toBe(hierarchy.current);
    const nodes = [...hierarchy.snapshots, ...hierarchy.branches].flatMap(({ files }) => Object.values(files));
    const chains = await Promise.all([...new Set([tip!.file, ...nodes])].map(backingChain));
    const needed = new Set([...chains.flat(), ...disks.map(({ file }) => file)]);
    const there = (await readdir(libvirt.images)).filter((file) => file.startsWith(`${name}-`) || file.startsWith(`${name}.`));
    const others = there.map((file) => join(libvirt.images, file)).filter((file) => !needed.has(file));
    expect(others.map((file) => basename(file)).filter((file) => !/\.(xml|serial|save)$/.test(file))).toEqual([]);
    return hierarchy;
}

/** What a guest that writes has written is on its disk to the last number, and every image is sound. It is shut off by then. */
export async function expectAllWritten(libvirt: Libvirt, { name, serial }: GuestDomain): Promise<void> {
    await libvirt.virsh("destroy", name);
    const [tip] = disksOf(await libvirt.virsh("dumpxml", "--inactive", name));
    const printed = (await counterLines(serial, 1)).at(-1) ?? 0;
    const written = await writtenNumber(tip!.file);
    expect([printed, printed + 1]).toContain(written);
    for (const file of await backingChain(tip!.file)) await checkImage(file);
}

/** The guest goes on counting, and was not booted again. */
export async function expectCounting({ serial }: GuestDomain): Promise<void> {
    const printed = await counterLines(serial, 1);
    const more = await counterLines(serial, printed.length + 2);
    expect(more.slice(-3)).toEqual([0, 1, 2].map((step) => (more.at(-3) ?? 0) + step));
    expect(more.at(-1)).toBe(more.length);
}
