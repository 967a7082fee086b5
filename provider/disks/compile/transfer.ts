import { type ExportedBranch, type ExportedSnapshot, type HierarchyExport, type ImportOperation, InvalidInputError, quoted, Tree } from "../../model";
import { parseDomain, parseXml } from "../../xml";
import type { Draft } from "../draft";
import { unpacked } from "../nvram";
import type { Files, SnapshotRecord } from "../records";
import { branchDocument, branchOf, checkLeaf } from "./branch";
import { own, redefine } from "./redefine";
import { refuseTaken } from "./rename";
import { snapshotOf, type World } from "./world";

/** The tip goes on from what is current, so it must be the one that did. */
function checkTip(draft: Draft, { xml }: HierarchyExport): void {
    const here = draft.tip();
    for (const { target, file } of parseDomain(xml).disks) {
        if (file === null || here[target] === file) continue;
        throw new InvalidInputError(
            `the domain has disk ${target} on ${quoted(here[target] ?? "nothing")} here, and its hierarchy was exported with it on ${quoted(file)}; point it there first`,
            "xml",
        );
    }
}

async function nvramFile(draft: Draft, nvram: string | null, property: string): Promise<string | null> {
    return nvram === null ? null : draft.addFile("nvram", "fd", await unpacked(nvram, property), draft.domain().nvram);
}

/** Files that are named here, and stay somebody else's. */
async function know(draft: Draft, world: World, files: Files): Promise<void> {
    for (const file of Object.values(files)) if (!draft.images.has(file)) await own(draft, world, file, "qcow2");
}

async function importSnapshot(draft: Draft, world: World, { name, xml, contentId, made, owner, nvram }: ExportedSnapshot): Promise<void> {
    refuseTaken(draft, name);
    // Each has the layout that the guest saw when it was taken.
    await redefine(draft, world, { kind: "redefine", name, xml, force: true });
    const record: SnapshotRecord = {
        ...snapshotOf(draft, name),
        made,
        nvram: await nvramFile(draft, nvram, `snapshots.${name}.nvram`),
        ...(contentId !== null && { contentId }),
        ...(owner !== null && { owner }),
    };
    draft.snapshots.set(name, record);
}

async function importBranch(draft: Draft, world: World, branch: ExportedBranch, active: boolean): Promise<void> {
    const { name, from, tip, files, tag, xml, owner, nvram } = branch;
    refuseTaken(draft, name);
    for (const stand of [from, tip]) if (stand !== null) snapshotOf(draft, stand);
    if (active) checkActive(draft, branch);
    else for (const [target, file] of Object.entries(files)) await checkLeaf(draft, world, name, target, file, tag);
    await know(draft, world, files);
    draft.branches.set(name, {
        ...{ name, from, tip, files, tag },
        document: branchDocument(draft, parseXml(xml, `the XML of branch ${quoted(name)}`), files),
        nvram: await nvramFile(draft, nvram, `branches.${name}.nvram`),
        ...(owner !== null && { owner }),
    });
}

/** The active branch's leaf is the domain's own. */
function checkActive(draft: Draft, { name, files }: ExportedBranch): void {
    const elsewhere = Object.entries(files).find(([target, file]) => draft.tip()[target] !== file);
    if (elsewhere)
        throw new InvalidInputError(
            `the domain is on branch ${quoted(name)}, whose disk ${elsewhere[0]} is ${quoted(elsewhere[1])}, and writes to another; export it again`,
            "branches",
        );
}

/** Remembers a hierarchy that was exported elsewhere. What its files hold is there already; nobody but whoever made them writes or removes them. */
export async function compileImport(draft: Draft, world: World, { hierarchy }: ImportOperation): Promise<void> {
    const { snapshots, branches, current, branch } = hierarchy;
    checkTip(draft, hierarchy);
    if (branch !== null && draft.branch !== null && draft.branch !== branch)
        throw new InvalidInputError(
            `the domain is on branch ${quoted(draft.branch)} here, and on ${quoted(branch)} in what is imported; switch to one first`,
            "branch",
        );
    for (const snapshot of snapshots) await importSnapshot(draft, world, snapshot);
    new Tree(draft.snapshots.values()); // Refuses a missing parent and a cycle.
    for (const each of branches) await importBranch(draft, world, each, each.name === branch);
    await knowTip(draft, world);
    if (current !== null) draft.current = snapshotOf(draft, current).name;
    if (branch !== null) draft.branch = branchOf(draft, branch).name;
}

/** What the tip writes to is kept when it is left, as a file that is known. */
async function knowTip(draft: Draft, world: World): Promise<void> {
    const taking = new Set([...draft.snapshots.values()].flatMap(({ files }) => Object.keys(files)));
    for (const { target, file, format } of draft.domain().disks) {
        if (file !== null && taking.has(target) && !draft.images.has(file)) await own(draft, world, file, format ?? "qcow2");
    }
}

/** Remembers nothing any more. Nobody may be writing to the disks meanwhile; they are none of Snaptree's afterwards. */
export function compileForget(draft: Draft): void {
    const nodes = [...draft.snapshots.values(), ...draft.branches.values()];
    draft.freeze([...Object.values(draft.tip()), ...[...draft.branches.values()].flatMap(({ files }) => Object.values(files))]);
    for (const { document, nvram } of nodes) {
        draft.remove(document);
        if (nvram !== null) draft.remove(nvram);
    }
    for (const kept of [draft.snapshots, draft.branches, draft.images]) kept.clear();
    draft.current = null;
    draft.branch = null;
}
