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

/** What a machine should be: design section 2 in as few lines as can be, on strings instead of disks. */
export class Model {
    readonly snapshots = new Map<string, Node>();
    readonly branches = new Map<string, BranchNode>();
    current: string | null = null;
    tip: State;
    private writings = 0;

    constructor(targets: readonly string[]) {
        this.tip = { disks: Object.fromEntries(targets.map((target) => [target, PRISTINE])), written: 0 };
    }

    get names(): string[] {
        return [...this.snapshots.keys()];
    }

    get dirty(): boolean {
        return this.current === null || this.differs(this.tip, this.current);
    }

    differs(state: State, snapshot: string | null): boolean {
        return snapshot === null || this.node(snapshot).written !== state.written;
    }

    node(name: string): Node {
        const node = this.snapshots.get(name);
        if (!node) throw new Error(`the model has no ${name}`);
        return node;
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

    /** On what the parent holds, with what commands write there; a tip that would go is kept. */
    createElsewhere(name: string, parent: string, writes: readonly Slot[]): void {
        if (this.dirty) this.keep(this.automatic());
        this.tip = writes.length === 0 ? this.node(parent) : this.wrote(this.node(parent), writes);
        this.snapshots.set(name, { parent, disks: this.tip.disks, written: this.tip.written });
        this.current = name;
    }

    private automatic(): string {
        const stem = `auto-${this.current ?? "base"}-`;
        for (let n = 1; ; n++) if (!this.branches.has(`${stem}${n}`)) return `${stem}${n}`;
    }

    keep(branch: string): void {
        this.branches.set(branch, { from: this.current, tip: this.current, disks: this.tip.disks, written: this.tip.written });
    }

    revert(name: string): void {
        this.tip = this.node(name);
        this.current = name;
    }

    /** What a scope takes along. */
    going(name: string, scope: "keepChildren" | "subtree" | "children"): string[] {
        return { keepChildren: [name], subtree: [name, ...this.below(name)], children: this.below(name) }[scope];
    }

    standingOn(names: readonly string[]): string[] {
        const on = (name: string | null) => name !== null && names.includes(name);
        return [...this.branches].filter(([, { from, tip }]) => on(from) || on(tip)).map(([name]) => name);
    }

    delete(name: string, scope: "keepChildren" | "subtree" | "children"): void {
        const gone = this.going(name, scope);
        if (scope !== "keepChildren") for (const branch of this.standingOn(gone)) this.branches.delete(branch);
        const survivor = (at: string | null): string | null => (at !== null && gone.includes(at) ? survivor(this.node(at).parent) : at);
        for (const [key, node] of this.snapshots) this.snapshots.set(key, { ...node, parent: survivor(node.parent) });
        for (const [key, branch] of this.branches) this.branches.set(key, { ...branch, from: survivor(branch.from), tip: survivor(branch.tip) });
        this.current = survivor(this.current);
        for (const each of gone) this.snapshots.delete(each);
    }
}
