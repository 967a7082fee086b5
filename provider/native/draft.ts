import { ambiguous, bounded, nameWithId, type SnapshotState } from "../model";
import type { Step } from "../backends/backend";
import type { Stored, StoredBranch, StoredSnapshot } from "./records";
import { type EditStep, type NativeStep, newRef, type Ref, type RunningTake } from "./steps";

/** A snapshot as the host has it. */
export interface NativeNode {
    /** What the host knows it by, as long as it is there. */
    readonly uuid: string;
    /** What it is called by where its name is not enough; absent: that. */
    readonly shown?: string;
    readonly parent: string | null;
    readonly name: string;
    readonly description: string | null;
    /** When it was taken, in seconds since 1970, UTC. */
    readonly time: number;
    /** Where, or that, it holds what the machine's memory held; null: it holds none. */
    readonly memory: string | null;
    /** What says whose it is from when it was taken until that is finished; null: nothing any more; absent: the host keeps no such mark. */
    readonly mark?: string | null;
}

/** What one kind of host does with its snapshots. */
export interface Nature {
    /** It removes one also where several things stand on it, and each of them keeps what it holds. */
    readonly removesShared: boolean;
    /** Bytes of UTF-8 that a name can have. */
    readonly longestName: number;
}

/** A snapshot of the host's, or one that is about to be taken. */
export interface DraftNode {
    readonly ref: Ref;
    readonly parent: Ref | null;
    readonly name: string;
    readonly description: string | null;
    /** Null: it is not there yet. */
    readonly there: NativeNode | null;
}

/** The machine's current state. */
export interface Current {
    /** The snapshot that it stands on. */
    readonly node: Ref | null;
    /** It holds just what that does: disks, memory and configuration. */
    readonly clean: boolean;
    /** The machine is still to be put there. */
    readonly moved: boolean;
}

/** What was looked at before anything is decided. */
export interface Looked<N extends NativeNode = NativeNode> {
    readonly nodes: ReadonlyMap<string, N>;
    readonly stored: Stored;
    readonly current: Current;
}

/** Names that the host shows of what is no part of the hierarchy. */
export const TIP = "snaptree-tip-";
export const INNER = "snaptree-inner-";
export const FORGOTTEN = "snaptree-forgotten-";

/**
 * The hierarchy over a host's own snapshots. Those are a tree that only its own operations change; which of them have names, and which branches there are, is
 * drafted here, with the steps that get there.
 *
 * @typeParam S steps that one kind of host has besides
 */
export class Draft<S extends Step = never> {
    readonly nodes: Map<Ref, DraftNode>;
    readonly branches: Map<string, StoredBranch>;
    readonly hidden: Set<Ref>;
    readonly forgotten: Set<Ref>;
    readonly about: Map<Ref, StoredSnapshot>;
    active: string | null;
    is: Stored["current"];
    current: Current;
    /** Before the commit; can be taken back. */
    readonly prepare: (NativeStep | S)[] = [];
    /** After it: first where the machine goes, then the rest. */
    readonly finish: (NativeStep | S)[] = [];
    /** What the machine is on while the steps before the commit run. */
    private stands: Current;
    private taken = 0;
    private readonly edits = new Map<Ref, EditStep>();
    /** Nodes that stay though nothing names them, for once. */
    readonly kept = new Set<Ref>();

    constructor(
        readonly looked: Looked,
        private readonly nature: Nature,
    ) {
        const { stored, nodes, current } = looked;
        this.nodes = new Map([...nodes.values()].map((node) => [node.uuid, { ref: node.uuid, ...pick(node), there: node }]));
        this.branches = new Map(stored.branches.map((branch) => [branch.name, branch]));
        this.hidden = new Set(stored.hidden.filter((uuid) => nodes.has(uuid)));
        this.forgotten = new Set(stored.forgotten.filter((uuid) => nodes.has(uuid)));
        this.about = new Map(Object.entries(stored.snapshots).filter(([uuid]) => nodes.has(uuid)));
        this.active = stored.active;
        this.is = stored.current;
        this.current = current;
        this.stands = current;
        this.tellApart();
    }

