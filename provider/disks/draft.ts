import { existsSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { type Domain, HostError, InvalidInputError, quoted } from "../model";
import { formatXml, parseDomain, withDiskFiles, type XmlElement } from "../xml";
import type { Step, Transaction } from "../backends/backend";
import { syncFile, writeNewFile } from "./files";
import type { Use } from "./holders";
import type { Place } from "./place";
import { MAX_BACKING_BYTES } from "./qcow2";
import { type BranchRecord, type Files, filesOf, type ImageRecord, type Records, type SnapshotRecord } from "./records";
import { type QemuStep, type RemoveStep, type TakeStep, writtenBy } from "./steps";
import type { NewOverlay } from "./storage-daemon";

/** A file that the commit writes before the records name it. */
export interface NewFile {
    readonly file: string;
    readonly contents: string | Uint8Array | { readonly copyOf: string };
}

/** What a transaction of this backend commits. */
export interface Next {
    readonly records: Records;
    readonly files: readonly NewFile[];
    /** What must still be as it was when this was compiled. */
    readonly seen: Seen;
}

/** What a transaction was compiled from. */
export interface Seen {
    /** The domain's document. */
    readonly xml: string;
    /** Images that are to be removed, as they were. */
    readonly stamps: Readonly<Record<string, string>>;
    readonly use: Use;
}

/** Writes a new file; the caller syncs its folder. */
export async function writeDrafted({ file, contents }: NewFile): Promise<void> {
    if (!isCopy(contents)) return writeNewFile(file, contents);
    await copyFile(contents.copyOf, file);
    await syncFile(file);
}

/** The file is a copy of one that is there. */
function isCopy(contents: NewFile["contents"]): contents is { readonly copyOf: string } {
    return typeof contents === "object" && "copyOf" in contents;
}

/**
 * The records and the domain's document as operations leave them, and the steps that get there. Nothing outside is changed: compiling several
 * operations on one draft makes one transaction of them.
 */
export class Draft {
    current: string | null;
    branch: string | null;
    config: XmlElement;
    readonly images: Map<string, ImageRecord>;
    readonly snapshots: Map<string, SnapshotRecord>;
    readonly branches: Map<string, BranchRecord>;
    /** Virtual sizes of overlays that are not there yet, in bytes. */
    readonly sizes = new Map<string, number>();
    /** Names of internal snapshots that are about to be taken. */
    readonly tags = new Set<string>();
    private next: number;
    private readonly overlays = new Map<string, NewOverlay>();
    private readonly prepare: QemuStep[] = [];
    private readonly finish: QemuStep[] = [];
    private readonly removed: string[] = [];
    private readonly files = new Map<string, NewFile>();
    private readonly restored = new Map<string, string>();
    private readonly frozen = new Set<string>();
    private readonly altered = new Set<string>();

    constructor(
        readonly place: Place,
        readonly stored: Records,
        readonly storedConfig: XmlElement,
    ) {
        this.current = stored.current;
        this.branch = stored.branch;
        this.next = stored.next;
        this.config = storedConfig;
        this.images = new Map(stored.images);
        this.snapshots = new Map(stored.snapshots);
        this.branches = new Map(stored.branches);
        this.reconcile();
    }

    /** What somebody changed in the domain's document: a disk that is gone or new is theirs to decide; one that points elsewhere would be guesswork. */
    private reconcile(): void {
        const now = this.tip();
        this.refuseFrozen(now);
        for (const [target, file] of Object.entries(this.stored.tip)) {
            if (now[target] === undefined) this.release(file);
            else if (now[target] !== file) {
                throw new HostError(
                    `${this.place.document} has disk ${target} on ${quoted(now[target])}, and Snaptree left it on ${quoted(file)}; point it back before going on, so that nothing is lost`,
                );
            }
        }
    }

    /** What is frozen, or another tip's, is not the domain's to write to. */
    private refuseFrozen(now: Files): void {
        const named = [...this.snapshots.values(), ...this.branches.values()].filter((node) => !("mode" in node) || node.mode === "external");
        const owners = new Map(named.flatMap(({ name, files }) => Object.values(files).map((file) => [file, name] as const)));
        for (const [target, file] of Object.entries(now)) {
            const owner = owners.get(file);
            if (owner === undefined || this.stored.tip[target] === file) continue;
            throw new HostError(
                `${this.place.document} has disk ${target} on ${quoted(file)}, which holds what ${quoted(owner)} is; give it a file of its own, so that nothing is lost`,
            );
        }
    }

    /** Disk target to the file that the domain writes to. */
    tip(): Files {
        return filesOf(this.domain());
    }

    domain(): Domain {
        return parseDomain(this.config);
    }

    activeBranch(): BranchRecord | undefined {
        return this.branch === null ? undefined : this.branches.get(this.branch);
    }

    /** The text of a document that the commit is to write. */
    pending(file: string): string | undefined {
        const contents = this.files.get(file)?.contents;
        return typeof contents === "string" ? contents : undefined;
    }

    /** Brings a file of the domain's back, after the commit. */
    restore(from: string, to: string): void {
        this.restored.set(to, from);
        this.after({ kind: "copy", from, to });
    }

    /** Where the contents are that a file of the domain's has by then; undefined: nothing is brought back there. */
    restoredFrom(file: string): string | undefined {
        return this.restored.get(file);
    }

    /** Points disks of the domain at other files. */
    pointTip(files: Files): void {
        this.config = withDiskFiles(
            this.config,
            Object.fromEntries(Object.entries(files).map(([target, file]) => [target, { file, format: this.formatOf(file) }])),
        );
    }

    formatOf(file: string): string {
        return this.images.get(file)?.format ?? "qcow2";
    }

    /** A new file, or a new document. @param beside the file that it belongs to */
    allocate(stem: string, ending: string, beside: string | null): string {
        for (;;) {
            const path = this.place.path(stem, this.next++, ending, beside);
            if (!this.images.has(path) && !existsSync(path)) return path;
        }
    }

    /** A document or a copy that the commit writes. All are written at once, so a copy of one that is only about to be written is made of its source. */
    addFile(stem: string, ending: string, contents: NewFile["contents"], beside: string | null = null): string {
        const file = this.allocate(stem, ending, beside);
        const source = isCopy(contents) ? this.files.get(contents.copyOf)?.contents : undefined;
        this.files.set(file, { file, contents: source ?? contents });
        return file;
    }

    /** How one file names another as its backing file. */
    backingName(file: string): string {
        const name = this.place.backingName(file);
        if (Buffer.byteLength(name) > MAX_BACKING_BYTES) {
            throw new InvalidInputError(
                `the path ${quoted(file)} is longer than the ${MAX_BACKING_BYTES} bytes that qcow2 has for a backing file; move it to a shorter one`,
                "disks",
            );
        }
        return name;
    }

    /** Notes an image that is there already. */
    know(file: string, format: string): void {
        if (!this.images.has(file)) this.images.set(file, { path: file, backing: null, format, created: false, owned: false });
    }

    /** A new empty overlay, made before everything else. */
    addOverlay(file: string, backing: string, size: number): void {
        this.sizes.set(file, size);
        this.images.set(file, { path: file, backing, format: "qcow2", created: true, owned: true });
        this.overlays.set(file, { file, size, backing: this.backingName(backing), backingFormat: this.formatOf(backing) });
    }

    release(file: string): void {
        const image = this.images.get(file);
        if (image) this.images.set(file, { ...image, owned: false });
    }

    dependents(file: string): ImageRecord[] {
        return [...this.images.values()].filter((image) => image.backing === file);
    }

    freeze(files: Iterable<string>): void {
        for (const file of files) this.frozen.add(file);
    }

    alter(files: Iterable<string>): void {
        for (const file of files) this.altered.add(file);
    }

    /** A step before the commit. Internal snapshots of the same images in a row are taken in one go. */
    before(step: QemuStep): void {
        const last = this.prepare.at(-1);
        if (step.kind === "take") for (const tag of step.tags) this.tags.add(tag);
        if (step.kind === "take" && last?.kind === "take" && sameFiles(step, last)) {
            this.prepare[this.prepare.length - 1] = { ...last, tags: [...last.tags, ...step.tags] };
        } else this.prepare.push(step);
    }

    /** A step after the commit. */
    after(step: QemuStep): void {
        this.finish.push(step);
    }

    /** Removes a file after everything else. */
    remove(file: string): void {
        this.images.delete(file);
        this.removed.push(file);
    }

    /** Gets rid of a file that nothing needs: one that is only about to be made is not made at all. */
    discard(file: string): void {
        if (this.overlays.delete(file)) this.images.delete(file);
        else {
            this.alter([file]);
            this.remove(file);
        }
    }

    /** Files that must not be in use by others while the steps run. */
    use(): Use {
        const there = (files: ReadonlySet<string>) => [...files].filter((file) => !this.overlays.has(file));
        return { frozen: there(this.frozen), altered: there(this.altered) };
    }

    /** Images that go after the commit and that no step writes: whoever does is somebody else. */
    doomed(): string[] {
        const written = new Set([...this.overlays.keys(), ...[...this.prepare, ...this.finish].flatMap(writtenBy)]);
        return this.removed.filter((file) => this.stored.images.has(file) && !written.has(file));
    }

    transaction(title: string, seen: Seen): Transaction & { readonly next: Next } {
        const generation = this.stored.generation + 1;
        const written = [...this.files.keys()].filter((file) => this.place.isFile(file));
        const documents: Step[] = written.length > 0 ? [{ kind: "documents", files: written }] : [];
        const overlays: Step[] = this.overlays.size > 0 ? [{ kind: "overlays", overlays: [...this.overlays.values()] }] : [];
        const domain: Step[] = this.config === this.storedConfig ? [] : [...this.place.configure(formatXml(this.config), seen.xml)];
        const gone = this.removed.filter((file) => this.place.isFile(file));
        const removal: RemoveStep[] = gone.length > 0 ? [{ kind: "remove", files: gone, stamps: seen.stamps }] : [];
        const prepare = this.prepare.map((step, i) => (step.kind === "take" ? { ...step, begun: this.place.mark(`take${i}`) } : step));
        // A name that is deleted may be given anew afterwards.
        const renames = this.finish.some(({ kind }) => kind === "retag");
        const marked = (kind: QemuStep["kind"]) => kind === "apply" || kind === "copy" || kind === "retag" || (kind === "drop" && renames);
        const finish = this.finish.map((step, i) => (marked(step.kind) ? { ...step, done: this.place.mark(`${step.kind}${i}`) } : step));
        const records: Records = {
            generation,
            next: this.next,
            current: this.current,
            branch: this.branch,
            tip: this.tip(),
            images: this.images,
            snapshots: this.snapshots,
            branches: this.branches,
        };
        return {
            title,
            generation,
            prepare: [...documents, ...overlays, ...prepare],
            finish: [...finish, ...domain, ...removal],
            next: { records, files: [...this.files.values()], seen },
        };
    }
}

function sameFiles(a: TakeStep, b: TakeStep): boolean {
    return a.files.length === b.files.length && a.files.every((file, i) => file === b.files[i]);
}
