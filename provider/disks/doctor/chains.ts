import { stat } from "node:fs/promises";
import { quoted } from "../../model";
import type { Diagnosis } from "../../backends/backend";
import { type Case, diagnosis } from "./case";
import { isThere } from "../files";
import { realFile } from "../chain";
import { refuseOpenImages } from "../holders";
import type { ImageRecord } from "../records";

function missing(examined: Case, file: string): Diagnosis {
    const message = `${quoted(file)} is not there, and ${examined.neededBy(file)} can't be read without it; put it back, from a backup if need be, or delete what needs it, with metadata only`;
    return diagnosis("chain", file, message);
}

async function same(a: string, b: string): Promise<boolean> {
    return a === b || (await realFile(a)) === (await realFile(b));
}

/** An overlay whose header names a file that is gone, where the one that the records name is there, is put on that: no byte of it changes. */
function repointed(examined: Case, { path, backing }: ImageRecord): Diagnosis["remedy"] {
    if (backing === null) return null;
    return {
        kind: "mend",
        mend: async () => {
            await refuseOpenImages({ frozen: [], altered: [path] });
            await examined.images.point(path, examined.nameFrom(path, backing), examined.formatOf(backing));
        },
    };
}

/** What an overlay stands on is what the records say. */
async function backingFinding(examined: Case, image: ImageRecord): Promise<Diagnosis | null> {
    const { path, backing } = image;
    const header = await examined.header(path);
    if (backing === null || header instanceof Error) return null;
    const candidates = await examined.standsOn(path);
    for (const candidate of candidates) if (await same(candidate, backing)) return null;
    const isGone = header.backing !== null && !(await anyThere(candidates));
    const remedy = isGone && (await isThere(backing)) && (await examined.isOurs(path)) ? repointed(examined, image) : null;
    const message = `the image ${quoted(path)} stands on ${quoted(header.backing ?? "nothing")}${isGone ? ", which is not there" : ""}, and Snaptree left it on ${quoted(backing)}, so ${examined.neededBy(path)} can't be trusted; put it back on that (qemu-img rebase -u)`;
    return diagnosis("chain", path, message, remedy);
}

async function anyThere(files: readonly string[]): Promise<boolean> {
    for (const file of files) if (await isThere(file)) return true;
    return false;
}

/** What stands under a file that the records know nothing below, as its header and those below it say. */
async function belowFinding(examined: Case, file: string): Promise<Diagnosis | null> {
    const seen = new Set<string>();
    for (let at: string | undefined = file; at !== undefined;) {
        if (seen.has(at))
            return diagnosis(
                "chain",
                file,
                `the image ${quoted(file)} stands on itself, through ${quoted(at)}, so ${examined.neededBy(file)} can't be read; put that one on the file that it was made on (qemu-img rebase -u)`,
            );
        seen.add(at);
        const candidates: readonly string[] = await examined.standsOn(at);
        if (candidates.length > 0 && !(await anyThere(candidates))) {
            const message = `${quoted(candidates[0] ?? "")} is not there, on which ${quoted(at)} stands, and ${examined.neededBy(file)} can't be read without it; put it back, from a backup if need be`;
            return diagnosis("chain", candidates[0] ?? "", message);
        }
        at = candidates[0];
    }
    return null;
}

/** A raw file has no size but its own: one that was cut short shows only in what stands on it, which keeps the size that it was made with. */
async function cutShort(examined: Case, file: string): Promise<Diagnosis | null> {
    const { size } = await stat(file);
    for (const image of examined.records.images.values()) {
        const header = image.backing === file ? await examined.header(image.path) : null;
        if (header === null || header instanceof Error || header.virtualSize <= size) continue;
        const message = `${quoted(file)} ends before ${quoted(image.path)} does, which stands on it: unless that was made larger knowingly, the file was cut short, and what is missing reads as zeros; put it back from a backup`;
        return diagnosis("chain", file, message);
    }
    return null;
}

async function fileFinding(examined: Case, file: string): Promise<Diagnosis | null> {
    if (!(await isThere(file))) return missing(examined, file);
    if (examined.formatOf(file) !== "qcow2") return cutShort(examined, file);
    const header = await examined.header(file);
    if (header instanceof Error) return diagnosis("image", file, `${header.message}; ${examined.neededBy(file)} can't be read without it`);
    const image = examined.records.images.get(file);
    return image?.backing ? backingFinding(examined, image) : belowFinding(examined, file);
}

/** Files that are missing, can't be read, or stand where they should not. */
export async function chainFindings(examined: Case): Promise<Diagnosis[]> {
    const found = new Map<string, Diagnosis>();
    for (const file of examined.needed()) {
        const finding = await fileFinding(examined, file);
        if (finding) found.set(finding.what, finding);
    }
    return [...found.values()];
}
