import { type Domain, noSuchSnapshot } from "../../model";
import { type Ref, stateOf } from "../../native";
import { element, emptySnapshot, formatSnapshot, parseDomain, type XmlElement } from "../../xml";
import type { EsxDraft } from "./draft";
import { busOf, type EsxMachine, targetsOf } from "./machine";
import type { MachineConfig, VimDisk } from "./vim";

/** KiB of a MiB. */
const KIB = 1024;

function diskElement(target: string, disk: VimDisk): XmlElement {
    return element("disk", { type: "file", device: "disk" }, [
        element("driver", { name: "vmware", type: "vmdk" }),
        ...(disk.file === null ? [] : [element("source", { file: disk.file })]),
        element("target", { dev: target, bus: busOf(disk) }),
    ]);
}

/** A machine as libvirt would describe it. @param config its own, or that which a snapshot keeps */
export function domainElement({ read }: EsxMachine, config: MachineConfig): XmlElement {
    const targets = targetsOf(config.disks);
    return element("domain", { type: "vmware" }, [
        element("name", {}, [read.name]),
        element("uuid", {}, [read.config.uuid ?? read.instanceUuid ?? ""]),
        ...(config.annotation === null ? [] : [element("description", {}, [config.annotation])]),
        element("memory", { unit: "KiB" }, [String(config.memoryMB * KIB)]),
        element("vcpu", {}, [String(config.cpus)]),
        element("os", config.firmware === "efi" ? { firmware: "efi" } : {}, [element("type", {}, ["hvm"])]),
        element("devices", {}, [
            ...config.disks.map((disk) => diskElement(targets.get(disk.key) ?? "", disk)),
            ...(config.tpm ? [element("tpm", { model: "tpm-crb" }, [element("backend", { type: "emulator", version: "2.0" })])] : []),
        ]),
    ]);
}

export function domainOf(machine: EsxMachine): Domain {
    return parseDomain(domainElement(machine, machine.read.config));
}

/** A snapshot's `<domainsnapshot>` document. @param config what the snapshot keeps */
export function documentOf(machine: EsxMachine, draft: EsxDraft, ref: Ref, config: MachineConfig): string {
    const node = machine.nodes.get(ref);
    if (!node) throw noSuchSnapshot(ref);
    return formatSnapshot({
        ...emptySnapshot,
        name: draft.nameOf(ref) ?? node.name,
        description: node.description,
        state: stateOf(node, draft.about.get(ref)),
        parent: draft.nameOf(draft.parentOf(ref)),
        creationTime: node.time,
        memory: node.memory === null ? { snapshot: "no", file: null } : { snapshot: "external", file: node.memory },
        disks: Object.keys(node.files).map((name) => ({ name, snapshot: "external" as const, type: "file", file: null, driver: null })),
        domain: domainElement(machine, config),
    });
}
