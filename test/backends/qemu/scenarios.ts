import { join } from "node:path";
import type { Mode } from "../../../provider/engine";
import { grow, writeAll } from "../../conformance/support";
import type { Crashable } from "./crash";
import { qemuImg, writeSlot } from "./tools";
import type { Work } from "./work";

/** An operation that is interrupted, on the machine of its scene. */
export interface Scenario {
    readonly name: string;
    readonly targets: readonly string[];
    readonly modes: readonly Mode[];
    /** What is made of a new machine first. Default: {@link scene}. */
    readonly scene?: (machine: Crashable, mode: Mode | null) => Promise<void>;
    readonly work: (machine: Crashable) => Work | Promise<Work>;
}

const BOTH: readonly Mode[] = ["external", "internal"];
const write = (machine: Crashable, slot: number, character: string) => machine.provision(machine.targets.map((target) => ({ target, slot, character })));

/** Forks a branch that holds something of its own, and leaves it again: the domain ends at b, where it has written too. */
async function left(machine: Crashable, name: string, from: string): Promise<void> {
    await machine.vm.branch(name, { from });
    await machine.vm.switch(name);
    await writeAll(machine, 5, name);
    await machine.vm.revert("b");
    await writeAll(machine, 4, "t");
}

function settings(mode: Mode | null) {
    return mode === null ? {} : { mode };
}

/** a under nothing, b and c under a, d under c; the tip stands on b and differs from it. */
export async function scene(machine: Crashable, mode: Mode | null): Promise<void> {
    await grow(machine, "a", null, 1, settings(mode));
    await grow(machine, "c", "a", 2);
    await grow(machine, "d", "c", 3);
    await grow(machine, "b", "a", 2);
    await writeAll(machine, 4, "t");
}

/** Snapshot a holds the disk that the domain was made of, which is nobody's of ours. */
async function golden(machine: Crashable, mode: Mode | null): Promise<void> {
    await machine.vm.create({ name: "a", ...settings(mode) });
    if (mode === "external") for (const file of Object.values((await machine.vm.hierarchy()).snapshots[0]?.files ?? {})) await machine.seal(file);
    await writeAll(machine, 4, "t");
}

/** The machine that a scenario begins with. @param mode null where the hypervisor knows no such difference */
export async function sceneOf<M extends Crashable>(
    { scene: grown = scene, targets }: Scenario,
    mode: Mode | null,
    make: (targets: readonly string[]) => Promise<M>,
): Promise<M> {
    const machine = await make(targets);
    await grown(machine, mode);
    return machine;
}

