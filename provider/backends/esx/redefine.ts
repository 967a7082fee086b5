import { noSuchSnapshot, type RedefineOperation } from "../../model";
import { renameSnapshot } from "../../native";
import type { EsxDraft } from "./draft";

/** Names and descriptions change in place. @throws NotFoundError, AlreadyExistsError */
export function compileRedefine(draft: EsxDraft, { name, description, rename }: RedefineOperation): void {
    const ref = draft.find(name);
    if (ref === null) throw noSuchSnapshot(name);
    if (description !== undefined) draft.edit(ref, { description });
    if (rename !== undefined) renameSnapshot(draft, ref, rename);
}
