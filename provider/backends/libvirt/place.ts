import { randomUUID } from "node:crypto";
import { dirname, join } from "node:path";
import type { Place } from "../../disks/place";
import type { Step } from "../backend";
import { BACKEND, capabilities } from "./capabilities";
import { checksum } from "../../disks/stamps";

/** Documents have names that are no paths: libvirt keeps them, or the records. */
const DOCUMENT = "document:";

export function isDocument(path: string): boolean {
    return path.startsWith(DOCUMENT);
}

/** The name of a snapshot's document as it is when nothing has changed it. */
export function documentOf(snapshot: string): string {
    return `${DOCUMENT}snapshot:${snapshot}`;
}

/** Has libvirt define the domain anew. */
export interface DefineStep extends Step {
    readonly kind: "define";
    /** The whole `<domain>`, without what Snaptree keeps in its `<metadata>`. */
    readonly xml: string;
    /** Checksum of what it takes the place of. */
    readonly from: string;
}

/** A name that nothing on the way to an image takes for anything else. */
function plain(name: string): string {
    return name
        .replaceAll(/[^A-Za-z0-9_.-]/g, "_")
        .replace(/^[.-]/, "_")
        .slice(0, 64);
}

/** Files go beside those that the domain is on already: there it may read and write, and nothing else can be known of the host's folders. */
export function placeOf(domain: { readonly name: string; readonly uuid: string }, folder: string): Place {
    const transaction = randomUUID().slice(0, 8);
    return {
        backend: BACKEND,
        compression: capabilities.compression,
        document: `the domain ${JSON.stringify(domain.name)}`,
        tagsAreNames: true,
        guests: true,
        shutOffAdvice: "the domain is shut off: leave it out, or start the domain first",
        path: (stem, number, ending, beside) =>
            ending === "xml"
                ? `${DOCUMENT}${stem}:${number}`
                : join(beside === null ? folder : dirname(beside), `${plain(domain.name)}.${stem}.${number}.${ending}`),
        isFile: (path) => !isDocument(path),
        isInside: () => false,
        // As libvirt writes them; so a chain is found wherever its overlays lie.
        backingName: (file) => file,
        mark: (name) => join(folder, `.snaptree-${domain.uuid}-${transaction}.${name}`),
        configure: (xml, seen) => [{ kind: "define", xml, from: checksum(seen) } satisfies DefineStep],
    };
}