export const scenarios: readonly Scenario[] = [
    { name: "create, of the tip", targets: ["vda", "vdb"], modes: BOTH, work: () => ({ verb: "create", request: { name: "n" } }) },
    {
        name: "create elsewhere, provisioned, the tip kept",
        targets: ["vda", "vdb"],
        modes: BOTH,
        work: (m) => ({ verb: "create", request: { name: "n", parent: "c", provision: write(m, 5, "n") } }),
    },
    { name: "create in place of another", targets: ["vda"], modes: BOTH, work: () => ({ verb: "create", request: { name: "b", force: true } }) },
    {
        name: "several creations",
        targets: ["vda"],
        modes: BOTH,
        work: () => ({ verb: "apply", desired: { snapshots: { n: { parent: "b" }, o: { parent: "n" }, p: { parent: "c" } } } }),
    },
    { name: "create, compressed", targets: ["vda"], modes: ["external"], work: () => ({ verb: "create", request: { name: "n", compression: "zlib" } }) },
    { name: "revert, the tip kept", targets: ["vda"], modes: BOTH, work: () => ({ verb: "revert", name: "c", request: { keep: "kept" } }) },
    { name: "revert, the tip lost knowingly", targets: ["vda"], modes: BOTH, work: () => ({ verb: "revert", name: "c", request: { force: true } }) },
    { name: "delete of an inner snapshot", targets: ["vda"], modes: BOTH, work: () => ({ verb: "delete", name: "c" }) },
    { name: "delete of one with several children", targets: ["vda"], modes: BOTH, work: () => ({ verb: "delete", name: "a" }) },
    {
        name: "delete of one that holds more than what stands on it",
        targets: ["vda"],
        modes: ["external"],
        work: async (machine) => {
            for (const slot of [5, 6, 7]) await writeAll(machine, slot, "m");
            await machine.vm.create({ name: "big" });
            await writeAll(machine, 1, "s");
            return { verb: "delete", name: "big" };
        },
    },
    { name: "delete of a whole subtree", targets: ["vda"], modes: BOTH, work: () => ({ verb: "delete", name: "c", request: { scope: "subtree" } }) },
    {
        name: "redefine, renamed",
        targets: ["vda"],
        modes: BOTH,
        work: async (machine) => ({
            verb: "redefine",
            request: { name: "c", rename: "see", xml: await machine.vm.document("c"), description: "new", current: true },
        }),
    },
    {
        name: "branch",
        targets: ["vda"],
        modes: BOTH,
        work: () => ({ verb: "branch", name: "p", request: { from: "c" } }),
    },
    {
        name: "switch, the tip kept",
        targets: ["vda"],
        modes: BOTH,
        work: async ({ vm }) => {
            await vm.branch("p", { from: "c" });
            return { verb: "switch", name: "p" };
        },
    },
    {
        name: "switch from branch to branch",
        targets: ["vda"],
        modes: BOTH,
        work: async (machine) => {
            for (const [name, from] of [
                ["p", "c"],
                ["q", "a"],
            ] as const) {
                await machine.vm.branch(name, { from });
                await machine.vm.switch(name);
                await writeAll(machine, 5, name);
                await machine.entitle(`on ${name}`);
            }
            return { verb: "switch", name: "p" };
        },
    },
    ...(["discard", "commit"] as const).map((how): Scenario => ({
        name: `removal of a branch, by ${how}`,
        targets: ["vda"],
        modes: BOTH,
        work: async (machine) => {
            await left(machine, "p", "d");
            return { verb: "unbranch", name: "p", request: { commit: how === "commit", force: true } };
        },
    })),
    {
        name: "rename of a branch that was left",
        targets: ["vda"],
        modes: BOTH,
        work: async (machine) => {
            await left(machine, "p", "d");
            return { verb: "renameBranch", name: "p", to: "q" };
        },
    },
    {
        name: "reset of a branch to its fork",
        targets: ["vda"],
        modes: BOTH,
        work: async (machine) => {
            await machine.vm.branch("p", { from: "c" });
            await machine.vm.switch("p");
            await writeAll(machine, 5, "p");
            await machine.vm.create({ name: "n" });
            await writeAll(machine, 6, "p");
            return { verb: "resetBranch", name: "p", request: { toFork: true, force: true } };
        },
    },
    {
        name: "revert follow, with discard",
        targets: ["vda"],
        modes: BOTH,
        work: async (machine) => {
            await left(machine, "p", "c");
            return { verb: "revert", name: "c", request: { follow: true, discard: true } };
        },
    },
    {
        name: "revert commit, of the tip",
        targets: ["vda"],
        modes: BOTH,
        work: () => ({ verb: "revert", name: "b", request: { commit: true } }),
    },
    {
        name: "revert commit of a branch, with discard and all that stands there",
        targets: ["vda"],
        modes: BOTH,
        work: async (machine) => {
            await left(machine, "p", "c");
            return { verb: "revert", name: "c", request: { commit: true, discard: true, force: true } };
        },
    },
    {
        name: "revert commit into the disk that the domain was made of",
        targets: ["vda"],
        modes: BOTH,
        scene: golden,
        work: () => ({ verb: "revert", name: "a", request: { commit: true } }),
    },
    { name: "deactivate, merged", targets: ["vda"], modes: BOTH, work: () => ({ verb: "deactivate", name: "d", request: { merge: true } }) },
    {
        name: "adopt",
        targets: ["vda"],
        modes: ["external"],
        work: async (machine) => {
            const under = (await machine.vm.hierarchy()).snapshots.find(({ name }) => name === "d")?.files.vda ?? "";
            const file = join(machine.folder, "found.qcow2");
            await qemuImg("create", "-q", "-f", "qcow2", "-b", under, "-F", "qcow2", "--", file);
            await writeSlot(file, "qcow2", 5, "f");
            await machine.leave("p"); // Until it is adopted, nobody needs it.
            return { verb: "operations", operations: [{ kind: "adopt", name: "p", from: "d", tip: "d", files: { vda: file }, tag: null }] };
        },
    },
];

/** Each scenario in each of its modes, as a table for test.each. */
export const cases = scenarios.flatMap((scenario) => scenario.modes.map((mode) => [scenario.name, mode, scenario] as const));
