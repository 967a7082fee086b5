import { called, type Operation } from "../model";

const SCOPES = { keepChildren: "", subtree: " and everything below it", children: ": everything below it", metadata: " (metadata only)" } as const;

function kept(keepTip: string | null): string {
    return keepTip === null ? "" : `; the tip is kept as branch ${called(keepTip)}`;
}

/** What goes with an operation. */
function along(...names: (readonly string[])[]): string {
    const all = names.flat();
    return all.length === 0 ? "" : `; with it go ${all.map(called).join(", ")}`;
}

/** An operation in a line. */
export function describe(operation: Operation): string {
    const name = called(operation.name);
    switch (operation.kind) {
        case "create": {
            const place = operation.parent === null ? "as the root" : `under ${called(operation.parent)}`;
            const source = operation.provisioned ? ", provisioned" : operation.source === "parent" ? ", of its parent's contents" : "";
            return `+ create ${name} ${place}${source}${operation.replace ? ", in place of the one that is there" : ""}${kept(operation.keepTip)}`;
        }
        case "redefine":
            return `~ redefine ${name}${operation.rename === undefined ? "" : ` as ${called(operation.rename)}`}`;
        case "delete":
            return `- delete ${name}${SCOPES[operation.scope]}${operation.chain === "keep" ? " (its file stays in the chain)" : ""}`;
        case "revert":
            return `> revert to ${name}${kept(operation.keepTip)}`;
        case "commit": {
            const leaf = operation.branch === null ? "the tip" : `branch ${called(operation.branch)}`;
            const after = operation.discard ? `, and delete ${name}` : "";
            return `~ commit ${leaf} into ${name}${after}${along(operation.snapshots, operation.branches)}`;
        }
        case "merge":
            return `~ merge ${name} into ${called(operation.into)}${along(operation.snapshots, operation.branches)}`;
        case "branch":
            return `+ branch ${name} at ${called(operation.from)}`;
        case "switch":
            return `> switch to branch ${name}${kept(operation.keepTip)}`;
        case "unbranch":
            return `- remove branch ${name}`;
        case "reset":
            return `~ reset branch ${name} to ${called(operation.to)}${along(operation.snapshots)}`;
        case "adopt":
            return `+ adopt branch ${name}${operation.tip === null ? "" : ` at ${called(operation.tip)}`}`;
        case "import":
            return `+ import ${operation.hierarchy.snapshots.length} snapshots and ${operation.hierarchy.branches.length} branches of ${name}`;
        case "forget":
            return `- forget all snapshots and branches of ${name} (metadata only)`;
        case "rename":
            return `~ rename branch ${name} to ${called(operation.to)}`;
    }
}
