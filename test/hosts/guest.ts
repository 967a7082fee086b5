import { execa } from "execa";
import { readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { bootSector, type Habits } from "./guest-program";
import type { Libvirt } from "./libvirt";

export interface GuestDisk {
    /** “vda”. */
    target: string;
    file: string;
    /** Default: qcow2. */
    format?: string;
}

export interface GuestDomain {
    name: string;
    title?: string;
    /** The first one is booted from. */
    disks: GuestDisk[];
    /** The file that takes what the guest prints, after what is there. */
    serial: string;
    /** Whether the guest has ACPI, and with it a power button. Default: true. */
    acpi?: boolean;
    /** The file of the firmware's variables, of a multiple of 4 KiB; the firmware here writes nothing to it. Default: none. */
    nvram?: string;
}

/**
 * Makes a guest that counts (see guest-program.ts) and defines it, shut off; its files are in `libvirt.images`, named after it (nvram: made where it says).
 * @param disks their targets; the first one is booted from. Default: vda alone
 * @example
 * const guest = await defineGuest(libvirt, { name: "vm", obeys: true });
 * await libvirt.virsh("start", "vm");
 * const [first] = await counterLines(guest.serial, 1);
 */
export async function defineGuest(
    libvirt: Pick<Libvirt, "images" | "virsh">,
    { disks = ["vda"], obeys = false, writes = false, ...rest }: Omit<GuestDomain, "disks" | "serial"> & Habits & { disks?: string[] },
): Promise<GuestDomain> {
    const own = (end: string): string => join(libvirt.images, `${rest.name}${end}`);
    const guest = { ...rest, disks: disks.map((target) => ({ target, file: own(`-${target}.qcow2`) })), serial: own(".serial") };
    for (const [index, { file }] of guest.disks.entries()) await makeDisk(file, index === 0 ? bootSector({ obeys, writes }) : Buffer.alloc(0));
    await writeFile(guest.serial, "");
    if (guest.nvram !== undefined) await writeFile(guest.nvram, Buffer.alloc(64 * 1024, 0xff));
    await writeFile(own(".xml"), guestXml(guest));
    await libvirt.virsh("define", own(".xml"));
    return guest;
}

/** A new image of 1 MiB that begins with `bytes`. */
export async function makeDisk(file: string, bytes: Buffer, format = "qcow2"): Promise<void> {
    const raw = `${file}.raw`;
    await writeFile(raw, bytes);
    await truncate(raw, 1024 * 1024);
    await execa("qemu-img", ["convert", "-f", "raw", "-O", format, raw, file]);
    await rm(raw);
}

/** The document of a guest without KVM, network or display: 16 MiB, and up after a tenth of a second. */
export function guestXml({ name, title, disks, serial, acpi = true, nvram }: GuestDomain): string {
    return `<domain type='qemu'>
  <name>${escaped(name)}</name>
  ${title === undefined ? "" : `<title>${escaped(title)}</title>`}
  <memory unit='MiB'>16</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    ${nvram === undefined ? "" : `<loader readonly='yes' type='pflash'>/usr/share/seabios/bios-256k.bin</loader><nvram>${escaped(nvram)}</nvram>`}
    <boot dev='hd'/>
  </os>
  <features>${acpi ? "<acpi/>" : ""}</features>
  <devices>
    ${disks.map(diskXml).join("\n    ")}
    <controller type='usb' model='none'/>
    <serial type='file'>
      <source path='${escaped(serial)}' append='on'/>
    </serial>
    <memballoon model='none'/>
  </devices>
</domain>
`;
}

function diskXml({ target, file, format = "qcow2" }: GuestDisk): string {
    const source = `<driver name='qemu' type='${escaped(format)}'/><source file='${escaped(file)}'/>`;
    return `<disk type='file' device='disk'>${source}<target dev='${escaped(target)}' bus='virtio'/></disk>`;
}

const escaped = (text: string): string => text.replaceAll(/[&<>'"]/g, (character) => `&#${character.charCodeAt(0)};`);

/** No test fails on time: this is for a guest that hangs. */
const patience = 300_000;

/** The numbers that a guest has printed, as soon as there are `atLeast` of them. A line that was cut off when the guest ended is none. */
export async function counterLines(serial: string, atLeast: number): Promise<number[]> {
    const since = Date.now();
    for (;;) {
        const lines = (await readFile(serial, "utf8")).split("\n").slice(0, -1);
        const numbers = lines.filter((line) => /^[0-9A-F]{8}$/.test(line)).map((line) => parseInt(line, 16));
        if (numbers.length >= atLeast) return numbers;
        if (Date.now() - since > patience) throw new Error(`the guest printed ${numbers.length} numbers of ${atLeast} in ${patience / 1000} seconds`);
        await setTimeout(30);
    }
}

/** The number that a guest that writes has written last to an image, which may have backing files: what the guest itself would find there. */
export async function writtenNumber(file: string): Promise<number> {
    const { stdout } = await execa("qemu-io", ["--read-only", "--force-share", "-c", "read -v 512 4", file]);
    const bytes = /^00000200: {2}((?:[0-9a-f]{2} ){4})/m.exec(stdout)?.[1];
    if (!bytes) throw new Error(`qemu-io did not show what it read from ${file}: ${stdout}`);
    return Buffer.from(bytes.replaceAll(" ", ""), "hex").readUInt32LE();
}
