import { HostError, type PowerState, quoted } from "../../model";
import { child, formatXml, parseSnapshot, parseXml, type SnapshotDocument, type XmlElement } from "../../xml";
import { withoutChains } from "./chains";
import { parseGuestState } from "./guest";
import { type LibvirtEntry, outcomeOf } from "./journal";
import { generationIn, unpack, withoutOwn } from "./metadata";
import type { Stored } from "./stored";
import { type Command, option, type Virsh, VirshError } from "./virsh";

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
    readonly text: string;
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

/** A configuration as branches and documents keep it. */
export function bare(domain: XmlElement): XmlElement {
    return withoutChains(withoutOwn(domain));
}

function dumpConfig(uuid: string, persistent: boolean): Command {
    return ["dumpxml", option("domain", uuid), "--security-info", ...(persistent ? ["--inactive"] : [])];
}

/** Configurations that were read last, so that one that is read several times in a transaction is parsed once: of so many domains at once, and none that is long. */
const configs = new Map<string, SeenConfig>();
const MOST_CONFIGS = 256;
const LONGEST_KEPT = 64 * 1024;

function configIn(text: string): SeenConfig {
    const known = configs.get(text);
    if (known) return known;
    const whole = parseXml(text, "the domain's XML");
    const own = withoutOwn(whole);
    const config = withoutChains(own);
    const read = { config, xml: formatXml(config), listsChain: config !== own, whole, text };
    if (text.length > LONGEST_KEPT) return read;
    for (const oldest of configs.keys()) if (configs.size >= MOST_CONFIGS) configs.delete(oldest);
    configs.set(text, read);
    return read;
}

/** What the domain does, to whoever lists it: a managed save counts as a guest that runs, and stands still. */
export function powerStateOf({ managedSave, powerState }: SeenDomain): PowerState {
    return managedSave ? "paused" : powerState;
}

/** The configuration alone. */
export async function seeConfig(virsh: Virsh, uuid: string, persistent: boolean): Promise<SeenConfig> {
    return configIn(await virsh.run(dumpConfig(uuid, persistent)));
}

/** The configuration and the power state; and what further commands write, which is read in the same go. */
async function seeDomainAnd(
    virsh: Virsh,
    uuid: string,
    others: readonly Command[],
): Promise<{ readonly domain: SeenDomain; readonly outputs: readonly string[] }> {
    const [info = "", text = "", ...outputs] = await virsh.read([["dominfo", option("domain", uuid)], dumpConfig(uuid, true), ...others]);
    const { persistent, powerState, managedSave } = parseGuestState(info);
    const config = persistent ? configIn(text) : await seeConfig(virsh, uuid, false);
    return { domain: { ...config, powerState, managedSave, persistent }, outputs };
}

/** The configuration and the power state. */
export async function seeDomain(virsh: Virsh, uuid: string): Promise<SeenDomain> {
    return (await seeDomainAnd(virsh, uuid, [])).domain;
}

/** Reads again only what changed since: what was read is never changed afterwards. */
export class Documents {
    private known = new Map<string, SeenDocument>();

    /**
     * @param touched those that are to be looked at again at least; null: all
     * @param read those that were read just now, with their texts
     */
    async read(
        virsh: Virsh,
        uuid: string,
        names: readonly string[],
        touched: ReadonlySet<string> | null,
        read: ReadonlyMap<string, string>,
    ): Promise<ReadonlyMap<string, SeenDocument>> {
        const before = this.known;
        const isKnown = (name: string) => touched?.has(name) === false && before.has(name);
        const missing = names.filter((name) => !isKnown(name) && !read.has(name));
        const texts = new Map<string, string | undefined>([...read, ...(await textsOf(virsh, uuid, missing))]);
        this.known = new Map(
            names.flatMap((name) => {
                const known = before.get(name);
                const text = isKnown(name) ? known?.text : texts.get(name);
                if (text === undefined) return []; // It went while we were at it.
                return [[name, known?.text === text ? known : { text, document: parsed(text) }]];
            }),
        );
        return this.known;
    }
}

const dump = (uuid: string, name: string): Command => ["snapshot-dumpxml", option("domain", uuid), option("snapshotname", name), "--security-info"];

