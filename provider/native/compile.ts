import {
    AlreadyExistsError,
    type CommitOperation,
    type CreateOperation,
    type DeleteOperation,
    type MergeOperation,
    noSuchBranch,
    noSuchSnapshot,
    type Operation,
    type PowerState,
    quoted,
    type RedefineOperation,
    type ResetOperation,
    type RevertOperation,
    type SwitchOperation,
} from "../model";
import type { Step } from "../backends/backend";
import { type Draft as AnyDraft, INNER } from "./draft";
import type { StoredBranch } from "./records";
import type { Ref, RunningTake } from "./steps";

type Draft = AnyDraft<Step>;

/** What compiling needs besides what is drafted. */
export interface Surroundings {
    readonly powerState: PowerState;
    /** What the host can't do. @throws UnsupportedError, InvalidInputError, before anything is drafted */
    readonly refuse: (operation: Operation) => void;
    readonly redefine: (operation: RedefineOperation) => void;
}

/** Operations that go elsewhere or give names: nothing is copied by them but what is taken of a tip that is left. */
const LIGHT: ReadonlySet<Operation["kind"]> = new Set(["revert", "switch", "branch", "rename", "redefine"]);

/** @throws NotFoundError */
function nodeOf(draft: Draft, name: string): Ref {
    const found = draft.find(name);
    if (found === null) throw noSuchSnapshot(name);
    return found;
}

/** @throws NotFoundError */
function branchOf(draft: Draft, name: string): StoredBranch {
    const found = draft.branches.get(name);
    if (!found) throw noSuchBranch(name);
    return found;
}

function refuseTaken(draft: Draft, name: string): void {
    if (draft.find(name) !== null || draft.branches.has(name))
        throw new AlreadyExistsError(`there is a snapshot or branch ${quoted(name)} already; choose another name, or replace it with force`);
}

/** Gives a snapshot another name. @throws AlreadyExistsError where that is taken */
export function renameSnapshot(draft: Draft, ref: Ref, name: string): void {
    if (draft.nameOf(ref) === name) return;
    if (draft.find(name) !== null || draft.branches.has(name))
        throw new AlreadyExistsError(`there is a snapshot or branch ${quoted(name)} already; choose another name`);
    draft.edit(ref, { name });
}

/** How a snapshot of a machine that runs is to be taken. */
function runningTake({ diskOnly, live, quiesce }: CreateOperation): RunningTake {
    return { memory: diskOnly !== true, live: live === true, quiesce: quiesce === true };
}

function compileCreate(draft: Draft, around: Surroundings, operation: CreateOperation): void {
    const old = operation.replace ? draft.find(operation.name) : null;
    if (old !== null) draft.hide(old);
    refuseTaken(draft, operation.name);
    if (operation.noMetadata) return; // The host finds what it took by what it remembers: nothing is what could be forgotten.
    const runs = around.powerState !== "shutoff";
    const { active } = draft;
    const back = operation.source === "parent" ? standsElsewhere(draft, operation) : null;
    const taken = draft.take(operation.name, operation.description ?? null, runs ? runningTake(operation) : null);
    const made = operation.source === "parent";
    if (made || operation.owner !== undefined)
        draft.about.set(taken, { ...(made && { made }), ...(operation.owner !== undefined && { owner: operation.owner }) });
    keepParent(draft, taken, operation.parent);
    if (operation.halt && runs) draft.finish.push({ kind: "halt" });
    if (!operation.moveTip && back !== null) {
        draft.active = active;
        const node = back.branch === null ? back.node : draft.tipOf({ ...branchOf(draft, back.branch), name: "" });
        if (node !== null) draft.go(node);
    }
}

/** Where the machine is to go back to once a snapshot was taken elsewhere. */
interface Back {
    readonly branch: string | null;
    readonly node: Ref | null;
}

/** The machine goes to the parent of what is to be taken there; what it holds is kept. */
function standsElsewhere(draft: Draft, { parent, provisioned, keepTip }: CreateOperation): Back {
    const back: Back = { branch: draft.active, node: draft.current.clean ? draft.current.node : null };
    if (parent === null) {
        // The disk as it is: commands change it, and where they fail it is as it was.
        if (draft.current.node === null || !draft.current.clean) draft.takeHidden(`${INNER}before`);
    } else {
        draft.leave(keepTip);
        draft.go(nodeOf(draft, parent));
        draft.settle();
    }
    if (provisioned) draft.provision();
    return back;
}

/** Where the hierarchy's parent is another one than that on which the host put it. */
function keepParent(draft: Draft, ref: Ref, parent: string | null): void {
    const wanted = parent === null ? null : draft.find(parent);
    if (draft.visibleFrom(draft.nodes.get(ref)?.parent ?? null) !== wanted) draft.about.set(ref, { ...draft.about.get(ref), parent: wanted });
}

/** The branch that runs directly on it is emptied; any other keeps what it has. */
function compileRevert(draft: Draft, { name, keepTip }: RevertOperation): void {
    const node = nodeOf(draft, name);
    const stays = draft.active !== null && draft.currentOf() === node;
    if (!stays) draft.leave(keepTip);
    else if (keepTip !== null) draft.keepAs(keepTip);
    draft.go(node);
}

function compileSwitch(draft: Draft, { name, keepTip }: SwitchOperation): void {
    if (draft.active === name) return;
    const branch = branchOf(draft, name);
    const node = draft.tipOf(branch);
    draft.leave(keepTip);
    if (node !== null) draft.go(node);
    draft.active = name;
}

