import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { automaticName, HostError, quoted } from "../../model";
import type { Diagnosis } from "../backend";
import { diagnosis } from "../../disks/doctor/case";
import type { FolderCase } from "./doctor-domain";
import { isThere, removeFile } from "../../disks/files";
import { realFile, unrecordedFiles } from "../../disks/chain";
import { refuseOpenImages } from "../../disks/holders";
import { stampOf } from "../../disks/stamps";

const TEMPORARY = /^(?:(?:journal|hierarchy)\.json|domain\.xml)\.new$|^domain\.xml\.[0-9a-f]{8}-[0-9a-f-]{27}$|^journal\.(?:take|apply|copy)\d+$/;
const DOCUMENT = /^(?:snapshot|branch)\.\d+\.xml$|^nvram\.\d+\.fd$/;
/** Files of Snaptree's own naming: a disk's target and a number. */
const OVERLAY = /^(.+)\.(\d+)\.qcow2$/;

/** What a kill left of files that were being replaced. */
export async function leftoverFindings(folder: string): Promise<Diagnosis[]> {
    const names = (await readdir(folder)).filter((name) => TEMPORARY.test(name)).sort();
    return names.map((name) => {
        const file = join(folder, name);
        const message = `${quoted(file)} is what an interrupted run left of a file that it was writing, and holds nothing that is needed; a repair removes it`;
        return diagnosis("leftover", file, message, { kind: "mend", mend: () => removeFile(file) });
    });
}

function documentFindings({ folder, records }: FolderCase, names: readonly string[]): Diagnosis[] {
    const named = new Set([...records.snapshots.values(), ...records.branches.values()].flatMap(({ document, nvram }) => [document, nvram]));
    const orphans = names.filter((name) => DOCUMENT.test(name)).map((name) => join(folder.path, name));
    return orphans
        .filter((file) => !named.has(file))
        .map((file) =>
            diagnosis(
                "orphan",
                file,
                `${quoted(file)} belongs to no snapshot or branch in the records, which may be older than it is; restore what it is of with a redefinition, or remove it if nobody needs it`,
            ),
        );
}

/** The images in the folder that nobody knows, each with those of them that stand on it. */
async function strangers(examined: FolderCase, names: readonly string[]): Promise<Map<string, string[]>> {
    const { records, tip, foreign, folder } = examined;
    const known = new Set([...examined.needed(), ...records.images.keys(), ...(foreign ?? []), ...(await unrecordedFiles(Object.values(tip), records.images))]);
    for (const file of [...known]) known.add(await realFile(file));
    const found = new Map<string, string[]>();
    for (const name of names) {
        const file = join(folder.path, name);
        if (name.endsWith(".qcow2") && !known.has(file) && !known.has(await realFile(file))) found.set(file, []);
    }
    for (const file of found.keys()) for (const under of await examined.standsOn(file)) found.get(under)?.push(file);
    return found;
}

/** Where an image stands that the records don't know. */
interface Place {
    /** The known file that it stands on, at whatever depth. */
    readonly file: string;
    /** The newest snapshot below it; null: none. */
    readonly snapshot: string | null;
    /** The disk that it is of; null where that can't be told. */
    readonly target: string | null;
}

/** The first file under an unknown one that the records need; null where it stands on nothing of theirs. */
async function knownUnder(examined: FolderCase, file: string): Promise<string | null> {
    const needed = new Map<string, string>();
    for (const each of examined.needed()) needed.set(each, each).set(await realFile(each), each);
    const seen = new Set<string>();
    for (let at: string | undefined = file; at !== undefined && !seen.has(at);) {
        seen.add(at);
        const under: readonly string[] = await examined.standsOn(at);
        for (const each of under) {
            const known = needed.get(each) ?? needed.get(await realFile(each));
            if (known !== undefined) return known;
        }
        at = under[0];
    }
    return null;
}

/** The disk whose files a set of files has one of. */
function targetIn(files: Readonly<Record<string, string>>, file: string): string | undefined {
    return Object.entries(files).find(([, each]) => each === file)?.[0];
}

function chainOf({ records }: FolderCase, file: string): string[] {
    const chain: string[] = [];
    for (let at: string | null = file; at !== null && !chain.includes(at); at = records.images.get(at)?.backing ?? null) chain.push(at);
    return chain;
}

async function placeOf(examined: FolderCase, orphan: string): Promise<Place | null> {
    const file = await knownUnder(examined, orphan);
    if (file === null) return null;
    for (const at of chainOf(examined, file)) {
        for (const snapshot of examined.records.snapshots.values()) {
            const target = targetIn(snapshot.files, at);
            if (target !== undefined) return { file, snapshot: snapshot.name, target };
        }
    }
    const [target = null] = Object.entries(examined.tip).flatMap(([name, top]) => (chainOf(examined, top).includes(file) ? [name] : []));
    return { file, snapshot: null, target };
}

