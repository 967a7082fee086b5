import type { Draft } from "../draft";
import type { Files } from "../records";

/*
 * In the internal model names share contents as files are shared in the external one: a branch that was just forked has its snapshot's. So what an
 * image holds under a tag goes when the last name for it does.
 */

function isNamed(draft: Draft, file: string, tag: string): boolean {
    for (const nodes of [draft.snapshots, draft.branches])
        for (const node of nodes.values()) if (node.tag === tag && Object.values(node.files).includes(file)) return true;
    return false;
}

/** Deletes an internal snapshot from those of the images where no name is left for it. */
export function dropTag(draft: Draft, files: Files, tag: string): void {
    const images = Object.values(files).filter((file) => !isNamed(draft, file, tag));
    if (images.length === 0) return;
    draft.alter(images);
    draft.after({ kind: "drop", files: images, tags: [tag] });
}
