import { child, childrenOf, type XmlElement } from "../../xml";

/** Of a storage controller's type: what the targets on it are called, and libvirt's word for the bus. */
const BUSES: readonly (readonly [RegExp, string, string])[] = [
    [/^(PIIX|ICH6)/, "hd", "ide"],
    [/^Virtio/, "vd", "virtio"],
    [/^NVMe/i, "nvme", "nvme"],
    [/./, "sd", "sata"],
];

/** How many devices one port of a controller has: IDE channels have two. */
const DEVICES_PER_PORT = 2;

/** A virtual disk in a machine's storage. */
export interface Attachment {
    /** libvirt's name of the place: `sda`, `hda`, `vda`. */
    readonly target: string;
    readonly bus: string;
    readonly medium: string;
}

/** `a`, …, `z`, `aa`, … */
function letters(index: number): string {
    return (index >= 26 ? letters(Math.floor(index / 26) - 1) : "") + String.fromCharCode(97 + (index % 26));
}

function controllersIn(hardware: XmlElement): XmlElement[] {
    return childrenOf(hardware, "StorageControllers").flatMap((list) => childrenOf(list, "StorageController"));
}

/**
 * The virtual disks of a `<Hardware>`, by controller, port and device. Targets are libvirt's: `hda` to `hdd` on IDE, `vda` and on on
 * virtio-scsi, `sda` and on elsewhere.
 */
export function attachmentsIn(hardware: XmlElement): Attachment[] {
    const taken = new Map<string, number>();
    const found: Attachment[] = [];
    for (const controller of controllersIn(hardware)) {
        const [, prefix = "sd", bus = "sata"] = BUSES.find(([type]) => type.test(controller.attributes.type ?? "")) ?? [];
        const first = taken.get(prefix) ?? 0;
        let last = first;
        for (const device of childrenOf(controller, "AttachedDevice")) {
            const place = Number(device.attributes.port ?? 0) * (prefix === "hd" ? DEVICES_PER_PORT : 1) + Number(device.attributes.device ?? 0);
            last = Math.max(last, first + place + 1);
            const uuid = child(device, "Image")?.attributes.uuid;
            if (device.attributes.type !== "HardDisk" || uuid === undefined) continue;
            found.push({ target: `${prefix}${letters(first + place)}`, bus, medium: uuid.replace(/^\{|\}$/g, "").toLowerCase() });
        }
        taken.set(prefix, last);
    }
    return found;
}

/** Disk target to the UUID of its medium. */
export function disksIn(hardware: XmlElement): Record<string, string> {
    return Object.fromEntries(attachmentsIn(hardware).map(({ target, medium }) => [target, medium]));
}
