import { type Disk, type Domain, InvalidInputError, quoted } from "../model";
import { child, childrenOf, element, isElement, textOf, withChild, withoutChildren, type XmlElement } from "./element";
import { parseXml } from "./read";

/** The file that a disk is to use, and its format: `qcow2`, `raw`. */
export interface DiskFile {
    readonly file: string;
    readonly format: string;
}

/** What {@link newDomain} makes a machine of. */
export interface NewDomain {
    readonly name: string;
    readonly uuid: string;
    /** In the order in which the guest sees them. */
    readonly disks: readonly (DiskFile & { readonly target: string })[];
}

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

/** What of a `<source>` says where the old file was, or which part of it was used; the rest holds for the new file too. */
const PLACE = new Set(["address", "auth", "config", "cookies", "host", "identity", "initiator", "reservations", "slices", "snapshot", "ssl"]);

/** The `<disk>` elements of a domain, in document order. */
export function diskElements(domain: XmlElement): XmlElement[] {
    const devices = child(domain, "devices");
    return devices ? childrenOf(devices, "disk") : [];
}

/** `<target dev>` of a `<disk>`; null where it has none. */
export function targetOf(disk: XmlElement): string | null {
    return child(disk, "target")?.attributes.dev ?? null;
}

/** The bus that libvirt takes where `<target>` names none; null for a name that tells nothing. */
export function busOf(target: string): string | null {
    const buses: Readonly<Record<string, string>> = { vd: "virtio", sd: "scsi", hd: "ide", fd: "fdc" };
    return (/^[a-z]d[a-z]+$/.test(target) && buses[target.slice(0, 2)]) || null;
}

function required(domain: XmlElement, name: string): string {
    const text = textOf(domain, name)?.trim();
    if (text) return text;
    throw new InvalidInputError(`the <${domain.name}> has no <${name}>; add it, or take the whole document from the host`, name);
}

