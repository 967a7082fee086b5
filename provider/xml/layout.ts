import { quoted } from "../model";
import { busOf, targetOf } from "./domain";
import { child, childrenOf, element, textOf, type XmlElement } from "./element";

/** What a guest sees of one part of its machine: the name of each fact, and the fact. */
type Facts = ReadonlyMap<string, string>;

/** Where a document leaves these out, the hypervisor fills them in: they differ only where both documents say. */
const FILLED_IN = new Set(["UUID", "architecture", "machine type", "MAC address", "address"]);

/** Devices that stand for something on the host; libvirt's check passes over them too. */
const HOST_SIDE = new Set(["emulator", "graphics", "audio", "lease"]);

/** Attributes that say how the host provides a part, or how it is at the moment. */
const NOT_SEEN = new Set(["cpu.check", "cpu.migratable", "model.fallback", "target.state", "target.tray"]);

/** The attributes and children of a device that a guest sees, besides its addresses. */
interface Visible {
    readonly attributes: readonly string[];
    readonly children: readonly string[];
}

const MOST_DEVICES: Visible = { attributes: ["model", "mode"], children: ["model", "target"] };
const DEVICES = new Map<string, Visible>([
    ["disk", { attributes: ["device", "model"], children: ["serial", "wwn", "vendor", "product", "blockio", "geometry", "readonly"] }],
    // An interface's and a disk's <target dev>, a memory's <source> and the like are the host's.
    ["interface", { attributes: [], children: ["model"] }],
    ["controller", { attributes: ["model", "ports", "vectors"], children: ["model", "target"] }],
    ["input", { attributes: ["type", "bus", "model"], children: [] }],
    ["hub", { attributes: ["type"], children: [] }],
    ["redirdev", { attributes: ["bus"], children: [] }],
    ["hostdev", { attributes: ["mode", "type"], children: [] }],
    ["iommu", { attributes: ["model"], children: ["driver"] }],
    ["vsock", { attributes: ["model"], children: ["cid"] }],
    ["shmem", { attributes: ["name"], children: ["model", "size"] }],
]);

/** `0x04`, `04` and `4` are one number. */
function canonicalValue(value: string): string {
    return /^(0x[0-9a-f]{1,12}|[0-9]{1,15})$/i.test(value) ? String(Number(value)) : value;
}

/** One spelling for all elements that say the same to a guest: without order, layout and what it can't see. */
function canonical(part: XmlElement): string {
    const attributes = Object.entries(part.attributes).filter(([name]) => !NOT_SEEN.has(`${part.name}.${name}`));
    const written = attributes.map(([name, value]) => ` ${name}='${canonicalValue(value)}'`).sort();
    const children = childrenOf(part).map(canonical).sort();
    return `<${part.name}${written.join("")}>${textOf(part)?.trim() ?? ""}${children.join("")}`;
}

function facts(entries: readonly (readonly [string, string | null | undefined])[]): Facts {
    const said = new Map<string, string>();
    for (const [name, value] of entries) if (value) said.set(name, value);
    return said;
}

/** Whole KiB, rounded up. libvirt's spellings: KiB by default, `k` and `KiB` for 1024 bytes, `KB` for 1000. */
function kibibytes(size: XmlElement): string {
    const unit = (size.attributes.unit ?? "KiB").toLowerCase();
    const base = /^[kmgtpe]b$/.test(unit) ? 1000 : 1024;
    const bytes = Number(textOf(size)) * base ** ("kmgtpe".indexOf(unit[0] ?? "") + 1);
    return `${Math.ceil(bytes / 1024)} KiB`;
}

function machine(domain: XmlElement): Facts {
    const os = child(domain, "os") ?? element("os");
    const type = child(os, "type");
    const hotplug = child(domain, "maxMemory");
    const memory = child(domain, "memory");
    const sysinfo = child(domain, "sysinfo");
    return facts([
        ["virtualization type", domain.attributes.type],
        ["UUID", textOf(domain, "uuid")?.trim().toLowerCase().replaceAll("-", "")],
        ["memory maximum", memory && kibibytes(memory)],
        ["memory maximum with hotplug", hotplug && `${kibibytes(hotplug)} in ${hotplug.attributes.slots ?? "0"} slots`],
        ["vcpu maximum", textOf(domain, "vcpu")?.trim() || "1"],
        ["os type", type && textOf(type)?.trim()],
        ["architecture", type?.attributes.arch],
        ["machine type", type?.attributes.machine],
        ["smbios", child(os, "smbios")?.attributes.mode],
        ["sysinfo", sysinfo && canonical(sysinfo)],
    ]);
}

