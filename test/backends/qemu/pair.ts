// The machine and its model, doing the same.
import fc from "fast-check";
import { DataLossError, InvalidInputError, type Mode, NotFoundError } from "../../../provider/engine";
import type { Machine } from "../../conformance/bench";
import { refused } from "../../conformance/support";
import { lossesOf, Model, type Slot } from "./model";

const SCOPES = ["keepChildren", "keepChildren", "subtree", "children"] as const;
/** What may leave a tip without merging what it stood on. */
const LEAVING: ReadonlySet<string> = new Set(["elsewhere", "reset", "follow", "commit", "switch", "resetBranch", "deactivate", "replace", "prune"]);
const DEACTIVATIONS = ["keep", "merge", "discard"] as const;

/** What is done, each with the weight that it has among the others. `at` picks a snapshot or branch among those that are there. */
export function acts(targets: readonly string[]) {
    const slot: fc.Arbitrary<Slot> = fc.tuple(fc.constantFrom(...targets), fc.integer({ min: 1, max: 7 }), fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz"));
    const at = fc.nat(30);
    const flag = fc.boolean();
    const act = <N extends string, T>(weight: number, name: N, fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) => {
        return { weight, arbitrary: fc.record(fields).map((values) => ({ act: name, ...values })) };
    };
    const one = fc.oneof(
        act(10, "write", { slot }),
        act(6, "tip", {}),
        act(6, "elsewhere", { at, writes: fc.array(slot, { maxLength: 2 }) }),
        act(5, "reset", { at, keep: flag, discard: fc.nat(3).map((n) => n === 0) }),
        act(3, "follow", { at, discard: fc.nat(2).map((n) => n === 0) }),
        act(3, "commit", { at, discard: fc.nat(2).map((n) => n === 0) }),
        act(5, "fork", { at }),
        act(6, "switch", { at }),
        act(3, "unbranch", { at, commit: flag, leave: flag }),
        act(3, "resetBranch", { at, toFork: flag }),
        act(3, "deactivate", { at, how: fc.constantFrom(...DEACTIVATIONS) }),
        act(1, "rename", { at }),
        act(5, "delete", { at, scope: fc.constantFrom(...SCOPES) }),
        act(2, "forget", { at }),
        act(2, "replace", {}),
        act(2, "prune", { at }),
    );
    return fc.array(one, { minLength: 6, maxLength: 24 });
}

export type Act = ReturnType<typeof acts> extends fc.Arbitrary<(infer A)[]> ? A : never;
type Of<N extends Act["act"]> = Extract<Act, { act: N }>;

/** A machine that a model stands beside. */
export interface Modelled extends Machine {
    /** False: the host does not tell whether a snapshot holds what its parent does, so each is given something of its own. Default: true. */
    readonly compares?: boolean;
    /** A snapshot is about to be discarded, which keeps the chain as it is: its files may stay though nothing else names them. */
    keepChain(name: string): Promise<void>;
    /** @param single an unnamed file may have a single one on it; otherwise it would have been merged */
    sound(left?: { readonly single: boolean }): Promise<void>;
}

/** The machine and its model, doing the same. */
export class Pair {
    readonly model: Model;
    private made = 0;
    /** A tip may have been left since the last deletion: what stood beside others may stand alone on a file that nothing names. */
    private left = false;

    constructor(
        private readonly machine: Modelled,
        /** Of its first snapshot; null where the hypervisor knows no such difference. */
        private readonly mode: Mode | null,
    ) {
        this.model = new Model(machine.targets);
    }

    private get vm() {
        return this.machine.vm;
    }

    private snapshot({ at }: { readonly at: number }): string {
        return this.model.names.sort()[at % this.model.names.length] ?? "";
    }

    private branch({ at }: { readonly at: number }): string {
        return this.model.branches.sort()[at % this.model.branches.length] ?? "";
    }

    private name(stem: string): string {
        return `${stem}${++this.made}`;
    }

    async do(step: Act): Promise<void> {
        if (step.act === "write") return this.write(step);
        if (step.act === "tip" || this.model.names.length === 0) return this.tip();
        if (["switch", "unbranch", "resetBranch", "rename"].includes(step.act) && this.model.branches.length === 0) return;
        await (this[step.act] as (step: Act) => Promise<void>)(step);
        if (LEAVING.has(step.act)) this.left = true;
        else if (step.act === "delete") this.left = false;
    }

    /** Refused for exactly these losses, and carried out when they are agreed to. */
    private async agreed(losses: readonly string[], work: (force: readonly string[]) => Promise<void>): Promise<void> {
        if (losses.length > 0) {
            const error = await refused(work([]));
            expect(error).toBeInstanceOf(DataLossError);
            expect((error as DataLossError).losses.toSorted()).toEqual([...losses].sort());
        }
        await work(losses);
    }

    /** Refused whatever is agreed to. */
    private async impossible(work: Promise<void>): Promise<void> {
        const error = await refused(work);
        if (!(error instanceof InvalidInputError) && !(error instanceof NotFoundError)) throw error;
    }

    async write({ slot }: Of<"write">): Promise<void> {
        await this.machine.write(...slot);
        this.model.write(slot);
    }

    /** What a snapshot is given that must hold something of its own. */
    private own(): [string, number, string] {
        return [this.machine.targets[0] ?? "", 7, "o"];
    }

    async tip(): Promise<void> {
        const name = this.name("s");
        if (this.machine.compares === false && !this.model.dirty) await this.write({ act: "write", slot: this.own() });
        await this.vm.create({ name, ...(this.model.names.length === 0 && this.mode !== null && { mode: this.mode }) });
        this.model.createFromTip(name);
    }

    async elsewhere(step: Of<"elsewhere">): Promise<void> {
        const [name, parent] = [this.name("s"), this.snapshot(step)];
        const writes = this.machine.compares === false && step.writes.length === 0 ? [this.own()] : step.writes;
        const provision = this.machine.provision(writes.map(([target, slot, character]) => ({ target, slot, character })));
        await this.vm.create({ name, parent, ...(provision.length > 0 && { provision }) });
        if (provision.length === 0 && parent === this.model.current) this.model.createFromTip(name);
        else this.model.createElsewhere(name, parent, writes);
    }

    async reset(step: Of<"reset">): Promise<void> {
        const { model } = this;
        const name = this.snapshot(step);
        const keep = step.keep ? this.name("k") : null;
        if (keep !== null && !model.leavesTip(name)) return this.impossible(this.vm.revert(name, { keep, force: true }));
        const goes = keep === null && model.dirty && model.leavesTip(name);
        const losses = !goes ? [] : model.active === null ? ["tip"] : [`branch:${model.active}`];
        if (step.discard) await this.machine.keepChain(name);
        await this.agreed(losses, (force) => this.vm.revert(name, { discard: step.discard, force, ...(keep !== null && { keep }) }));
        model.revert(name, keep);
        if (step.discard) model.delete(name, "keepChildren");
    }

    async follow(step: Of<"follow">): Promise<void> {
        const name = this.snapshot(step);
        const [leaf, ...more] = this.model.leaves(name);
        if (step.discard) await this.machine.keepChain(name);
        const work = this.vm.revert(name, { follow: true, discard: step.discard });
        if (leaf === undefined || more.length > 0) return this.impossible(work);
        await work;
        if (leaf !== null) this.model.switch(leaf);
        if (step.discard) this.model.delete(name, "keepChildren");
    }

    async commit(step: Of<"commit">): Promise<void> {
        const { model } = this;
        const name = this.snapshot(step);
        const runsThere = model.current === name && (model.active !== null || model.dirty);
        const [leaf, ...more] = runsThere ? [model.active] : model.leaves(name);
        const work = (force: readonly string[]) => this.vm.revert(name, { commit: true, discard: step.discard, force });
        if (leaf === undefined || more.length > 0) return this.impossible(work([]));
        const others = model.others(name, { branch: leaf });
        await this.agreed(lossesOf(others), work);
        if (leaf !== null) model.switch(leaf, others.tip);
        model.commit(name, model.tip, others);
        if (step.discard) model.delete(name, "keepChildren");
    }

    async fork(step: Of<"fork">): Promise<void> {
        const [name, from] = [this.name("b"), this.snapshot(step)];
        await this.vm.branch(name, { from });
        this.model.fork(name, from);
    }

    async switch(step: Of<"switch">): Promise<void> {
        const name = this.branch(step);
        await this.vm.switch(name);
        this.model.switch(name);
    }

    async unbranch(step: Of<"unbranch">): Promise<void> {
        const { model } = this;
        const { commit } = step;
        const name = this.branch(step);
        const branch = model.branch(name);
        const isActive = model.active === name;
        const active = step.leave ? "leave" : "refuse";
        const work = (force: readonly string[] | true) => this.vm.unbranch(name, { commit, active, force });
        if (isActive && !step.leave) return this.impossible(work(true));
        if (!model.differs(branch, branch.tip)) await work([]);
        else if (branch.tip === null && (commit || isActive)) return this.impossible(work(true));
        else if (commit && branch.tip !== null) {
            const others = model.others(branch.tip, { branch: name });
            if (model.standsOn(branch.tip, others)) return this.impossible(work(true));
            await this.agreed(lossesOf(others), work);
            model.commit(branch.tip, branch, others);
        } else {
            await this.agreed([`branch:${name}`], work);
            if (isActive && branch.tip !== null) model.reset(name, branch.tip, []);
        }
        model.unbranch(name);
    }

    async resetBranch(step: Of<"resetBranch">): Promise<void> {
        const { model } = this;
        const { toFork } = step;
        const name = this.branch(step);
        const branch = model.branch(name);
        const to = toFork ? branch.from : branch.tip;
        if (to === null) return this.impossible(this.vm.resetBranch(name, { toFork, force: true }));
        const own = toFork ? model.own(name) : [];
        const losses = [...(model.differs(branch, branch.tip) ? [`branch:${name}`] : []), ...own.map((snapshot) => `snapshot:${snapshot}`)];
        await this.agreed(losses, (force) => this.vm.resetBranch(name, { toFork, force }));
        if (losses.length > 0) model.reset(name, to, own);
    }

    async deactivate(step: Of<"deactivate">): Promise<void> {
        const { model } = this;
        const { how } = step;
        const name = this.snapshot(step);
        const { parent } = model.node(name);
        const work = (force: readonly string[]) =>
            this.vm.deactivate(name, { merge: how === "merge" && force.length === 0, mergeForce: how === "merge" && force.length > 0, ...discards(force) });
        const discards = (force: readonly string[]) => ({
            discard: how === "discard" && force.length === 0,
            discardForce: how === "discard" && force.length > 0,
        });
        if (parent === null) return this.impossible(work(["tip"]));
        const used = model.current !== null && [name, ...model.below(name)].includes(model.current);
        if (how === "keep") {
            await work([]);
            if (used) model.revert(parent, model.dirty ? model.automatic() : null);
        } else if (how === "merge") {
            const others = model.others(parent, { snapshot: name });
            if (model.standsOn(parent, others)) return this.impossible(work(["tip"]));
            await this.agreed(lossesOf(others), work);
            model.commit(parent, model.node(name), others);
            model.delete(name, "keepChildren");
        } else {
            const gone = model.going(name, "subtree");
            const tip = used && model.active === null && model.dirty;
            const active = used && model.active !== null ? [model.active] : [];
            const branches = [...model.standingOn(gone), ...active];
            await this.agreed(lossesOf({ snapshots: model.below(name), branches, tip }), work);
            if (used) model.revert(parent, null);
            model.delete(name, "subtree");
        }
    }

    async rename(step: Of<"rename">): Promise<void> {
        const [from, to] = [this.branch(step), this.name("r")];
        await this.vm.renameBranch(from, to);
        this.model.rename(from, to);
    }

    async delete(step: Of<"delete">): Promise<void> {
        const { model } = this;
        const { scope } = step;
        const name = this.snapshot(step);
        const branches = scope === "keepChildren" ? [] : model.standingOn(model.going(name, scope));
        await this.agreed(lossesOf({ snapshots: [], branches, tip: false }), (force) => this.vm.delete(name, { scope, force }));
        model.delete(name, scope);
    }

    /** Forgotten and restored from its document: nothing is other than it was. */
    async forget(step: Of<"forget">): Promise<void> {
        const { model, vm } = this;
        if (!this.machine.host.capabilities.redefine) return; // What was forgotten can't be restored there.
        const name = this.snapshot(step);
        if (model.branches.map((branch) => model.branch(branch)).some(({ from, tip }) => from === name || tip === name)) return;
        const current = (await vm.hierarchy()).current === name;
        const children = model.children(name);
        const xml = await vm.document(name);
        const below = await Promise.all(children.map(async (child) => ({ name: child, xml: await vm.document(child) })));
        await vm.delete(name, { scope: "metadata" });
        await vm.redefine({ name, xml, current });
        for (const child of below) await vm.redefine(child);
    }

    /** The current snapshot, taken again of what the tip holds by now. */
    async replace(): Promise<void> {
        const { model } = this;
        const { current } = model;
        if (current === null || model.children(current).length > 0) return;
        await this.vm.create({ name: current, force: true });
        model.delete(current, "keepChildren");
        model.createFromTip(current);
    }

    /** A tree that lists a part of what is there, and wants nothing else; the tip stays where it is. */
    async prune({ at }: Of<"prune">): Promise<void> {
        const { model, vm } = this;
        const listed = (_: string, i: number) => ((at >> (i % 5)) & 1) === 1;
        const names = model.names.sort().filter(listed);
        const stands = (name: string | null): string | null => (name === null || names.includes(name) ? name : stands(model.node(name).parent));
        const from = (branch: string) => stands(model.branch(branch).from);
        if (model.active !== null && from(model.active) === null) return; // No tree can list it, and it can't go.
        const branches = model.branches.sort().filter((name, i) => from(name) !== null && (name === model.active || listed(name, i)));
        const gone = model.branches.filter((name) => !branches.includes(name));
        const losses = gone.filter((name) => model.differs(model.branch(name), model.branch(name).tip)).map((name) => `branch:${name}`);
        const desired = {
            snapshots: Object.fromEntries(names.map((name) => [name, { parent: stands(model.node(name).parent) }])),
            branches: Object.fromEntries(branches.map((name) => [name, { from: from(name) ?? "" }])),
            prune: "all" as const,
        };
        const plan = await vm.plan(desired);
        await this.agreed(losses, (force) => vm.apply(plan, { force }));
        for (const branch of gone) model.unbranch(branch);
        for (const name of model.names) if (!names.includes(name)) model.delete(name, "keepChildren");
        expect((await vm.plan(desired)).operations).toEqual([]);
    }

    /** All of it, compared every now and then. */
    async run(steps: readonly Act[]): Promise<void> {
        for (const [i, step] of steps.entries()) {
            await this.do(step);
            if (i % 6 === 5) await this.compare();
        }
        await this.compare();
    }

    async compare(): Promise<void> {
        const { machine, model } = this;
        const { current, branch, dirty, snapshots, branches } = await machine.vm.hierarchy();
        expect({ current, branch, dirty }).toEqual({ current: model.current, branch: model.active, dirty: model.dirty });
        expect(await machine.tip()).toEqual(model.tip.disks);
        expect(new Map(snapshots.map(({ name, parent }) => [name, parent]))).toEqual(new Map(model.names.map((name) => [name, model.node(name).parent])));
        for (const name of model.names) expect([name, await machine.snapshot(name)]).toEqual([name, model.node(name).disks]);
        expect(branches.map(({ name }) => name)).toEqual(model.branches.sort());
        for (const { name, from, tip, active, dirty } of branches) {
            const expected = model.branch(name);
            expect([name, await machine.branch(name)]).toEqual([name, expected.disks]);
            const place = { name, from: expected.from, tip: expected.tip, active: name === model.active };
            expect({ name, from, tip, active, dirty }).toEqual({ ...place, dirty: model.differs(expected, expected.tip) });
        }
        await machine.sound({ single: this.left });
    }
}
