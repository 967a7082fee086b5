import { realpath } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { type Domain, quoted } from "../../model";
import type { XmlElement } from "../../xml";
import type { Diagnosis } from "../../backends/backend";
import { backingFiles } from "../chain";
import type { Images } from "../images";
import { type Qcow2Header, readQcow2 } from "../qcow2";
import { type Files, filesOf, type Records } from "../records";

/** The domain's document, and what it says. */
export interface Configuration {
    readonly config: XmlElement;
    readonly domain: Domain;
}

/** A snapshot, a branch, or the domain's own disks. */
interface Node {
    readonly what: string;
    readonly files: Files;
}

export function diagnosis(kind: Diagnosis["kind"], what: string, message: string, remedy: Diagnosis["remedy"] = null): Diagnosis {
    return { kind, what, message, remedy };
}

/** A few of the names, for a sentence. */
function listed(names: readonly string[]): string {
    const shown = names.slice(0, 3).join(", ");
    return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}

/** A domain that is examined: what its records and its document say, and its images as they are, each read once. */
export class Case {
    private readonly headers = new Map<string, Promise<Qcow2Header | Error>>();
    private readonly users: ReadonlyMap<string, readonly string[]>;
    /** Disk target to file. */
    readonly tip: Files;

    constructor(
        readonly records: Records,
        /** Null where it can't be read. */
        readonly document: Configuration | null,
        /** Files that others use; null where that can't be told. */
        readonly foreign: ReadonlySet<string> | null,
        readonly images: Images,
    ) {
        this.tip = document ? filesOf(document.domain) : records.tip;
        this.users = this.findUsers();
    }

    private nodes(): Node[] {
        const { snapshots, branches } = this.records;
        return [
            { what: "the domain", files: this.tip },
            ...[...snapshots.values()].map(({ name, files }) => ({ what: `snapshot ${quoted(name)}`, files })),
            ...[...branches.values()].map(({ name, files }) => ({ what: `branch ${quoted(name)}`, files })),
        ];
    }

    /** Every file that something needs, with what needs it: as its own, or under its own. */
    private findUsers(): ReadonlyMap<string, readonly string[]> {
        const users = new Map<string, string[]>();
        for (const { what, files } of this.nodes()) {
            const seen = new Set<string>();
            for (const file of Object.values(files)) {
                for (let at: string | null = file; at !== null && !seen.has(at); at = this.records.images.get(at)?.backing ?? null) {
                    seen.add(at);
                    users.set(at, [...(users.get(at) ?? []), what]);
                }
            }
        }
        return users;
    }

    /** The files that the records and the domain need. */
    needed(): string[] {
        return [...this.users.keys()];
    }

    isNeeded(file: string): boolean {
        return this.users.has(file);
    }

    /** `, which snapshot "a" and 2 more need`. */
    neededBy(file: string): string {
        return listed(this.users.get(file) ?? []);
    }

    formatOf(file: string): string {
        const disk = this.document?.domain.disks.find((each) => each.file === file);
        return this.records.images.get(file)?.format ?? disk?.format ?? "qcow2";
    }

    header(file: string): Promise<Qcow2Header | Error> {
        const known = this.headers.get(file) ?? readQcow2(file).catch((error: unknown) => error as Error);
        this.headers.set(file, known);
        return known;
    }

    /** The files that a qcow2 file's own header can mean by its backing file; empty where it names none, or one that is no file. */
    async standsOn(file: string): Promise<readonly string[]> {
        const header = await this.header(file);
        if (header instanceof Error || header.backing === null) return [];
        const { backing } = header;
        if (/^(?!json:|file:)[a-z][a-z0-9+.-]*:/.test(backing)) return []; // nbd:, rbd: and the like.
        return backingFiles(file, backing);
    }

    /** Ours to write: Snaptree made it, or takes its snapshots inside it, and nobody else uses it. */
    async isOurs(file: string): Promise<boolean> {
        if (this.foreign === null || this.foreign.has(file) || this.foreign.has(await realpath(file).catch(() => file))) return false;
        const internal = [...this.records.snapshots.values()].some((s) => s.mode === "internal" && Object.values(s.files).includes(file));
        return internal || this.records.images.get(file)?.owned === true;
    }

    /** How an overlay names a file as its backing file: by its bare name in the same folder, so that the folder can be moved. */
    nameFrom(overlay: string, backing: string): string {
        const plain = basename(backing);
        return dirname(overlay) === dirname(backing) && resolve(dirname(overlay), plain) === backing && !/[:,]/.test(plain) ? plain : backing;
    }
}
