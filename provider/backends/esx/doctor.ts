import { quoted } from "../../model";
import type { Diagnosis } from "../backend";
import { EsxDraft } from "./draft";
import type { EsxMachine, EsxNode } from "./machine";
import type { Looked } from "../../native";
import type { EsxEntry } from "./perform";

/** A machine that is examined. */
export interface Examined {
    readonly name: string;
    readonly machine: EsxMachine;
    readonly looked: Looked<EsxNode>;
    /** An operation that was interrupted. */
    readonly entry: EsxEntry | null;
    readonly decided: boolean;
    readonly remove: (ref: string) => Promise<void>;
    readonly consolidate: () => Promise<void>;
}

/** Snapshots that are none of the hierarchy, and that nothing needs any more. */
function leftover({ looked, remove }: Examined): Diagnosis[] {
    const draft = new EsxDraft(looked);
    if (looked.current.node !== null) draft.kept.add(looked.current.node); // It goes when the machine leaves it.
    draft.tidy(true);
    return draft.finish.flatMap((step) => {
        const node = step.kind === "delete" ? looked.nodes.get(step.node) : undefined;
        if (!node) return [];
        const message = `the host’s snapshot ${quoted(node.name)} (${node.shown}) holds what others stand on, and nobody names it; a repair merges it into them`;
        return { kind: "leftover" as const, what: node.name, message, remedy: { kind: "mend" as const, mend: () => remove(node.shown) } };
    });
}

function kept({ looked }: Examined): Diagnosis[] {
    return looked.stored.forgotten.flatMap((ref) => {
        const node = looked.nodes.get(ref);
        if (!node) return [];
        const message = `the snapshot ${quoted(node.name)} (${node.shown}) was only forgotten: it keeps its contents, which take room; remove it with the host’s own tools if nobody needs it`;
        return { kind: "kept" as const, what: node.name, message, remedy: null };
    });
}

/** Tips of branches that somebody removed by hand. */
function lostTips({ looked }: Examined): Diagnosis[] {
    const { branches, active } = looked.stored;
    return branches.flatMap(({ name, node, on }) => {
        if (name === active || node === null || looked.nodes.has(node)) return [];
        const where = on === null ? "nothing" : `the snapshot ${quoted(looked.nodes.get(on)?.name ?? on)}`;
        const message = `the tip of branch ${quoted(name)} was removed by hand, so it goes on from ${where}; bring the machine back from a backup to have it again, or remove the branch`;
        return { kind: "chain" as const, what: name, message, remedy: null };
    });
}

function unmerged({ machine, name, consolidate }: Examined): Diagnosis[] {
    if (!machine.read.consolidationNeeded) return [];
    const message = `the host has files of ${quoted(name)} left to merge, and its disks grow until that is done; a repair consolidates them`;
    return [{ kind: "leftover", what: name, message, remedy: { kind: "mend", mend: consolidate } }];
}

/** What is wrong with a machine. Changes nothing; the lock is held. */
export function examine(examined: Examined): readonly Diagnosis[] {
    const { entry, decided, name } = examined;
    if (entry) {
        const how = decided ? "finished" : "taken back";
        const message = `an operation was interrupted in “${entry.title}”; nothing is lost: a repair, or the next operation, sees that it is ${how}`;
        return [{ kind: "journal", what: name, message, remedy: { kind: "recover" } }];
    }
    return [...unmerged(examined), ...lostTips(examined), ...leftover(examined), ...kept(examined)];
}