function cpu(domain: XmlElement): Facts {
    const described = child(domain, "cpu");
    if (!described) return new Map();
    const flags = childrenOf(described, "feature").map((f) => [`feature ${f.attributes.name ?? ""}`, f.attributes.policy ?? "require"] as const);
    const others = childrenOf(described).filter(({ name }) => name !== "feature");
    return facts([["mode", described.attributes.mode ?? "custom"], ...others.map((part) => [part.name, canonical(part)] as const), ...flags]);
}

function features(domain: XmlElement): Facts {
    const listed = childrenOf(child(domain, "features") ?? element("features"));
    // <acpi/> and <acpi state='on'/> are the same.
    return facts(listed.map((f) => [f.name, canonical({ ...f, attributes: { state: "on", ...f.attributes } })]));
}

/** A timer's policies are the host's; whether it is there, and how fast it runs, is not (virDomainTimerDef in libvirt's check). */
function timers(domain: XmlElement): Facts {
    const listed = childrenOf(child(domain, "clock") ?? element("clock"), "timer");
    return facts(listed.map(({ attributes: t }) => [t.name ?? "", `${t.present ?? "yes"} ${t.frequency ?? ""}`.trim()]));
}

function device(part: XmlElement): Facts {
    const { attributes, children } = DEVICES.get(part.name) ?? MOST_DEVICES;
    const seen = childrenOf(part).filter(({ name }) => children.includes(name));
    const target = child(part, "target");
    const address = child(part, "address");
    return facts([
        ...attributes.map((name) => [name, part.attributes[name] ?? (name === "device" ? "disk" : null)] as const),
        ...seen.map((inner) => [inner.name, canonical(inner)] as const),
        ["bus", part.name === "disk" ? (target?.attributes.bus ?? busOf(targetOf(part) ?? "")) : part.attributes.bus],
        ["MAC address", child(part, "mac")?.attributes.address?.toLowerCase()],
        ["version", part.name === "tpm" ? child(part, "backend")?.attributes.version : null],
        ["address", address && canonical(address)],
    ]);
}

/** Disks by target, controllers by type and index, all others by their place among their kind, as libvirt compares them. */
function devices(domain: XmlElement): [string, Facts][] {
    const listed = childrenOf(child(domain, "devices") ?? element("devices")).filter(({ name }) => !HOST_SIDE.has(name));
    const counts = new Map<string, number>();
    return listed.map((part) => {
        const { type = "", index } = part.attributes;
        const kind = part.name === "controller" ? `controller ${type}` : part.name;
        const count = counts.get(kind) ?? 0;
        counts.set(kind, count + 1);
        const label = part.name === "disk" ? targetOf(part) : part.name === "controller" ? (index ?? String(count)) : String(count + 1);
        return [`${kind} ${label ?? ""}`, device(part)];
    });
}

function parts(domain: XmlElement): Map<string, Facts> {
    return new Map([["", machine(domain)], ["cpu", cpu(domain)], ["feature", features(domain)], ["timer", timers(domain)], ...devices(domain)]);
}

function factDifference(before: Facts, after: Facts): string | null {
    for (const name of new Set([...before.keys(), ...after.keys()])) {
        const [old, now] = [before.get(name), after.get(name)];
        if (old === now || (FILLED_IN.has(name) && (old === undefined || now === undefined))) continue;
        const say = (value: string | undefined): string => (value === undefined ? "absent" : quoted(value));
        return `${name}: ${say(old)} before, ${say(now)} after`;
    }
    return null;
}

/**
 * Says in one phrase what a guest would see change between two `<domain>`s (`disk vda bus: "virtio" before, "scsi" after`); null where it
 * would see the same machine. It follows libvirt's virDomainDefCheckABIStability: memory and vcpu maximum, os type, cpu, features, timers,
 * and devices with their models and addresses count; what the host provides them with (files, caches, networks, seclabels, current memory,
 * title, metadata) does not. An address, UUID, MAC, architecture or machine type that one document leaves out counts as equal.
 */
export function layoutDifference(before: XmlElement, after: XmlElement): string | null {
    const [old, now] = [parts(before), parts(after)];
    for (const label of new Set([...old.keys(), ...now.keys()])) {
        const [was, is] = [old.get(label), now.get(label)];
        if (!was || !is) return `${label}: only ${was ? "before" : "after"}`;
        const difference = factDifference(was, is);
        if (difference) return `${label} ${difference}`.trim();
    }
    return null;
}
