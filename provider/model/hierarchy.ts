import type { Branch } from "./branch";
import type { PowerState } from "./domain";
import { InvalidInputError, NotFoundError } from "./errors";
import { Heap } from "./heap";
import type { Snapshot } from "./snapshot";
import { quoted } from "./text";

/** All snapshots and branches of one domain with their parents, the current one and the active branch. */
export interface Hierarchy {
    readonly domain: string;
    readonly uuid: string;
    readonly powerState: PowerState;
    /** The snapshot that the domain's live state descends from directly. */
    readonly current: string | null;
    /** The active branch. */
    readonly branch: string | null;
    /** The tip differs from the current snapshot; with no snapshot at all: true. */
    readonly dirty: boolean;
    /** Parents before children, then by creation time and name. */
    readonly snapshots: readonly Snapshot[];
    /** By name. */
    readonly branches: readonly Branch[];
}

/** What to say where a snapshot is asked for that is not there. */
export function noSuchSnapshot(name: string): NotFoundError {
    return new NotFoundError(`there is no snapshot ${quoted(name)}; “snaptree list” shows what is there`);
}

/** What a snapshot is called where the hypervisor has several of its name. @param id what the hypervisor knows it by */
export function nameWithId(name: string, id: string): string {
    return `${name} {${id}}`;
}

function isNamed(whole: string, name: string): boolean {
    return whole.startsWith(`${name} {`) && /^[^{}]+\}$/.test(whole.slice(name.length + 2));
}

/** One of several snapshots of a name. */
export interface SameName {
    readonly name: string;
    /** Seconds since 1970, UTC; null: unknown. */
    readonly creationTime: number | null;
}

function dated({ name, creationTime }: SameName): string {
    if (creationTime === null) return quoted(name);
    return `${quoted(name)} of ${new Date(creationTime * 1000).toISOString().replace("T", " ").slice(0, -5)} UTC`;
}

/** What to say where a name means several. */
export function ambiguous(name: string, candidates: readonly SameName[]): InvalidInputError {
    const shown = candidates.map(dated).join(", ");
    return new InvalidInputError(`${candidates.length} snapshots are called ${quoted(name)}: ${shown}; say which by one of these names`, "name");
}

/** What to say where a branch is asked for that is not there. */
export function noSuchBranch(name: string): NotFoundError {
    return new NotFoundError(`there is no branch ${quoted(name)}; “snaptree list” shows what is there`);
}

function sameName({ name, ...node }: Placed & { readonly creationTime?: unknown }): SameName {
    return { name, creationTime: typeof node.creationTime === "number" ? node.creationTime : null };
}

/** What places a node in a hierarchy. */
export interface Placed {
    readonly name: string;
    readonly parent: string | null;
}

/**
 * The nodes of a tree by name and by parent. Built once in linear time; every look-up is constant.
 *
 * @throws InvalidInputError when two nodes share a name, a parent is missing, or parents form a cycle.
 */
export class Tree<T extends Placed> {
    private readonly byName = new Map<string, T>();
    private readonly byParent = new Map<string | null, T[]>();

    /** @param property what an error says of a node's parent. */
    constructor(nodes: Iterable<T>, property: (name: string) => string = () => "parent") {
        for (const node of nodes) {
            if (this.byName.has(node.name))
                throw new InvalidInputError(`two snapshots are called ${quoted(node.name)}; names are unique within a domain`, "name");
            this.byName.set(node.name, node);
        }
        for (const node of this.byName.values()) {
            if (node.parent !== null && !this.byName.has(node.parent)) {
                throw new InvalidInputError(
                    `snapshot ${quoted(node.name)} has the parent ${quoted(node.parent)}, which is not there; define the parent first`,
                    property(node.name),
                );
            }
            const siblings = this.byParent.get(node.parent);
            if (siblings) siblings.push(node);
            else this.byParent.set(node.parent, [node]);
        }
        const reached = this.topDown();
        if (reached.length !== this.byName.size) {
            const seen = new Set(reached.map((n) => n.name));
            const [lost] = [...this.byName.keys()].filter((name) => !seen.has(name));
            const name = this.onCycle(lost ?? "");
            throw new InvalidInputError(`snapshot ${quoted(name)} is its own ancestor; parents can't form a cycle`, property(name));
        }
    }

    /** Up from a node that no root is above, to the first that is its own ancestor. */
    private onCycle(start: string): string {
        const seen = new Set<string>();
        let name = start;
        for (; !seen.has(name); name = this.byName.get(name)?.parent ?? name) seen.add(name);
        return name;
    }

    get size(): number {
        return this.byName.size;
    }

    has(name: string): boolean {
        return this.byName.has(name);
    }

    get(name: string): T | undefined {
        return this.byName.get(name);
    }

    /** @throws NotFoundError; InvalidInputError where the hypervisor has several of that name. */
    need(name: string): T {
        const node = this.byName.get(name);
        if (node) return node;
        const several = [...this.byName.values()].filter((each) => isNamed(each.name, name)).map(sameName);
        throw several.length > 0 ? ambiguous(name, several) : noSuchSnapshot(name);
    }

    roots(): readonly T[] {
        return this.children(null);
    }

    children(name: string | null): readonly T[] {
        return this.byParent.get(name) ?? [];
    }

    /** Everything below a node, parents before children; the node itself is not among it. */
    descendants(name: string): T[] {
        return this.below(name);
    }

    /** From a node's parent up to its root. */
    ancestors(name: string): T[] {
        const found: T[] = [];
        for (let parent = this.need(name).parent; parent !== null; parent = this.need(parent).parent) found.push(this.need(parent));
        return found;
    }

    /** All nodes, parents before children. */
    topDown(): T[] {
        return this.below(null);
    }

    private below(start: string | null): T[] {
        const found: T[] = [...this.children(start)];
        // An array's iterator also visits what is pushed meanwhile.
        for (const node of found) for (const child of this.children(node.name)) found.push(child);
        return found;
    }
}

function byTimeAndName(a: Snapshot, b: Snapshot): number {
    return a.creationTime - b.creationTime || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

/** Snapshots in the order in which they are listed: parents before children, and of those whose parents are listed the oldest first, then by name. */
export function listed(snapshots: Iterable<Snapshot>): Snapshot[] {
    const tree = new Tree(snapshots);
    const ready = new Heap(byTimeAndName, tree.roots());
    const order: Snapshot[] = [];
    for (let next = ready.pop(); next; next = ready.pop()) {
        order.push(next);
        for (const child of tree.children(next.name)) ready.push(child);
    }
    return order;
}
