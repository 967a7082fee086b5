import { promisify } from "node:util";
import { gunzipSync, gzip } from "node:zlib";
import { HostError, quoted } from "../../model";
import { child, childrenOf, element, isElement, textOf, withChild, withoutChildren, type XmlElement } from "../../xml";

/*
 * What Snaptree keeps with a domain: two elements in its <metadata>, which libvirt carries along and leaves alone. They are compressed JSON, since libvirt
 * takes at most four million characters.
 */

/** What is kept, and the namespace that says so. */
const NAMESPACES = { records: "urn:snaptree:records", journal: "urn:snaptree:journal" } as const;

export type Kept = keyof typeof NAMESPACES;

/** The prefix of the elements, which virsh calls a key. */
const PREFIX = "snaptree";

/** How large unpacked data may be, in bytes: more is none of ours. */
const MAX_BYTES = 256 * 1024 * 1024;

export function namespaceOf(kept: Kept): string {
    return NAMESPACES[kept];
}

function isOwn(node: XmlElement, kept: Kept): boolean {
    return node.name.endsWith(`:${kept}`) && Object.values(node.attributes).includes(NAMESPACES[kept]);
}

/** The element of ours in a domain's `<metadata>`; null where there is none. */
function ownIn(domain: XmlElement, kept: Kept): XmlElement | null {
    const metadata = child(domain, "metadata");
    return (metadata && childrenOf(metadata).find((node) => isOwn(node, kept))) ?? null;
}

/** A copy of a domain without what is ours in its `<metadata>`. */
export function withoutOwn(domain: XmlElement): XmlElement {
    const metadata = child(domain, "metadata");
    if (!metadata) return domain;
    const others = metadata.children.filter((node) => !isElement(node) || !(isOwn(node, "records") || isOwn(node, "journal")));
    const isEmpty = !others.some((node) => typeof node !== "string");
    // Some releases leave an empty one where the last element was removed.
    if (others.length === metadata.children.length && !isEmpty) return domain;
    return !isEmpty ? withChild(domain, { ...metadata, children: others }) : withoutChildren(domain, "metadata");
}

/** A copy of a domain with an element of ours in its `<metadata>`. */
export function withOwn(domain: XmlElement, own: XmlElement | null): XmlElement {
    if (!own) return domain;
    const metadata = child(domain, "metadata") ?? element("metadata");
    return withChild(domain, { ...metadata, children: [...metadata.children, own] });
}

/** The element as it stands in a document, with its namespace. */
export function ownElement(kept: Kept, generation: number, packed: string): XmlElement {
    return element(`${PREFIX}:${kept}`, { [`xmlns:${PREFIX}`]: NAMESPACES[kept], generation: String(generation) }, [packed]);
}

/** The options that have virsh keep, or remove, an element of ours. */
export function metadataOptions(kept: Kept): [string, string, string, string] {
    return ["--uri", NAMESPACES[kept], "--key", PREFIX];
}

/** What was packed, as long as that is there: a transaction's records go to several places. */
const packed = new WeakMap<object, string>();

export async function pack(data: object): Promise<string> {
    const known = packed.get(data) ?? (await promisify(gzip)(JSON.stringify(data))).toString("base64");
    packed.set(data, known);
    return known;
}

/** What was unpacked, as long as the element is there: it is read, and never changed. */
const unpacked = new WeakMap<XmlElement, unknown>();

function dataIn(own: XmlElement): unknown {
    const known = unpacked.get(own) ?? (JSON.parse(gunzipSync(Buffer.from(textOf(own) ?? "", "base64"), { maxOutputLength: MAX_BYTES }).toString()) as unknown);
    unpacked.set(own, known);
    return known;
}

/** What is kept in a domain's `<metadata>`; null where there is none. @throws HostError where it can't be read */
export function unpack(domain: XmlElement, kept: Kept): { readonly generation: number; readonly data: unknown; readonly element: XmlElement } | null {
    const own = ownIn(domain, kept);
    if (!own) return null;
    try {
        return { generation: Number(own.attributes.generation), data: dataIn(own), element: own };
    } catch (error) {
        throw new HostError(
            `the ${kept} in the <metadata> of ${quoted(textOf(domain, "name") ?? "")} can't be read: ${(error as Error).message}; nothing was changed: put the domain's XML back as it was`,
            {},
            { cause: error },
        );
    }
}

/** The generation alone, which costs nothing; -1 where there is none. */
export function generationIn(domain: XmlElement, kept: Kept): number {
    const generation = Number(ownIn(domain, kept)?.attributes.generation ?? -1);
    return Number.isSafeInteger(generation) ? generation : -1;
}