    /** Hosts let several snapshots have one name; here each has its own. */
    private tellApart(): void {
        const counts = new Map<string, number>();
        for (const ref of this.visible()) counts.set(this.nameOf(ref) ?? "", (counts.get(this.nameOf(ref) ?? "") ?? 0) + 1);
        for (const ref of this.visible()) {
            const node = this.nodes.get(ref);
            if (node && (counts.get(node.name) ?? 0) > 1) this.nodes.set(ref, { ...node, name: toldApart(node) });
        }
    }

    isVisible(ref: Ref): boolean {
        return this.nodes.has(ref) && !this.hidden.has(ref) && !this.forgotten.has(ref);
    }

    /** The nearest snapshot of the hierarchy, from a node upwards, itself included. */
    visibleFrom(ref: Ref | null): Ref | null {
        for (let at = ref; at !== null; at = this.nodes.get(at)?.parent ?? null) if (this.isVisible(at)) return at;
        return null;
    }

    /** The parent in the hierarchy. */
    parentOf(ref: Ref): Ref | null {
        const told = this.about.get(ref)?.parent;
        if (told === null) return null;
        if (told !== undefined && this.nodes.has(told)) return this.visibleFrom(told);
        return this.visibleFrom(this.nodes.get(ref)?.parent ?? null);
    }

    nameOf(ref: Ref | null): string | null {
        return ref === null ? null : (this.nodes.get(ref)?.name ?? null);
    }

    visible(): Ref[] {
        return [...this.nodes.keys()].filter((ref) => this.isVisible(ref));
    }

    find(name: string): Ref | null {
        const visible = this.visible();
        const found = visible.find((ref) => this.nameOf(ref) === name);
        if (found !== undefined) return found;
        const several = visible.flatMap((ref) => {
            const there = this.nodes.get(ref)?.there;
            return there?.name === name && this.nameOf(ref) === toldApart({ name, ref, there })
                ? { name: toldApart({ name, ref, there }), creationTime: there.time }
                : [];
        });
        if (several.length > 0) throw ambiguous(name, several);
        return null;
    }

    /** The current snapshot. */
    currentOf(): Ref | null {
        if (this.is !== null && this.is.of === this.current.node && this.isVisible(this.is.is)) return this.is.is;
        return this.visibleFrom(this.current.node);
    }

    /** Where a branch's tip is: a node, or null for the machine's current state. */
    tipOf({ name, node, on, from }: StoredBranch): Ref | null {
        if (name === this.active) return this.current.node;
        return [node, on, from].find((ref) => ref !== null && this.nodes.has(ref)) ?? null;
    }

    /** The snapshot from which a branch forks. */
    forkOf(branch: StoredBranch): Ref | null {
        if (branch.from === null) return null;
        return this.visibleFrom(this.nodes.has(branch.from) ? branch.from : this.tipOf(branch));
    }

    /** The newest snapshot on a branch. */
    newestOn(branch: StoredBranch): Ref | null {
        return branch.name === this.active ? this.currentOf() : this.visibleFrom(this.tipOf(branch));
    }

    children(ref: Ref | null): DraftNode[] {
        return [...this.nodes.values()].filter(({ parent }) => parent === ref);
    }

    // What is done.

    private same(name: string): string[] {
        return [...this.looked.nodes.values()].filter((node) => node.name === name).map(({ uuid }) => uuid);
    }

    /** Takes a snapshot of the current state, before the commit. */
    take(name: string, description: string | null, running: RunningTake | null = null): Ref {
        this.settle();
        const ref = newRef(this.taken++);
        this.prepare.push({ kind: "take", ref, name, description, others: this.same(name), running });
        this.nodes.set(ref, { ref, parent: this.current.node, name, description, there: null });
        this.current = { node: ref, clean: true, moved: false };
        this.stands = this.current;
        return ref;
    }

