import { rename } from "node:fs/promises";
import { quoted, SnaptreeError, tipSnapshotName } from "../../model";
import { emptySnapshot, formatSnapshot, formatXml, parseDomain, parseSnapshot, withDiskFiles, type XmlElement } from "../../xml";
import type { Diagnosis } from "../backend";
import { type Case, diagnosis } from "../../disks/doctor/case";
import { isThere, readIfThere, replaceFile } from "../../disks/files";
import { refuseOpenImages } from "../../disks/holders";
import { holdsTheSame } from "../../disks/qcow2";
import type { BranchRecord, Files, SnapshotRecord } from "../../disks/records";

/** Null: it is there and can be read. */
async function fault(file: string, parse: (text: string) => unknown): Promise<"is not there" | "can't be read" | null> {
    const text = await readIfThere(file);
    if (text === null) return "is not there";
    try {
        parse(text);
        return null;
    } catch (error) {
        if (error instanceof SnaptreeError) return "can't be read";
        throw error;
    }
}

/** The domain's configuration of today, on these disks. */
function configured({ document, records }: Case, files: Files): XmlElement | null {
    if (!document) return null;
    const has = new Set(document.domain.disks.map(({ target }) => target));
    const located = Object.entries(files).map(([target, file]) => [target, { file, format: records.images.get(file)?.format ?? "qcow2" }] as const);
    return withDiskFiles(document.config, Object.fromEntries(located.filter(([target]) => has.has(target))));
}

function snapshotText({ name, description, state, parent, creationTime, files, mode }: SnapshotRecord, domain: XmlElement): string {
    const shape = { type: "file", file: null, driver: null };
    return formatSnapshot({
        ...emptySnapshot,
        ...{ name, description, state, parent, creationTime, domain },
        memory: { snapshot: "no", file: null },
        disks: parseDomain(domain).disks.map(({ target }) => ({ ...shape, name: target, snapshot: files[target] === undefined ? ("no" as const) : mode })),
    });
}

/** What can't be read is set aside, not written over: whoever wrote it may still make something of it. */
async function rewrite(file: string, text: string): Promise<void> {
    if (await isThere(file)) await rename(file, `${file}.damaged`);
    await replaceFile(file, text);
}

async function documentFinding(examined: Case, node: SnapshotRecord | BranchRecord): Promise<Diagnosis | null> {
    const isSnapshot = "mode" in node;
    const what = `${isSnapshot ? "snapshot" : "branch"} ${quoted(node.name)}`;
    const found = await fault(node.document, isSnapshot ? parseSnapshot : parseDomain);
    if (found === null) return null;
    const config = configured(examined, node.files);
    const text = config && (isSnapshot ? snapshotText(node, config) : formatXml(config));
    const message = `the document of ${what} ${found} (${quoted(node.document)}), so there is no going back to it; put it back from a backup, or repair it: it then has the domain's configuration of today, its disks are not touched`;
    return diagnosis("document", node.document, message, text === null ? null : { kind: "mend", mend: () => rewrite(node.document, text) });
}

async function nvramFinding({ nvram, name }: SnapshotRecord | BranchRecord): Promise<Diagnosis | null> {
    if (nvram === null || (await isThere(nvram))) return null;
    const message = `the firmware variables of ${quoted(name)} are not there (${quoted(nvram)}), so there is no going back to it; put them back from a backup, or delete it`;
    return diagnosis("document", nvram, message);
}

/** Documents and copies of firmware variables that are missing or damaged. */
export async function documentFindings(examined: Case): Promise<Diagnosis[]> {
    const found: (Diagnosis | null)[] = [];
    for (const node of [...examined.records.snapshots.values(), ...examined.records.branches.values()]) {
        found.push(await documentFinding(examined, node), await nvramFinding(node));
    }
    return found.filter((finding) => finding !== null);
}

/** Internal snapshots of an image, each with what is in it; null: of the branch that runs, which is in the images themselves, so that it may be missing. */
type Expected = Map<string, string | null>;

/** File to the internal snapshots that should be in it. */
function expectedTags({ records }: Case): Map<string, Expected> {
    const expected = new Map<string, Expected>();
    for (const node of [...records.branches.values(), ...records.snapshots.values()]) {
        if (node.tag === null) continue;
        const what = "mode" in node ? `snapshot ${quoted(node.name)}` : node.name === records.branch ? null : `branch ${quoted(node.name)}`;
        for (const file of Object.values(node.files)) {
            const tags = expected.get(file) ?? new Map<string, string | null>();
            expected.set(file, tags.set(node.tag, what ?? tags.get(node.tag) ?? null));
        }
    }
    return expected;
}

const TIP = tipSnapshotName("");

/** An internal snapshot that the records don't name. One of ours whose contents another one has too is not needed. */
async function strangerFinding(examined: Case, file: string, tag: string, named: readonly string[]): Promise<Diagnosis> {
    const where = `the image ${quoted(file)} holds an internal snapshot ${quoted(tag)} that the records don't name`;
    if (!tag.startsWith(TIP)) {
        return diagnosis(
            "kept",
            file,
            `${where}: somebody took it, or it was only forgotten; restore it with its document, or remove it with qemu-img snapshot -d if nobody needs it`,
        );
    }
    for (const twin of named) {
        if (!(await examined.isOurs(file)) || !(await holdsTheSame(file, tag, twin))) continue;
        const mend = async () => {
            await refuseOpenImages({ frozen: [], altered: [file] });
            if (await holdsTheSame(file, tag, twin)) await examined.images.deleteSnapshots(file, [tag]);
        };
        return diagnosis("orphan", file, `${where} and whose contents ${quoted(twin)} has too; a repair removes it`, { kind: "mend", mend });
    }
    return diagnosis(
        "orphan",
        file,
        `${where}: a branch was left in it; look at it (qemu-img convert -l snapshot.name=${tag}), and remove it with qemu-img snapshot -d if nobody needs it`,
    );
}

async function tagFindings(examined: Case, file: string, expected: Readonly<Expected>): Promise<Diagnosis[]> {
    const header = await examined.header(file);
    if (header instanceof Error) return []; // Said already.
    const there = new Set(header.snapshots.map(({ name }) => name));
    const found: Diagnosis[] = [];
    for (const [tag, what] of expected) {
        if (what === null || there.has(tag)) continue;
        found.push(
            diagnosis(
                "image",
                file,
                `the image ${quoted(file)} holds no internal snapshot ${quoted(tag)}, in which ${what} was, so its contents are gone: somebody deleted it there; put the image back from a backup, or delete ${what} with metadata only`,
            ),
        );
    }
    const named = [...expected.keys()].filter((tag) => there.has(tag));
    for (const tag of there) if (!expected.has(tag)) found.push(await strangerFinding(examined, file, tag, named));
    return found;
}

/** Internal snapshots that are missing, or that nothing names. */
export async function internalFindings(examined: Case): Promise<Diagnosis[]> {
    const found: Diagnosis[] = [];
    for (const [file, expected] of expectedTags(examined)) found.push(...(await tagFindings(examined, file, expected)));
    return found;
}

/** Snapshots into which a merge was interrupted. */
export function commitFindings({ records }: Case): Diagnosis[] {
    return [...records.snapshots.values()]
        .filter(({ committing }) => committing)
        .map(({ name }) =>
            diagnosis(
                "commit",
                name,
                `a commit into snapshot ${quoted(name)} was interrupted, so there is no going back to it until that is run again to its end (revert with commit); what stands on it reads as before`,
            ),
        );
}