function uuidOf(domain: XmlElement): string {
    const uuid = required(domain, "uuid");
    if (!UUID.test(uuid)) throw new InvalidInputError(`the <uuid> ${quoted(uuid)} is not a UUID; write 32 hexadecimal digits as 8-4-4-4-12`, "uuid");
    return uuid
        .toLowerCase()
        .replaceAll("-", "")
        .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function readDisk(disk: XmlElement): Disk {
    const target = targetOf(disk);
    if (!target) throw new InvalidInputError("a <disk> has no <target dev>; add it", "devices.disk");
    const { type = "file", device = "disk", snapshot = null } = disk.attributes;
    return {
        target,
        type,
        device,
        file: child(disk, "source")?.attributes.file ?? null,
        format: child(disk, "driver")?.attributes.type ?? null,
        readonly: child(disk, "readonly") !== null,
        snapshot,
    };
}

function readDisks(domain: XmlElement): Disk[] {
    const disks = diskElements(domain).map(readDisk);
    const seen = new Set<string>();
    for (const { target } of disks) {
        if (seen.has(target))
            throw new InvalidInputError(`two disks have the target ${quoted(target)}; give each its own <target dev>`, `devices.disk.${target}`);
        seen.add(target);
    }
    return disks;
}

/** `<nvram>PATH</nvram>`, or `<nvram type='file'><source file='PATH'/></nvram>` (libvirt 8.5 and later). */
function nvramOf(domain: XmlElement): string | null {
    const os = child(domain, "os");
    const nvram = os && child(os, "nvram");
    if (!nvram) return null;
    return child(nvram, "source")?.attributes.file ?? (textOf(nvram)?.trim() || null);
}

function nvramTemplateOf(domain: XmlElement): string | null {
    const os = child(domain, "os");
    return (os && child(os, "nvram"))?.attributes.template ?? null;
}

function hasEmulatedTpm(domain: XmlElement): boolean {
    const devices = child(domain, "devices");
    return devices !== null && childrenOf(devices, "tpm").some((tpm) => child(tpm, "backend")?.attributes.type === "emulator");
}

/**
 * Reads a `<domain>`, or the `<inactiveDomain>` of a snapshot. The UUID is returned as libvirt writes it: lower case, with dashes.
 *
 * @throws InvalidInputError when name or UUID are missing, a disk has no target, or two have the same.
 */
export function parseDomain(xml: string | XmlElement): Domain {
    const domain = typeof xml === "string" ? parseXml(xml, "the domain's XML") : xml;
    if (domain.name !== "domain" && domain.name !== "inactiveDomain")
        throw new InvalidInputError(`the domain's XML begins with <${domain.name}>; pass a <domain>, as “virsh dumpxml” prints it`);
    const firmware = { nvram: nvramOf(domain), nvramTemplate: nvramTemplateOf(domain), tpm: hasEmulatedTpm(domain) };
    return { name: required(domain, "name"), uuid: uuidOf(domain), disks: readDisks(domain), ...firmware };
}

/** `index` numbers the images of a running chain, `dev`, `pool` and the like name another place: of the attributes only what a file can have stays. */
function withSource(disk: XmlElement, file: string): XmlElement {
    const old = child(disk, "source");
    const { startupPolicy } = old?.attributes ?? {};
    const kept = old?.children.filter((node) => !isElement(node) || !PLACE.has(node.name)) ?? [];
    const source = element("source", { file, ...(startupPolicy === undefined ? {} : { startupPolicy }) }, kept);
    if (old) return withChild(disk, source);
    const [driver, ...rest] = disk.children;
    return { ...disk, children: driver === undefined ? [source] : [driver, source, ...rest] };
}

function withDriver(disk: XmlElement, format: string): XmlElement {
    const old = child(disk, "driver");
    if (old) return withChild(disk, { ...old, attributes: { ...old.attributes, type: format } });
    return { ...disk, children: [element("driver", { name: "qemu", type: format }), ...disk.children] };
}

function withDiskFile(disk: XmlElement, { file, format }: DiskFile): XmlElement {
    // What stands under the old file says nothing of the new one; libvirt looks it up again.
    const bare = withoutChildren(disk, "backingStore", "mirror");
    return withSource(withDriver({ ...bare, attributes: { ...bare.attributes, type: "file" } }, format), file);
}

/**
 * A copy of a domain in which the disks named by target use these files. Everything else, unknown elements included, stays as it is and
 * where it is; so do a source's `startupPolicy`, `<seclabel>` and the like.
 *
 * @throws InvalidInputError when the domain has no such disk.
 * @example `withDiskFiles(domain, { vda: { file: "/srv/vms/web/b.qcow2", format: "qcow2" } })`
 */
export function withDiskFiles(domain: XmlElement, files: Readonly<Record<string, DiskFile>>): XmlElement {
    const wanted = new Map(Object.entries(files));
    const devices = child(domain, "devices");
    const children = devices?.children.map((node) => {
        const target = isElement(node) && node.name === "disk" ? targetOf(node) : null;
        const file = target === null ? undefined : wanted.get(target);
        if (target === null || !file || !isElement(node)) return node;
        wanted.delete(target);
        return withDiskFile(node, file);
    });
    const [missing] = wanted.keys();
    if (missing !== undefined)
        throw new InvalidInputError(
            `the domain ${quoted(textOf(domain, "name") ?? "")} has no disk ${quoted(missing)}; name one that it has`,
            `disks.${missing}`,
        );
    return devices && children ? withChild(domain, { ...devices, children }) : domain;
}

function newDisk({ target, file, format }: NewDomain["disks"][number]): XmlElement {
    const bus = busOf(target);
    if (!bus || bus === "fdc")
        throw new InvalidInputError(`the disk target ${quoted(target)} names no bus; use vda, sda or hda and the like`, `disks.${target}`);
    return element("disk", { type: "file", device: "disk" }, [
        element("driver", { name: "qemu", type: format }),
        element("source", { file }),
        element("target", { dev: target, bus }),
    ]);
}

/**
 * A minimal `<domain type='qemu'>` that libvirt takes too: 1 GiB of memory, one CPU, and these disks on the bus that their target names
 * (`vd`: virtio, `sd`: SCSI, `hd`: IDE).
 *
 * @throws InvalidInputError for a target that names no bus, or stands twice.
 */
export function newDomain({ name, uuid, disks }: NewDomain): XmlElement {
    const domain = element("domain", { type: "qemu" }, [
        element("name", {}, [name]),
        element("uuid", {}, [uuid]),
        element("memory", { unit: "KiB" }, [String(1024 * 1024)]),
        element("vcpu", {}, ["1"]),
        element("os", {}, [element("type", {}, ["hvm"])]),
        element("devices", {}, disks.map(newDisk)),
    ]);
    parseDomain(domain);
    return domain;
}
