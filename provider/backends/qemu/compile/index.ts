import type { Operation } from "../../../model";
import type { Draft } from "../draft";
import { compileCreate } from "./create";
import { compileDelete } from "./delete";
import { compileRedefine } from "./redefine";
import { compileRevert } from "./revert";
import { dropUnused } from "./settle";
import type { World } from "./world";

export type { World } from "./world";

/** Adds what operations do to a draft. Leaves that were left on the way, and are needed no more, are looked for once, at the end. */
export async function compile(draft: Draft, world: World, operations: readonly Operation[]): Promise<void> {
    for (const operation of operations) await compileOne(draft, world, operation);
    if (operations.some(leavesTip)) await dropUnused(draft, world);
}

/** A deletion tidies up by itself, before it merges. */
function leavesTip(operation: Operation): boolean {
    return operation.kind === "revert" || (operation.kind === "create" && operation.source === "parent" && operation.moveTip);
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
    }
}
