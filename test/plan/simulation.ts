import { type Branch, type CreateOperation, type Hierarchy, listed, type Operation, type Snapshot } from "../../provider/model";
import { aBranch, aSnapshot } from "../support/nodes";

let clock = 0;

export const snapshot = (name: string, parent: string | null = null, rest: Partial<Snapshot> = {}): Snapshot =>
    aSnapshot({ name, parent, creationTime: clock++, contentId: `id-${name}`, made: true, ...rest });

export const hierarchy = (snapshots: readonly Snapshot[] = [], rest: Partial<Hierarchy> = {}): Hierarchy => ({
    domain: "web",
    uuid: "00000000-0000-0000-0000-000000000000",
    powerState: "shutoff",
    current: null,
    branch: null,
    dirty: snapshots.length === 0,
    snapshots: listed(snapshots),
    branches: [],
    ...rest,
});

/** A hierarchy whose domain is on a branch. */
export const onBranch = (snapshots: readonly Snapshot[], active: Partial<Branch> & { readonly name: string }, others: readonly Branch[] = []): Hierarchy =>
    hierarchy(snapshots, {
        current: active.tip ?? null,
        branch: active.name,
        dirty: active.dirty ?? false,
        branches: [...others, aBranch({ ...active, active: true })].sort((a, b) => (a.name < b.name ? -1 : 1)),
    });

/** What disks hold: a word for each state that differs from all others. */
type Content = string;

interface Leaf {
    readonly from: string | null;
    readonly tip: string | null;
    readonly content: Content;
    readonly owner: string | null;
}

/**
 * What operations do to a domain and to what its disks hold, written down once more and independently of planner and backends: the model that plans are
 * tried on. Whatever can't be done throws.
 */
export class World {
    private readonly snapshots = new Map<string, Snapshot & { readonly content: Content }>();
    private readonly branches = new Map<string, Leaf>();
    private current: string | null;
    private active: string | null;
    private content: Content;
    private written = 0;
    /** What files hold that a first snapshot's overlays stand on: the disk as it was. */
    private readonly beneath = new Set<Content>();

    /** Everything that is dirty holds something that nothing else does. */
    constructor(private readonly before: Hierarchy) {
        for (const each of before.snapshots) this.snapshots.set(each.name, { ...each, content: `snapshot ${each.name}` });
        for (const { name, from, tip, dirty, owner } of before.branches)
            this.branches.set(name, { from, tip, owner, content: dirty ? `branch ${name}` : this.contentOf(tip) });
        this.current = before.current;
        this.active = before.branch;
        const leaf = this.active === null ? undefined : this.need(this.branches, this.active);
        this.content = leaf?.content ?? (before.dirty ? "tip" : this.contentOf(this.current));
    }

    carry(operations: readonly Operation[]): this {
        for (const operation of operations) this.carryOne(operation);
        return this;
    }

    /** What snapshots, branches, the tip and the files under them hold. */
    contents(): Set<Content> {
        return new Set([...[...this.snapshots.values(), ...this.branches.values()].map(({ content }) => content), this.content, ...this.beneath]);
    }

    /** What a snapshot or a branch holds. */
    contentOf(name: string | null): Content {
        if (name === null) return "the disk before any snapshot";
        const found = this.snapshots.get(name) ?? this.branches.get(name);
        if (!found) throw new Error(`${name} is not there`);
        return found.content;
    }

    /** What the domain's disks hold. */
    get tip(): Content {
        return this.content;
    }

    hierarchy(): Hierarchy {
        const dirty = (tip: string | null, content: Content) => tip === null || this.contentOf(tip) !== content;
        const branches = [...this.branches].map(([name, { from, tip, owner, content }]) =>
            aBranch({ name, from, tip, owner, active: name === this.active, dirty: dirty(tip, content) }),
        );
        return {
            ...this.before,
            current: this.current,
            branch: this.active,
            dirty: dirty(this.current, this.content),
            snapshots: listed([...this.snapshots.values()].map(({ content: _, ...rest }) => rest)),
            branches: branches.sort((a, b) => (a.name < b.name ? -1 : 1)),
        };
    }

    private need<T>(map: ReadonlyMap<string, T>, name: string): T {
        const found = map.get(name);
        if (found === undefined) throw new Error(`${name} is not there`);
        return found;
    }

    private refuseTaken(name: string): void {
        if (this.snapshots.has(name) || this.branches.has(name)) throw new Error(`${name} twice`);
    }

    /** The domain's live state becomes this; a branch that it is on goes with it. */
    private land(current: string | null, content: Content): void {
        this.current = current;
        this.content = content;
        if (this.active === null) return;
        this.branches.set(this.active, { ...this.need(this.branches, this.active), tip: current, content });
    }

    private keep(name: string | null): void {
        if (name === null) return;
        this.refuseTaken(name);
        this.branches.set(name, { from: this.current, tip: this.current, content: this.content, owner: null });
    }

    private create({ name, parent, source, provisioned, moveTip, keepTip, description, owner, replace, mode }: CreateOperation): void {
        if (parent !== null && !this.snapshots.has(parent)) throw new Error(`${name} before its parent`);
        if (replace) this.forget(name);
        this.refuseTaken(name);
        if (source === "tip" && this.current !== parent) throw new Error(`${name} is not of the tip`);
        if (source === "tip" && !moveTip) throw new Error(`${name} freezes the tip under itself`);
        if (source === "parent" && moveTip && this.active !== null) throw new Error(`${name} takes a branch elsewhere`);
        if (source === "parent") this.refuseCommitting(parent);
        this.keep(keepTip);
        if (parent === null && moveTip && source === "parent" && mode !== "internal") this.beneath.add(this.content);
        const content = provisioned ? `made ${name} ${this.written++}` : source === "tip" ? this.content : this.contentOf(parent);
        this.snapshots.set(name, { ...snapshot(name, parent, { description: description ?? null, owner: owner ?? null }), content });
        if (moveTip) this.land(name, content);
    }

