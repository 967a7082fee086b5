import type { Snapshot, Tree } from "../model";
import type { DesiredSnapshot } from "./desired";

/** A snapshot that is there or wanted, where it is to stand. */
export interface Node {
    readonly name: string;
    readonly parent: string | null;
    /** Null: it is there and not listed, and can still be a parent. */
    readonly wanted: DesiredSnapshot | null;
}

/**
 * Depth first, with the fewest moves of the tip: what stands on the current snapshot comes first, while the tip is still there; a new child before those
 * that are there already, so that it follows its parent directly; and the way to where the tip is to end comes last.
 */
export function depthFirst(tree: Tree<Node>, there: ReadonlyMap<string, Snapshot>, start: string | null, goal: string | undefined): Node[] {
    const last = new Set(goal === undefined || !tree.has(goal) ? [] : [goal, ...tree.ancestors(goal).map(({ name }) => name)]);
    const rank = ({ name, parent }: Node) => (there.has(name) ? (last.has(name) ? 3 : 2) : !last.has(name) ? 0 : parent === start ? 1 : 3);
    // The stack's end comes first, so those of the same rank are turned round.
    const stacked = (nodes: readonly Node[]) => (nodes.length < 2 ? [...nodes] : nodes.toReversed().sort((a, b) => rank(b) - rank(a)));
    const done = new Set<string>();
    const order: Node[] = [];
    const walk = (nodes: readonly Node[]) => {
        const stack = stacked(nodes);
        for (let node = stack.pop(); node; node = stack.pop()) {
            if (done.has(node.name)) continue;
            done.add(node.name);
            order.push(node);
            for (const child of stacked(tree.children(node.name))) stack.push(child);
        }
    };
    if (start !== null) walk(tree.children(start));
    walk(tree.roots());
    return order;
}
