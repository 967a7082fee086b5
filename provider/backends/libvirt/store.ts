import { BusyError, HostError, quoted } from "../../model";
import { child, formatXml, parseXml, textOf, type XmlElement } from "../../xml";
import { checksum } from "../../disks/stamps";
import type { Remembering } from "./documents";
import type { LibvirtEntry } from "./journal";
import { type Kept, metadataOptions, ownElement, pack, withOwn, withoutOwn, unpack } from "./metadata";
import { redefineSnapshot } from "./native";
import type { DefineStep } from "./place";
import { isOff, type SeenConfig, seeConfig, type SeenDocument, type SeenDomain, seeDomain } from "./seen";
import type { Stored } from "./stored";
import { option, type Virsh, VirshError } from "./virsh";

/** A longer argument is slower than a whole document in a file: virsh edits each line as if somebody typed it. */
const LONGEST_ARGUMENT = 2000;

/** What Snaptree has libvirt keep and define of one domain. */
export class Store {
    constructor(
        private readonly virsh: Virsh,
        private readonly uuid: string,
    ) {}

    private get domain(): string {
        return option("domain", this.uuid);
    }

    async writeRecords(generation: number, stored: Stored): Promise<void> {
        await this.keep("records", ownElement("records", generation, await pack(stored)));
    }

    /** Puts new records, and with them another configuration, in the place of what was looked at this moment. */
    async replace({ whole }: SeenConfig, generation: number, stored: Stored, configure: DefineStep | null): Promise<void> {
        const own = ownElement("records", generation, await pack(stored));
        const journal = elementsIn(whole, ["journal"]);
        await this.defineWhole([...journal, own].reduce(withOwn, configure ? parseXml(configure.xml) : withoutOwn(whole)));
    }

    async writeJournal(entry: LibvirtEntry): Promise<void> {
        await this.keep("journal", ownElement("journal", entry.generation, await pack(entry)));
    }

    async clearJournal(): Promise<void> {
        try {
            await this.virsh.run(["metadata", this.domain, ...metadataOptions("journal"), ...(await this.where()), "--remove"]);
        } catch (error) {
            if (!(error instanceof VirshError)) throw error;
            if (!/metadata.* not found|not found.*metadata|no metadata/i.test(error.message) && !(await this.isGone())) throw error;
        }
    }

    /** Somebody undefined the domain. */
    async isGone(): Promise<boolean> {
        return !(await this.virsh.run(["list", "--all", "--uuid"])).split("\n").includes(this.uuid);
    }

    /** A transient domain has no configuration for its next start. */
    private async where(): Promise<string[]> {
        return (await this.isPersistent()) ? ["--config"] : ["--live"];
    }

    private persistent: boolean | null = null;

    private async isPersistent(): Promise<boolean> {
        return this.persistent ?? (await this.look()).persistent;
    }

    /** As it is now, with its power state. */
    async look(): Promise<SeenDomain> {
        const seen = await seeDomain(this.virsh, this.uuid);
        this.persistent = seen.persistent;
        return seen;
    }

    /** As it is now. */
    async config(): Promise<SeenConfig> {
        return seeConfig(this.virsh, this.uuid, await this.isPersistent());
    }

    private async keep(kept: Kept, own: XmlElement): Promise<void> {
        const persistent = await this.isPersistent();
        // libvirt adds the namespace itself.
        const { generation = "" } = own.attributes;
        const plain = formatXml({ ...own, name: kept, attributes: { generation } }).trim();
        // libvirt remembers what it was told so even where it could not write that down, and forgets it with its end: of a commit that failed nothing may stay.
        if ((plain.length <= LONGEST_ARGUMENT && kept === "journal") || !persistent)
            return void (await this.virsh.run(["metadata", this.domain, ...metadataOptions(kept), ...(await this.where()), "--set", plain]));
        const { whole } = await this.config();
        const other = kept === "records" ? "journal" : "records";
        await this.defineWhole([...elementsIn(whole, [other]), own].reduce(withOwn, withoutOwn(whole)));
    }

    private async defineWhole(domain: XmlElement): Promise<void> {
        await this.virsh.withXml(formatXml(domain), (file) => ["define", file]);
    }

    /** What somebody changed since this was decided is not written over: once its disks are right, it is as good. */
    async define({ xml, from }: DefineStep, parsed: XmlElement): Promise<void> {
        const seen = await this.look();
        if (seen.xml === formatXml(parsed) && !seen.listsChain) return;
        const [disks, disksThere] = [disksOf(parsed), disksOf(seen.config)];
        const isThere = isSame(disks, disksThere);
        const [wanted, there] = [disks, disksThere].map(shown);
        if (checksum(seen.xml) !== from) {
            if (isThere && !seen.listsChain) return;
            if (!isThere)
                throw new HostError(
                    `the domain ${quoted(textOf(parsed, "name") ?? "")} was changed by somebody else since, so it is not defined anew; put its disks where they belong (${wanted}), and run again`,
                    { xml: xml.length },
                );
        }
        if (!isThere && !isOff(seen))
            throw new BusyError(
                `the domain ${quoted(textOf(parsed, "name") ?? "")} was started meanwhile on disks that it is to leave (${there}); shut it down, and run again`,
            );
        await this.defineWhole(elementsIn(seen.whole, ["records", "journal"]).reduce(withOwn, parsed));
    }

