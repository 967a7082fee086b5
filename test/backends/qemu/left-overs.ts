import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Hierarchy } from "../../../provider/engine";
import { imageOf } from "./tools";

function inUse({ snapshots, branches }: Hierarchy, tip: Readonly<Record<string, string>>): Set<string> {
    return new Set([tip, ...snapshots.map(({ files }) => files), ...branches.map(({ files }) => files)].flatMap((files) => Object.values(files)));
}

/** Overlays that nothing names and fewer than two files stand on, and broken backing names. @param kept on these one is enough */
export async function idleImages(folder: string, named: ReadonlySet<string>, { kept, single }: Omit<Allowed, "left">): Promise<string[]> {
    const names = (await readdir(folder)).filter((name) => name.endsWith(".qcow2"));
    const files = new Set([...names.map((name) => join(folder, name)), ...named]);
    const images = await Promise.all([...files].filter((file) => file.endsWith(".qcow2")).map(imageOf));
    const broken = images.filter(({ backing, backingFormat }) => backing !== null && (backingFormat === null || !existsSync(backing)));
    const dependents = (file: string) => images.filter(({ backing }) => backing === file).length;
    const enough = (file: string) => dependents(file) >= (single || kept.has(file) ? 1 : 2);
    const idle = images.filter(({ filename }) => !named.has(filename) && filename.startsWith(`${folder}/`) && !enough(filename));
    return [...broken.map(({ filename, backing }) => `${filename} stands on ${backing}`), ...idle.map(({ filename }) => filename)];
}

/** The name in its images of a snapshot or branch, of which only the records tell: a rename leaves it. */
export async function tagsIn(folder: string): Promise<ReadonlyMap<string, string>> {
    const file = join(folder, "hierarchy.json");
    const { snapshots, branches } = JSON.parse(existsSync(file) ? await readFile(file, "utf8") : "{}") as Record<
        string,
        { name: string; tag: string | null }[]
    >;
    return new Map([...(snapshots ?? []), ...(branches ?? [])].flatMap(({ name, tag }) => (tag === null ? [] : [[name, tag]])));
}

/** Internal snapshots that are neither a snapshot nor a branch, and those that are missing. */
async function strayTags(folder: string, { snapshots, branches }: Hierarchy): Promise<string[]> {
    const tags = await tagsIn(folder);
    const expected = new Map<string, string[]>();
    for (const { name, files } of [...snapshots, ...branches]) {
        const tag = tags.get(name);
        if (tag !== undefined) for (const file of Object.values(files)) expected.set(file, [...(expected.get(file) ?? []), tag]);
    }
    const wrong: string[] = [];
    for (const [file, tags] of expected) {
        const there = (await imageOf(file)).internal;
        for (const tag of new Set([...there, ...tags])) if (there.filter((t) => t === tag).length !== 1 || !tags.includes(tag)) wrong.push(`${file}: ${tag}`);
    }
    return wrong;
}

/** What may be there though the hierarchy has no use for it. */
export interface Allowed {
    /** What is left over for good. */
    readonly left: ReadonlySet<string>;
    /** Files that a discarded snapshot leaves in the chain, for as long as something stands on them. */
    readonly kept: ReadonlySet<string>;
    /** An unnamed file may have a single one on it: the domain left the other one, which copies nothing, and the next deletion merges them. */
    readonly single: boolean;
}

/** Everything in a domain's folder that its hierarchy has no use for, and everything that it needs and that is broken. */
export async function leftOvers(
    folder: string,
    hierarchy: Hierarchy,
    tip: Readonly<Record<string, string>>,
    { left, kept, single }: Allowed = { left: new Set(), kept: new Set(), single: false },
): Promise<string[]> {
    const found = [...(await idleImages(folder, inUse(hierarchy, tip), { kept, single })), ...(await strayTags(folder, hierarchy))];
    const names = await readdir(folder);
    const documents = (stem: string) => names.filter((name) => name.startsWith(`${stem}.`) && name.endsWith(".xml"));
    if (documents("snapshot").length !== hierarchy.snapshots.length) found.push(...documents("snapshot"));
    if (documents("branch").length !== hierarchy.branches.length) found.push(...documents("branch"));
    found.push(...names.filter((name) => name.endsWith(".new") || name === "journal.json"));
    return found.filter((what) => ![...left].some((file) => what.startsWith(file)));
}
