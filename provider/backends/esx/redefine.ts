import { AlreadyExistsError, noSuchSnapshot, quoted, type RedefineOperation } from "../../model";
import type { EsxDraft } from "./draft";

/** Names and descriptions change in place. @throws NotFoundError, AlreadyExistsError */
export function compileRedefine(draft: EsxDraft, { name, description, rename }: RedefineOperation): void {
    const ref = draft.find(name);
    if (ref === null) throw noSuchSnapshot(name);
    if (description !== undefined) draft.edit(ref, { description });
    if (rename === undefined || rename === name) return;
    if (draft.find(rename) !== null || draft.branches.has(rename))
        throw new AlreadyExistsError(`there is a snapshot or branch ${quoted(rename)} already; choose another name`);
    draft.edit(ref, { name: rename });
}
