import * as pulumi from "@pulumi/pulumi";
import { loaderOf } from "../provider/dynamic/loader";
import { snapshotTreeProperties } from "../provider/generated/properties";
import { treeFaults } from "../provider/resources/tree-check";
import type { SnapshotTreeArgs } from "./args";
import { fillAbsent, keepSecret, knownArguments, refuseFaults, refuseImport, registered, withHost } from "./arguments";
import { SnapshotTreeOutputs } from "./outputs";

const type = "pulumi-nodejs:dynamic/snaptree:SnapshotTree";

/**
 * A whole hierarchy of snapshots and branches as one resource, planned as one: `pulumi up` works out what is missing, moved, renamed or to be taken again
 * and carries it out with the fewest moves of the domain, in one go. It is the resource for large trees (a thousand snapshots cost one resource), and
 * for programs that care where the domain ends.
 *
 * **Units and defaults.** `creationTime` is in whole seconds since 1970, `timeout` in seconds. `host` is the environment variable `SNAPTREE_HOST` unless set,
 * `prune` `managed`. Only `domain` and `snapshots` have to be given.
 *
 * **What a change does.** Everything changes in place but `host` and `domain`, which replace the tree. A snapshot that is new in the program is made, a
 * description is set, `renamedFrom` renames, what is not listed any more is removed as `prune` says (snapshots that stood on it keep their contents).
 * Where what makes a snapshot's contents changes (its commands, `mode`, `disks`, `triggers`, …) it is taken again, and with it what stands on it; the
 * preview says which. What the program can't make again (snapshots of others, those that froze what the domain once held, branches and tips that were
 * written to) is then refused with `DataLossError`, unless `force` accepts it.
 *
 * **What is remembered.** The outputs are what is stable: each listed snapshot with parent, description, creation time, state and contents, and each branch
 * with its fork. What changes by itself (which branch is active, what is dirty, how large it is) is told by `getHierarchy`. A refresh shows what somebody
 * changed on the host, and the next `pulumi up` mends it; a snapshot that stands elsewhere or was replaced is an error that says what to do.
 *
 * **Destroying** removes what this tree made, children first, and nothing of others. A branch that was written to is refused with `DataLossError`, unless
 * `force` or `SNAPTREE_FORCE=1` accepts its loss.
 *
 * **Errors.** Mistakes in the program are thrown while it is built: `InvalidInputError` with the property's path. An operation fails with `NotFoundError`,
 * `AlreadyExistsError`, `UnsupportedError`, `DataLossError`, `BusyError`, `HostError` or `UnreachableError`; each snapshot is then whole or not there, and the
 * next run goes on from what there is.
 *
 * **Not possible** with this class, which is a dynamic provider: `pulumi import`, the options `import` and `id`, and a static `get`. Snapshots that are there
 * already become part of a tree by being listed; a tree that is destroyed leaves those alone.
 *
 * @example A tree with two branches, on one of which the domain is
 * ```ts
 * import { SnapshotTree } from "pulumi-snaptree";
 *
 * new SnapshotTree("lab", {
 *     domain: "web",
 *     snapshots: {
 *         installed: { provision: [{ command: ["./install.sh"], timeout: 600 }] },
 *         tools: { parent: "installed", provision: [{ command: ["./add-tools.sh"] }] },
 *         updated: { parent: "installed", description: "with last week's updates" },
 *     },
 *     branches: { "case-42": { from: "tools" }, "case-43": { from: "tools" } },
 *     current: "case-42",
 * });
 * ```
 */
export class SnapshotTree extends SnapshotTreeOutputs {
    /**
     * @param name The resource's name; with the project's and the stack's it marks what this tree manages.
     * @param args What the hierarchy is to be.
     * @param opts Pulumi's options.
     * @throws InvalidInputError
     */
    constructor(name: string, args: SnapshotTreeArgs, opts: pulumi.CustomResourceOptions = {}) {
        refuseImport(opts, "a tree", "list the snapshots that are there: they are taken as they are");
        const inputs = { ...withHost(args), owner: `${pulumi.getProject()}/${pulumi.getStack()}/${name}` };
        refuseFaults(treeFaults(knownArguments(inputs)));
        super(type, name, { ...registered(inputs, snapshotTreeProperties), __provider: loaderOf("tree") }, keepSecret(opts, inputs, snapshotTreeProperties));
    }

    /** Whether a value is a SnapshotTree, also one of another copy of this package. */
    static override isInstance(value: unknown): value is SnapshotTree {
        return pulumi.CustomResource.isInstance(value) && (value as { __pulumiType?: unknown }).__pulumiType === type;
    }
}

fillAbsent(SnapshotTree.prototype, snapshotTreeProperties.outputs);
