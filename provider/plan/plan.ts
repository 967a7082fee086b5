import { type Hierarchy, type Loss, type LossSizes, type Operation, quoted, shownLoss } from "../model";
import { type Basis, basisOf } from "./basis";
import { describe } from "./describe";
import { sizesOf } from "./losses";
import { checkPlan, VERSION } from "./shape";

/**
 * What is to be done, in order, and what it costs. Plain data besides its text: it survives JSON.
 *
 * @example
 * ```
 * + create a
 *   + create b under a
 * ```
 */
export class Plan {
    constructor(
        readonly operations: readonly Operation[],
        /** What would go that nothing else holds. */
        readonly losses: readonly Loss[],
        readonly warnings: readonly string[],
        readonly basis: Basis,
        /** Bytes of those losses whose size is known: where the hierarchy was listed with sizes. */
        readonly sizes: LossSizes = {},
    ) {}

    /**
     * A plan that was written to a file.
     *
     * @example
     * ```ts
     * const made = Plan.fromJSON(JSON.parse(await readFile("plan.json", "utf8")));
     * ```
     * @throws InvalidInputError for what is no plan, or one of another version.
     */
    static fromJSON(value: unknown): Plan {
        const { operations, losses, warnings, basis, sizes } = checkPlan(value);
        return new Plan(operations, losses, warnings, basis, sizes);
    }

    toJSON(): object {
        const { operations, losses, sizes, warnings, basis } = this;
        return { version: VERSION, operations, losses, sizes, warnings, basis };
    }

    /** One line an operation, then warnings and losses; what preview, `snaptree plan` and progress show. */
    toString(): string {
        const lines = this.operations.map(describe);
        for (const warning of this.warnings) lines.push(`warning: ${warning}`);
        for (const loss of this.losses) lines.push(`would lose ${shownLoss(loss, this.sizes)}`);
        return lines.length === 0 ? "nothing to do" : lines.join("\n");
    }
}

/** A domain that runs is to go back to what holds no memory that it could go on with. */
function endings({ powerState, snapshots }: Hierarchy, operations: readonly Operation[]): string[] {
    if (powerState === "shutoff") return [];
    const diskOnly = new Set(snapshots.filter(({ memory }) => !memory).map(({ name }) => name));
    return operations.flatMap((operation) => {
        if (operation.kind !== "revert" || operation.powerState !== undefined || !diskOnly.has(operation.name)) return [];
        return `${quoted(operation.name)} holds no memory, so the domain, which is ${powerState}, is shut off afterwards`;
    });
}

/** A plan of operations on a hierarchy. */
export function planOf(hierarchy: Hierarchy, operations: readonly Operation[], losses: readonly Loss[] = [], warnings: readonly string[] = []): Plan {
    const all = [...warnings, ...endings(hierarchy, operations)];
    return new Plan(operations, losses, all, basisOf(hierarchy, operations), losses.length === 0 ? {} : sizesOf(hierarchy, losses));
}
