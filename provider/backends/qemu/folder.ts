import { mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { checkName, type Domain, HostError, NotFoundError, quoted, UnreachableError } from "../../model";
import { parseDomain, parseXml, type XmlElement } from "../../xml";
import type { JournalEntry } from "../backend";
import { readIfThere, removeFile, replaceFile, syncFolder } from "../../disks/files";
import { formatRecords, noRecords, parseRecords, type Records } from "../../disks/records";

const RECORDS = "hierarchy.json";
const JOURNAL = "journal.json";
const LOCK = "lock";
export const DOMAIN = "domain.xml";

/** Reads a text again only when it is another one: what is read is never changed afterwards. */
function lastOf<T>(read: (text: string) => T): (text: string) => T {
    let last: { readonly text: string; readonly value: T } | undefined;
    return (text) => {
        if (last?.text !== text) last = { text, value: read(text) };
        return last.value;
    };
}

/** One domain's folder under the root: its document, its records, its journal and its lock. */
export class Folder {
    private readonly parseRecords = lastOf((text) => parseRecords(text, this.path));
    private readonly parseConfig = lastOf((text) => parseXml(text));
    private readonly parseDomain = lastOf((text) => parseDomain(this.parseConfig(text)));

    constructor(readonly path: string) {}

    get lock(): string {
        return join(this.path, LOCK);
    }

    get journalFile(): string {
        return join(this.path, JOURNAL);
    }

    get recordsFile(): string {
        return join(this.path, RECORDS);
    }

    get domainFile(): string {
        return join(this.path, DOMAIN);
    }

    /** What the text of the domain's document says. */
    config(text: string): XmlElement {
        return this.parseConfig(text);
    }

    /** What the domain's document says. */
    async domain(): Promise<Domain> {
        return this.parseDomain(await this.domainXml());
    }

    /** The text of the domain's document. */
    async domainXml(): Promise<string> {
        const text = await readIfThere(this.domainFile);
        if (text === null) throw new NotFoundError(`there is no ${quoted(this.domainFile)}; “snaptree define” makes it`);
        return text;
    }

    async records(): Promise<Records> {
        const text = await readIfThere(this.recordsFile);
        return text === null ? noRecords : this.parseRecords(text);
    }

    async writeRecords(records: Records): Promise<void> {
        await replaceFile(this.recordsFile, formatRecords(records, this.path));
    }

    /** There is no such domain any more; what it wrote to stays. The records go first: without them a domain is whole, without a domain they are a trap. */
    async undefine(): Promise<void> {
        await removeFile(join(this.path, RECORDS));
        await removeFile(this.domainFile);
        await syncFolder(this.path);
    }

    /** Removes what a kill left of a file that was being replaced. The lock is held. */
    async clearTemporaries(): Promise<void> {
        for (const name of [JOURNAL, RECORDS, DOMAIN]) await removeFile(join(this.path, `${name}.new`));
    }

    async journal(): Promise<JournalEntry | null> {
        const text = await readIfThere(this.journalFile);
        if (text === null) return null;
        try {
            return JSON.parse(text) as JournalEntry;
        } catch (error) {
            throw new HostError(
                `the journal in ${quoted(this.path)} can't be read; nothing was changed: move ${JOURNAL} away once the disks are checked`,
                {},
                { cause: error },
            );
        }
    }

    async writeJournal(entry: JournalEntry): Promise<void> {
        await replaceFile(this.journalFile, JSON.stringify(entry));
    }

    async clearJournal(): Promise<void> {
        await removeFile(this.journalFile);
        // A journal that comes back after a power failure would be finished again, over what the domain wrote since.
        await syncFolder(this.path);
        await this.clearMarks();
    }

    /** Removes what steps of a journal noted of themselves. Not before it is gone itself: it would be gone on with as if they had not been carried out. */
    async clearMarks(): Promise<void> {
        for (const name of await readdir(this.path)) if (/^journal\.(take|apply|copy)\d+$/.test(name)) await removeFile(join(this.path, name));
    }
}

/** What to say of a root that can't be looked at. */
export function unreachable(root: string, cause: unknown): UnreachableError {
    const why = (cause as Error).message;
    return new UnreachableError(
        `the host's folder ${quoted(root)} can't be reached: ${why}; make or mount it, or correct the URI`,
        { folder: root },
        { cause },
    );
}

/** @throws UnreachableError where the root is not there: an unmounted share is no empty host. */
async function checkRoot(root: string): Promise<void> {
    const there = await stat(root).catch((error: unknown) => {
        throw unreachable(root, error);
    });
    if (!there.isDirectory()) throw new UnreachableError(`the host's ${quoted(root)} is no folder; correct the URI`, { folder: root });
}

/** The names of the domains under a root. */
export async function domainNames(root: string): Promise<string[]> {
    await checkRoot(root);
    const entries = await readdir(root, { withFileTypes: true });
    const names: string[] = [];
    for (const entry of entries) if (entry.isDirectory() && (await readIfThere(join(root, entry.name, DOMAIN))) !== null) names.push(entry.name);
    return names.sort();
}

/** @throws NotFoundError where there is no such domain. */
export async function openFolder(root: string, domain: string): Promise<Folder> {
    checkName(domain, "domain");
    await checkRoot(root);
    const folder = new Folder(join(root, domain));
    if ((await readIfThere(folder.domainFile)) === null)
        throw new NotFoundError(`there is no domain ${quoted(domain)} under ${quoted(root)}; “snaptree define” makes one`);
    return folder;
}

/** Makes a folder for a new domain. */
export async function newFolder(root: string, domain: string): Promise<Folder> {
    checkName(domain, "domain");
    await checkRoot(root);
    await mkdir(join(root, domain), { recursive: true });
    return new Folder(join(root, domain));
}
