import { realFile, backingFiles } from "../../disks/chain";
import { readQcow2 } from "../../disks/qcow2";
import type { ImageRecord } from "../../disks/records";
import { stampOf } from "../../disks/stamps";

/** What an image stands on, as its own header says; null where it stands on nothing, or is no qcow2 file. */
type Header = { readonly isQcow2: true; readonly backing: string | null } | { readonly isQcow2: false };

/** Headers of images, each read again only when the file was written since. */
export class Headers {
    private readonly known = new Map<string, { readonly stamp: string; readonly header: Header }>();

    /** Null where there is no such file. */
    async of(file: string): Promise<Header | null> {
        const stamp = await stampOf(file).catch(() => null);
        if (stamp === null) return null;
        const before = this.known.get(file);
        if (before?.stamp === stamp) return before.header;
        const header = await this.read(file);
        this.known.set(file, { stamp, header });
        return header;
    }

    private async read(file: string): Promise<Header> {
        const read = await readQcow2(file).catch(() => null);
        if (!read) return { isQcow2: false };
        const [backing] = read.backing === null ? [] : backingFiles(file, read.backing).slice(-1);
        return { isQcow2: true, backing: backing ?? null };
    }

    /** What a file stands on, under the name by which it is known if it is. */
    async under(file: string, known: { has(file: string): boolean }): Promise<string | null> {
        return this.beneath(await this.of(file), known);
    }

    /** The same of a header. */
    async beneath(header: Header | null, known: { has(file: string): boolean }): Promise<string | null> {
        if (!header?.isQcow2 || header.backing === null || known.has(header.backing)) return header?.isQcow2 ? header.backing : null;
        const real = await realFile(header.backing);
        return known.has(real) ? real : header.backing;
    }

    /** Whether a file is another one, or stands on it however far below. */
    async standsOn(file: string, below: string): Promise<boolean> {
        const seen = new Set<string>();
        for (let at: string | null = file; at !== null && !seen.has(at); at = await this.under(at, new Set([below]))) {
            if (at === below) return true;
            seen.add(at);
        }
        return false;
    }
}

/** What is known of images before they are looked at. */
export interface KnownImages {
    /** File to format, where a document says it. */
    readonly formats: ReadonlyMap<string, string>;
    readonly stored: ReadonlyMap<string, ImageRecord>;
    /** Overlays that libvirt made for a snapshot of this domain. */
    readonly overlays: ReadonlySet<string>;
}

/** All images that files name, with all that these stand on: what an image stands on is its own header's to say, and nobody else's. */
export async function imagesOf(files: Iterable<string>, { formats, stored, overlays }: KnownImages, headers: Headers): Promise<Map<string, ImageRecord>> {
    const images = new Map<string, ImageRecord>();
    const names = new Set([...files, ...stored.keys(), ...formats.keys()]);
    const needed = new Set(files);
    const looked = new Map(await Promise.all([...names].map(async (path) => [path, await headers.of(path)] as const)));
    for (const waiting = [...names]; waiting.length > 0;) {
        const path = waiting.pop() ?? "";
        if (images.has(path)) continue;
        const header = looked.get(path) ?? (await headers.of(path));
        if (header === null && !needed.has(path)) continue; // Gone, and nobody's.
        const backing = await headers.beneath(header, names);
        const known = stored.get(path);
        const made = overlays.has(path);
        const format = formats.get(path) ?? known?.format ?? (header === null || header.isQcow2 ? "qcow2" : "raw");
        images.set(path, { path, backing, format, created: known?.created ?? made, owned: known?.owned ?? made });
        if (backing !== null) {
            names.add(backing);
            waiting.push(backing);
        }
    }
    return images;
}