/** The domain or a branch writes to it, so nothing that stands on it can be trusted. */
function isWritten({ tip, records }: FolderCase, file: string): boolean {
    return [tip, ...[...records.branches.values()].map(({ files }) => files)].some((files) => targetIn(files, file) !== undefined);
}

function isExternal({ records }: FolderCase): boolean {
    return [...records.snapshots.values()].every(({ mode }) => mode === "external");
}

/** What was written stays, and comes into view as a branch of its own. */
async function adoption(examined: FolderCase, file: string, taken: Set<string>): Promise<Diagnosis | null> {
    const place = await placeOf(examined, file);
    if (!place || place.target === null || !isExternal(examined) || isWritten(examined, place.file)) return null;
    const name = automaticName(place.snapshot, taken);
    taken.add(name);
    const operation = { kind: "adopt", name, from: place.snapshot, tip: place.snapshot, files: { [place.target]: file }, tag: null } as const;
    const message = `${quoted(file)} holds what was written on ${place.snapshot === null ? "the domain's disk" : `snapshot ${quoted(place.snapshot)}`} and the records don't know it; a repair keeps it as branch ${quoted(name)}`;
    return diagnosis("orphan", file, message, examined.foreign === null ? null : { kind: "operation", operation });
}

/** Snaptree made it, going by its name and number, for a disk that there is. */
function isOfOurNaming({ records, tip, folder }: FolderCase, file: string): boolean {
    const [, target = "", number = ""] = OVERLAY.exec(file.slice(folder.path.length + 1)) ?? [];
    return Number(number) < records.next && (tip[target] !== undefined || [...records.snapshots.values()].some(({ files }) => files[target] !== undefined));
}

async function isEmpty(examined: FolderCase, file: string): Promise<boolean> {
    if ((await stat(file)).size === 0) return true;
    const header = await examined.header(file);
    return !(header instanceof Error) && !header.allocated && header.snapshots.length === 0;
}

/** Nothing was ever written to it. One that a program made beforehand, for a snapshot to come, has a name of that program's choice, and stays. */
async function emptyFinding(examined: FolderCase, file: string): Promise<Diagnosis> {
    if (!isOfOurNaming(examined, file)) {
        return diagnosis(
            "orphan",
            file,
            `${quoted(file)} is an image that nothing was written to and that the records don't know; remove it if nobody is about to use it`,
        );
    }
    const stamp = await stampOf(file);
    const mend = async () => {
        await refuseOpenImages({ frozen: [], altered: [file] });
        if ((await stampOf(file)) !== stamp) throw new HostError(`${quoted(file)} was written meanwhile, so it stays`);
        await removeFile(file);
    };
    const message = `${quoted(file)} is an overlay that nothing was written to and nothing needs; a repair removes it`;
    return diagnosis("leftover", file, message, examined.foreign === null ? null : { kind: "mend", mend });
}

async function imageFindings(examined: FolderCase, names: readonly string[]): Promise<Diagnosis[]> {
    const { records } = examined;
    const taken = new Set([...records.snapshots.keys(), ...records.branches.keys()]);
    const found: Diagnosis[] = [];
    for (const [file, above] of await strangers(examined, names)) {
        if (above.length > 0) continue; // What is done with those decides about this one.
        const finding = (await isEmpty(examined, file)) ? await emptyFinding(examined, file) : await adoption(examined, file, taken);
        const message = `${quoted(file)} is an image in the domain's folder that the records don't know, and that stands on none of its snapshots; look at it with qemu-img info, then make it a domain of its own, or remove it if nobody needs it`;
        found.push(finding ?? diagnosis("orphan", file, message));
    }
    return found;
}

/** Files that were knowingly left: what they held was only forgotten. */
async function keptFindings(examined: FolderCase): Promise<Diagnosis[]> {
    const found: Diagnosis[] = [];
    for (const { path, created, owned } of examined.records.images.values()) {
        if (!created || owned || examined.isNeeded(path) || !(await isThere(path))) continue;
        const message = `${quoted(path)} holds what a snapshot or a disk was that was only forgotten, so it is kept; restore it with its document, or remove it if nobody needs it`;
        found.push(diagnosis("kept", path, message));
    }
    return found;
}

/** Files in the domain's folder that the records don't name. */
export async function folderFindings(examined: FolderCase): Promise<Diagnosis[]> {
    const entries = await readdir(examined.folder.path, { withFileTypes: true });
    const names = entries.flatMap((entry) => (entry.isFile() ? [entry.name] : [])).sort();
    return [...(await imageFindings(examined, names)), ...documentFindings(examined, names), ...(await keptFindings(examined))];
}
