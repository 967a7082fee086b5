import { type CreateRequest, DataLossError, type Hierarchy } from "../../provider/engine";
import { type Bench, type Contents, type Disks, holding, type Machine } from "./bench";

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

/** Contents as {@link holding} makes them of a few characters, where all disks hold the same; else as they are. */
function bare(disks: Disks): Contents | Disks {
    const [first = "", ...others] = Object.values(disks);
    const short = first.slice(1).replace(/\.+$/, "");
    return others.every((other) => other === first) && holding(short) === first ? short : disks;
}

/** All that there is to see: where the domain is, and what the tip and every snapshot and branch hold, byte for byte. */
export async function seen(machine: Machine) {
    const { current, branch, dirty, snapshots, branches } = await machine.vm.hierarchy();
    const held = async (names: readonly { name: string }[], read: (name: string) => Promise<Disks>) => {
        const found: Record<string, Contents | Disks> = {};
        for (const { name } of names) found[name] = bare(await read(name));
        return found;
    };
    return {
        ...{ current, branch, dirty, tip: bare(await machine.tip()) },
        snapshots: await held(snapshots, (name) => machine.snapshot(name)),
        branches: await held(branches, (name) => machine.branch(name)),
    };
}

/** What an operation that is refused throws; fails where anything at all is other afterwards. */
export async function refusedUntouched(machine: Machine, work: () => Promise<unknown>): Promise<Error> {
    const before = [await machine.vm.hierarchy(), await seen(machine)];
    const error = await refused(work());
    expect([await machine.vm.hierarchy(), await seen(machine)]).toEqual(before);
    return error;
}

/** The losses that an operation is refused for, having changed nothing. */
export async function losses(machine: Machine, work: () => Promise<unknown>): Promise<readonly string[]> {
    const error = await refusedUntouched(machine, work);
    if (!(error instanceof DataLossError)) throw error;
    return error.losses.toSorted();
}

/** a holds “a”; b (“ab”) and c (“ac”) stand on it. The domain is at c, clean, on no branch. */
export async function fork(machine: Machine, settings: CreateRequest): Promise<void> {
    await writeAll(machine, 1, "a");
    await machine.vm.create({ ...settings, name: "a" });
    await grow(machine, "b", "a", 2);
    await grow(machine, "c", "a", 2);
}

/** What {@link fork} leaves. */
export const FORK = { a: "a", b: "ab", c: "ac" } as const;
