import type { Branch, Hierarchy, Snapshot } from "../model";
import { driftKey, isStranger } from "./drift";
import type { Properties } from "./unknown";

/** Names to what a program or the state says of each. */
export type Nodes = Readonly<Record<string, Properties>>;

/** The snapshots or branches of a tree; none while they are not known. */
export function nodesOf(value: unknown): Nodes {
    return typeof value === "object" && value !== null ? (value as Nodes) : {};
}

/**
 * What the host has otherwise than the program said of a tree, found by a refresh and kept in the state under a name that Pulumi does not show, as a
 * single Snapshot does. Outputs hold what is there; this holds what was declared.
 */
export interface TreeDrift {
    /** Snapshots that are not there, as they were stored. */
    readonly missing?: Nodes;
    /** Branches that are not there. */
    readonly missingBranches?: Nodes;
    /** Snapshots that have another name there: declared name to that. */
    readonly names?: Readonly<Record<string, string>>;
    /** Snapshots that stand elsewhere: name to the declared parent; empty: none. */
    readonly parents?: Readonly<Record<string, string>>;
    /** Branches that fork elsewhere: name to the declared fork. */
    readonly forks?: Readonly<Record<string, string>>;
    /** Snapshots that hold something else than what was taken; the outputs keep what that was. */
    readonly contents?: readonly string[];
    /** The declared place of the domain. */
    readonly current?: string;
}

export function treeDriftOf(outputs: Properties): TreeDrift {
    return (outputs[driftKey] as TreeDrift | undefined) ?? {};
}

function withField(nodes: Nodes, field: string, values: Readonly<Record<string, string>> = {}): Nodes {
    const changed = Object.entries(values).map(([name, value]) => [name, { ...nodes[name], [field]: value }] as const);
    return changed.length === 0 ? nodes : { ...nodes, ...Object.fromEntries(changed) };
}

/** What was declared when these outputs were stored: the outputs themselves, but for what drifted since. */
export function declaredTree(outputs: Properties): Properties {
    const { missing, missingBranches, parents, forks, current = outputs.current } = treeDriftOf(outputs);
    const snapshots = { ...missing, ...withField(nodesOf(outputs.snapshots), "parent", parents) };
    return { ...outputs, snapshots, branches: { ...missingBranches, ...withField(nodesOf(outputs.branches), "from", forks) }, current };
}

/** The snapshots that stored ones stand for, by declared name: those with the same contents, whatever their names are now; else those of the name. */
export function locateAll(hierarchy: Hierarchy, nodes: Nodes): Map<string, Snapshot> {
    const byContents = new Map(hierarchy.snapshots.flatMap((snapshot) => (snapshot.contentId ? [[snapshot.contentId, snapshot] as const] : [])));
    const byName = new Map(hierarchy.snapshots.map((snapshot) => [snapshot.name, snapshot]));
    const found = new Map<string, Snapshot>();
    for (const [name, { contentId }] of Object.entries(nodes)) {
        const same = byContents.get(String(contentId));
        if (same) found.set(name, same);
    }
    const taken = new Set(found.values());
    for (const name of Object.keys(nodes)) {
        const namesake = byName.get(name);
        if (namesake && !found.has(name) && !taken.has(namesake)) found.set(name, namesake);
    }
    return found;
}

/** The snapshots in whose place somebody took others. */
export function strangers(located: ReadonlyMap<string, Snapshot>, nodes: Nodes): string[] {
    return [...located].filter(([name, snapshot]) => isStranger(snapshot, nodes[name] ?? {})).map(([name]) => name);
}

/** What a tree says of a snapshot, with what the host tells of it. A description that the program does not say is not the program's. */
export function stateOf({ parent: _parent, description, ...node }: Properties, snapshot: Snapshot, parent: string | null): Properties {
    const texts = { ...(parent === null ? {} : { parent }), ...(description && snapshot.description ? { description: snapshot.description } : {}) };
    return { ...node, ...texts, creationTime: snapshot.creationTime, state: snapshot.state, contentId: snapshot.contentId ?? "" };
}

