import { realpath } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { readQcow2 } from "./qcow2";
import type { ImageRecord } from "./records";

/** All file names in a `json:{…}` backing name, at whatever depth QEMU put them. */
function fileNames(described: unknown): string[] {
    if (typeof described !== "object" || described === null) return [];
    return Object.entries(described).flatMap(([key, value]) => (typeof value === "string" ? (/(^|\.)filename$/.test(key) ? [value] : []) : fileNames(value)));
}

/** The files that a backing name can mean, absolute: a plain path, `file:PATH`, or what libvirt and blockdev users write. */
export function backingFiles(overlay: string, backing: string): string[] {
    if (!backing.startsWith("json:"))
        return [resolve(dirname(overlay), backing), ...(backing.startsWith("file:") ? [resolve(dirname(overlay), backing.slice(5))] : [])];
    try {
        return fileNames(JSON.parse(backing.slice(5))).map((name) => resolve(dirname(overlay), name));
    } catch {
        return []; // QEMU could not open it either.
    }
}

/** The path of a file without symbolic links; the path itself where nothing is there. */
export function realFile(file: string): Promise<string> {
    return realpath(file).catch(() => file);
}

/** A file and everything that it stands on, under every name that it goes by. */
export async function addChain(file: string, files: Set<string>): Promise<void> {
    for (const waiting = [file], seen = new Set<string>(); waiting.length > 0;) {
        const at = waiting.pop() ?? "";
        if (seen.has(at)) continue;
        seen.add(at);
        files.add(at).add(await realFile(at));
        const header = await readQcow2(at).catch(() => null); // Not qcow2, or gone: the chain ends here.
        if (header?.backing) waiting.push(...backingFiles(at, header.backing));
    }
}

/** What stands under those of a domain's own files of which the records don't say it: a disk that somebody put on a file of ours keeps that. */
export async function unrecordedFiles(tip: Iterable<string>, images: ReadonlyMap<string, ImageRecord>): Promise<Set<string>> {
    const files = new Set<string>();
    const tops = new Set([...tip, ...images.keys()]);
    for (const top of tops) {
        if (images.get(top)?.backing) continue;
        const chain = new Set<string>();
        await addChain(top, chain);
        for (const below of chain) if (below !== top && below !== (await realFile(top))) files.add(below);
    }
    return files;
}
