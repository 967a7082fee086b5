import type { Operation } from "../../model";
import type { Draft } from "../draft";
import { compileAdopt, compileBranch, compileRename, compileReset, compileSwitch, compileUnbranch } from "./branch";
import { compileCommit, compileMerge } from "./commit";
import { compileCreate } from "./create";
import { compileDelete } from "./delete";
import { refuseMixed } from "./mixed";
import { compileRedefine } from "./redefine";
import { compileRevert } from "./revert";
import { dropUnused } from "./settle";
import { settleTags } from "./retag";
import { compileForget, compileImport } from "./transfer";
import type { World } from "./world";

export type { World } from "./world";

/** Adds what operations do to a draft. Leaves that were left on the way, and are needed no more, are looked for once, at the end. */
export async function compile(draft: Draft, world: World, operations: readonly Operation[]): Promise<void> {
    for (const operation of operations) {
        refuseMixed(draft, operation);
        await compileOne(draft, world, operation);
    }
    if (operations.some(leavesTip)) await dropUnused(draft, world);
    if (draft.place.tagsAreNames) await settleTags(draft, world);
}

const LEAVING: ReadonlySet<Operation["kind"]> = new Set(["revert", "switch", "reset"]);

/** A deletion tidies up by itself, before it merges. */
function leavesTip(operation: Operation): boolean {
    return LEAVING.has(operation.kind) || (operation.kind === "create" && operation.source === "parent" && operation.moveTip);
}

async function compileOne(draft: Draft, world: World, operation: Operation): Promise<void> {
    switch (operation.kind) {
        case "create":
            return compileCreate(draft, world, operation);
        case "redefine":
            return compileRedefine(draft, world, operation);
        case "revert":
            return compileRevert(draft, world, operation);
        case "delete":
            return compileDelete(draft, world, operation);
        case "commit":
            return compileCommit(draft, world, operation);
        case "merge":
            return compileMerge(draft, world, operation);
        case "branch":
            return compileBranch(draft, world, operation);
        case "switch":
            return compileSwitch(draft, world, operation);
        case "unbranch":
            return compileUnbranch(draft, world, operation);
        case "reset":
            return compileReset(draft, world, operation);
        case "rename":
            return void compileRename(draft, operation);
        case "adopt":
            return compileAdopt(draft, world, operation);
        case "import":
            return compileImport(draft, world, operation);
        case "forget":
            return void compileForget(draft);
    }
}
