import { type Hierarchy, InvalidInputError, quoted, type RedefineOperation, type Snapshot } from "../model";
import { type Desired, described, type DesiredSnapshot } from "./desired";

function listed(snapshots: Desired["snapshots"], name: string): DesiredSnapshot | undefined {
    return Object.hasOwn(snapshots, name) ? snapshots[name] : undefined;
}

/**
 * The snapshots that are there under the name that they had, each with its new description. One that gives up its name makes room for the one that is to
 * have it, and is renamed before.
 *
 * @throws InvalidInputError where one snapshot is to have two names.
 */
export function renames(current: Hierarchy, { snapshots }: Desired): RedefineOperation[] {
    const there = new Set(current.snapshots.map(({ name }) => name));
    const renamed = new Map<string, string>();
    const operations: RedefineOperation[] = [];
    for (const [wanted] of Object.entries(snapshots)) {
        for (let name = wanted; !there.has(name);) {
            const { renamedFrom: old, description } = listed(snapshots, name) ?? {};
            if (old === undefined || renamed.get(old) === name) break;
            if (renamed.has(old)) throw twice(old, name, renamed.get(old) ?? "");
            if (!there.delete(old)) break;
            renamed.set(old, name);
            operations.push({ kind: "redefine", name: old, rename: name, ...(description === undefined ? {} : { description: described(description) }) });
            name = old;
        }
    }
    return operations;
}

function twice(old: string, name: string, other: string): InvalidInputError {
    return new InvalidInputError(
        `snapshot ${quoted(old)} can't become both ${quoted(other)} and ${quoted(name)}; keep one renamedFrom`,
        `snapshots.${name}.renamedFrom`,
    );
}

function redescribed({ description }: Partial<RedefineOperation> = {}): Partial<Pick<Snapshot, "description">> {
    return description === undefined ? {} : { description };
}

/** What a hierarchy is once snapshots have new names. */
export function afterRenames(hierarchy: Hierarchy, operations: readonly RedefineOperation[]): Hierarchy {
    if (operations.length === 0) return hierarchy;
    const changes = new Map(operations.map((operation) => [operation.name, operation]));
    const now = (name: string | null) => (name === null ? null : (changes.get(name)?.rename ?? name));
    return {
        ...hierarchy,
        current: now(hierarchy.current),
        snapshots: hierarchy.snapshots.map((snapshot) => ({
            ...snapshot,
            name: now(snapshot.name) ?? snapshot.name,
            parent: now(snapshot.parent),
            ...redescribed(changes.get(snapshot.name)),
        })),
        branches: hierarchy.branches.map((branch) => ({ ...branch, from: now(branch.from), tip: now(branch.tip) })),
    };
}
