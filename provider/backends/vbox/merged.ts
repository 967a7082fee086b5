import { formatXml, isElement, parseXml, type XmlElement, type XmlNode } from "../../xml";
import { DEEPEST, type MachineDocument } from "./document";
import { headOf } from "./lost";
import type { Site } from "./site";

/**
 * Images of a snapshot that VirtualBox merged into what stands on them, and removed, before it was ended in the middle of deleting the snapshot. Its document names
 * them still, so it can't go on. That they were merged says what stood on them: VirtualBox writes there what is under it from now on once it has copied all.
 *
 * @returns UUIDs; none where an image is gone for any other reason
 */
export async function mergedAway({ media, nodes }: MachineDocument, snapshot: string, site: Site): Promise<string[]> {
    const found: string[] = [];
    for (const uuid of Object.values(nodes.get(snapshot)?.disks ?? {})) {
        const image = media.get(uuid);
        const [upon, ...others] = [...media.values()].filter(({ parent }) => parent === uuid);
        if (!image || image.parent === null || !upon || others.length > 0) continue;
        if ((await site.readPart(image.file, 0, 1)) !== null) continue;
        const head = await headOf(async (...part) => (await site.readPart(...part)) ?? Buffer.alloc(0), upon.file);
        if (head?.uuid === upon.uuid && head.parent === image.parent) found.push(uuid);
    }
    return found;
}

function isOf(node: XmlNode, name: string, uuids: readonly string[]): node is XmlElement {
    return isElement(node) && node.name === name && uuids.includes((node.attributes.uuid ?? "").slice(1, -1).toLowerCase());
}

/** A machine's document without images that were merged: what stood on one stands on what that stood on, and no snapshot has it. */
export function withoutMerged(text: string, uuids: readonly string[]): string {
    const isAttached = (node: XmlNode) => isElement(node) && node.name === "AttachedDevice" && node.children.some((each) => isOf(each, "Image", uuids));
    const without = (node: XmlElement): XmlElement => ({
        ...node,
        children: node.children
            .flatMap((each) => (isOf(each, "HardDisk", uuids) ? each.children : [each]))
            .filter((each) => !isAttached(each))
            .map((each) => (isElement(each) ? without(each) : each)),
    });
    return `<?xml version="1.0"?>\n${formatXml(without(parseXml(text, "the machine's document", DEEPEST)))}`;
}
