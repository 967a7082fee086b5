import { type Branch, called, type Hierarchy, type Operation, type Snapshot } from "../model";

/** What a plan was made on: the nodes that it touches, as they were. */
export interface Basis {
    /** The domain's. */
    readonly uuid: string;
    /** Name to what was known of it; null: it was not there. */
    readonly nodes: Readonly<Record<string, string | null>>;
    readonly tip: string;
}

/** What identifies a node for staleness: its contents, its place and its description. */
function stampOf(node: Snapshot | Branch | undefined): string | null {
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
            return [operation.parent, operation.keepTip];
        case "redefine":
            return [operation.rename ?? null];
        case "revert":
        case "switch":
            return [operation.keepTip];
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
        case "rename":
            return [operation.to];
        case "import":
            return [...operation.hierarchy.snapshots, ...operation.hierarchy.branches].map(({ name }) => name);
        case "unbranch":
        case "forget":
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
    const touchedNodes = [...touched(operations)].map((name) => [name, stampOf(known.get(name))] as const);
    return { uuid: hierarchy.uuid, nodes: Object.fromEntries(touchedNodes), tip: tipStamp(hierarchy) };
}

/** What was made on a hierarchy. */
interface Based {
    readonly operations: readonly Operation[];
    readonly basis: Basis;
}

/** The first touched node that is not as it was; null while the plan still holds. */
export function staleNode({ operations, basis }: Based, hierarchy: Hierarchy): string | null {
    if (operations.length === 0) return null;
    if (basis.uuid !== hierarchy.uuid) return "the domain's UUID";
    const known = nodes(hierarchy);
    for (const [name, stamp] of Object.entries(basis.nodes)) {
        const node = known.get(name);
        if (stampOf(node) !== stamp) return `${node && !("contentId" in node) ? "branch" : "snapshot"} ${called(name)}`;
    }
    return basis.tip === tipStamp(hierarchy) ? null : "the tip";
}