/** Leaves out what is empty. */
function only<T extends object>(fields: T): Partial<T> {
    return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && Object.keys(value as object).length > 0)) as Partial<T>;
}

/** A hierarchy seen from a tree's stored outputs. */
class View {
    private readonly located: ReadonlyMap<string, Snapshot>;
    private readonly declaredNames: ReadonlyMap<string, string>;
    private readonly snapshots: Nodes;
    private readonly branches: Nodes;
    private readonly branchesThere: ReadonlyMap<string, Branch>;

    constructor(
        private readonly hierarchy: Hierarchy,
        private readonly declared: Properties,
    ) {
        this.snapshots = nodesOf(declared.snapshots);
        this.branches = nodesOf(declared.branches);
        this.located = locateAll(hierarchy, this.snapshots);
        this.declaredNames = new Map([...this.located].map(([name, snapshot]) => [snapshot.name, name]));
        this.branchesThere = new Map(hierarchy.branches.map((branch) => [branch.name, branch]));
    }

    /** As the program calls it. */
    private called(name: string | null): string | null {
        return name === null ? null : (this.declaredNames.get(name) ?? name);
    }

    private pick<T>(nodes: Nodes, of: (name: string, node: Properties) => T | undefined): Record<string, T> {
        return Object.fromEntries(
            Object.entries(nodes).flatMap(([name, node]) => {
                const value = of(name, node);
                return value === undefined ? [] : [[name, value]];
            }),
        );
    }

    snapshotsThere(): Record<string, Properties> {
        return this.pick(this.snapshots, (name, node) => {
            const snapshot = this.located.get(name);
            // The contents stay those that were taken, whatever the host has in their place.
            return snapshot && { ...stateOf(node, snapshot, this.called(snapshot.parent)), ...(node.contentId ? { contentId: node.contentId } : {}) };
        });
    }

    branchesNow(): Record<string, Properties> {
        return this.pick(this.branches, (name) => {
            const branch = this.branchesThere.get(name);
            return branch && { from: this.called(branch.from) ?? "" };
        });
    }

    /** Where the domain is, as far as the program says where it is to be. */
    current(): string | undefined {
        const { current } = this.declared;
        if (typeof current !== "string") return undefined;
        const places = [this.hierarchy.branch, this.called(this.hierarchy.current)];
        return places.includes(current) ? current : (places.find((place) => place !== null) ?? "");
    }

    drift(): TreeDrift {
        const text = (value: unknown) => (typeof value === "string" ? value : "");
        const drifted = (field: string, now: Nodes) => (name: string, node: Properties) =>
            Object.hasOwn(now, name) && text(now[name]?.[field]) !== text(node[field]) ? text(node[field]) : undefined;
        const [snapshots, branches] = [this.snapshotsThere(), this.branchesNow()];
        const current = this.current();
        return {
            ...only({
                missing: this.pick(this.snapshots, (name, node) => (this.located.has(name) ? undefined : node)),
                missingBranches: this.pick(this.branches, (name, node) => (this.branchesThere.has(name) ? undefined : node)),
                names: this.pick(this.snapshots, (name) => {
                    const there = this.located.get(name)?.name;
                    return there === name ? undefined : there;
                }),
                parents: this.pick(this.snapshots, drifted("parent", snapshots)),
                forks: this.pick(this.branches, drifted("from", branches)),
                contents: strangers(this.located, this.snapshots),
            }),
            ...(current === this.declared.current ? {} : { current: text(this.declared.current) }),
        };
    }
}

/** Stored outputs as the host has them now, with what drifted. */
export function refreshed(outputs: Properties, hierarchy: Hierarchy): Properties {
    const { [driftKey]: _drift, ...declared } = declaredTree(outputs);
    const view = new View(hierarchy, declared);
    const drift = view.drift();
    const current = view.current();
    const { branches: _branches, current: _current, ...kept } = declared;
    return {
        ...kept,
        snapshots: view.snapshotsThere(),
        ...(outputs.branches === undefined ? {} : { branches: view.branchesNow() }),
        ...(current === undefined ? {} : { current }),
        ...(Object.keys(drift).length > 0 ? { [driftKey]: drift } : {}),
    };
}