function compileReset(draft: Draft, { name, to, snapshots }: ResetOperation): void {
    const node = nodeOf(draft, to);
    const branch = branchOf(draft, name);
    if (draft.active === name) draft.go(node);
    else draft.branches.set(name, { ...branch, node, on: node });
    for (const own of snapshots) draft.hide(nodeOf(draft, own));
}

function compileDelete(draft: Draft, { name, scope, branches, chain }: DeleteOperation): void {
    const node = nodeOf(draft, name);
    for (const branch of branches) removeBranch(draft, branch);
    const below = scope === "subtree" || scope === "children" ? descendants(draft, node) : [];
    const going = scope === "children" ? below : [...below, node];
    for (const ref of going) {
        if (chain === "keep") draft.kept.add(ref);
        draft.hide(ref, scope === "metadata" ? "forgotten" : "hidden");
    }
}

/** What stands on a snapshot in the hierarchy, children first. */
function descendants(draft: Draft, ref: Ref): Ref[] {
    const below = draft.visible().filter((each) => draft.parentOf(each) === ref);
    return below.flatMap((each) => [...descendants(draft, each), each]);
}

function removeBranch(draft: Draft, name: string): void {
    branchOf(draft, name);
    draft.branches.delete(name);
    if (draft.active === name) draft.active = null;
}

/** Others that stand on what changes, and go. */
function takeAlong(draft: Draft, { snapshots, branches }: CommitOperation | MergeOperation): void {
    for (const branch of branches) removeBranch(draft, branch);
    for (const name of snapshots) draft.hide(nodeOf(draft, name));
}

/** What a node holds is what a snapshot is from now on: its name, its place and what is kept of it go over. */
function becomes(draft: Draft, snapshot: Ref, node: Ref): void {
    const { name, description } = draft.nodes.get(snapshot) ?? { name: "", description: null };
    const { made: _, ...about } = draft.about.get(snapshot) ?? {};
    draft.hide(snapshot);
    draft.repoint(snapshot, node);
    draft.hidden.delete(node);
    draft.about.set(node, about);
    const now = draft.nodes.get(node);
    if (now?.name !== name || now.description !== description) draft.edit(node, { name, description });
}

function compileCommit(draft: Draft, operation: CommitOperation): void {
    const { name, branch, discard } = operation;
    const snapshot = nodeOf(draft, name);
    takeAlong(draft, operation);
    if (discard) return void draft.hide(snapshot);
    const left = branch !== null && branch !== draft.active ? branchOf(draft, branch) : null;
    const held = left ? draft.tipOf(left) : draft.current.clean ? draft.current.node : null;
    const node = held ?? draft.take(name, draft.nodes.get(snapshot)?.description ?? null);
    if (node === snapshot) return;
    if (!draft.isVisible(node) || held === null) becomes(draft, snapshot, node);
}

function compileMerge(draft: Draft, operation: MergeOperation): void {
    const node = nodeOf(draft, operation.name);
    const into = nodeOf(draft, operation.into);
    takeAlong(draft, operation);
    becomes(draft, into, node);
}

function compileBranch(draft: Draft, name: string, from: string, owner: string | undefined): void {
    refuseTaken(draft, name);
    const node = nodeOf(draft, from);
    draft.branches.set(name, { name, from: node, node, on: node, ...(owner !== undefined && { owner }) });
}

function compileRename(draft: Draft, name: string, to: string): void {
    const branch = branchOf(draft, name);
    if (name === to) return;
    refuseTaken(draft, to);
    draft.branches.delete(name);
    if (draft.active === name) draft.active = to;
    draft.branches.set(to, { ...branch, name: to });
    const held = draft.active === to ? draft.current.node : branch.node;
    if (held !== null && draft.hidden.has(held) && draft.nameOf(held) === draft.tipName(name)) draft.edit(held, { name: draft.tipName(to) });
}

/** Drafts what an operation comes to. @throws UnsupportedError for what the host has not */
export function compile(draft: Draft, around: Surroundings, operation: Operation): void {
    around.refuse(operation);
    switch (operation.kind) {
        case "create":
            return void compileCreate(draft, around, operation);
        case "redefine":
            return void around.redefine(operation);
        case "delete":
            return void compileDelete(draft, operation);
        case "revert":
            return void compileRevert(draft, operation);
        case "switch":
            return void compileSwitch(draft, operation);
        case "reset":
            return void compileReset(draft, operation);
        case "branch":
            return void compileBranch(draft, operation.name, operation.from, operation.owner);
        case "unbranch":
            return void removeBranch(draft, operation.name);
        case "rename":
            return void compileRename(draft, operation.name, operation.to);
        case "commit":
            return void compileCommit(draft, operation);
        case "merge":
            return void compileMerge(draft, operation);
        case "adopt":
        case "import":
        case "forget":
            throw new Error(`the operation ${operation.kind} was not refused`);
    }
}

/** Removes what nothing names any more, and says where the machine goes. */
export function complete(draft: Draft, operations: readonly Operation[], replaced: ReadonlySet<Ref>): void {
    const copying = operations.some(({ kind }) => !LIGHT.has(kind));
    draft.tidy(copying, replaced);
    const arrival = draft.arrival();
    if (arrival !== null) draft.finish.unshift({ kind: "arrive", to: arrival, clean: draft.leavesNothing() });
    const after = arrival === null ? 0 : 1;
    draft.finish.splice(after, 0, ...draft.editSteps());
}
