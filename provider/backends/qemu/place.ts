import { dirname, isAbsolute, join, relative } from "node:path";
import { quoted } from "../../model";
import { checksum } from "../../disks/stamps";
import type { Place } from "../../disks/place";
import type { DomainStep } from "../../disks/steps";
import { BACKEND, capabilities } from "./capabilities";
import { DOMAIN } from "./folder";

/** A domain's folder under the root: all that is made lies in it. */
export function placeIn(folder: string): Place {
    const document = join(folder, DOMAIN);
    return {
        backend: BACKEND,
        compression: capabilities.compression,
        document: quoted(document),
        tagsAreNames: false,
        guests: false,
        shutOffAdvice: "domains are shut off here: leave it out, or manage a running one through libvirt (qemu:///system)",
        path: (stem, number, ending) => join(folder, `${stem}.${number}.${ending}`),
        isFile: () => true,
        isInside: (file) => dirname(file) === folder,
        // Relative within the folder, so that the folder can be moved.
        backingName: (file) => {
            const inside = relative(folder, file);
            return inside.startsWith("..") || isAbsolute(inside) || /[:,]/.test(inside) ? file : inside;
        },
        mark: (name) => join(folder, `journal.${name}`),
        configure: (xml, seen) => [{ kind: "domain", file: document, xml, from: checksum(seen) } satisfies DomainStep],
    };
}
