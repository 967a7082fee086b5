import { child, isElement, withChild, withoutChildren, type XmlElement } from "../../xml";

/** What libvirt lists under a disk, and would believe instead of the images. */
const LISTED = ["backingStore", "mirror"];

/**
 * A `<domain>` without what it lists under its disks (`<backingStore>`). libvirt believes such a list, and not the images: one of another time leads it to
 * files that are gone, or hides from the guest what its image stands on. Where there is none, libvirt reads the images.
 *
 * @returns the very same element where nothing is listed.
 */
export function withoutChains(domain: XmlElement): XmlElement {
    const devices = child(domain, "devices");
    const lists = (node: XmlElement) => node.name === "disk" && LISTED.some((name) => child(node, name));
    if (!devices?.children.some((node) => isElement(node) && lists(node))) return domain;
    const children = devices.children.map((node) => (isElement(node) && lists(node) ? withoutChildren(node, ...LISTED) : node));
    return withChild(domain, { ...devices, children });
}
