import type { Operation } from "./operation";
import { quoted } from "./text";

const ON_BRANCHES: ReadonlySet<Operation["kind"]> = new Set(["branch", "switch", "unbranch", "reset", "rename", "adopt"]);

/** What a transaction is for, in a few words. */
export function titleOf(operations: readonly Operation[]): string {
    const [first, ...more] = operations;
    if (!first) return "nothing";
    if (first.kind === "import" || first.kind === "forget") return `${first.kind} ${quoted(first.name)}`;
    const title = `${first.kind === "branch" ? "fork" : first.kind} ${ON_BRANCHES.has(first.kind) ? "branch" : "snapshot"} ${quoted(first.name)}`;
    return more.length === 0 ? title : `${title} and ${more.length} more`;
}
