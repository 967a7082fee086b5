import { dirname, resolve } from "node:path";
import { HostError, quoted } from "../model";
import { realFile } from "./chain";
import type { World } from "./compile";
import { isThere } from "./files";
import { allocatedBytes, type Images } from "./images";
import { readQcow2 } from "./qcow2";
import { stampOf } from "./stamps";

/** What compiling reads of the disks of this machine: each header once. */
export function looking(images: Images, others: Pick<World, "foreign" | "read" | "dirty">): World {
    let foreign: ReturnType<World["foreign"]> | undefined;
    const headers = new Map<string, ReturnType<typeof readQcow2>>();
    const header = (file: string) => {
        const known = headers.get(file) ?? readQcow2(file);
        headers.set(file, known);
        return known;
    };
    return {
        foreign: () => (foreign ??= others.foreign()),
        real: realFile,
        allocated: allocatedBytes,
        virtualSize: async (file, format) => (format === "qcow2" ? (await header(file)).virtualSize : (await images.info(file, format)).virtualSize),
        backing: async (overlay) => {
            const { backing } = await header(overlay);
            return backing === null ? null : resolve(dirname(overlay), backing);
        },
        tags: async (file) => (await header(file)).snapshots,
        mapping: async (file) => (await header(file)).mapping,
        exists: isThere,
        read: others.read,
        dirty: others.dirty,
    };
}

/** Images that other domains stand on are never written: what they hold would change under those. */
export async function refuseShared(files: readonly string[], world: World): Promise<void> {
    if (files.length === 0) return;
    const foreign = await world.foreign();
    for (const file of files) {
        if (!foreign.has(file) && !foreign.has(await world.real(file))) continue;
        throw new HostError(
            `the image ${quoted(file)} is used by another domain of this host too, so it is not written; give this domain an overlay of its own`,
            { file },
        );
    }
}

/** What somebody changed while a transaction was prepared. */
export function changedError(file: string): HostError {
    return new HostError(`${quoted(file)} was changed meanwhile by somebody else, which would be lost, so everything was taken back; run again`, { file });
}

/** @throws HostError where an image that is to go was written since it was looked at. */
export async function refuseWritten(stamps: Readonly<Record<string, string>>): Promise<void> {
    for (const [file, stamp] of Object.entries(stamps)) if ((await stampOf(file)) !== stamp) throw changedError(file);
}
