import { HostError, InvalidInputError, type Operation, quoted } from "../../model";
import { child, parseDomain, parseSnapshot, type SnapshotDocument, type XmlElement } from "../../xml";
import { attachmentsIn } from "./attachments";
import type { MachineDocument, Medium } from "./document";
import { NAMESPACE } from "./documents";
import type { Insertion } from "./rewrite";
import { type ReadPart, VDI_SIGNATURE } from "./written";

/** Where a VDI's header has what is read of it, in bytes. */
const VDI = { signature: 0x40, uuid: 0x188, parent: 0x1a8, end: 0x1b8 } as const;

/** An image as its own file says. */
interface Head {
    readonly uuid: string;
    readonly parent: string;
}

/** Images that a document names, by their files, as they are; null: there is none, or none of which that can be told. */
export type Heads = ReadonlyMap<string, Head | null>;

/** A UUID as it stands in a header: its first three fields little-endian. */
function uuidAt(header: Buffer, at: number): string {
    const [one, two, three] = [header.readUInt32LE(at), header.readUInt16LE(at + 4), header.readUInt16LE(at + 6)];
    const four = (number: number) => number.toString(16).padStart(4, "0");
    return [one.toString(16).padStart(8, "0"), four(two), four(three), header.toString("hex", at + 8, at + 10), header.toString("hex", at + 10, at + 16)].join(
        "-",
    );
}

/** Looks at an image's own file. */
export async function headOf(read: ReadPart, file: string): Promise<Head | null> {
    const header = await read(file, 0, VDI.end);
    if (header.length < VDI.end || header.readUInt32LE(VDI.signature) !== VDI_SIGNATURE) return null;
    return { uuid: uuidAt(header, VDI.uuid), parent: uuidAt(header, VDI.parent) };
}

/** Looks at the images that documents name by which snapshots are to be redefined. */
export async function headsOf(read: ReadPart, operations: readonly Operation[]): Promise<Heads> {
    const domains = operations.flatMap((each) => (each.kind === "redefine" && each.xml !== undefined ? (parseSnapshot(each.xml).domain ?? []) : []));
    const files = domains.flatMap((domain) => parseDomain(domain).disks).flatMap(({ file }) => file ?? []);
    return new Map(await Promise.all(files.map(async (file) => [file, await headOf(read, file)] as const)));
}

/** What a document keeps of VirtualBox's own. */
function ownIn(domain: XmlElement): { readonly uuid: string; readonly hardware: XmlElement } | null {
    const metadata = child(domain, "metadata");
    const own = metadata && child(metadata, "snaptree:snapshot");
    const hardware = own && child(own, "Hardware");
    if (!own || !hardware || own.attributes["xmlns:snaptree"] !== NAMESPACE || own.attributes.uuid === undefined) return null;
    return { uuid: own.attributes.uuid.toLowerCase(), hardware };
}

/** What is asked for of a snapshot that VirtualBox knows no more. */
export interface Lost {
    readonly machine: MachineDocument;
    readonly heads: Heads;
    readonly name: string;
    readonly document: SnapshotDocument;
    readonly domain: XmlElement;
    /** UUID of the snapshot under which it belongs. */
    readonly parent: string | null;
}

/**
 * A snapshot whose images are still there, to be put back into the machine's document. VirtualBox would take one with images that are gone, or that stand on
 * others than they should, without a word, and the machine would read nonsense.
 *
 * @throws HostError where its contents are not what the document says; InvalidInputError where VirtualBox could not tell it from another one.
 */
export function insertionOf({ machine, heads, name, document, domain, parent }: Lost): Insertion {
    const own = ownIn(domain);
    const disks = parseDomain(domain).disks.filter(({ file, device }) => file !== null && device === "disk");
    const [first] = disks;
    const gone = (target: string, what: string, file: string | null) =>
        new HostError(`disk ${target} has no contents for ${quoted(name)}: ${what}; nothing was changed`, { file });
    if (!own)
        throw gone(
            first?.target ?? "",
            `no snapshot of VirtualBox’s holds ${quoted(first?.file ?? "")}, and the document does not say how it did`,
            first?.file ?? null,
        );
    if (machine.nodes.has(own.uuid)) throw new InvalidInputError(`VirtualBox has a snapshot {${own.uuid}} already, so there can't be a second one`, "xml");
    if (document.memory?.snapshot === "external") throw new HostError(`${quoted(name)} had the guest’s memory, which went with it; nothing was changed`);
    const under = parent === null ? null : machine.nodes.get(parent);
    const media: Medium[] = [];
    for (const { target, medium: uuid } of attachmentsIn(own.hardware)) {
        const file = disks.find((disk) => disk.target === target)?.file ?? "";
        const head = heads.get(file);
        if (!head) throw gone(target, `there is no image ${quoted(file)} that VirtualBox could have made`, file);
        if (head.uuid !== uuid) throw gone(target, `${quoted(file)} is the image {${head.uuid}}, and that of the snapshot was {${uuid}}`, file);
        const expected = under?.disks[target];
        if (expected !== undefined && head.parent !== expected && uuid !== expected)
            throw gone(target, `${quoted(file)} stands on the image {${head.parent}}, and the snapshot’s parent is on {${expected}}`, file);
        if (!machine.media.has(uuid)) media.push({ uuid, file, format: "VDI", parent: head.parent });
    }
    if (Object.values(machine.disks).some((uuid) => attachmentsIn(own.hardware).some(({ medium }) => medium === uuid)))
        throw new HostError(`the machine itself writes to what ${quoted(name)} held, so it is that no more; nothing was changed`);
    const { description, creationTime } = document;
    return { uuid: own.uuid, parent, name, description, time: creationTime ?? Math.floor(Date.now() / 1000), hardware: own.hardware, media };
}