    /** Tells libvirt what its snapshots are. Whatever is as it should be already is passed over, so that it can be repeated. */
    async remember({ gone, documents, current }: Remembering): Promise<void> {
        const listed = gone.length === 0 ? "" : await this.virsh.run(["snapshot-list", this.domain, "--name"]);
        const there = new Set(listed.split("\n"));
        const forget = async (names: readonly string[]) => {
            for (const name of names) if (there.has(name)) await this.virsh.run(["snapshot-delete", this.domain, option("snapshotname", name), "--metadata"]);
        };
        const afresh = new Set(documents.map(({ name }) => name));
        await forget(gone.filter((name) => afresh.has(name)));
        for (const { name, xml } of documents) await this.redefine(name, xml, { current: name === current });
        // By now they have no children: where libvirt can't write down that one has another parent, it has removed the old one all the same, and crashes later.
        await forget(gone.filter((name) => !afresh.has(name)));
        if (current !== null && documents.at(-1)?.name !== current) await this.makeCurrent(current);
    }

    private async redefine(name: string, xml: string, options: { readonly current: boolean }): Promise<void> {
        try {
            await redefineSnapshot(this.virsh, this.uuid, xml, options);
        } catch (error) {
            throw error instanceof VirshError && error.message.includes(UNWRITTEN) ? unwritten(name, error) : error;
        }
    }

    private async makeCurrent(name: string): Promise<void> {
        const snapshot = option("snapshotname", name);
        const now = await this.virsh.run(["snapshot-current", this.domain, "--name"]).catch(() => null);
        if (now === name) return;
        const xml = await this.virsh.run(["snapshot-dumpxml", this.domain, snapshot, "--security-info"]);
        await this.redefine(name, xml, { current: true });
    }
}

/** libvirt could not write a snapshot's document down, and does not say why. */
const UNWRITTEN = "unable to save metadata for snapshot";

function unwritten(name: string, { message, details }: VirshError): HostError {
    return new HostError(
        `libvirt could not write down the snapshot ${quoted(name)} (${message}), so the disk that its own files are on is full, or libvirt may not write there; see to that, restart libvirtd or virtqemud, which has forgotten the snapshot until then (guests run on), and run again`,
        details,
    );
}

/**
 * Refuses to go on telling libvirt of its snapshots where it has lost one that others have for a parent. All known releases forget a snapshot that they can't
 * write down, and leave its children pointing to memory that is given back: told of one of these, libvirtd crashes. The file is still there, so a restart cures it.
 *
 * @throws HostError
 */
export function refuseForgotten(listed: ReadonlyMap<string, SeenDocument>, { documents }: Remembering): void {
    const parents = new Set([...listed.values()].map(({ document }) => document.parent));
    const lost = documents.find(({ name }) => parents.has(name) && !listed.has(name));
    if (lost)
        throw new HostError(
            `libvirt has forgotten the snapshot ${quoted(lost.name)}, which it could not write down, and would crash if it were told of it now; restart libvirtd or virtqemud (guests run on), and run again`,
        );
}

/** What is kept in a domain, as it stands there. @throws HostError where it can't be read */
function elementsIn(domain: XmlElement, wanted: readonly Kept[]): XmlElement[] {
    return wanted.flatMap((kept) => unpack(domain, kept)?.element ?? []);
}

/** A disk's target and its file. */
type DiskFile = readonly [target: string, file: string];

function disksOf(domain: XmlElement): readonly DiskFile[] {
    const devices = child(domain, "devices");
    const disks = devices?.children.filter((node) => typeof node === "object" && "children" in node && node.name === "disk") as XmlElement[] | undefined;
    return (disks ?? []).map((disk) => [child(disk, "target")?.attributes.dev ?? "?", child(disk, "source")?.attributes.file ?? ""]);
}

/** By the whole paths: messages show the beginning of a long one. */
function isSame(disks: readonly DiskFile[], others: readonly DiskFile[]): boolean {
    return JSON.stringify(disks) === JSON.stringify(others);
}

/** Each disk with its file, for a sentence. */
function shown(disks: readonly DiskFile[]): string {
    return disks.map(([target, file]) => `${target} on ${quoted(file)}`).join(", ");
}
