import { changed, type Disks, PRISTINE } from "../../conformance/bench";

/** What disks hold, and which writing made it so: two states that look the same are the same only where nothing was written in between. */
interface State {
    readonly disks: Disks;
    readonly written: number;
}

interface Node extends State {
    readonly parent: string | null;
}

export interface BranchNode extends State {
    readonly from: string | null;
    readonly tip: string | null;
}

/** One slot of one disk. */
export type Slot = readonly [target: string, slot: number, character: string];

/** What stands on contents that change under it. */
export interface Others {
    /** Children first. */
    readonly snapshots: readonly string[];
    readonly branches: readonly string[];
    /** The tip has no branch, stands among them, and holds something of its own. */
    readonly tip: boolean;
}

export function lossesOf({ snapshots, branches, tip }: Others): string[] {
    return [...snapshots.map((name) => `snapshot:${name}`), ...branches.map((name) => `branch:${name}`), ...(tip ? ["tip"] : [])];
}

type Scope = "keepChildren" | "subtree" | "children";

/** What a machine should be: design section 2 in as few lines as can be, on strings instead of disks. */
export class Model {
    readonly snapshots = new Map<string, Node>();
    private readonly kept = new Map<string, BranchNode>();
    current: string | null = null;
    /** The branch that the domain is on. */
    active: string | null = null;
    tip: State;
    private writings = 0;

    constructor(targets: readonly string[]) {
        this.tip = { disks: Object.fromEntries(targets.map((target) => [target, PRISTINE])), written: 0 };
    }

    get names(): string[] {
        return [...this.snapshots.keys()];
    }

    get branches(): string[] {
        return [...this.kept.keys()];
    }

    get dirty(): boolean {
        return this.differs(this.tip, this.current);
    }

    differs(state: State, snapshot: string | null): boolean {
        return snapshot === null || this.node(snapshot).written !== state.written;
    }

    node(name: string): Node {
        const node = this.snapshots.get(name);
        if (!node) throw new Error(`the model has no ${name}`);
        return node;
    }

    branch(name: string): BranchNode {
        const branch = this.kept.get(name);
        if (!branch) throw new Error(`the model has no branch ${name}`);
        return name === this.active ? { from: branch.from, ...this.tipNode() } : branch;
    }

    private tipNode() {
        return { tip: this.current, disks: this.tip.disks, written: this.tip.written };
    }

    children(name: string): string[] {
        return this.names.filter((other) => this.node(other).parent === name);
    }

    below(name: string): string[] {
        return this.children(name).flatMap((child) => [child, ...this.below(child)]);
    }

    private wrote({ disks }: State, writes: readonly Slot[]): State {
        const after = { ...disks };
        for (const [target, slot, character] of writes) after[target] = changed(after[target] ?? "", slot, character);
        return { disks: after, written: ++this.writings };
    }

    write(slot: Slot): void {
        this.tip = this.wrote(this.tip, [slot]);
    }

    createFromTip(name: string): void {
        this.snapshots.set(name, { ...this.tip, parent: this.current });
        this.current = name;
    }

    /** On what the parent holds, with what commands write there. A domain on a branch stays on it; another goes along, and a tip that would go is kept. */
    createElsewhere(name: string, parent: string, writes: readonly Slot[]): void {
        const { disks, written } = writes.length === 0 ? this.node(parent) : this.wrote(this.node(parent), writes);
        this.snapshots.set(name, { parent, disks, written });
        if (this.active === null) this.go(name, this.dirty ? this.automatic() : null);
    }

    automatic(): string {
        const stem = `auto-${this.current ?? "base"}-`;
        for (let n = 1; ; n++) if (!this.kept.has(`${stem}${n}`)) return `${stem}${n}`;
    }

    /** To a snapshot, on no branch. The branch that is left keeps what it has; a tip without one is kept under a name, or goes. */
    private go(name: string, keep: string | null): void {
        this.leave(keep);
        this.tip = this.node(name);
        this.current = name;
    }

    private leave(keep: string | null): void {
        if (this.active !== null) this.kept.set(this.active, this.branch(this.active));
        else if (keep !== null) this.keep(keep);
        this.active = null;
    }

    private keep(name: string): void {
        this.kept.set(name, { from: this.current, ...this.tipNode() });
    }

    /** The tip that is left is the domain's, and no branch's that stays as it is. */
    leavesTip(name: string): boolean {
        return this.active === null || this.current === name;
    }

