import { join } from "node:path";
import { parseDomain } from "../../xml";
import { addChain } from "../../disks/chain";
import { readIfThere } from "../../disks/files";
import { parseRecords } from "../../disks/records";
import { DOMAIN, domainNames } from "./folder";

/** Adds the files that a domain's folder names, their backing files included. */
export async function addDomain(folder: string, files: Set<string>): Promise<void> {
    const xml = await readIfThere(join(folder, DOMAIN));
    if (xml !== null) for (const { file } of parseDomain(xml).disks) if (file !== null) await addChain(file, files);
    const records = await readIfThere(join(folder, "hierarchy.json"));
    if (records !== null) for (const image of parseRecords(records, folder).images.keys()) await addChain(image, files);
}

/** The files that other domains under the same root use, their backing files included. */
export async function foreignFiles(root: string, domain: string): Promise<Set<string>> {
    const files = new Set<string>();
    for (const name of await domainNames(root)) if (name !== domain) await addDomain(join(root, name), files);
    return files;
}
