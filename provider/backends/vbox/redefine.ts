import { AlreadyExistsError, checkState, HostError, InvalidInputError, NotFoundError, quoted, type RedefineOperation, Tree } from "../../model";
import { type Ref, renameSnapshot, stateOf } from "../../native";
import { layoutDifference, parseDomain, parseSnapshot, type SnapshotDocument, type XmlElement } from "../../xml";
import { filesOf, uuidIn } from "./documents";
import type { MachineDocument, Node } from "./document";
import type { VboxDraft } from "./draft";
import { type Heads, insertionOf } from "./lost";

/** What redefining looks at. */
export interface Documents {
    readonly machine: MachineDocument;
    /** The `<domain>` of a snapshot. */
    readonly domain: (ref: Ref) => XmlElement;
    /** Of the images that redefinitions name. */
    readonly heads: Heads;
}

/** The snapshot of VirtualBox's that holds what a document is of. */
function heldBy(draft: VboxDraft, { machine }: Documents, name: string, domain: XmlElement): Ref | null {
    const wanted = parseDomain(domain).disks.flatMap(({ target, file, device }) => (file === null || device !== "disk" ? [] : [[target, file] as const]));
    const uuid = uuidIn(domain);
    const holds = [...machine.nodes.values()].filter((node) => {
        const files = filesOf(node.disks, machine.media);
        return Object.keys(files).length === wanted.length && wanted.every(([target, file]) => files[target] === file);
    });
    const found = holds.find((node) => node.uuid === uuid) ?? holds[0];
    if (!found) return null;
    if (draft.isVisible(found.uuid) && draft.nameOf(found.uuid) !== name)
        throw new InvalidInputError(`the document’s contents are those of ${quoted(found.name)}, so they can't be ${quoted(name)} too`, "xml");
    if (!draft.isVisible(found.uuid) && !draft.forgotten.has(found.uuid))
        throw new HostError(`the contents of ${quoted(name)} are kept for others only and go with them; nothing was changed`, { uuid: found.uuid });
    return found.uuid;
}

function checkedDomain(draft: VboxDraft, around: Documents, before: Ref | null, document: SnapshotDocument, force: boolean): XmlElement {
    const { domain } = document;
    if (!domain) throw new InvalidInputError("the document has no <domain>, without which there is no going back to it; take it whole from the host", "xml");
    const theirs = parseDomain(domain).uuid;
    if (theirs !== around.machine.uuid)
        throw new InvalidInputError(
            `the document is of the domain with UUID ${theirs}, and this one has ${around.machine.uuid}; a redefinition can't move a snapshot between domains`,
            "xml",
        );
    const held = before ?? uuidIn(domain);
    const node = held === null ? undefined : around.machine.nodes.get(held);
    const difference = node ? layoutDifference(around.domain(node.uuid), domain) : null;
    if (difference !== null && !force)
        throw new InvalidInputError(`the document would change what the guest sees: ${difference}; keep that, or use force`, "xml");
    return domain;
}

function restored(draft: VboxDraft, around: Documents, before: Ref | null, operation: RedefineOperation, xml: string): Ref {
    const { name } = operation;
    const document = parseSnapshot(xml);
    if (document.name !== null && document.name !== name)
        throw new InvalidInputError(`the document is of ${quoted(document.name)}, and ${quoted(name)} was to be redefined`, "xml");
    const domain = checkedDomain(draft, around, before, document, operation.force ?? false);
    const ref = heldBy(draft, around, name, domain);
    checkTree(draft, name, ref ?? before, document.parent);
    if (ref === null) return putBack(draft, around, before, name, document, domain);
    const node = around.machine.nodes.get(ref);
    if (!node) throw new HostError(`VirtualBox has the snapshot {${ref}} no more; run again`);
    const state = document.state === null ? {} : changedState(name, draft, ref, document.state, around);
    draft.forgotten.delete(ref);
    const parent = document.parent === null ? null : draft.find(document.parent);
    const natural = draft.visibleFrom(node.parent);
    const { parent: _, ...about } = draft.about.get(ref) ?? {};
    if (document.creationTime !== null && document.creationTime !== node.time) draft.times.set(ref, document.creationTime);
    draft.about.set(ref, { ...about, ...state, ...(parent !== natural && { parent }) });
    draft.edit(ref, { name, description: document.description });
    return ref;
}

/** VirtualBox knows the snapshot no more, and its images are still there. */
function putBack(draft: VboxDraft, { machine, heads }: Documents, before: Ref | null, name: string, document: SnapshotDocument, domain: XmlElement): Ref {
    const parent = document.parent === null ? null : draft.find(document.parent);
    if (before !== null) throw new HostError(`the document names other images than those that hold ${quoted(name)}: ${filesIn(domain)}; nothing was changed`);
    if (document.state !== null) checkState({ name, state: "shutoff" }, document.state);
    if (parent === null && [...machine.nodes.values()].some((node) => node.parent === null && !standsOn(machine, node, domain)))
        throw new InvalidInputError(`VirtualBox has one first snapshot alone, and ${quoted(name)} would be a second one; say its <parent>`, "xml");
    return draft.insert(insertionOf({ machine, heads, name, document, domain, parent }));
}

function filesIn(domain: XmlElement): string {
    return parseDomain(domain)
        .disks.flatMap(({ file }) => (file === null ? [] : quoted(file)))
        .join(", ");
}

/** A snapshot's images stand on those of a document. */
function standsOn({ media }: MachineDocument, { disks }: Node, domain: XmlElement): boolean {
    const files = new Set(parseDomain(domain).disks.map(({ file }) => file));
    return Object.values(disks).some((uuid) => files.has(media.get(media.get(uuid)?.parent ?? "")?.file ?? null));
}

/** @throws InvalidInputError where the parent is missing, or below it */
function checkTree(draft: VboxDraft, name: string, ref: Ref | null, parent: string | null): void {
    const others = draft.visible().filter((each) => each !== ref);
    new Tree([...others.map((each) => ({ name: draft.nameOf(each) ?? "", parent: draft.nameOf(draft.parentOf(each)) })), { name, parent }]);
}

function changedState(name: string, draft: VboxDraft, ref: Ref, wanted: string, { machine }: Documents): { readonly state?: string } {
    const node = machine.nodes.get(ref);
    if (!node) return {};
    const before = stateOf(node, draft.about.get(ref));
    const state = checkState({ name, state: before }, wanted);
    return state === before ? {} : { state };
}

/** Restores or alters metadata; disks stay as they are. */
export function compileRedefine(draft: VboxDraft, around: Documents, operation: RedefineOperation): void {
    const { name, xml, rename } = operation;
    const before = draft.find(name);
    if (before === null && xml === undefined)
        throw new NotFoundError(`there is no snapshot ${quoted(name)} to redefine; give its whole <domainsnapshot> document to restore it`);
    if (before === null && draft.branches.has(name)) throw new AlreadyExistsError(`there is a branch ${quoted(name)} already; choose another name`);
    const ref = xml === undefined ? before : restored(draft, around, before, operation, xml);
    if (ref === null) return;
    const about = draft.about.get(ref);
    const state = operation.state === undefined ? {} : changedState(name, draft, ref, operation.state, around);
    draft.about.set(ref, { ...about, ...state });
    if (operation.creationTime !== undefined) draft.times.set(ref, operation.creationTime);
    if (operation.description !== undefined) draft.edit(ref, { description: operation.description });
    if (operation.current) draft.is = draft.visibleFrom(draft.current.node) === ref ? null : { of: draft.current.node, is: ref };
    if (rename !== undefined) renameSnapshot(draft, ref, rename);
}
