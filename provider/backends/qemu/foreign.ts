import { dirname, join, resolve } from "node:path";
import { parseDomain } from "../../xml";
import { DOMAIN, domainNames } from "./folder";
import { readIfThere } from "./files";
import { readQcow2 } from "./qcow2";
import { parseRecords } from "./records";

/** A file and everything that it stands on. */
async function addChain(file: string, files: Set<string>): Promise<void> {
    for (let at: string | null = file; at !== null && !files.has(at); ) {
        files.add(at);
        const header: { backing: string | null } | null = await readQcow2(at).catch(() => null); // Not qcow2, or gone: the chain ends here.
        at = header?.backing ? resolve(dirname(at), header.backing) : null;
    }
}

async function addDomain(folder: string, files: Set<string>): Promise<void> {
    const xml = await readIfThere(join(folder, DOMAIN));
    if (xml !== null) for (const { file } of parseDomain(xml).disks) if (file !== null) await addChain(file, files);
    const records = await readIfThere(join(folder, "hierarchy.json"));
    if (records !== null) for (const image of parseRecords(records, folder).images.keys()) await addChain(image, files);
}

/** The files that other domains under the same root use, their backing files included. */
export async function foreignFiles(root: string, domain: string): Promise<ReadonlySet<string>> {
    const files = new Set<string>();
    for (const name of await domainNames(root)) if (name !== domain) await addDomain(join(root, name), files);
    return files;
}