    /** What stands on it moves up, and keeps what it holds. */
    private forget(name: string): void {
        const { parent } = this.need(this.snapshots, name);
        this.snapshots.delete(name);
        for (const each of [...this.snapshots.values()]) if (each.parent === name) this.snapshots.set(each.name, { ...each, parent });
        this.restand(name, parent);
    }

    private restand(name: string, now: string | null): void {
        const place = (at: string | null) => (at === name ? now : at);
        for (const [key, leaf] of [...this.branches]) this.branches.set(key, { ...leaf, from: place(leaf.from), tip: place(leaf.tip) });
        this.current = place(this.current);
    }

    private rename(name: string, to: string): void {
        if (name === to) return;
        this.refuseTaken(to);
        const old = this.need(this.snapshots, name);
        this.snapshots.set(to, { ...old, name: to });
        this.snapshots.delete(name);
        for (const each of [...this.snapshots.values()]) if (each.parent === name) this.snapshots.set(each.name, { ...each, parent: to });
        this.restand(name, to);
    }

    private below(name: string): string[] {
        const children = [...this.snapshots.values()].filter(({ parent }) => parent === name).map((child) => child.name);
        return children.flatMap((child) => [...this.below(child), child]);
    }

    private refuseCommitting(name: string | null): void {
        if (name !== null && this.need(this.snapshots, name).committing) throw new Error(`${name} is half committed`);
    }

    private removeBranch(name: string): void {
        this.need(this.branches, name);
        this.branches.delete(name);
        if (this.active === name) this.active = null;
    }

    private goesAlong({ snapshots, branches }: { readonly snapshots: readonly string[]; readonly branches: readonly string[] }): void {
        for (const branch of branches) {
            if (branch === this.active) throw new Error(`the domain is on ${branch}, which goes`);
            this.removeBranch(branch);
        }
        for (const name of snapshots) {
            if (this.below(name).length > 0) throw new Error(`${name} goes before its children`);
            this.forget(name);
        }
    }

    private carryOne(operation: Operation): void {
        const { name } = operation;
        switch (operation.kind) {
            case "create":
                return void this.create(operation);
            case "redefine": {
                const old = this.need(this.snapshots, name);
                this.snapshots.set(name, { ...old, ...(operation.description !== undefined && { description: operation.description }) });
                return void this.rename(name, operation.rename ?? name);
            }
            case "delete": {
                const below = this.below(name);
                for (const branch of operation.branches) this.removeBranch(branch);
                for (const each of { keepChildren: [name], metadata: [name], subtree: [...below, name], children: below }[operation.scope]) this.forget(each);
                return;
            }
            case "revert": {
                this.refuseCommitting(name);
                this.keep(operation.keepTip);
                if (this.current !== name) this.active = null;
                return void this.land(name, this.contentOf(name));
            }
            case "commit": {
                const leaf = operation.branch === null ? { tip: this.current, content: this.content } : this.need(this.branches, operation.branch);
                if (leaf.tip !== name) throw new Error(`${operation.branch} does not stand on ${name}`);
                this.goesAlong(operation);
                this.snapshots.set(name, { ...this.need(this.snapshots, name), content: leaf.content, committing: false });
                if (operation.discard) this.forget(name);
                return;
            }
            case "merge": {
                this.goesAlong(operation);
                const { content } = this.need(this.snapshots, name);
                this.snapshots.set(operation.into, { ...this.need(this.snapshots, operation.into), content });
                return void this.forget(name);
            }
            case "branch":
                this.refuseTaken(name);
                this.refuseCommitting(operation.from);
                this.branches.set(name, {
                    from: operation.from,
                    tip: operation.from,
                    content: this.need(this.snapshots, operation.from).content,
                    owner: operation.owner ?? null,
                });
                return;
            case "switch": {
                const { tip, content } = this.need(this.branches, name);
                this.keep(operation.keepTip);
                this.active = name;
                return void this.land(tip, content);
            }
            case "unbranch":
                return void this.removeBranch(name);
            case "reset": {
                const branch = this.need(this.branches, name);
                for (const each of operation.snapshots) this.forget(each);
                this.refuseCommitting(operation.to);
                this.branches.set(name, { ...branch, tip: operation.to, content: this.contentOf(operation.to) });
                if (this.active === name) this.land(operation.to, this.contentOf(operation.to));
                return;
            }
            case "rename": {
                this.refuseTaken(operation.to);
                const branch = this.need(this.branches, name);
                this.branches.delete(name);
                this.branches.set(operation.to, branch);
                if (this.active === name) this.active = operation.to;
                return;
            }
            case "adopt":
                this.refuseTaken(name);
                this.branches.set(name, { from: operation.from, tip: operation.tip, content: `adopted ${name}`, owner: operation.owner ?? null });
                return;
        }
    }
}

/** What operations do to a hierarchy. */
export function carryOut(before: Hierarchy, operations: readonly Operation[]): Hierarchy {
    return new World(before).carry(operations).hierarchy();
}

/** How often the tip moves to where it was not: creations that don't follow their parent directly, and reverts and switches. */
export function moves(before: Hierarchy, operations: readonly Operation[]): number {
    return operations.filter(
        (o) =>
            o.kind === "revert" ||
            o.kind === "switch" ||
            (o.kind === "create" && o.source === "parent" && o.moveTip && before.snapshots.length + operations.indexOf(o) > 0),
    ).length;
}
