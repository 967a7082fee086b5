import { type Hierarchy, type Loss, type Operation, quoted, type Snapshot } from "../model";

/** What a plan was made on: the nodes that it touches, as they were. */
export interface Basis {
    /** Name to what was known of it; null: it was not there. */
    readonly nodes: Readonly<Record<string, string | null>>;
    readonly tip: string;
}

/**
 * What is to be done, in order, and what it costs. Plain data besides its text.
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
    ) {}

    /** One line an operation, then warnings and losses; what preview, `snaptree plan` and progress show. */
    toString(): string {
        const lines = this.operations.map(describe);
        for (const warning of this.warnings) lines.push(`warning: ${warning}`);
        for (const loss of this.losses) lines.push(`would lose ${called(loss)}`);
        return lines.length === 0 ? "nothing to do" : lines.join("\n");
    }
}

const SCOPES = { keepChildren: "", subtree: " and everything below it", children: ": everything below it", metadata: " (metadata only)" } as const;

/** A name in a line of text: in quotes where it could be taken for more than a name. */
function called(name: string): string {
    return /[\p{C}\p{Z}"]/u.test(name) ? quoted(name) : name;
}

/** An operation in a line. */
export function describe(operation: Operation): string {
    const name = called(operation.name);
    switch (operation.kind) {
        case "create": {
            const place = operation.parent === null ? "as the root" : `under ${called(operation.parent)}`;
            const source = operation.provisioned ? ", provisioned" : operation.source === "parent" ? ", of its parent's contents" : "";
            const kept = operation.keepTip === null ? "" : `; the tip is kept as branch ${called(operation.keepTip)}`;
            return `+ create ${name} ${place}${source}${operation.replace ? ", in place of the one that is there" : ""}${kept}`;
        }
        case "redefine":
            return `~ redefine ${name}${operation.rename === undefined ? "" : ` as ${called(operation.rename)}`}`;
        case "delete":
            return `- delete ${name}${SCOPES[operation.scope]}`;
        case "revert":
            return `> revert to ${name}${operation.keepTip === null ? "" : `; the tip is kept as branch ${called(operation.keepTip)}`}`;
    }
}

/** What identifies a node for staleness: its contents, its place and its description. */
export function stampOf(snapshot: Snapshot | undefined): string | null {
    return snapshot ? JSON.stringify([snapshot.contentId, snapshot.parent, snapshot.description, snapshot.creationTime]) : null;
}

function tipStamp(hierarchy: Hierarchy): string {
    return JSON.stringify([hierarchy.current, hierarchy.branch, hierarchy.dirty]);
}

/** The nodes that operations touch: those they name, and their parents. */
function touched(operations: readonly Operation[]): string[] {
    const names = new Set<string>();
    for (const operation of operations) {
        names.add(operation.name);
        if (operation.kind === "create" && operation.parent !== null) names.add(operation.parent);
    }
    return [...names];
}

/** What operations rest on in a hierarchy. */
export function basisOf(hierarchy: Hierarchy, operations: readonly Operation[]): Basis {
    const known = new Map(hierarchy.snapshots.map((snapshot) => [snapshot.name, snapshot]));
    return {
        nodes: Object.fromEntries(touched(operations).map((name) => [name, stampOf(known.get(name))])),
        tip: tipStamp(hierarchy),
    };
}

/** The first touched node that is not as it was; null while the plan still holds. */
export function staleNode(plan: Plan, hierarchy: Hierarchy): string | null {
    if (plan.operations.length === 0) return null;
    const known = new Map(hierarchy.snapshots.map((snapshot) => [snapshot.name, snapshot]));
    for (const [name, stamp] of Object.entries(plan.basis.nodes)) if (stampOf(known.get(name)) !== stamp) return `snapshot ${called(name)}`;
    return plan.basis.tip === tipStamp(hierarchy) ? null : "the tip";
}