    /** Takes one that is none of the hierarchy. */
    takeHidden(name: string): Ref {
        const ref = this.take(name, null);
        this.hidden.add(ref);
        return ref;
    }

    /** The machine goes to what a node holds; what it holds now goes, unless it was taken. */
    go(node: Ref): void {
        this.current = { node, clean: true, moved: this.current.moved || this.stands.node !== node || !this.stands.clean };
        this.is = null;
    }

    /** The machine really goes where it is to be, before the commit: what it holds now is kept until then. */
    settle(): void {
        if (!this.current.moved || this.current.node === null) return;
        if (!this.stands.clean || this.stands.node === null) {
            const { node } = this.current;
            this.current = { ...this.stands, moved: false };
            this.takeHidden(`${INNER}kept`);
            this.current = { node, clean: true, moved: true };
        }
        const { node } = this.current;
        if (this.stands.node !== null && node !== null) this.prepare.push({ kind: "restore", to: node, back: this.stands.node });
        this.current = { node, clean: true, moved: false };
        this.stands = this.current;
    }

    /** Commands are to change the current state. */
    provision(): void {
        this.settle();
        const { node } = this.current;
        if (node === null) throw new Error("nothing to go back to");
        if ((this.nodes.get(node)?.there?.memory ?? null) !== null) this.prepare.push({ kind: "discardState" });
        this.prepare.push({ kind: "provision", files: {}, on: node });
        this.current = { ...this.current, clean: false };
        this.stands = this.current;
    }

    /** What the host shows of a branch's tip. */
    tipName(branch: string): string {
        return bounded(`${TIP}${branch}`, this.nature.longestName);
    }

    /** What the machine holds becomes a branch's: where nothing was written since, the snapshot that it stands on holds it. */
    keepAs(name: string): void {
        const from = this.currentOf();
        const node = this.current.clean && this.current.node !== null ? this.current.node : this.takeHidden(this.tipName(name));
        // It may be the hidden one of another branch, which holds something else now.
        if (this.hidden.has(node) && this.nameOf(node) !== this.tipName(name)) this.edit(node, { name: this.tipName(name) });
        const branch = this.branches.get(name) ?? { name, from };
        this.branches.set(name, { ...branch, node, on: from });
    }

    /** The machine is on no branch any more: what it holds becomes that of the one that it was on, or of a new one, or goes. */
    leave(keep: string | null): void {
        const name = this.active ?? keep;
        if (name !== null) this.keepAs(name);
        this.active = null;
    }

    /** Gives a node of the host's another name or description. */
    edit(ref: Ref, change: { readonly name?: string; readonly description?: string | null }): void {
        const node = this.nodes.get(ref);
        if (!node) return;
        this.nodes.set(ref, { ...node, ...change });
        this.edits.set(ref, { ...(this.edits.get(ref) ?? { kind: "edit", node: ref }), ...change });
    }

    /** A snapshot is none of the hierarchy any more; what stands on it stays as it is. */
    hide(ref: Ref, how: "hidden" | "forgotten" = "hidden"): void {
        const parent = this.parentOf(ref);
        for (const [each, about] of this.about) if (about.parent === ref) this.about.set(each, { ...about, parent });
        this[how].add(ref);
        if (this.is?.is === ref) this.is = parent === null ? null : { ...this.is, is: parent };
        // What the host shows of it says that it is not the user's.
        const prefix = how === "hidden" ? INNER : FORGOTTEN;
        const name = how === "hidden" ? `${prefix}${ref.slice(0, 8)}` : bounded(`${prefix}${this.nameOf(ref) ?? ""}`, this.nature.longestName);
        this.edit(ref, { name });
        if (how === "hidden") this.about.delete(ref);
    }

