import { child, childrenOf, isElement, parseXml, type XmlElement } from "../../xml";
import { option, type Virsh } from "./virsh";

/** One image of a disk, as a running guest has it open. */
export interface OpenImage {
    /** Path of the file or block device; null where it is neither. */
    readonly file: string | null;
    /** `qcow2`, `raw`; null where libvirt does not say. */
    readonly format: string | null;
    /** Its number in the running chain, as block jobs name it: `vda[2]`; null where libvirt gives none. */
    readonly index: string | null;
}

/** Where a block job copies a disk to. */
export interface Mirror {
    /** libvirt's word for the job: `active-commit`, `copy`. */
    readonly job: string;
    /** All is copied: the guest writes to both, and the job waits for its pivot. */
    readonly ready: boolean;
    readonly file: string | null;
}

/** A disk of a running guest. */
export interface OpenDisk {
    readonly target: string;
    /** What the guest writes to comes first, each followed by its backing file. */
    readonly chain: readonly OpenImage[];
    readonly mirror: Mirror | null;
}

function fileOf(parent: XmlElement): string | null {
    const { file, dev } = child(parent, "source")?.attributes ?? {};
    return file ?? dev ?? null;
}

function chainOf(disk: XmlElement): OpenImage[] {
    const images: OpenImage[] = [];
    const format = child(disk, "driver")?.attributes.type ?? null;
    if (child(disk, "source")) images.push({ file: fileOf(disk), format, index: child(disk, "source")?.attributes.index ?? null });
    for (let below = child(disk, "backingStore"); below?.children.some(isElement); below = child(below, "backingStore"))
        images.push({ file: fileOf(below), format: child(below, "format")?.attributes.type ?? null, index: below.attributes.index ?? null });
    return images;
}

function mirrorOf(disk: XmlElement): Mirror | null {
    const mirror = child(disk, "mirror");
    if (!mirror) return null;
    return { job: mirror.attributes.job ?? "copy", ready: mirror.attributes.ready === "yes", file: fileOf(mirror) };
}

/** The disks of a running guest, from its live XML. Of one that does not run, libvirt may not know what its images stand on. */
export function readOpenDisks(domain: XmlElement): OpenDisk[] {
    const devices = child(domain, "devices");
    const disks = devices ? childrenOf(devices, "disk") : [];
    return disks.map((disk) => ({ target: child(disk, "target")?.attributes.dev ?? "", chain: chainOf(disk), mirror: mirrorOf(disk) }));
}

/** The disks of the guest, as it has them open; null where it does not run. */
export async function openDisks(virsh: Virsh, domain: string): Promise<OpenDisk[] | null> {
    const xml = parseXml(await virsh.run(["dumpxml", option("domain", domain)]), "the domain's XML");
    // Of libvirt's documents only those of running guests have it.
    return xml.attributes.id === undefined ? null : readOpenDisks(xml);
}

/** Every file that a running guest has open with its disks: to read one with qemu-img is to read what changes, and to write one destroys it. */
export function openFiles(disks: readonly OpenDisk[]): Set<string> {
    const files = disks.flatMap(({ chain, mirror }) => [...chain.map(({ file }) => file), mirror?.file ?? null]);
    return new Set(files.filter((file) => file !== null));
}
