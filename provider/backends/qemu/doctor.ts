import { join, resolve } from "node:path";
import { InvalidInputError, quoted, SnaptreeError, Tree } from "../../model";
import type { Diagnosis, JournalEntry } from "../backend";
import { chainFindings } from "../../disks/doctor/chains";
import { type Configuration, diagnosis } from "../../disks/doctor/case";
import { domainFindings, FolderCase } from "./doctor-domain";
import { commitFindings, documentFindings, internalFindings } from "./doctor-contents";
import { folderFindings, leftoverFindings } from "./doctor-folder";
import { imageFindings } from "../../disks/doctor/images";
import { domainNames, type Folder } from "./folder";
import { addDomain } from "./foreign";
import type { Images } from "../../disks/images";
import { noRecords, type Records } from "../../disks/records";

/** What can be read, or Snaptree's own words on why it can't. */
async function readOr<T>(read: Promise<T>): Promise<T | SnaptreeError> {
    try {
        return await read;
    } catch (error) {
        if (error instanceof SnaptreeError) return error;
        throw error;
    }
}

/** An operation that was interrupted: the lock is held, so nobody is still at it. */
function journalFinding(folder: Folder, entry: JournalEntry | SnaptreeError, records: Records | null): Diagnosis {
    const about = (message: string, remedy: Diagnosis["remedy"] = null) => diagnosis("journal", folder.journalFile, message, remedy);
    if (entry instanceof SnaptreeError) return about(entry.message);
    const interrupted = `an operation was interrupted in “${entry.title}”`;
    if (records === null) return about(`${interrupted}, and can't be gone on with before the records can be read; restore them first`);
    if (records.generation > entry.generation)
        return about(
            `${interrupted} before later ones that went through, so nothing can be begun; move ${quoted(folder.journalFile)} away once the disks are checked`,
        );
    const how = records.generation === entry.generation ? "finished" : "taken back";
    return about(`${interrupted}; nothing is lost: a repair, or the next operation, sees that it is ${how}`, { kind: "recover" });
}

/** All texts in a value, at whatever depth. */
function textsIn(value: unknown): string[] {
    if (typeof value === "string") return [value];
    return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** Files and snapshots that an interrupted operation is about: what they are is only known once it is finished or taken back. */
function underWay(folder: Folder, entry: JournalEntry | SnaptreeError | null): ReadonlySet<string> {
    if (entry === null || entry instanceof SnaptreeError) return new Set();
    const begun = [...entry.prepare, ...entry.finish].flatMap(textsIn).filter((text) => text.length < 4096 && !text.includes("\0"));
    return new Set([...begun, ...begun.map((text) => resolve(folder.path, text))]);
}

function recordsFindings({ recordsFile }: Folder, records: Records | SnaptreeError): Diagnosis[] {
    const back = `put ${quoted(recordsFile)} back from a backup`;
    if (records instanceof SnaptreeError) {
        const apart = "without one, move it away: the domain then goes on from the disks that it has, and the files and documents of its snapshots stay";
        return [diagnosis("records", recordsFile, `${records.message}; ${back}; ${apart}`)];
    }
    try {
        new Tree(records.snapshots.values());
    } catch (error) {
        if (error instanceof InvalidInputError) return [diagnosis("records", recordsFile, `the records contradict themselves: ${error.message}; ${back}`)];
        throw error;
    }
    const { current, branch, snapshots, branches } = records;
    const lost = [...(current !== null && !snapshots.has(current) ? [current] : []), ...(branch !== null && !branches.has(branch) ? [branch] : [])];
    return lost.map((name) =>
        diagnosis("records", recordsFile, `the records contradict themselves: the domain is on ${quoted(name)}, which they don't have; ${back}`),
    );
}

async function configuration(folder: Folder): Promise<Configuration> {
    return { config: folder.config(await folder.domainXml()), domain: await folder.domain() };
}

/** The other domains of the host, and the files that they use. */
async function neighbours(root: string, domain: string): Promise<{ readonly files: ReadonlySet<string>; readonly findings: Diagnosis[] }> {
    const files = new Set<string>();
    const findings: Diagnosis[] = [];
    for (const name of await domainNames(root)) {
        const read = name === domain ? null : await readOr(addDomain(join(root, name), files));
        if (!(read instanceof SnaptreeError)) continue;
        const message = `the domain ${quoted(name)} beside this one can't be read: ${read.message}; until it can, nobody knows which files it uses, so none are written or removed here: mend it, or move its folder away`;
        findings.push(diagnosis("neighbour", name, message));
    }
    return { files, findings };
}

/** What needs the records to be told. */
async function recordedFindings(examined: FolderCase, signal: AbortSignal | undefined): Promise<Diagnosis[]> {
    return [
        ...domainFindings(examined),
        ...(await documentFindings(examined)),
        ...(await internalFindings(examined)),
        ...commitFindings(examined),
        ...(await chainFindings(examined)),
        ...(await imageFindings(examined, signal)),
        ...(await folderFindings(examined)),
    ];
}

/** What is wrong with a domain. Changes nothing; the lock is held. */
export async function examine(folder: Folder, root: string, name: string, images: Images, signal: AbortSignal | undefined): Promise<readonly Diagnosis[]> {
    const records = await readOr(folder.records());
    const entry = await readOr(folder.journal());
    const document = await readOr(configuration(folder));
    const others = await neighbours(root, name);
    const known = records instanceof SnaptreeError ? null : records;
    const foreign = others.findings.length > 0 ? null : others.files;
    const examined = new FolderCase(folder, known ?? noRecords, document instanceof SnaptreeError ? null : document, foreign, images);
    const found = [
        ...recordsFindings(folder, records),
        ...(document instanceof SnaptreeError
            ? [diagnosis("domain", folder.domainFile, `the domain's document ${quoted(folder.domainFile)} can't be used: ${document.message}`)]
            : []),
        ...(known ? await recordedFindings(examined, signal) : [...(await chainFindings(examined)), ...(await imageFindings(examined, signal))]),
        ...(entry === null ? await leftoverFindings(folder.path) : []),
        ...others.findings,
    ];
    const begun = underWay(folder, entry);
    return [...(entry === null ? [] : [journalFinding(folder, entry, known)]), ...found.filter(({ what }) => !begun.has(what))];
}
