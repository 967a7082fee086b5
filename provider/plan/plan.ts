import { type Branch, type Hierarchy, type Loss, type Operation, quoted, type Snapshot } from "../model";

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

function kept(keepTip: string | null): string {
    return keepTip === null ? "" : `; the tip is kept as branch ${called(keepTip)}`;
}

/** What goes with an operation. */
function along(...names: (readonly string[])[]): string {
    const all = names.flat();
    return all.length === 0 ? "" : `; with it go ${all.map(called).join(", ")}`;
}

/** An operation in a line. */
export function describe(operation: Operation): string {
    const name = called(operation.name);
    switch (operation.kind) {
        case "create": {
            const place = operation.parent === null ? "as the root" : `under ${called(operation.parent)}`;
            const source = operation.provisioned ? ", provisioned" : operation.source === "parent" ? ", of its parent's contents" : "";
            return `+ create ${name} ${place}${source}${operation.replace ? ", in place of the one that is there" : ""}${kept(operation.keepTip)}`;
        }
        case "redefine":
            return `~ redefine ${name}${operation.rename === undefined ? "" : ` as ${called(operation.rename)}`}`;
        case "delete":
            return `- delete ${name}${SCOPES[operation.scope]}${operation.chain === "keep" ? " (its file stays in the chain)" : ""}`;
        case "revert":
            return `> revert to ${name}${kept(operation.keepTip)}`;
        case "commit": {
            const leaf = operation.branch === null ? "the tip" : `branch ${called(operation.branch)}`;
            const after = operation.discard ? `, and delete ${name}` : "";
            return `~ commit ${leaf} into ${name}${after}${along(operation.snapshots, operation.branches)}`;
        }
        case "merge":
            return `~ merge ${name} into ${called(operation.into)}${along(operation.snapshots, operation.branches)}`;
        case "branch":
            return `+ branch ${name} at ${called(operation.from)}`;
        case "switch":
            return `> switch to branch ${name}${kept(operation.keepTip)}`;
        case "unbranch":
            return `- remove branch ${name}`;
        case "reset":
            return `~ reset branch ${name} to ${called(operation.to)}${along(operation.snapshots)}`;
        case "adopt":
            return `+ adopt branch ${name}${operation.tip === null ? "" : ` at ${called(operation.tip)}`}`;
        case "rename":
            return `~ rename branch ${name} to ${called(operation.to)}`;
    }
}

/** What identifies a node for staleness: its contents, its place and its description. */
export function stampOf(node: Snapshot | Branch | undefined): string | null {
    if (!node) return null;
    if ("contentId" in node) return JSON.stringify([node.contentId, node.parent, node.description, node.creationTime, node.committing]);
    return JSON.stringify([node.from, node.tip, node.active, node.dirty]);
}

function tipStamp(hierarchy: Hierarchy): string {
    return JSON.stringify([hierarchy.current, hierarchy.branch, hierarchy.dirty]);
}

/** The nodes that one operation touches besides the one it names. */
function others(operation: Operation): readonly (string | null)[] {
    switch (operation.kind) {
        case "create":
            return [operation.parent];
        case "delete":
            return operation.branches;
        case "commit":
            return [operation.branch, ...operation.snapshots, ...operation.branches];
        case "merge":
            return [operation.into, ...operation.snapshots, ...operation.branches];
        case "branch":
            return [operation.from];
        case "adopt":
            return [operation.from, operation.tip];
        case "reset":
            return [operation.to, ...operation.snapshots];
        default:
            return [];
    }
}

/** The nodes that operations touch. */
function touched(operations: readonly Operation[]): Set<string> {
    const names = new Set<string>();
    for (const operation of operations) for (const name of [operation.name, ...others(operation)]) if (name !== null) names.add(name);
    return names;
}

/** Snapshots and branches share one name space. */
function nodes({ snapshots, branches }: Hierarchy): Map<string, Snapshot | Branch> {
    return new Map([...snapshots, ...branches].map((node) => [node.name, node]));
}

/** What operations rest on in a hierarchy. */
export function basisOf(hierarchy: Hierarchy, operations: readonly Operation[]): Basis {
    const known = nodes(hierarchy);
    return { nodes: Object.fromEntries([...touched(operations)].map((name) => [name, stampOf(known.get(name))])), tip: tipStamp(hierarchy) };
}

/** A plan of operations on a hierarchy. */
export function planOf(hierarchy: Hierarchy, operations: readonly Operation[], losses: readonly Loss[] = [], warnings: readonly string[] = []): Plan {
    return new Plan(operations, losses, warnings, basisOf(hierarchy, operations));
}

/** The first touched node that is not as it was; null while the plan still holds. */
export function staleNode(plan: Plan, hierarchy: Hierarchy): string | null {
    if (plan.operations.length === 0) return null;
    const known = nodes(hierarchy);
    for (const [name, stamp] of Object.entries(plan.basis.nodes)) {
        const node = known.get(name);
        if (stampOf(node) !== stamp) return `${node && !("contentId" in node) ? "branch" : "snapshot"} ${called(name)}`;
    }
    return plan.basis.tip === tipStamp(hierarchy) ? null : "the tip";
}