    revert(name: string, keep: string | null): void {
        if (!this.leavesTip(name) || this.active === null) this.go(name, keep);
        else {
            if (keep !== null) this.keep(keep);
            this.tip = this.node(name);
        }
    }

    fork(name: string, from: string): void {
        const { disks, written } = this.node(from);
        this.kept.set(name, { from, tip: from, disks, written });
    }

    /** @param gives up the tip that is left, where that is agreed to; otherwise a dirty one without a branch is kept. */
    switch(name: string, gives = false): void {
        if (this.active === name) return;
        this.leave(this.dirty && !gives ? this.automatic() : null);
        this.tip = this.branch(name);
        this.current = this.branch(name).tip;
        this.active = name;
    }

    rename(from: string, to: string): void {
        this.kept.set(to, this.branch(from));
        this.kept.delete(from);
        if (this.active === from) this.active = to;
    }

    unbranch(name: string): void {
        this.kept.delete(name);
        if (this.active === name) this.active = null;
    }

    /** The leaves that stand directly on a snapshot: branches, or with null the tip that has none. */
    leaves(name: string): (string | null)[] {
        const on = this.branches.filter((branch) => this.branch(branch).tip === name);
        const tip = this.active === null && this.current === name && (this.dirty || on.length === 0);
        return [...on, ...(tip ? [null] : [])];
    }

    /** A branch's own snapshots, newest first. */
    own(branch: string): string[] {
        const { from, tip } = this.branch(branch);
        const found: string[] = [];
        for (let at = tip; at !== null && at !== from; at = this.node(at).parent) found.push(at);
        return found;
    }

    reset(name: string, to: string, gone: readonly string[]): void {
        const { disks, written } = this.node(to);
        this.kept.set(name, { from: this.branch(name).from, tip: to, disks, written });
        if (name === this.active) [this.tip, this.current] = [{ disks, written }, to];
        for (const each of gone) this.delete(each, "keepChildren");
    }

    /** What stands on a snapshot's contents besides a leaf or a child that is merged into it. */
    others(into: string, leaf: { readonly branch?: string | null; readonly snapshot?: string }): Others {
        const { snapshot } = leaf;
        const spared = snapshot === undefined ? [] : [snapshot, ...this.below(snapshot)];
        const snapshots = this.below(into).filter((name) => !spared.includes(name));
        const on = (name: string | null) => name === into || (name !== null && snapshots.includes(name));
        return {
            snapshots: snapshots.reverse(),
            branches: this.branches.filter((branch) => branch !== leaf.branch && on(this.branch(branch).tip)),
            tip: this.active === null && leaf.branch !== null && on(this.current) && this.dirty,
        };
    }

    /** The domain stands on what would change under it. */
    standsOn(into: string, { snapshots, branches }: Others): boolean {
        if (this.active !== null) return branches.includes(this.active);
        return this.current !== null && [into, ...snapshots].includes(this.current);
    }

    /** A state becomes a snapshot's; what stood on the old one is gone. */
    commit(into: string, { disks, written }: State, others: Others): void {
        for (const branch of others.branches) this.kept.delete(branch);
        for (const name of others.snapshots) this.snapshots.delete(name);
        this.snapshots.set(into, { parent: this.node(into).parent, disks, written });
    }

    /** What a scope takes along. */
    going(name: string, scope: Scope): string[] {
        return { keepChildren: [name], subtree: [name, ...this.below(name)], children: this.below(name) }[scope];
    }

    /** The branches that a deletion takes along: the domain's own stays. */
    standingOn(names: readonly string[]): string[] {
        const on = (name: string | null) => name !== null && names.includes(name);
        return this.branches.filter((name) => name !== this.active && (on(this.branch(name).from) || on(this.branch(name).tip)));
    }

    delete(name: string, scope: Scope): void {
        const gone = this.going(name, scope);
        if (scope !== "keepChildren") for (const branch of this.standingOn(gone)) this.kept.delete(branch);
        const survivor = (at: string | null): string | null => (at !== null && gone.includes(at) ? survivor(this.node(at).parent) : at);
        for (const [key, node] of this.snapshots) this.snapshots.set(key, { ...node, parent: survivor(node.parent) });
        for (const [key, branch] of this.kept) this.kept.set(key, { ...branch, from: survivor(branch.from), tip: survivor(branch.tip) });
        this.current = survivor(this.current);
        for (const each of gone) this.snapshots.delete(each);
    }
}
