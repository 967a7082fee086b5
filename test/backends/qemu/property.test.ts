// Whatever is done in whatever order, on real images: every byte of every node is what a simple model says, and nothing is left that nothing needs.
import fc from "fast-check";
import type { DataLossError } from "../../../provider/engine";
import { type Mode } from "../../../provider/engine";
import { refused } from "../../conformance/support";
import { needs, qemu, suiteWith } from "../../support/requires";
import { QemuMachine } from "./machine";
import { Model, type Slot } from "./model";

const RUNS = Number(process.env.SNAPTREE_RUNS ?? 6);

type Act =
    | { readonly act: "write"; readonly slot: Slot }
    | { readonly act: "tip" }
    | { readonly act: "elsewhere"; readonly at: number; readonly writes: readonly Slot[] }
    | { readonly act: "revert"; readonly at: number; readonly keep: boolean }
    | { readonly act: "delete"; readonly at: number; readonly scope: "keepChildren" | "subtree" | "children" }
    | { readonly act: "forget"; readonly at: number }
    | { readonly act: "replace" };

function acts(targets: readonly string[]): fc.Arbitrary<Act[]> {
    const slot: fc.Arbitrary<Slot> = fc.tuple(fc.constantFrom(...targets), fc.integer({ min: 1, max: 7 }), fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz"));
    const at = fc.nat(30);
    const one = fc.oneof(
        { weight: 5, arbitrary: fc.record({ act: fc.constant("write" as const), slot }) },
        { weight: 4, arbitrary: fc.record({ act: fc.constant("tip" as const) }) },
        { weight: 4, arbitrary: fc.record({ act: fc.constant("elsewhere" as const), at, writes: fc.array(slot, { maxLength: 2 }) }) },
        { weight: 3, arbitrary: fc.record({ act: fc.constant("revert" as const), at, keep: fc.boolean() }) },
        {
            weight: 4,
            arbitrary: fc.record({
                act: fc.constant("delete" as const),
                at,
                scope: fc.constantFrom("keepChildren" as const, "keepChildren" as const, "subtree" as const, "children" as const),
            }),
        },
        { weight: 1, arbitrary: fc.record({ act: fc.constant("forget" as const), at }) },
        { weight: 1, arbitrary: fc.record({ act: fc.constant("replace" as const) }) },
    );
    return fc.array(one, { minLength: 6, maxLength: 24 });
}

/** The machine and its model, doing the same. */
class Pair {
    readonly model: Model;
    private made = 0;

    constructor(
        private readonly machine: QemuMachine,
        private readonly mode: Mode,
    ) {
        this.model = new Model(machine.targets);
    }

    private pick(at: number): string | undefined {
        return this.model.names.sort()[at % Math.max(this.model.names.length, 1)];
    }

    private name(): string {
        return `s${++this.made}`;
    }

    async do(step: Act): Promise<void> {
        const { machine, model } = this;
        if (step.act === "write") {
            await machine.write(...step.slot);
            model.write(step.slot);
        } else if (step.act === "tip" || model.names.length === 0) {
            const name = this.name();
            await machine.vm.create({ name, ...(model.names.length === 0 && { mode: this.mode }) });
            model.createFromTip(name);
        } else if (step.act === "elsewhere") await this.elsewhere(this.pick(step.at) ?? "", step.writes);
        else if (step.act === "revert") await this.revert(this.pick(step.at) ?? "", step.keep);
        else if (step.act === "delete") await this.delete(this.pick(step.at) ?? "", step.scope);
        else if (step.act === "forget") await this.forget(this.pick(step.at) ?? "");
        else await this.replace();
    }

    private async elsewhere(parent: string, writes: readonly Slot[]): Promise<void> {
        const name = this.name();
        const provision = this.machine.provision(writes.map(([target, slot, character]) => ({ target, slot, character })));
        await this.machine.vm.create({ name, parent, ...(writes.length > 0 && { provision }) });
        if (writes.length === 0 && parent === this.model.current) this.model.createFromTip(name);
        else this.model.createElsewhere(name, parent, writes);
    }

    private async revert(name: string, keep: boolean): Promise<void> {
        const { machine, model } = this;
        if (!keep && model.dirty) expect(((await refused(machine.vm.revert(name))) as DataLossError).losses).toEqual(["tip"]);
        const branch = keep ? `b${++this.made}` : null;
        await machine.vm.revert(name, branch === null ? { force: model.dirty } : { keep: branch });
        if (branch !== null) model.keep(branch);
        model.revert(name);
    }

    private async delete(name: string, scope: "keepChildren" | "subtree" | "children"): Promise<void> {
        const { machine, model } = this;
        const branches = scope === "keepChildren" ? [] : model.standingOn(model.going(name, scope));
        const losses = branches.map((branch) => `branch:${branch}`);
        if (losses.length > 0) expect(new Set(((await refused(machine.vm.delete(name, { scope }))) as DataLossError).losses)).toEqual(new Set(losses));
        await machine.vm.delete(name, { scope, force: losses });
        model.delete(name, scope);
    }

    /** Forgotten and restored from its document: nothing is other than it was. */
    private async forget(name: string): Promise<void> {
        const { machine, model } = this;
        if (model.standingOn([name]).length > 0) return;
        const current = (await machine.vm.hierarchy()).current === name;
        const children = model.children(name);
        const xml = await machine.vm.document(name);
        const below = await Promise.all(children.map(async (child) => ({ name: child, xml: await machine.vm.document(child) })));
        await machine.vm.delete(name, { scope: "metadata" });
        await machine.vm.redefine({ name, xml, current });
        for (const child of below) await machine.vm.redefine(child);
    }

    /** The current snapshot, taken again of what the tip holds by now. */
    private async replace(): Promise<void> {
        const { machine, model } = this;
        const { current } = model;
        if (current === null || model.children(current).length > 0) return;
        await machine.vm.create({ name: current, force: true });
        model.delete(current, "keepChildren");
        model.createFromTip(current);
    }

    async compare(): Promise<void> {
        const { machine, model } = this;
        const { current, branch, dirty, snapshots, branches } = await machine.vm.hierarchy();
        expect({ current, branch, dirty }).toEqual({ current: model.current, branch: null, dirty: model.dirty });
        expect(await machine.tip()).toEqual(model.tip.disks);
        expect(new Map(snapshots.map(({ name, parent }) => [name, parent]))).toEqual(new Map([...model.snapshots].map(([name, { parent }]) => [name, parent])));
        for (const [name, { disks }] of model.snapshots) expect([name, await machine.snapshot(name)]).toEqual([name, disks]);
        expect(branches.map(({ name }) => name)).toEqual([...model.branches.keys()].sort());
        for (const found of branches) {
            const expected = model.branches.get(found.name);
            expect([found.name, await machine.branch(found.name)]).toEqual([found.name, expected?.disks]);
            expect(found).toMatchObject({ from: expected?.from, tip: expected?.tip, active: false });
            if (expected && model.differs(expected, expected.tip)) expect(found.dirty).toBe(true);
        }
        await machine.sound();
    }
}

suiteWith(needs(qemu), "any sequence of operations", () => {
    const cases = (["external", "internal"] as const).flatMap((mode) => [["vda"], ["vda", "vdb"]].map((targets) => [mode, targets] as const));

    test.each(cases)("%s, on %j, gives what the model says, byte for byte", async (mode, targets) => {
        await fc.assert(
            fc.asyncProperty(acts(targets), async (steps) => {
                await using machine = await QemuMachine.make(targets);
                const pair = new Pair(machine, mode);
                for (const [i, step] of steps.entries()) {
                    await pair.do(step);
                    if (i % 6 === 5) await pair.compare();
                }
                await pair.compare();
            }),
            { numRuns: RUNS },
        );
    });
});
