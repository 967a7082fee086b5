import { BusyError, type CreateOperation, type Hierarchy, type Leave, type Operation, quoted } from "../model";
import type { ManagedDomain } from "../backends/backend";
import { foresee } from "../plan";

/** Operations that can say what to do with a guest. */
const CHOOSING: ReadonlySet<Operation["kind"]> = new Set(["create", "revert", "switch"]);

function policyOf(operations: readonly Operation[]): Leave {
    return operations.flatMap((operation) => ("leave" in operation ? operation.leave : [])).at(0) ?? "refuse";
}

/** Keeps what the guest has in its memory, and ends it in the same instant: nothing that it does afterwards would be kept. */
function checkpointOf({ branch, current }: Hierarchy): CreateOperation {
    const name = `leave-${branch ?? "tip"}-${Math.floor(Date.now() / 1000)}`;
    return { kind: "create", name, parent: current, source: "tip", provisioned: false, moveTip: true, keepTip: null, halt: true };
}

/** What leaving needs of whoever carries out operations. */
export interface Leaving {
    /** Takes a snapshot. */
    readonly create: (operation: CreateOperation) => Promise<void>;
    /** Throws where what is asked for is refused in what the hierarchy is to be. */
    readonly check: (foreseen: Hierarchy) => Promise<void>;
    readonly signal?: AbortSignal | undefined;
}

/**
 * Sees to it that no guest is in the way of operations (design section 2, *leave*).
 *
 * @returns whether one was: then the hierarchy is another one by now.
 * @throws BusyError where nothing says what to do with it
 */
export async function leave(
    { guest, name }: ManagedDomain,
    hierarchy: Hierarchy,
    operations: readonly Operation[],
    { create, check, signal }: Leaving,
): Promise<boolean> {
    if (!guest || hierarchy.powerState === "shutoff" || !guest.mustLeave(operations, hierarchy)) return false;
    const policy = policyOf(operations);
    if (policy === "refuse") {
        const choice = operations.some(({ kind }) => CHOOSING.has(kind)) ? ", or say with leave what is to be done: shutdown, checkpoint or destroy" : " first";
        throw new BusyError(`the domain ${quoted(name)} is ${hierarchy.powerState}, and what its memory holds would be lost; shut it down${choice}`, null);
    }
    if (policy === "checkpoint") {
        const checkpoint = checkpointOf(hierarchy);
        await check(foresee(hierarchy, checkpoint)); // What will be refused once it is taken is refused before.
        await guest.wake();
        await create(checkpoint);
    }
    await guest.leave(policy === "shutdown" ? "shutdown" : "destroy", { signal });
    return true;
}
