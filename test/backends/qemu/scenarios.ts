import type { Mode } from "../../../provider/engine";
import { grow, writeAll } from "../../conformance/support";
import type { Work } from "./kill-child";
import { QemuMachine } from "./machine";

/** An operation that is interrupted, on the machine of {@link scene}. */
export interface Scenario {
    readonly name: string;
    readonly targets: readonly string[];
    readonly modes: readonly Mode[];
    readonly work: (machine: QemuMachine) => Work | Promise<Work>;
}

const BOTH: readonly Mode[] = ["external", "internal"];
const write = (machine: QemuMachine, slot: number, character: string) => machine.provision(machine.targets.map((target) => ({ target, slot, character })));

/** a under nothing, b and c under a, d under c; the tip stands on b and differs from it. */
export async function scene(mode: Mode, targets: readonly string[]): Promise<QemuMachine> {
    const machine = await QemuMachine.make(targets);
    await grow(machine, "a", null, 1, { mode });
    await grow(machine, "c", "a", 2);
    await grow(machine, "d", "c", 3);
    await grow(machine, "b", "a", 2);
    await writeAll(machine, 4, "t");
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
];

/** Each scenario in each of its modes, as a table for test.each. */
export const cases = scenarios.flatMap((scenario) => scenario.modes.map((mode) => [scenario.name, mode, scenario] as const));
