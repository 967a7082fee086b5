import type { Operation } from "../model";

/** The machine goes elsewhere, or what is under it becomes other: what its guest has in memory would be lost. */
export function isInTheWay(operation: Operation): boolean {
    switch (operation.kind) {
        case "revert":
        case "switch":
        case "commit":
        case "merge":
        case "reset":
            return true;
        case "create":
            return operation.source === "parent";
        default:
            return false;
    }
}
