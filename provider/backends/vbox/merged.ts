import { isElement, type XmlElement, type XmlNode } from "../../xml";
import type { MachineDocument } from "./document";
import type { Host } from "./host";
import { headOf } from "./lost";
import { isCalled, mapped, withChanged } from "./rewrite";

/**
 * Images of a snapshot that VirtualBox merged into what stands on them, and removed, before it was ended in the middle of deleting the snapshot. Its document names
 * them still, so it can't go on. That they were merged says what stood on them: VirtualBox writes there what is under it from now on once it has copied all.
 *
 * @returns UUIDs; none where an image is gone for any other reason
 */
export async function mergedAway({ media, nodes }: MachineDocument, snapshot: string, { site, read }: Host): Promise<string[]> {
    const found: string[] = [];
    for (const uuid of Object.values(nodes.get(snapshot)?.disks ?? {})) {
        const image = media.get(uuid);
        const [upon, ...others] = [...media.values()].filter(({ parent }) => parent === uuid);
        if (!image || image.parent === null || !upon || others.length > 0) continue;
        if ((await site.readPart(image.file, 0, 1)) !== null) continue;
        const head = await headOf(read, upon.file);
        if (head?.uuid === upon.uuid && head.parent === image.parent) found.push(uuid);
    }
    return found;
}

/** A machine's document without images that were merged: what stood on one stands on what that stood on, and no snapshot has it. */
export function withoutMerged(text: string, uuids: readonly string[]): string {
    const isOf = (node: XmlNode, name: string): node is XmlElement => isElement(node) && node.name === name && uuids.some((uuid) => isCalled(node, uuid));
    const isAttached = (node: XmlNode) => isElement(node) && node.name === "AttachedDevice" && node.children.some((each) => isOf(each, "Image"));
    const kept = (node: XmlNode) => (isOf(node, "HardDisk") ? node.children : isAttached(node) ? [] : [node]);
    return withChanged(text, (root) => mapped(root, (node) => ({ ...node, children: node.children.flatMap(kept) })));
}
