import { type Domain, HostError } from "../../model";
import { type Ref, stateOf } from "../../native";
import { child, element, emptySnapshot, formatSnapshot, parseDomain, type XmlElement } from "../../xml";
import { attachmentsIn } from "./attachments";
import type { MachineDocument, Medium } from "./document";
import type { VboxDraft } from "./draft";

/** Of what a snapshot's document keeps for VirtualBox. */
export const NAMESPACE = "urn:snaptree:vbox:1";

/** Disk target to the absolute path of the file of its medium. */
export function filesOf(disks: Readonly<Record<string, string>>, media: ReadonlyMap<string, Medium>): Record<string, string> {
    const files: Record<string, string> = {};
    for (const [target, uuid] of Object.entries(disks)) {
        const medium = media.get(uuid);
        if (medium) files[target] = medium.file;
    }
    return files;
}

function disk(target: string, bus: string, medium: Medium | undefined, uuid: string): XmlElement {
    if (!medium) throw new HostError(`the machine has disk ${target} on the medium {${uuid}}, which its document does not list; see that VirtualBox opens it`);
    return element("disk", { type: "file", device: "disk" }, [
        element("driver", { name: "vbox", type: medium.format.toLowerCase() }),
        element("source", { file: medium.file }),
        element("target", { dev: target, bus }),
    ]);
}

function attributeOf(hardware: XmlElement, name: string, attribute: string): string | null {
    return child(hardware, name)?.attributes[attribute] ?? null;
}

/** The machine as libvirt would describe it. @param hardware of the machine, or of a snapshot of it */
export function domainElement(machine: MachineDocument, hardware: XmlElement): XmlElement {
    const memory = Number(attributeOf(hardware, "Memory", "RAMSize") ?? 128) * 1024;
    const attached = attachmentsIn(hardware);
    return element("domain", { type: "vbox" }, [
        element("name", {}, [machine.name]),
        element("uuid", {}, [machine.uuid]),
        element("memory", { unit: "KiB" }, [String(memory)]),
        element("vcpu", {}, [attributeOf(hardware, "CPU", "count") ?? "1"]),
        element("os", {}, [element("type", {}, ["hvm"])]),
        element(
            "devices",
            {},
            attached.map(({ target, bus, medium }) => disk(target, bus, machine.media.get(medium), medium)),
        ),
    ]);
}

export function domainOf(machine: MachineDocument): Domain {
    return parseDomain(domainElement(machine, machine.hardware()));
}

/** Where a snapshot's hardware stands in its document. */
function withHardware(domain: XmlElement, uuid: string, hardware: XmlElement): XmlElement {
    const own = element("snaptree:snapshot", { "xmlns:snaptree": NAMESPACE, uuid }, [hardware]);
    return { ...domain, children: [...domain.children, element("metadata", {}, [own])] };
}

/** The UUID that a document says VirtualBox knew the snapshot by; null where it says none. */
export function uuidIn(domain: XmlElement): string | null {
    const metadata = child(domain, "metadata");
    return (metadata && child(metadata, "snaptree:snapshot")?.attributes.uuid) ?? null;
}

/** A snapshot's `<domainsnapshot>` document. */
export function documentOf(machine: MachineDocument, draft: VboxDraft, ref: Ref): string {
    const node = machine.nodes.get(ref);
    if (!node) throw new HostError(`VirtualBox has the snapshot {${ref}} no more; run again`);
    const about = draft.about.get(ref);
    const hardware = node.hardware();
    return formatSnapshot({
        ...emptySnapshot,
        name: node.name,
        description: node.description,
        state: stateOf(node, about),
        parent: draft.nameOf(draft.parentOf(ref)),
        creationTime: node.time,
        memory: node.memory === null ? { snapshot: "no", file: null } : { snapshot: "external", file: node.memory },
        disks: Object.keys(node.disks).map((name) => ({ name, snapshot: "external" as const, type: "file", file: null, driver: null })),
        domain: withHardware(domainElement(machine, hardware), ref, hardware),
    });
}
