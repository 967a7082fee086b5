// Generated from schema/schema.json by “npm run generate”; change the schema instead.
import * as pulumi from "@pulumi/pulumi";
import type {
    ProvisionCommand,
    SnapshotDisk,
    SnapshotMode,
    ProvisionPowerState,
    LeavePolicy,
    DeleteScope,
    SnapshotState,
    PowerState,
    BranchRemoval,
    TreeBranch,
    TreeSnapshotState,
    PrunePolicy,
} from "../provider/generated/types";

/** The outputs of a Snapshot. */
export abstract class SnapshotOutputs extends pulumi.CustomResource {
    /**
     * The hypervisor connection, as a libvirt-style URI: `qemu:///embed?root=/srv/vms`, `qemu:///system`, `qemu+ssh://user@machine/system`,
     * `esx://machine/`, `vpx://vcenter/DATACENTER`, `vbox:///session`. A password in it is refused. Another host replaces the snapshot. Default:
     * the environment variable `SNAPTREE_HOST`; where neither is set, `InvalidInputError`.
     */
    declare readonly host: pulumi.Output<string>;
    /**
     * The password for the host; it is kept as a secret. A new one changes in place. Default: the environment variable `SNAPTREE_PASSWORD`, then
     * libvirt's `auth.conf`.
     */
    declare readonly password: pulumi.Output<string | undefined>;
    /**
     * The name of the virtual machine; on vSphere also its inventory path, UUID or managed object id. It has to be on the host already: otherwise
     * `NotFoundError`. Another domain replaces the snapshot.
     */
    declare readonly domain: pulumi.Output<string>;
    /**
     * The name of the snapshot: 1 to 255 bytes of UTF-8 (on libvirt 247, on vSphere 80) without `/`, control characters or a leading `.` or `-`,
     * unique among the snapshots and branches of its domain. `auto-`, `leave-` and `snaptree-tip-` are reserved. Where the host can rename, a new
     * name changes in place; elsewhere it replaces. A name that exists is refused with `AlreadyExistsError`. Default: the resource's own name.
     */
    declare readonly name: pulumi.Output<string>;
    /**
     * The snapshot that this one stands on: a Snapshot resource or a name. The resource is better, since only then a parent that was taken again
     * makes this one taken again too, and a renamed one does not. Another parent replaces the snapshot. Default: none, which makes a root; only a
     * domain without snapshots can take one.
     */
    declare readonly parent: pulumi.Output<string | undefined>;
    /** The `id` of the parent resource. The SDK fills it in where `parent` is a Snapshot; it tells a preview whether the parent stays. */
    declare readonly parentId: pulumi.Output<string | undefined>;
    /**
     * The `contentId` of the parent resource. The SDK fills it in where `parent` is a Snapshot; when it changes, the parent was taken again and so
     * is this snapshot.
     */
    declare readonly parentContentId: pulumi.Output<string | undefined>;
    /** A text for humans, kept with the snapshot. It changes in place. Default: none. */
    declare readonly description: pulumi.Output<string | undefined>;
    /**
     * Commands that make the snapshot's contents: they run in order on a fresh leaf of `parent` (for a root: on the disk as it is) before the
     * snapshot is taken. This is what makes a hierarchy reproducible, as a layer of an image is. When one fails, the leaf is dropped, nothing is
     * left, and the error holds the output. Changed commands replace the snapshot; changed `env`, `timeout` and `cwd` do not. Default: none: where
     * `parent` is the current snapshot the domain's disks as they are get frozen, elsewhere the contents of `parent`.
     */
    declare readonly provision: pulumi.Output<readonly ProvisionCommand[] | undefined>;
    /**
     * What the domain does when the snapshot is taken: `shutoff` or `running`. It is neither started nor shut down for that: where it does
     * something else, and for `running` together with `provision`, `UnsupportedError`. A change replaces the snapshot. Default: the domain stays as
     * it is.
     */
    declare readonly powerState: pulumi.Output<ProvisionPowerState | undefined>;
    /**
     * What to do first with a running domain that has to be switched away from its state: `refuse`, `shutdown`, `checkpoint` or `destroy`. It
     * changes in place. Default: `refuse`, which raises `BusyError`.
     */
    declare readonly leave: pulumi.Output<LeavePolicy | undefined>;
    /**
     * Leave the guest's memory out of a snapshot of a running domain. A change replaces the snapshot. Default: false; a domain that is shut off has
     * no memory to keep.
     */
    declare readonly diskOnly: pulumi.Output<boolean | undefined>;
    /**
     * The absolute path where an external checkpoint keeps the guest's memory. Not together with `diskOnly`. A change replaces the snapshot.
     * Default: a file of Snaptree's own naming beside the first disk.
     */
    declare readonly memoryFile: pulumi.Output<string | undefined>;
    /**
     * How the snapshot is kept: `internal` or `external`. A change replaces it. A host that knows no such difference raises `UnsupportedError`.
     * Default: the hierarchy's own; for its first snapshot `external`, except for a checkpoint with memory on qcow2 disks, which is `internal`.
     */
    declare readonly mode: pulumi.Output<SnapshotMode | undefined>;
    /**
     * Freeze the guest's file systems first, which needs an agent in the guest. On QEMU it needs `diskOnly`. A change replaces the snapshot.
     * Default: false.
     */
    declare readonly quiesce: pulumi.Output<boolean | undefined>;
    /**
     * Compress what the snapshot holds: `zlib` or `zstd`, where the host can; elsewhere `UnsupportedError`. A change replaces the snapshot.
     * Default: not compressed.
     */
    declare readonly compression: pulumi.Output<string | undefined>;
    /**
     * How single disks take part, by disk target (`vda`). A change replaces the snapshot. Default: all disks that the domain does not leave out
     * itself, each as `mode` says.
     */
    declare readonly disks: pulumi.Output<Readonly<Record<string, SnapshotDisk>> | undefined>;
    /** Leave the domain shut off after the snapshot was taken. Not together with `redefine`. A change replaces the snapshot. Default: false. */
    declare readonly halt: pulumi.Output<boolean | undefined>;
    /**
     * Take all disks or none. Snaptree always does; the flag is there for programs that were written for virsh. A change replaces the snapshot.
     * Default: false.
     */
    declare readonly atomic: pulumi.Output<boolean | undefined>;
    /**
     * Keep the guest running while its memory is saved, which makes the saved memory larger. Not together with `redefine`. A change replaces the
     * snapshot. Default: false.
     */
    declare readonly live: pulumi.Output<boolean | undefined>;
    /** Use the overlays that `disks` names as they are, instead of making them. A change replaces the snapshot. Default: false. */
    declare readonly reuseExternal: pulumi.Output<boolean | undefined>;
    /**
     * Restore or alter what is remembered of a snapshot, and touch no disk. All of such a snapshot changes in place, except its host and domain.
     * Not together with `noMetadata`, `halt`, `live`, `quiesce` or `provision`. Default: false.
     */
    declare readonly redefine: pulumi.Output<boolean | undefined>;
    /**
     * Make the snapshot that is redefined the current one. Only with `redefine`: otherwise `FlagConflictError`. Default: false, which leaves the
     * current one alone.
     */
    declare readonly current: pulumi.Output<boolean | undefined>;
    /** When the snapshot was taken, in whole seconds since 1970, UTC. */
    declare readonly creationTime: pulumi.Output<number>;
    /** What the domain did when the snapshot was taken, in libvirt's words: `shutoff`, `running`, `disk-snapshot`, …. */
    declare readonly state: pulumi.Output<SnapshotState>;
    /**
     * A whole `<domainsnapshot>` document that `redefine` restores; only with it. It is kept as a secret, since libvirt's documents can hold
     * passwords. Default: none: what the host remembers is altered.
     */
    declare readonly xml: pulumi.Output<string | undefined>;
    /**
     * Take the snapshot, then forget it. The host can't be asked about it later, so its state is believed and deleting it does nothing. Not
     * together with `redefine`. A change replaces the snapshot. Default: false.
     */
    declare readonly noMetadata: pulumi.Output<boolean | undefined>;
    /**
     * What goes when the resource is deleted: `keepChildren`, `subtree`, `children` or `metadata`. It changes in place. What would be lost besides
     * the snapshot itself raises `DataLossError`, unless `force` accepts it. Default: `keepChildren`; with `redefine`: `metadata`.
     */
    declare readonly onDelete: pulumi.Output<DeleteScope>;
    /** Values that have the snapshot taken again when one of them changes, such as a hash of what a provision command installs. Default: none. */
    declare readonly triggers: pulumi.Output<readonly unknown[] | undefined>;
    /**
     * Which losses are accepted: `true` for all, or a list of them as `DataLossError` names them (`snapshot:d`, `branch:case-42`, `tip`, `memory`).
     * It changes in place. Default: none. The environment variable `SNAPTREE_FORCE=1` accepts all for one run.
     */
    declare readonly force: pulumi.Output<boolean | readonly string[] | undefined>;
    /** Names the contents: it is new each time the snapshot is taken and stays through renames. Empty where the host keeps none. */
    declare readonly contentId: pulumi.Output<string>;
}

