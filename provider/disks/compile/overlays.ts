import type { Draft } from "../draft";
import type { Files } from "../records";
import type { World } from "./world";

/** Bytes that the guest sees of a file, which may be an overlay that is only about to be made. */
export async function sizeOf(draft: Draft, world: World, file: string): Promise<number> {
    return draft.sizes.get(file) ?? (await world.virtualSize(file, draft.formatOf(file)));
}

/** Puts a new empty overlay on a file. */
export async function overlayOn(draft: Draft, world: World, target: string, backing: string, wanted: string | null = null): Promise<string> {
    const file = wanted ?? draft.allocate(target, "qcow2", draft.tip()[target] ?? backing);
    draft.addOverlay(file, backing, await sizeOf(draft, world, backing));
    return file;
}

/** Puts new empty overlays on all of them. */
export async function overlaysOn(draft: Draft, world: World, files: Files): Promise<Files> {
    const made: Record<string, string> = {};
    for (const [target, file] of Object.entries(files)) made[target] = await overlayOn(draft, world, target, file);
    return made;
}