    /** Whoever names one node names another. */
    repoint(from: Ref, to: Ref | null): void {
        const other = (ref: Ref | null) => (ref === from ? to : ref);
        for (const branch of this.branches.values())
            this.branches.set(branch.name, { ...branch, from: other(branch.from), node: other(branch.node), on: other(branch.on) });
        for (const [ref, about] of this.about) if (about.parent === from) this.about.set(ref, { ...about, parent: to });
        if (this.is !== null) this.is = this.is.is === from ? (to === null ? null : { ...this.is, is: to }) : { ...this.is, of: other(this.is.of) };
    }

    /** Nodes that something needs. */
    private named(): Set<Ref> {
        const tips = [...this.branches.values()].filter(({ name }) => name !== this.active).map((branch) => this.tipOf(branch));
        const named = new Set([...this.visible(), ...this.forgotten, ...this.kept, ...tips.filter((ref) => ref !== null)]);
        if (this.current.moved && this.current.node !== null) named.add(this.current.node);
        return named;
    }

    /**
     * Removes what nothing needs any more: the host merges a snapshot into what stands on it, and may refuse where there are several.
     *
     * @param copying also where contents have to be copied for that
     */
    tidy(copying: boolean, also: ReadonlySet<Ref> = new Set()): void {
        for (let again = true; again;) {
            again = false;
            const named = this.named();
            for (const { ref } of [...this.nodes.values()].reverse()) {
                if (named.has(ref)) continue;
                const above = this.children(ref);
                const uses = above.length + (this.current.node === ref ? 1 : 0);
                if ((uses > 1 && !this.nature.removesShared) || (uses > 0 && !copying && !also.has(ref))) continue;
                this.remove(ref, above);
                again = true;
            }
        }
    }

    private remove(ref: Ref, above: readonly DraftNode[]): void {
        const parent = this.nodes.get(ref)?.parent ?? null;
        this.finish.push({ kind: "delete", node: ref });
        for (const node of above) this.nodes.set(node.ref, { ...node, parent });
        if (this.current.node === ref) this.current = { ...this.current, node: parent, clean: false };
        this.nodes.delete(ref);
        for (const set of [this.hidden, this.forgotten]) set.delete(ref);
        this.about.delete(ref);
        this.edits.delete(ref);
        this.repoint(ref, parent);
    }

    /** What the machine is on when the steps before the commit are through holds nothing of its own. */
    leavesNothing(): boolean {
        return this.stands.clean;
    }

    /** Where the machine is to go after the commit. */
    arrival(): Ref | null {
        return this.current.moved ? this.current.node : null;
    }

    editSteps(): EditStep[] {
        return [...this.edits.values()];
    }

    stored(generation: number, transaction: string): Stored {
        const branches = [...this.branches.values()].map((branch) => {
            const isActive = branch.name === this.active;
            return {
                ...branch,
                node: isActive ? null : this.tipOf(branch),
                on: this.newestOn(branch),
                from: branch.from === null ? null : this.forkOf(branch),
            };
        });
        const arrival = this.arrival();
        return {
            version: 1,
            generation,
            transaction,
            active: this.active,
            at: this.current.node,
            current: this.is !== null && this.is.of === this.current.node ? this.is : null,
            hidden: [...this.hidden].filter((ref) => this.nodes.has(ref)),
            forgotten: [...this.forgotten].filter((ref) => this.nodes.has(ref)),
            branches,
            snapshots: Object.fromEntries([...this.about].filter(([ref, about]) => this.nodes.has(ref) && Object.keys(about).length > 0)),
            pending: arrival === null ? null : { node: arrival, over: [] },
        };
    }
}

/** A name that no other has. */
function toldApart({ name, ref, there }: Pick<DraftNode, "name" | "ref" | "there">): string {
    return nameWithId(name, there?.shown ?? ref);
}

function pick({ parent, name, description }: NativeNode): Pick<DraftNode, "parent" | "name" | "description"> {
    return { parent, name, description };
}

/** What a snapshot says of the machine's state when it was taken. */
export function stateOf(node: Pick<NativeNode, "memory">, about: StoredSnapshot | undefined): SnapshotState {
    return (about?.state as SnapshotState | undefined) ?? (node.memory === null ? "shutoff" : "running");
}