/** The outputs of a SnapshotBranch. */
export abstract class SnapshotBranchOutputs extends pulumi.CustomResource {
    /**
     * The hypervisor connection, as a libvirt-style URI: `qemu:///embed?root=/srv/vms`, `qemu:///system`, `qemu+ssh://user@machine/system`,
     * `esx://machine/`, `vpx://vcenter/DATACENTER`, `vbox:///session`. A password in it is refused. Another host replaces the branch. Default: the
     * environment variable `SNAPTREE_HOST`; where neither is set, `InvalidInputError`.
     */
    declare readonly host: pulumi.Output<string>;
    /**
     * The password for the host; it is kept as a secret. A new one changes in place. Default: the environment variable `SNAPTREE_PASSWORD`, then
     * libvirt's `auth.conf`.
     */
    declare readonly password: pulumi.Output<string | undefined>;
    /**
     * The name of the virtual machine; on vSphere also its inventory path, UUID or managed object id. It has to be on the host already: otherwise
     * `NotFoundError`. Another domain replaces the branch.
     */
    declare readonly domain: pulumi.Output<string>;
    /**
     * The name of the branch: 1 to 255 bytes of UTF-8 without `/`, control characters or a leading `.` or `-`, unique among the snapshots and
     * branches of its domain. `auto-`, `leave-` and `snaptree-tip-` are reserved. A new name changes in place. A name that exists is refused with
     * `AlreadyExistsError`. Default: the resource's own name.
     */
    declare readonly name: pulumi.Output<string>;
    /**
     * The snapshot that the branch forks from, leaf or not: a Snapshot resource or a name. The resource is better, since only then a snapshot that
     * was taken again has the branch forked again too, and a renamed one does not. Another snapshot replaces the branch, which is refused with
     * `DataLossError` where the branch holds something.
     */
    declare readonly from: pulumi.Output<string>;
    /** The `id` of the snapshot's resource. The SDK fills it in where `from` is a Snapshot; it tells a preview whether the snapshot stays. */
    declare readonly fromId: pulumi.Output<string | undefined>;
    /**
     * The `contentId` of the snapshot's resource. The SDK fills it in where `from` is a Snapshot; when it changes, the snapshot was taken again and
     * the branch is forked again.
     */
    declare readonly fromContentId: pulumi.Output<string | undefined>;
    /** Whether the domain is on this branch. */
    declare readonly active: pulumi.Output<boolean>;
    /**
     * That the program wants the domain on another branch. The SDK fills it in, so that the outputs of both branches are right after one update,
     * whichever of them comes first.
     */
    declare readonly activeElsewhere: pulumi.Output<boolean | undefined>;
    /**
     * What the domain does after a switch to this branch: `shutoff`, `running` or `paused`. A host that can't start domains raises
     * `UnsupportedError` for the latter two. It changes in place, and counts at the next switch. Default: `shutoff`.
     */
    declare readonly powerState: pulumi.Output<PowerState | undefined>;
    /**
     * What to do first with a domain that runs when it is switched to this branch: `refuse`, `shutdown`, `checkpoint` or `destroy`. It changes in
     * place. Default: `refuse`, which raises `BusyError`.
     */
    declare readonly leave: pulumi.Output<LeavePolicy | undefined>;
    /**
     * Any value, such as the number of a case or a hash of what is tested: when it changes, the branch is reset to its fork, in place. What was
     * written on it goes, and the snapshots taken on it go too; each is a loss that `force` has to accept, otherwise `DataLossError`. Default:
     * none.
     */
    declare readonly resetOn: pulumi.Output<unknown>;
    /**
     * What becomes of what was written on the branch when the resource is deleted: `discard`, which raises `DataLossError` unless there is nothing
     * or `force` accepts the loss, or `commit`, which merges it into the snapshot that the branch stands on and is refused while others stand on
     * the same contents. It changes in place. Default: `discard`.
     */
    declare readonly onDelete: pulumi.Output<BranchRemoval>;
    /**
     * Which losses are accepted: `true` for all, or a list of them as `DataLossError` names them (`branch:case-42`, `snapshot:d`). It changes in
     * place. Default: none. The environment variable `SNAPTREE_FORCE=1` accepts all for one run.
     */
    declare readonly force: pulumi.Output<boolean | readonly string[] | undefined>;
}

