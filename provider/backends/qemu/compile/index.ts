import type { Operation } from "../../../model";
import type { Draft } from "../draft";
import { compileCreate } from "./create";
import { compileDelete } from "./delete";
import { compileRedefine } from "./redefine";
import { compileRevert } from "./revert";
import type { World } from "./world";

export type { World } from "./world";

/** Adds what an operation does to a draft. */
export async function compile(draft: Draft, world: World, operation: Operation): Promise<void> {
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
