import { element, isElement, type SnapshotDocument, textOf, type XmlNode } from "../xml";

/*
 * The name that a snapshot has inside its images, where that is another than its own: a rename leaves it, and so does a replacement. Documents carry it,
 * so that metadata which was forgotten can be restored.
 */

const TAG = "snaptree:tag";
const NAMESPACE = "urn:snaptree:qemu";

/** The elements of a document that libvirt does not know, with a snapshot's name inside its images. */
export function withTag(unknown: readonly XmlNode[], name: string, tag: string | null): readonly XmlNode[] {
    const others = unknown.filter((node) => typeof node === "string" || !isElement(node) || node.name !== TAG);
    return tag === null || tag === name ? others : [...others, element(TAG, { "xmlns:snaptree": NAMESPACE }, [tag])];
}

/** Null where the document says nothing of it: it is the snapshot's own name then. */
export function tagIn({ unknown }: SnapshotDocument): string | null {
    const found = unknown.filter(isElement).find(({ name, attributes }) => name === TAG && attributes["xmlns:snaptree"] === NAMESPACE);
    return found ? textOf(found) : null;
}
