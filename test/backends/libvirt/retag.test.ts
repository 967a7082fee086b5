import { rm } from "node:fs/promises";
import type { VirtualMachine } from "../../../provider/engine";
import { LibvirtDomain } from "../../../provider/backends/libvirt/domain";
import { holding } from "../../conformance/bench";
import { writeAll } from "../../conformance/support";
import { type Libvirt, startLibvirt } from "../../hosts/libvirt";
import { suiteWith } from "../../support/requires";
import { imageOf } from "../qemu/tools";
import { requirement } from "./conformance";
import { LibvirtMachine } from "./machine";

/*
 * Plain virsh finds an internal snapshot by its own name, whatever Snaptree did to it and wherever that was interrupted: past the commit, the run ends
 * before each step, and after each before that is noted anywhere.
 */

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** Ends the run at a point past the commit. */
function endAt(point: number): { readonly restore: () => void; readonly ended: () => boolean } {
    let committed = false;
    let ended = false;
    let passed = 0;
    const { commit, perform } = LibvirtDomain.prototype;
    const end = () => {
        if (!committed || passed++ !== point) return;
        ended = true;
        throw new Error("the run ends");
    };
    const spies = [
        jest.spyOn(LibvirtDomain.prototype, "commit").mockImplementation(async function (this: LibvirtDomain, transaction) {
            await commit.call(this, transaction);
            committed = true;
        }),
        jest.spyOn(LibvirtDomain.prototype, "perform").mockImplementation(async function (this: LibvirtDomain, step, context) {
            end();
            await perform.call(this, step, context);
            if (committed && passed === point && typeof step.done === "string") await rm(step.done);
            end();
        }),
    ];
    return { restore: () => spies.forEach((spy) => void spy.mockRestore()), ended: () => ended };
}

/** What is done again and again, each time interrupted at the next point, and what holds afterwards. */
interface Work {
    /** What there is to be before it. Default: what `write` writes. */
    readonly prepare?: (machine: LibvirtMachine, write: () => Promise<void>) => Promise<void>;
    readonly work: (vm: VirtualMachine, round: number) => Promise<unknown>;
    /** Snapshot to what it holds in its fourth slot; `#` is this round's letter. */
    readonly holds: (round: number) => Readonly<Record<string, string>>;
    readonly branch?: string;
}

const nameIn = (round: number) => (round % 2 === 0 ? `n${round}` : `a much longer name ${"ä".repeat(round)}`);
const works: Readonly<Record<string, Work>> = {
    renamed: {
        work: (vm, round) => vm.redefine({ name: round === 0 ? "c" : nameIn(round - 1), rename: nameIn(round) }),
        holds: (round) => ({ b: ".", [nameIn(round)]: "c" }),
    },
    replaced: { work: (vm) => vm.create({ name: "c", force: true }), holds: () => ({ b: ".", c: "#" }) },
    "replaced while a branch has its contents": {
        prepare: async ({ vm }, write) => {
            if ((await vm.hierarchy()).branches.some(({ name }) => name === "side")) await vm.unbranch("side", { force: true });
            await vm.branch("side", { from: "c" });
            await write();
        },
        work: (vm) => vm.create({ name: "c", force: true }),
        holds: () => ({ b: ".", c: "#" }),
        branch: "side",
    },
    "committed into": { work: (vm) => vm.revert("c", { commit: true }), holds: () => ({ b: ".", c: "#" }) },
    "merged into its parent": {
        prepare: async ({ vm }, write) => {
            await write();
            await vm.create({ name: "c", force: true });
        },
        work: (vm) => vm.deactivate("c", { merge: true }),
        holds: () => ({ b: "#" }),
    },
};

suiteWith(requirement("installed"), "an internal snapshot that is", () => {
    let libvirt: Libvirt;
    beforeAll(async () => void (libvirt = await startLibvirt({ release: "installed" })));
    afterAll(() => libvirt.stop());

    test.each(Object.entries(works))("%s is found by its name, wherever that was interrupted", async (_, { prepare, work, holds, branch }) => {
        await using machine = await LibvirtMachine.make(libvirt, ["vda"]);
        await machine.vm.create({ name: "b", mode: "internal" });
        await writeAll(machine, 4, "c");
        await machine.vm.create({ name: "c" });
        for (let round = 0, whole = false; !whole; round++) {
            const letter = letters.charAt(round);
            const before = branch === undefined ? null : await machine.snapshot("c");
            const write = () => writeAll(machine, 4, letter);
            await (prepare ? prepare(machine, write) : write());
            const run = endAt(round);
            const outcome = await work(machine.vm, round).then(
                () => null,
                (error: unknown) => error as Error,
            );
            run.restore();
            whole = !run.ended();
            expect(outcome?.message).toEqual(whole ? undefined : expect.stringContaining("the next run goes on with it"));
            await machine.connect();
            await machine.vm.apply(await machine.vm.plan({ snapshots: {} }));
            for (const [name, held] of Object.entries(holds(round)))
                expect([round, name, await machine.snapshot(name)]).toEqual([round, name, { vda: holding(`...${held === "#" ? letter : held}`) }]);
            if (before !== null) expect([round, await machine.branch(branch ?? "")]).toEqual([round, before]);
            const [disk] = await machine.disks();
            expect((await imageOf(disk?.file ?? "")).internal).toEqual(expect.arrayContaining(Object.keys(holds(round))));
            await machine.sound();
            expect(round).toBeLessThan(letters.length);
        }
    });
});