/** The outputs of a SnapshotTree. */
export abstract class SnapshotTreeOutputs extends pulumi.CustomResource {
    /**
     * The hypervisor connection, as a libvirt-style URI: `qemu:///embed?root=/srv/vms`, `qemu:///system`, `qemu+ssh://user@machine/system`,
     * `esx://machine/`, `vpx://vcenter/DATACENTER`, `vbox:///session`. A password in it is refused. Another host replaces the tree. Default: the
     * environment variable `SNAPTREE_HOST`; where neither is set, `InvalidInputError`.
     */
    declare readonly host: pulumi.Output<string>;
    /**
     * The password for the host; it is kept as a secret. A new one changes in place. Default: the environment variable `SNAPTREE_PASSWORD`, then
     * libvirt's `auth.conf`.
     */
    declare readonly password: pulumi.Output<string | undefined>;
    /**
     * The name of the virtual machine; on vSphere also its inventory path, UUID or managed object id. It has to be on the host already: otherwise
     * `NotFoundError`. Another domain replaces the tree.
     */
    declare readonly domain: pulumi.Output<string>;
    /**
     * The snapshots that are listed, by name, as the host has them: parent, description, creation time, state and contents. What changes by itself
     * is not among the outputs, so that a refresh shows what somebody did and nothing else; `getHierarchy` tells that.
     */
    declare readonly snapshots: pulumi.Output<Readonly<Record<string, TreeSnapshotState>>>;
    /** The branches, by name. They change in place. Default: none. */
    declare readonly branches: pulumi.Output<Readonly<Record<string, TreeBranch>> | undefined>;
    /**
     * Where the domain is to be afterwards: a branch, which it goes on from as it is (follow), or a snapshot, whose state it gets again (reset;
     * refused with `DataLossError` where that would lose what no branch keeps). Default: on its active branch, if it has one; else wherever the
     * last snapshot left it.
     */
    declare readonly current: pulumi.Output<string | undefined>;
    /**
     * What becomes of snapshots and branches that are not listed: `managed` removes what this resource once made, `all` removes everything, `none`
     * leaves everything. Snapshots that stay and stood on what is removed keep their contents. Default: `managed`.
     */
    declare readonly prune: pulumi.Output<PrunePolicy>;
    /**
     * Which losses are accepted: `true` for all, or a list of them as `DataLossError` names them (`snapshot:d`, `branch:case-42`, `tip`, `memory`).
     * It changes in place. Default: none. The environment variable `SNAPTREE_FORCE=1` accepts all for one run.
     */
    declare readonly force: pulumi.Output<boolean | readonly string[] | undefined>;
    /**
     * Who manages what is made, as the domain's records mark it. The SDK fills it in: PROJECT/STACK/NAME. A tree keeps the one that it was created
     * with.
     */
    declare readonly owner: pulumi.Output<string | undefined>;
}
