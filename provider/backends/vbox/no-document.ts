import { basename } from "node:path";
import { HostError, quoted } from "../../model";
import type { Site } from "./site";

/** What VirtualBox writes beside a machine's document, and leaves there where it is interrupted: it takes the old one away before the new one has its name. */
const BESIDE = [
    ["-tmp", "the newest, if it is whole"],
    ["-prev", "the one before"],
] as const;

/** For a machine whose document is not there: with what may be put in its place. @param machine as messages show it */
export async function noDocument(site: Pick<Site, "exists">, machine: string, file: string): Promise<HostError> {
    const found: string[] = [];
    for (const [suffix, what] of BESIDE) if (await site.exists(`${file}${suffix}`)) found.push(`${quoted(`${basename(file)}${suffix}`)} (${what})`);
    const how =
        found.length === 0
            ? "put it back from a backup"
            : `what VirtualBox left beside it is ${found.join(" and ")}: look at it, and put it back under the document's name`;
    return new HostError(`the machine ${machine} is inaccessible: its document ${quoted(file)} is not there; ${how}, or unregister the machine`, { file });
}
