import type { CreateRequest, Hierarchy } from "../../provider/engine";
import type { Bench, Machine } from "./bench";

/** Writes one slot of every disk of the tip. */
export async function writeAll(machine: Machine, slot: number, character: string): Promise<void> {
    for (const target of machine.targets) await machine.write(target, slot, character);
}

/** Commands that write one slot of every disk. */
export function provisioned(machine: Machine, slot: number, character: string) {
    return machine.provision(machine.targets.map((target) => ({ target, slot, character })));
}

/** Takes a snapshot under a parent whose contents differ from it in one slot. */
export async function grow(machine: Machine, name: string, parent: string | null, slot: number, settings: CreateRequest = {}): Promise<void> {
    await machine.vm.create({ ...settings, name, parent, provision: provisioned(machine, slot, name) });
}

/** The tree of the second seed mail: a; b under a; c under b; d under c; e under b. Each node's letter stands in its own depth's slot. */
export const SEED: readonly (readonly [name: string, parent: string | null, slot: number, holds: string])[] = [
    ["a", null, 1, "a"],
    ["b", "a", 2, "ab"],
    ["c", "b", 3, "abc"],
    ["d", "c", 4, "abcd"],
    ["e", "b", 3, "abe"],
];

export async function growSeed(machine: Machine): Promise<void> {
    for (const [name, parent, slot] of SEED) await grow(machine, name, parent, slot);
}

/** `{ a: null, b: "a" }`. */
export function parents(hierarchy: Hierarchy): Record<string, string | null> {
    return Object.fromEntries(hierarchy.snapshots.map(({ name, parent }) => [name, parent]));
}

/** The branches that a provisioned root leaves: where commands write to the disk itself, one keeps what it was. */
export function baseBranches({ mode }: Bench): string[] {
    return mode === "internal" ? ["auto-base-1"] : [];
}

/** Where the domain is: what reads of a hierarchy as one line of a test. */
export function place({ current, branch, dirty, branches }: Hierarchy) {
    return { current, branch, dirty, branches: branches.map(({ name }) => name) };
}

/** What an operation throws; fails where it throws nothing. */
export async function refused(work: Promise<unknown>): Promise<Error> {
    const error = await work.then(
        () => null,
        (e: unknown) => e as Error,
    );
    if (error === null) throw new Error("it was not refused");
    return error;
}
