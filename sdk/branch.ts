import * as pulumi from "@pulumi/pulumi";
import { loaderOf } from "../provider/dynamic/loader";
import { snapshotBranchProperties } from "../provider/generated/properties";
import { branchFaults } from "../provider/resources/branch-check";
import { amongOthers } from "./active";
import type { SnapshotBranchArgs } from "./args";
import { fillAbsent, keepSecret, knownArguments, refuseFaults, refuseImport, registered, withHost } from "./arguments";
import { SnapshotBranchOutputs } from "./outputs";
import { snapshotInputs } from "./snapshot";

const type = "pulumi-nodejs:dynamic/snaptree:SnapshotBranch";

/**
 * A branch of a virtual machine: a line of development that forks from a snapshot, and that the domain can leave and come back to. What is written on
 * it stays there, through any number of switches. `active` says which branch the domain is on.
 *
 * **Defaults.** `host` is the environment variable `SNAPTREE_HOST` unless set, `name` the resource's own name, `active` false, `powerState` `shutoff`,
 * `leave` `refuse`, `onDelete` `discard`. Only `domain` and `from` have to be given.
 *
 * **What a change does.** `active` switches the domain, with the branch that is left kept as it is; of two branches whose `active` changes in one
 * update the order does not matter. `resetOn` has the branch reset to its fork. `name`, `powerState`, `leave`, `onDelete`, `force` and `password` change in
 * place. `host`, `domain`, another snapshot in `from`, and a snapshot there that was taken again, replace the branch, the old one removed first.
 * What somebody does on the host never replaces: a domain that was moved elsewhere is switched back if the program says `active: true`, and a
 * fork that moved, because somebody deleted its snapshot, is an error that says what to do.
 *
 * **What may be lost.** Removing, replacing and resetting a branch that holds something raise `DataLossError` with `branch:NAME`, until `force` accepts
 * that; `SNAPTREE_FORCE=1` accepts it for one run, which is what a `pulumi destroy` needs. `onDelete: "commit"` keeps what was written. A removed branch
 * that the domain is on leaves it where it is, without a branch.
 *
 * **Errors.** Mistakes that can be seen while the program is built are thrown here: `InvalidInputError` with the property's path, also for two branches of
 * one domain that are both known to be active, where host, domain and `active` are plain values. An operation fails with `NotFoundError` (no such
 * domain or snapshot), `AlreadyExistsError` (the name is taken by a snapshot or branch), `UnsupportedError` (the host can't; the nearest thing that
 * works), `DataLossError`, `BusyError` (locked or in use, by whom), `HostError` or `UnreachableError`. A branch that could not be switched to when it was
 * made is not there. An update resets, then switches, then renames; where one of them fails, the next update goes on from there.
 *
 * **Not possible** with this class, which is a dynamic provider: `pulumi import`, the options `import` and `id`, and a static `get`.
 *
 * Sources on libvir-list: Eric Blake, «[RFC PATCHv3 5/5] snapshot: add another revert API flag» (21 November 2012): branches, and the revert that follows
 * one; Eric Blake, «[PATCHv4 4/4] snapshot: qemu: Implement reverting of external snapshots» of the same day: what leaving a branch may cost.
 *
 * @example Two branches of one machine; `pulumi config set on case-42` moves it from one to the other
 * ```ts
 * import { Config } from "@pulumi/pulumi";
 * import { Snapshot, SnapshotBranch } from "pulumi-snaptree";
 *
 * const on = new Config().get("on") ?? "clean";
 * const base = new Snapshot("base", { domain: "lab", description: "with tools" });
 * for (const name of ["clean", "case-42"]) new SnapshotBranch(name, { domain: "lab", from: base, active: name === on });
 * ```
 *
 * @example Starts over for each commit that is tested, and gives up what the last test wrote
 * ```ts
 * new SnapshotBranch("test", {
 *     domain: "ci",
 *     from: toolchain,
 *     active: true,
 *     resetOn: process.env.GIT_COMMIT,
 *     force: ["branch:test"],
 * });
 * ```
 *
 * @example A running machine on libvirt, shut down before it is moved and started again afterwards
 * ```ts
 * new SnapshotBranch("kernel-6.12", {
 *     host: "qemu:///system",
 *     domain: "driver-test",
 *     from: "installed",
 *     active: true,
 *     leave: "shutdown",
 *     powerState: "running",
 * });
 * ```
 */
export class SnapshotBranch extends SnapshotBranchOutputs {
    /**
     * @param name The resource's name, and the branch's unless `args.name` says otherwise.
     * @param args What the branch is to be.
     * @param opts Pulumi's options. `dependsOn` is needed for a snapshot that is given by name and managed by the same program.
     * @throws InvalidInputError
     */
    constructor(name: string, args: SnapshotBranchArgs, opts: pulumi.CustomResourceOptions = {}) {
        refuseImport(opts, "a branch", "fork one under another name");
        const { from, ...rest } = args;
        const given = { name, ...withHost(rest), ...snapshotInputs("from", from) };
        refuseFaults(branchFaults(knownArguments(given)));
        const inputs = { ...given, ...amongOthers(given) };
        const properties = { ...registered(inputs, snapshotBranchProperties), __provider: loaderOf("branch") };
        super(type, name, properties, keepSecret(opts, inputs, snapshotBranchProperties));
    }

    /** Whether a value is a SnapshotBranch, also one of another copy of this package. */
    static override isInstance(value: unknown): value is SnapshotBranch {
        return pulumi.CustomResource.isInstance(value) && (value as { __pulumiType?: unknown }).__pulumiType === type;
    }
}

fillAbsent(SnapshotBranch.prototype, snapshotBranchProperties.outputs);
