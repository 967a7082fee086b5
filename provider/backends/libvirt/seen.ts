import { HostError, type PowerState, quoted } from "../../model";
import { child, childrenOf, formatXml, parseSnapshot, parseXml, type SnapshotDocument, withChild, withoutChildren, type XmlElement } from "../../xml";
import { type LibvirtEntry, outcomeOf } from "./journal";
import { generationIn, unpack, withoutOwn } from "./metadata";
import type { Stored } from "./stored";
import { option, type Virsh, VirshError } from "./virsh";

/** A snapshot's document as libvirt has it. */
export interface SeenDocument {
    readonly text: string;
    readonly document: SnapshotDocument;
}

/** A domain's configuration for the next start; of a domain that has none, as it is. */
export interface SeenConfig {
    /** Its configuration for the next start, without what Snaptree keeps in it, and without chains of backing files: those are the images' to tell. */
    readonly config: XmlElement;
    /** That configuration as text. */
    readonly xml: string;
    /** libvirt has a list of backing files in the configuration, and would believe that instead of the images. */
    readonly listsChain: boolean;
    /** The configuration as libvirt gives it. */
    readonly whole: XmlElement;
}

/** What libvirt says of a domain itself. */
export interface SeenDomain extends SeenConfig {
    readonly powerState: PowerState;
    /** Its memory lies in a file, and is loaded at the next start. */
    readonly managedSave: boolean;
    readonly persistent: boolean;
}

/** Nothing runs, and no memory waits for the disks as they were. */
export function isOff({ powerState, managedSave }: Pick<SeenDomain, "powerState" | "managedSave">): boolean {
    return powerState === "shutoff" && !managedSave;
}

/** All that libvirt knows of a domain. */
export interface Seen extends SeenDomain {
    readonly documents: ReadonlyMap<string, SeenDocument>;
    readonly current: string | null;
    /** The newest of what the domain and its snapshots keep; null: nothing. */
    readonly stored: { readonly generation: number; readonly data: Stored } | null;
    readonly journal: LibvirtEntry | null;
}

/** A configuration without lists of backing files, which libvirt would believe instead of the images. */
export function withoutChains(domain: XmlElement): XmlElement {
    const devices = child(domain, "devices");
    if (!devices || !childrenOf(devices, "disk").some((disk) => child(disk, "backingStore"))) return domain;
    const children = devices.children.map((node) =>
        typeof node === "object" && "children" in node && node.name === "disk" ? withoutChildren(node, "backingStore") : node,
    );
    return withChild(domain, { ...devices, children });
}

/** A configuration as branches and documents keep it. */
export function bare(domain: XmlElement): XmlElement {
    return withoutChains(withoutOwn(domain));
}

function field(info: string, name: string): string {
    return new RegExp(`^${name}:\\s*(.*)$`, "m").exec(info)?.[1]?.trim() ?? "";
}

/** `shut off` is how virsh writes it. */
function powerStateOf(info: string): PowerState {
    const state = field(info, "State");
    return state === "shut off" ? "shutoff" : state === "idle" || state === "blocked" ? "blocked" : (state as PowerState);
}

/** The configuration alone. */
export async function seeConfig(virsh: Virsh, uuid: string, persistent: boolean): Promise<SeenConfig> {
    const inactive = persistent ? ["--inactive"] : [];
    const whole = parseXml(await virsh.run(["dumpxml", option("domain", uuid), "--security-info", ...inactive]), "the domain's XML");
    const own = withoutOwn(whole);
    const config = withoutChains(own);
    return { config, xml: formatXml(config), listsChain: config !== own, whole };
}

/** The configuration and the power state. */
export async function seeDomain(virsh: Virsh, uuid: string): Promise<SeenDomain> {
    const info = await virsh.run(["dominfo", option("domain", uuid)]);
    const persistent = field(info, "Persistent") === "yes";
    const config = await seeConfig(virsh, uuid, persistent);
    return { ...config, powerState: powerStateOf(info), managedSave: field(info, "Managed save") === "yes", persistent };
}

/** Reads again only what changed since: what was read is never changed afterwards. */
export class Documents {
    private known = new Map<string, SeenDocument>();

    async read(virsh: Virsh, uuid: string, names: readonly string[]): Promise<ReadonlyMap<string, SeenDocument>> {
        const all = await Promise.all(names.map(async (name) => [name, await this.readOne(virsh, uuid, name)] as const));
        this.known = new Map(all.flatMap(([name, seen]) => (seen ? [[name, seen]] : [])));
        return this.known;
    }

    private async readOne(virsh: Virsh, uuid: string, name: string): Promise<SeenDocument | null> {
        try {
            const text = await virsh.run(["snapshot-dumpxml", option("domain", uuid), option("snapshotname", name), "--security-info"]);
            const known = this.known.get(name);
            return known?.text === text ? known : { text, document: parsed(text) };
        } catch (error) {
            if (isMissingSnapshot(error)) return null; // It went while we were at it.
            throw error;
        }
    }
}

/** A `<domain>` with nothing but a `<uuid>` is how libvirt before 0.9.5 wrote that it has none. */
function parsed(text: string): SnapshotDocument {
    const document = parseSnapshot(text);
    return document.domain && !child(document.domain, "devices") ? { ...document, domain: null } : document;
}

function isMissingSnapshot(error: unknown): boolean {
    return error instanceof VirshError && /snapshot not found/i.test(error.message);
}

async function currentOf(virsh: Virsh, uuid: string): Promise<string | null> {
    try {
        return await virsh.run(["snapshot-current", option("domain", uuid), "--name"]);
    } catch (error) {
        if (error instanceof VirshError && error.message.includes("has no current snapshot")) return null;
        throw error;
    }
}

/** libvirt's revert brings back what a snapshot's `<domain>` kept, so the newest counts. */
async function newest(whole: XmlElement, documents: ReadonlyMap<string, SeenDocument>): Promise<Seen["stored"]> {
    let found = whole;
    for (const { document } of documents.values())
        for (const domain of [document.domain, document.inactiveDomain])
            if (domain && generationIn(domain, "records") > generationIn(found, "records")) found = domain;
    const kept = await unpack(found, "records");
    return kept && { generation: kept.generation, data: kept.data as Stored };
}

async function journalIn(whole: XmlElement, stored: Seen["stored"]): Promise<LibvirtEntry | null> {
    const entry = (await unpack(whole, "journal"))?.data as LibvirtEntry | undefined;
    return entry !== undefined && outcomeOf(entry, stored) !== "stale" ? entry : null;
}

/** All that libvirt knows of a domain, in one listing. */
export async function see(virsh: Virsh, uuid: string, documents: Documents): Promise<Seen> {
    const [domain, names, current] = await Promise.all([
        seeDomain(virsh, uuid),
        virsh.run(["snapshot-list", option("domain", uuid), "--name"]),
        currentOf(virsh, uuid),
    ]);
    const all = await documents.read(virsh, uuid, names.split("\n").filter(Boolean));
    if (current !== null && !all.has(current)) throw new HostError(`libvirt's current snapshot ${quoted(current)} went while it was read; run again`);
    const stored = await newest(domain.whole, all);
    return { ...domain, documents: all, current, stored, journal: await journalIn(domain.whole, stored) };
}
