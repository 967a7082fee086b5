import type { CreateSettings, Hierarchy, Snapshot } from "../model";
import { type Desired, type DesiredSnapshot, plan } from "../plan";
import type { Command } from "./requests";

/** How a snapshot is taken, as far as programs and files say it for each snapshot of a tree. */
type Settings = Omit<CreateSettings, "noMetadata" | "owner">;

type Given<T> = { readonly [K in keyof T]?: T[K] | null | undefined };

/** A snapshot of a tree, as programs and files write it: what is absent or null has its default. */
export interface TreeSnapshotInputs extends Given<Settings> {
    /** Name of the parent; default: none, which makes a root. */
    readonly parent?: string | null | undefined;
    /** Run in order on a fresh leaf of the parent before the snapshot is taken. */
    readonly provision?: readonly Given<Command>[] | null | undefined;
    /** The name that it had: where that is there and this is not, it is renamed. */
    readonly renamedFrom?: string | null | undefined;
}

/** What a SnapshotTree says of a hierarchy, in a program or in a file for `snaptree plan`. */
export interface TreeInputs {
    /** Name to snapshot. */
    readonly snapshots?: Readonly<Record<string, TreeSnapshotInputs | null>> | null | undefined;
    /** Name to branch. */
    readonly branches?: Readonly<Record<string, { readonly from: string }>> | null | undefined;
    /** The branch or snapshot that the domain is to be at afterwards; default: wherever it ends. */
    readonly current?: string | null | undefined;
    /** Default: `managed`. */
    readonly prune?: Desired["prune"] | null;
    /** Who manages what is made; what `managed` prunes is what the same owner made earlier. Default: nobody. */
    readonly owner?: string | null | undefined;
}

/** What `vm.plan` takes, and beside it, for `vm.apply`, the commands: a plan holds none, since they may hold secrets. */
export interface DesiredTree {
    readonly desired: Desired;
    readonly provision: Readonly<Record<string, readonly Command[]>>;
}

/** What of a snapshot's inputs the hierarchy that is wanted takes as it stands. */
const settings = [
    "parent",
    "description",
    "mode",
    "diskOnly",
    "memoryFile",
    "quiesce",
    "compression",
    "disks",
    "halt",
    "atomic",
    "live",
    "reuseExternal",
    "renamedFrom",
] as const satisfies readonly (keyof TreeSnapshotInputs)[];

type GivenOnly<T> = { readonly [K in keyof T]?: NonNullable<T[K]> };

function given<T extends object>(fields: T, names: readonly (keyof T)[]): GivenOnly<T> {
    return Object.fromEntries(names.flatMap((name) => (fields[name] == null ? [] : [[name, fields[name]]]))) as GivenOnly<T>;
}

function snapshotOf(inputs: TreeSnapshotInputs): DesiredSnapshot {
    return { ...given(inputs, settings), ...(inputs.provision?.length ? { provisioned: true } : {}) };
}

function commandOf(step: Given<Command>): Command {
    return { ...given(step, ["env", "timeout", "cwd"]), command: step.command ?? [] };
}

/**
 * A tree's plain inputs as `vm.plan` and `vm.apply` take them. What is no setting of a hierarchy (`host`, `force`, …) is left to the caller.
 *
 * @example
 * ```ts
 * const { desired, provision } = desiredOf({ snapshots: { base: { provision: [{ command: ["./install.sh"] }] }, tools: { parent: "base" } } });
 * await vm.apply(await vm.plan(desired), { provision });
 * ```
 */
export function desiredOf({ snapshots, branches, current, prune, owner }: TreeInputs): DesiredTree {
    const nodes = Object.entries(snapshots ?? {}).map(([name, inputs]) => [name, inputs ?? {}] as const);
    const desired: Desired = {
        snapshots: Object.fromEntries(nodes.map(([name, inputs]) => [name, snapshotOf(inputs)])),
        branches: Object.fromEntries(Object.entries(branches ?? {}).map(([name, { from }]) => [name, { from }])),
        prune: prune ?? "managed",
        ...(current == null ? {} : { current }),
        ...(owner == null ? {} : { owner }),
    };
    const commands = nodes.flatMap(([name, { provision }]) => (provision?.length ? [[name, provision.map(commandOf)] as const] : []));
    return { desired, provision: Object.fromEntries(commands) };
}

const unseen = {
    ...{ description: null, creationTime: 0, state: "shutoff", mode: null, memory: false, files: {}, made: false, contentId: null, committing: false },
    ...{ owner: null, bytes: null },
} as const satisfies Partial<Snapshot>;

/** A hierarchy that has what a tree names and does not list, in the one way that may go with what it lists. */
function possible({ snapshots, branches = {}, current }: Desired): Hierarchy {
    const isListed = (name: string) => Object.hasOwn(snapshots, name) || Object.hasOwn(branches, name);
    const named = [...Object.values(snapshots).map(({ parent }) => parent), ...Object.values(branches).map(({ from }) => from), current];
    const others = [...new Set(named)].filter((name) => name != null).filter((name) => !isListed(name));
    const [root, ...roots] = Object.entries(snapshots).flatMap(([name, { parent }]) => (parent == null ? [name] : []));
    // Where others are there, so is the root; two of them can't be.
    const there = root !== undefined && roots.length === 0 && others.length > 0 ? [root, ...others] : others;
    const nodes = there.map((name, i) => ({ ...unseen, name, parent: i === 0 ? null : (there[0] ?? null) }));
    const tip = { current: there[0] ?? null, branch: null, dirty: there.length === 0 };
    return { domain: "", uuid: "", powerState: "shutoff", ...tip, snapshots: nodes, branches: [] };
}

/**
 * Refuses a tree that no domain can have, without asking any: names that can't be given or are given twice, several roots, cycles, and what prune would take
 * away from under what is listed.
 *
 * @throws InvalidInputError with the path of the property.
 */
export function checkTree(inputs: TreeInputs): void {
    const { desired } = desiredOf(inputs);
    plan(possible(desired), desired);
}