/** Each name with its document's text; null: there is none. */
async function textsOf(virsh: Virsh, uuid: string, names: readonly string[]): Promise<(readonly [string, string | undefined])[]> {
    try {
        const texts = await virsh.read(names.map((name) => dump(uuid, name)));
        return names.map((name, i) => [name, texts[i]] as const);
    } catch (error) {
        if (!isMissingSnapshot(error)) throw error;
        // One of them is gone, and nobody knows which.
        return Promise.all(names.map(async (name) => [name, await textOf(virsh, uuid, name)] as const));
    }
}

async function textOf(virsh: Virsh, uuid: string, name: string): Promise<string | undefined> {
    try {
        return await virsh.run(dump(uuid, name));
    } catch (error) {
        if (isMissingSnapshot(error)) return undefined; // It went while we were at it.
        throw error;
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

const nameOfCurrent = (uuid: string): Command => ["snapshot-current", option("domain", uuid), "--name"];

async function currentOf(virsh: Virsh, uuid: string): Promise<string | null> {
    try {
        return await virsh.run(nameOfCurrent(uuid));
    } catch (error) {
        if (error instanceof VirshError && error.message.includes("has no current snapshot")) return null;
        throw error;
    }
}

/** libvirt's revert brings back what a snapshot's `<domain>` kept, so the newest counts. */
function newest(whole: XmlElement, documents: ReadonlyMap<string, SeenDocument>): Seen["stored"] {
    let found = whole;
    for (const { document } of documents.values())
        for (const domain of [document.domain, document.inactiveDomain])
            if (domain && generationIn(domain, "records") > generationIn(found, "records")) found = domain;
    const kept = unpack(found, "records");
    return kept && { generation: kept.generation, data: kept.data as Stored };
}

function journalIn(whole: XmlElement, stored: Seen["stored"]): LibvirtEntry | null {
    const entry = unpack(whole, "journal")?.data as LibvirtEntry | undefined;
    return entry !== undefined && outcomeOf(entry, stored) !== "stale" ? entry : null;
}

/** A domain with its snapshots' names, and some of their documents' texts. */
interface Look {
    readonly domain: SeenDomain;
    readonly names: readonly string[];
    readonly current: string | null;
    readonly texts: ReadonlyMap<string, string>;
}

const list = (uuid: string): Command => ["snapshot-list", option("domain", uuid), "--name"];
const namesIn = (output: string | undefined): string[] => (output ?? "").split("\n").filter(Boolean);

async function look(virsh: Virsh, uuid: string): Promise<Look> {
    const [{ domain, outputs }, current] = await Promise.all([seeDomainAnd(virsh, uuid, [list(uuid)]), currentOf(virsh, uuid)]);
    return { domain, names: namesIn(outputs[0]), current, texts: new Map() };
}

/** The same with documents, in one go. @throws VirshError where one of them is not there, or no snapshot is current */
async function lookAtOnce(virsh: Virsh, uuid: string, expected: readonly string[]): Promise<Look> {
    const { domain, outputs } = await seeDomainAnd(virsh, uuid, [list(uuid), nameOfCurrent(uuid), ...expected.map((name) => dump(uuid, name))]);
    const [listed, current = null, ...texts] = outputs;
    return { domain, names: namesIn(listed), current, texts: new Map(expected.map((name, i) => [name, texts[i] ?? ""])) };
}

async function lookFor(virsh: Virsh, uuid: string, touched: ReadonlySet<string> | null): Promise<Look> {
    if (touched === null || touched.size === 0) return look(virsh, uuid);
    return lookAtOnce(virsh, uuid, [...touched]).catch((error: unknown) => {
        if (error instanceof VirshError) return look(virsh, uuid);
        throw error;
    });
}

/** All that libvirt knows of a domain, in one listing. @param touched documents that may not be as they were read last; null: any may be another one */
export async function see(virsh: Virsh, uuid: string, documents: Documents, touched: ReadonlySet<string> | null = null): Promise<Seen> {
    const { domain, names, current, texts } = await lookFor(virsh, uuid, touched);
    const all = await documents.read(virsh, uuid, names, touched, texts);
    if (current !== null && !all.has(current)) throw new HostError(`libvirt's current snapshot ${quoted(current)} went while it was read; run again`);
    const stored = newest(domain.whole, all);
    return { ...domain, documents: all, current, stored, journal: journalIn(domain.whole, stored) };
}
