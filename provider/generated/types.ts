// Generated from schema/schema.json by “npm run generate”; change the schema instead.
/** One command of a snapshot's `provision`. It runs on the machine where Snaptree runs, as it is and never by a shell. */
export interface ProvisionCommand {
    /**
     * The program and its arguments, one list item each. A shell line is written `["sh", "-c", "…"]`. The command runs with `SNAPTREE_HOST`,
     * `SNAPTREE_DOMAIN` and `SNAPTREE_PARENT` in its environment and, where the domain is shut off and its files can be written locally,
     * `SNAPTREE_DISK_<TARGET>` (upper case: `SNAPTREE_DISK_VDA`), the file to change. An exit code other than 0 makes the creation fail, and
     * nothing is left behind.
     */
    readonly command: readonly string[];
    /**
     * Variables added to the environment of the command. Their values may be secrets: they are blotted out of the output that is shown and of every
     * error. A changed value alone never takes the snapshot again. Default: none.
     */
    readonly env?: Readonly<Record<string, string>> | undefined;
    /**
     * How many seconds the command may take; fractions are allowed. When the time is over the command is ended and the creation fails. Default: no
     * limit.
     */
    readonly timeout?: number | undefined;
    /** The folder to run in. Default: the folder of the Pulumi program. */
    readonly cwd?: string | undefined;
}

/** How one disk takes part in a snapshot, as `<disk>` does under `<disks>` of a `<domainsnapshot>`. */
export interface SnapshotDisk {
    /**
     * Where this disk's contents are kept: `internal`, `external`, or `no`, which leaves the disk out: it is shared and untouched. Default: the
     * snapshot's `mode`.
     */
    readonly snapshot?: DiskSnapshotMode | undefined;
    /** The absolute path of the overlay that goes on top of the frozen file. Default: a file of Snaptree's own naming beside the disk. */
    readonly file?: string | undefined;
    /** The format of that overlay. Only `qcow2` is known. Default: `qcow2`. */
    readonly driver?: string | undefined;
}

/** Where one disk's contents are kept. */
export type DiskSnapshotMode = "internal" | "external" | "no";

/** How a snapshot is kept. */
export type SnapshotMode = "internal" | "external";

/** What the domain does when the snapshot is taken. */
export type ProvisionPowerState = "shutoff" | "running";

/** What to do with a running domain before it is switched away from its state. */
export type LeavePolicy = "refuse" | "shutdown" | "checkpoint" | "destroy";

/** What goes when a snapshot resource is deleted. */
export type DeleteScope = "keepChildren" | "subtree" | "children" | "metadata";

/** libvirt's word for what the domain did when the snapshot was taken. */
export type SnapshotState = "nostate" | "running" | "blocked" | "paused" | "shutdown" | "shutoff" | "crashed" | "pmsuspended" | "disk-snapshot";

/** What the domain does once it stands on a branch. */
export type PowerState = "shutoff" | "running" | "paused";

/** What becomes of a branch's leaf when its resource is deleted. */
export type BranchRemoval = "discard" | "commit";

/** One snapshot of a SnapshotTree: what a Snapshot takes, as far as it differs from snapshot to snapshot. */
export interface TreeSnapshot {
    /**
     * The name of the snapshot that this one stands on; it is listed in the same tree, or there already. Another parent takes the snapshot again,
     * except where the old one is only removed from above it. Default: none, which makes the root; a tree has one.
     */
    readonly parent?: string | undefined;
    /** A text that is kept with the snapshot, for whoever reads it. It changes in place. Default: none. */
    readonly description?: string | undefined;
    /**
     * Commands that make the snapshot's contents, as a Snapshot's `provision`. Changed commands take the snapshot again, and what stands on it;
     * changed `env`, `timeout` and `cwd` do not. Default: none: where `parent` is current at that moment the domain's disks as they are get frozen,
     * elsewhere the contents of `parent`.
     */
    readonly provision?: readonly ProvisionCommand[] | undefined;
    /**
     * How the snapshot is kept: `internal` or `external`. A change takes the snapshot again. Default: the hierarchy's own; for its first snapshot
     * the host's.
     */
    readonly mode?: SnapshotMode | undefined;
    /** Leave the guest's memory out of a snapshot of a running domain. A change takes the snapshot again. Default: false. */
    readonly diskOnly?: boolean | undefined;
    /**
     * The absolute path where an external checkpoint keeps the guest's memory. A change takes the snapshot again. Default: a file of Snaptree's own
     * naming.
     */
    readonly memoryFile?: string | undefined;
    /** Freeze the guest's file systems first, which needs an agent in the guest. A change takes the snapshot again. Default: false. */
    readonly quiesce?: boolean | undefined;
    /** Compress what the snapshot holds: `zlib` or `zstd`, where the host can. A change takes the snapshot again. Default: not compressed. */
    readonly compression?: string | undefined;
    /**
     * How single disks take part, by disk target (`vda`). A change takes the snapshot again. Default: all disks that the domain does not leave out
     * itself, each as `mode` says.
     */
    readonly disks?: Readonly<Record<string, SnapshotDisk>> | undefined;
    /** Leave the domain shut off after the snapshot was taken. A change takes the snapshot again. Default: false. */
    readonly halt?: boolean | undefined;
    /** Take all disks or none, which Snaptree always does. A change takes the snapshot again. Default: false. */
    readonly atomic?: boolean | undefined;
    /** Keep the guest running while its memory is saved. A change takes the snapshot again. Default: false. */
    readonly live?: boolean | undefined;
    /** Use the overlays that `disks` names as they are, instead of making them. A change takes the snapshot again. Default: false. */
    readonly reuseExternal?: boolean | undefined;
    /** Values that have the snapshot taken again when one of them changes, such as a hash of what a provision command installs. Default: none. */
    readonly triggers?: readonly unknown[] | undefined;
    /**
     * The name that the snapshot had: where that is there and this one is not, it is renamed and keeps its contents. It may stay in the program.
     * Default: none.
     */
    readonly renamedFrom?: string | undefined;
}

/** One branch of a SnapshotTree: a name for a tip that can be left and returned to. */
export interface TreeBranch {
    /**
     * The name of the snapshot that the branch forks from. Another one removes the branch and forks it there, which is refused with `DataLossError`
     * while it holds something of its own, unless `force` accepts that.
     */
    readonly from: string;
}

/** A snapshot of a SnapshotTree as the host has it. What the program said of it stands beside that in the state. */
export interface TreeSnapshotState {
    /** The name of its parent; absent for the root. */
    readonly parent?: string | undefined;
    /** The text that is kept with it; absent where there is none. */
    readonly description?: string | undefined;
    /** When the snapshot was taken, in whole seconds since 1970, UTC. */
    readonly creationTime: number;
    /** What the domain did when the snapshot was taken, in libvirt's words. */
    readonly state: SnapshotState;
    /** Names the contents: it is new each time the snapshot is taken and stays through renames. Empty where the host keeps none. */
    readonly contentId: string;
}

/** What is removed of that which a SnapshotTree does not list. */
export type PrunePolicy = "managed" | "all" | "none";

/** The inputs of a Snapshot. */
export interface SnapshotInputs {
    /**
     * The hypervisor connection, as a libvirt-style URI: `qemu:///embed?root=/srv/vms`, `qemu:///system`, `qemu+ssh://user@machine/system`,
     * `esx://machine/`, `vpx://vcenter/DATACENTER`, `vbox:///session`. A password in it is refused. Another host replaces the snapshot. Default:
     * the environment variable `SNAPTREE_HOST`; where neither is set, `InvalidInputError`.
     */
    readonly host?: string | undefined;
    /**
     * The password for the host; it is kept as a secret. A new one changes in place. Default: the environment variable `SNAPTREE_PASSWORD`, then
     * libvirt's `auth.conf`.
     */
    readonly password?: string | undefined;
    /**
     * The name of the virtual machine; on vSphere also its inventory path, UUID or managed object id. It has to be on the host already: otherwise
     * `NotFoundError`. Another domain replaces the snapshot.
     */
    readonly domain: string;
    /**
     * The name of the snapshot: 1 to 255 bytes of UTF-8 (on libvirt 247, on vSphere 80) without `/`, control characters or a leading `.` or `-`,
     * unique among the snapshots and branches of its domain. `auto-`, `leave-` and `snaptree-tip-` are reserved. Where the host can rename, a new
     * name changes in place; elsewhere it replaces. A name that exists is refused with `AlreadyExistsError`. Default: the resource's own name.
     */
    readonly name?: string | undefined;
    /**
     * The snapshot that this one stands on: a Snapshot resource or a name. The resource is better, since only then a parent that was taken again
     * makes this one taken again too, and a renamed one does not. Another parent replaces the snapshot. Default: none, which makes a root; only a
     * domain without snapshots can take one.
     */
    readonly parent?: string | undefined;
    /** The `id` of the parent resource. The SDK fills it in where `parent` is a Snapshot; it tells a preview whether the parent stays. */
    readonly parentId?: string | undefined;
    /**
     * The `contentId` of the parent resource. The SDK fills it in where `parent` is a Snapshot; when it changes, the parent was taken again and so
     * is this snapshot.
     */
    readonly parentContentId?: string | undefined;
    /** A text for humans, kept with the snapshot. It changes in place. Default: none. */
    readonly description?: string | undefined;
    /**
     * Commands that make the snapshot's contents: they run in order on a fresh leaf of `parent` (for a root: on the disk as it is) before the
     * snapshot is taken. This is what makes a hierarchy reproducible, as a layer of an image is. When one fails, the leaf is dropped, nothing is
     * left, and the error holds the output. Changed commands replace the snapshot; changed `env`, `timeout` and `cwd` do not. Default: none: where
     * `parent` is the current snapshot the domain's disks as they are get frozen, elsewhere the contents of `parent`.
     */
    readonly provision?: readonly ProvisionCommand[] | undefined;
    /**
     * What the domain does when the snapshot is taken: `shutoff` or `running`. It is neither started nor shut down for that: where it does
     * something else, and for `running` together with `provision`, `UnsupportedError`. A change replaces the snapshot. Default: the domain stays as
     * it is.
     */
    readonly powerState?: ProvisionPowerState | undefined;
    /**
     * What to do first with a running domain that has to be switched away from its state: `refuse`, `shutdown`, `checkpoint` or `destroy`. It
     * changes in place. Default: `refuse`, which raises `BusyError`.
     */
    readonly leave?: LeavePolicy | undefined;
    /**
     * Leave the guest's memory out of a snapshot of a running domain. A change replaces the snapshot. Default: false; a domain that is shut off has
     * no memory to keep.
     */
    readonly diskOnly?: boolean | undefined;
    /**
     * The absolute path where an external checkpoint keeps the guest's memory. Not together with `diskOnly`. A change replaces the snapshot.
     * Default: a file of Snaptree's own naming beside the first disk.
     */
    readonly memoryFile?: string | undefined;
    /**
     * How the snapshot is kept: `internal` or `external`. A change replaces it. A host that knows no such difference raises `UnsupportedError`.
     * Default: the hierarchy's own; for its first snapshot `external`, except for a checkpoint with memory on qcow2 disks, which is `internal`.
     */
    readonly mode?: SnapshotMode | undefined;
    /**
     * Freeze the guest's file systems first, which needs an agent in the guest. On QEMU it needs `diskOnly`. A change replaces the snapshot.
     * Default: false.
     */
    readonly quiesce?: boolean | undefined;
    /**
     * Compress what the snapshot holds: `zlib` or `zstd`, where the host can; elsewhere `UnsupportedError`. A change replaces the snapshot.
     * Default: not compressed.
     */
    readonly compression?: string | undefined;
    /**
     * How single disks take part, by disk target (`vda`). A change replaces the snapshot. Default: all disks that the domain does not leave out
     * itself, each as `mode` says.
     */
    readonly disks?: Readonly<Record<string, SnapshotDisk>> | undefined;
    /** Leave the domain shut off after the snapshot was taken. Not together with `redefine`. A change replaces the snapshot. Default: false. */
    readonly halt?: boolean | undefined;
    /**
     * Take all disks or none. Snaptree always does; the flag is there for programs that were written for virsh. A change replaces the snapshot.
     * Default: false.
     */
    readonly atomic?: boolean | undefined;
    /**
     * Keep the guest running while its memory is saved, which makes the saved memory larger. Not together with `redefine`. A change replaces the
     * snapshot. Default: false.
     */
    readonly live?: boolean | undefined;
    /** Use the overlays that `disks` names as they are, instead of making them. A change replaces the snapshot. Default: false. */
    readonly reuseExternal?: boolean | undefined;
    /**
     * Restore or alter what is remembered of a snapshot, and touch no disk. All of such a snapshot changes in place, except its host and domain.
     * Not together with `noMetadata`, `halt`, `live`, `quiesce` or `provision`. Default: false.
     */
    readonly redefine?: boolean | undefined;
    /**
     * Make the snapshot that is redefined the current one. Only with `redefine`: otherwise `FlagConflictError`. Default: false, which leaves the
     * current one alone.
     */
    readonly current?: boolean | undefined;
    /** When the snapshot that is redefined was taken, in whole seconds since 1970, UTC. Only with `redefine`. Default: what `xml` or the host says. */
    readonly creationTime?: number | undefined;
    /**
     * What the domain did when the snapshot that is redefined was taken, in libvirt's words. Only with `redefine`. Default: what `xml` or the host
     * says.
     */
    readonly state?: SnapshotState | undefined;
    /**
     * A whole `<domainsnapshot>` document that `redefine` restores; only with it. It is kept as a secret, since libvirt's documents can hold
     * passwords. Default: none: what the host remembers is altered.
     */
    readonly xml?: string | undefined;
    /**
     * Take the snapshot, then forget it. The host can't be asked about it later, so its state is believed and deleting it does nothing. Not
     * together with `redefine`. A change replaces the snapshot. Default: false.
     */
    readonly noMetadata?: boolean | undefined;
    /**
     * What goes when the resource is deleted: `keepChildren`, `subtree`, `children` or `metadata`. It changes in place. What would be lost besides
     * the snapshot itself raises `DataLossError`, unless `force` accepts it. Default: `keepChildren`; with `redefine`: `metadata`.
     */
    readonly onDelete?: DeleteScope | undefined;
    /** Values that have the snapshot taken again when one of them changes, such as a hash of what a provision command installs. Default: none. */
    readonly triggers?: readonly unknown[] | undefined;
    /**
     * Which losses are accepted: `true` for all, or a list of them as `DataLossError` names them (`snapshot:d`, `branch:case-42`, `tip`, `memory`).
     * It changes in place. Default: none. The environment variable `SNAPTREE_FORCE=1` accepts all for one run.
     */
    readonly force?: boolean | readonly string[] | undefined;
}

/** The outputs of a Snapshot: its inputs, and what is known once it is there. */
export interface SnapshotOutputs {
    /**
     * The hypervisor connection, as a libvirt-style URI: `qemu:///embed?root=/srv/vms`, `qemu:///system`, `qemu+ssh://user@machine/system`,
     * `esx://machine/`, `vpx://vcenter/DATACENTER`, `vbox:///session`. A password in it is refused. Another host replaces the snapshot. Default:
     * the environment variable `SNAPTREE_HOST`; where neither is set, `InvalidInputError`.
     */
    readonly host: string;
    /**
     * The password for the host; it is kept as a secret. A new one changes in place. Default: the environment variable `SNAPTREE_PASSWORD`, then
     * libvirt's `auth.conf`.
     */
    readonly password?: string | undefined;
    /**
     * The name of the virtual machine; on vSphere also its inventory path, UUID or managed object id. It has to be on the host already: otherwise
     * `NotFoundError`. Another domain replaces the snapshot.
     */
    readonly domain: string;
    /**
     * The name of the snapshot: 1 to 255 bytes of UTF-8 (on libvirt 247, on vSphere 80) without `/`, control characters or a leading `.` or `-`,
     * unique among the snapshots and branches of its domain. `auto-`, `leave-` and `snaptree-tip-` are reserved. Where the host can rename, a new
     * name changes in place; elsewhere it replaces. A name that exists is refused with `AlreadyExistsError`. Default: the resource's own name.
     */
    readonly name: string;
    /**
     * The snapshot that this one stands on: a Snapshot resource or a name. The resource is better, since only then a parent that was taken again
     * makes this one taken again too, and a renamed one does not. Another parent replaces the snapshot. Default: none, which makes a root; only a
     * domain without snapshots can take one.
     */
    readonly parent?: string | undefined;
    /** The `id` of the parent resource. The SDK fills it in where `parent` is a Snapshot; it tells a preview whether the parent stays. */
    readonly parentId?: string | undefined;
    /**
     * The `contentId` of the parent resource. The SDK fills it in where `parent` is a Snapshot; when it changes, the parent was taken again and so
     * is this snapshot.
     */
    readonly parentContentId?: string | undefined;
    /** A text for humans, kept with the snapshot. It changes in place. Default: none. */
    readonly description?: string | undefined;
    /**
     * Commands that make the snapshot's contents: they run in order on a fresh leaf of `parent` (for a root: on the disk as it is) before the
     * snapshot is taken. This is what makes a hierarchy reproducible, as a layer of an image is. When one fails, the leaf is dropped, nothing is
     * left, and the error holds the output. Changed commands replace the snapshot; changed `env`, `timeout` and `cwd` do not. Default: none: where
     * `parent` is the current snapshot the domain's disks as they are get frozen, elsewhere the contents of `parent`.
     */
    readonly provision?: readonly ProvisionCommand[] | undefined;
    /**
     * What the domain does when the snapshot is taken: `shutoff` or `running`. It is neither started nor shut down for that: where it does
     * something else, and for `running` together with `provision`, `UnsupportedError`. A change replaces the snapshot. Default: the domain stays as
     * it is.
     */
    readonly powerState?: ProvisionPowerState | undefined;
    /**
     * What to do first with a running domain that has to be switched away from its state: `refuse`, `shutdown`, `checkpoint` or `destroy`. It
     * changes in place. Default: `refuse`, which raises `BusyError`.
     */
    readonly leave?: LeavePolicy | undefined;
    /**
     * Leave the guest's memory out of a snapshot of a running domain. A change replaces the snapshot. Default: false; a domain that is shut off has
     * no memory to keep.
     */
    readonly diskOnly?: boolean | undefined;
    /**
     * The absolute path where an external checkpoint keeps the guest's memory. Not together with `diskOnly`. A change replaces the snapshot.
     * Default: a file of Snaptree's own naming beside the first disk.
     */
    readonly memoryFile?: string | undefined;
    /**
     * How the snapshot is kept: `internal` or `external`. A change replaces it. A host that knows no such difference raises `UnsupportedError`.
     * Default: the hierarchy's own; for its first snapshot `external`, except for a checkpoint with memory on qcow2 disks, which is `internal`.
     */
    readonly mode?: SnapshotMode | undefined;
    /**
     * Freeze the guest's file systems first, which needs an agent in the guest. On QEMU it needs `diskOnly`. A change replaces the snapshot.
     * Default: false.
     */
    readonly quiesce?: boolean | undefined;
    /**
     * Compress what the snapshot holds: `zlib` or `zstd`, where the host can; elsewhere `UnsupportedError`. A change replaces the snapshot.
     * Default: not compressed.
     */
    readonly compression?: string | undefined;
    /**
     * How single disks take part, by disk target (`vda`). A change replaces the snapshot. Default: all disks that the domain does not leave out
     * itself, each as `mode` says.
     */
    readonly disks?: Readonly<Record<string, SnapshotDisk>> | undefined;
    /** Leave the domain shut off after the snapshot was taken. Not together with `redefine`. A change replaces the snapshot. Default: false. */
    readonly halt?: boolean | undefined;
    /**
     * Take all disks or none. Snaptree always does; the flag is there for programs that were written for virsh. A change replaces the snapshot.
     * Default: false.
     */
    readonly atomic?: boolean | undefined;
    /**
     * Keep the guest running while its memory is saved, which makes the saved memory larger. Not together with `redefine`. A change replaces the
     * snapshot. Default: false.
     */
    readonly live?: boolean | undefined;
    /** Use the overlays that `disks` names as they are, instead of making them. A change replaces the snapshot. Default: false. */
    readonly reuseExternal?: boolean | undefined;
    /**
     * Restore or alter what is remembered of a snapshot, and touch no disk. All of such a snapshot changes in place, except its host and domain.
     * Not together with `noMetadata`, `halt`, `live`, `quiesce` or `provision`. Default: false.
     */
    readonly redefine?: boolean | undefined;
    /**
     * Make the snapshot that is redefined the current one. Only with `redefine`: otherwise `FlagConflictError`. Default: false, which leaves the
     * current one alone.
     */
    readonly current?: boolean | undefined;
    /** When the snapshot was taken, in whole seconds since 1970, UTC. */
    readonly creationTime: number;
    /** What the domain did when the snapshot was taken, in libvirt's words: `shutoff`, `running`, `disk-snapshot`, …. */
    readonly state: SnapshotState;
    /**
     * A whole `<domainsnapshot>` document that `redefine` restores; only with it. It is kept as a secret, since libvirt's documents can hold
     * passwords. Default: none: what the host remembers is altered.
     */
    readonly xml?: string | undefined;
    /**
     * Take the snapshot, then forget it. The host can't be asked about it later, so its state is believed and deleting it does nothing. Not
     * together with `redefine`. A change replaces the snapshot. Default: false.
     */
    readonly noMetadata?: boolean | undefined;
    /**
     * What goes when the resource is deleted: `keepChildren`, `subtree`, `children` or `metadata`. It changes in place. What would be lost besides
     * the snapshot itself raises `DataLossError`, unless `force` accepts it. Default: `keepChildren`; with `redefine`: `metadata`.
     */
    readonly onDelete: DeleteScope;
    /** Values that have the snapshot taken again when one of them changes, such as a hash of what a provision command installs. Default: none. */
    readonly triggers?: readonly unknown[] | undefined;
    /**
     * Which losses are accepted: `true` for all, or a list of them as `DataLossError` names them (`snapshot:d`, `branch:case-42`, `tip`, `memory`).
     * It changes in place. Default: none. The environment variable `SNAPTREE_FORCE=1` accepts all for one run.
     */
    readonly force?: boolean | readonly string[] | undefined;
    /** Names the contents: it is new each time the snapshot is taken and stays through renames. Empty where the host keeps none. */
    readonly contentId: string;
}

/** The inputs of a SnapshotBranch. */
export interface SnapshotBranchInputs {
    /**
     * The hypervisor connection, as a libvirt-style URI: `qemu:///embed?root=/srv/vms`, `qemu:///system`, `qemu+ssh://user@machine/system`,
     * `esx://machine/`, `vpx://vcenter/DATACENTER`, `vbox:///session`. A password in it is refused. Another host replaces the branch. Default: the
     * environment variable `SNAPTREE_HOST`; where neither is set, `InvalidInputError`.
     */
    readonly host?: string | undefined;
    /**
     * The password for the host; it is kept as a secret. A new one changes in place. Default: the environment variable `SNAPTREE_PASSWORD`, then
     * libvirt's `auth.conf`.
     */
    readonly password?: string | undefined;
    /**
     * The name of the virtual machine; on vSphere also its inventory path, UUID or managed object id. It has to be on the host already: otherwise
     * `NotFoundError`. Another domain replaces the branch.
     */
    readonly domain: string;
    /**
     * The name of the branch: 1 to 255 bytes of UTF-8 without `/`, control characters or a leading `.` or `-`, unique among the snapshots and
     * branches of its domain. `auto-`, `leave-` and `snaptree-tip-` are reserved. A new name changes in place. A name that exists is refused with
     * `AlreadyExistsError`. Default: the resource's own name.
     */
    readonly name?: string | undefined;
    /**
     * The snapshot that the branch forks from, leaf or not: a Snapshot resource or a name. The resource is better, since only then a snapshot that
     * was taken again has the branch forked again too, and a renamed one does not. Another snapshot replaces the branch, which is refused with
     * `DataLossError` where the branch holds something.
     */
    readonly from: string;
    /** The `id` of the snapshot's resource. The SDK fills it in where `from` is a Snapshot; it tells a preview whether the snapshot stays. */
    readonly fromId?: string | undefined;
    /**
     * The `contentId` of the snapshot's resource. The SDK fills it in where `from` is a Snapshot; when it changes, the snapshot was taken again and
     * the branch is forked again.
     */
    readonly fromContentId?: string | undefined;
    /**
     * Whether the domain is to be on this branch: `true` switches to it, and switches back when somebody moved the domain elsewhere; `false` never
     * acts. The branch that is left keeps its disks as they are, and a tip without a branch that holds something becomes an automatic branch. Two
     * branches of one domain that both say `true` are refused. It changes in place. Default: false.
     */
    readonly active?: boolean | undefined;
    /**
     * That the program wants the domain on another branch. The SDK fills it in, so that the outputs of both branches are right after one update,
     * whichever of them comes first.
     */
    readonly activeElsewhere?: boolean | undefined;
    /**
     * What the domain does after a switch to this branch: `shutoff`, `running` or `paused`. A host that can't start domains raises
     * `UnsupportedError` for the latter two. It changes in place, and counts at the next switch. Default: `shutoff`.
     */
    readonly powerState?: PowerState | undefined;
    /**
     * What to do first with a domain that runs when it is switched to this branch: `refuse`, `shutdown`, `checkpoint` or `destroy`. It changes in
     * place. Default: `refuse`, which raises `BusyError`.
     */
    readonly leave?: LeavePolicy | undefined;
    /**
     * Any value, such as the number of a case or a hash of what is tested: when it changes, the branch is reset to its fork, in place. What was
     * written on it goes, and the snapshots taken on it go too; each is a loss that `force` has to accept, otherwise `DataLossError`. Default:
     * none.
     */
    readonly resetOn?: unknown;
    /**
     * What becomes of what was written on the branch when the resource is deleted: `discard`, which raises `DataLossError` unless there is nothing
     * or `force` accepts the loss, or `commit`, which merges it into the snapshot that the branch stands on and is refused while others stand on
     * the same contents. It changes in place. Default: `discard`.
     */
    readonly onDelete?: BranchRemoval | undefined;
    /**
     * Which losses are accepted: `true` for all, or a list of them as `DataLossError` names them (`branch:case-42`, `snapshot:d`). It changes in
     * place. Default: none. The environment variable `SNAPTREE_FORCE=1` accepts all for one run.
     */
    readonly force?: boolean | readonly string[] | undefined;
}

/** The outputs of a SnapshotBranch: its inputs, and what is known once it is there. */
export interface SnapshotBranchOutputs {
    /**
     * The hypervisor connection, as a libvirt-style URI: `qemu:///embed?root=/srv/vms`, `qemu:///system`, `qemu+ssh://user@machine/system`,
     * `esx://machine/`, `vpx://vcenter/DATACENTER`, `vbox:///session`. A password in it is refused. Another host replaces the branch. Default: the
     * environment variable `SNAPTREE_HOST`; where neither is set, `InvalidInputError`.
     */
    readonly host: string;
    /**
     * The password for the host; it is kept as a secret. A new one changes in place. Default: the environment variable `SNAPTREE_PASSWORD`, then
     * libvirt's `auth.conf`.
     */
    readonly password?: string | undefined;
    /**
     * The name of the virtual machine; on vSphere also its inventory path, UUID or managed object id. It has to be on the host already: otherwise
     * `NotFoundError`. Another domain replaces the branch.
     */
    readonly domain: string;
    /**
     * The name of the branch: 1 to 255 bytes of UTF-8 without `/`, control characters or a leading `.` or `-`, unique among the snapshots and
     * branches of its domain. `auto-`, `leave-` and `snaptree-tip-` are reserved. A new name changes in place. A name that exists is refused with
     * `AlreadyExistsError`. Default: the resource's own name.
     */
    readonly name: string;
    /**
     * The snapshot that the branch forks from, leaf or not: a Snapshot resource or a name. The resource is better, since only then a snapshot that
     * was taken again has the branch forked again too, and a renamed one does not. Another snapshot replaces the branch, which is refused with
     * `DataLossError` where the branch holds something.
     */
    readonly from: string;
    /** The `id` of the snapshot's resource. The SDK fills it in where `from` is a Snapshot; it tells a preview whether the snapshot stays. */
    readonly fromId?: string | undefined;
    /**
     * The `contentId` of the snapshot's resource. The SDK fills it in where `from` is a Snapshot; when it changes, the snapshot was taken again and
     * the branch is forked again.
     */
    readonly fromContentId?: string | undefined;
    /** Whether the domain is on this branch. */
    readonly active: boolean;
    /**
     * That the program wants the domain on another branch. The SDK fills it in, so that the outputs of both branches are right after one update,
     * whichever of them comes first.
     */
    readonly activeElsewhere?: boolean | undefined;
    /**
     * What the domain does after a switch to this branch: `shutoff`, `running` or `paused`. A host that can't start domains raises
     * `UnsupportedError` for the latter two. It changes in place, and counts at the next switch. Default: `shutoff`.
     */
    readonly powerState?: PowerState | undefined;
    /**
     * What to do first with a domain that runs when it is switched to this branch: `refuse`, `shutdown`, `checkpoint` or `destroy`. It changes in
     * place. Default: `refuse`, which raises `BusyError`.
     */
    readonly leave?: LeavePolicy | undefined;
    /**
     * Any value, such as the number of a case or a hash of what is tested: when it changes, the branch is reset to its fork, in place. What was
     * written on it goes, and the snapshots taken on it go too; each is a loss that `force` has to accept, otherwise `DataLossError`. Default:
     * none.
     */
    readonly resetOn?: unknown;
    /**
     * What becomes of what was written on the branch when the resource is deleted: `discard`, which raises `DataLossError` unless there is nothing
     * or `force` accepts the loss, or `commit`, which merges it into the snapshot that the branch stands on and is refused while others stand on
     * the same contents. It changes in place. Default: `discard`.
     */
    readonly onDelete: BranchRemoval;
    /**
     * Which losses are accepted: `true` for all, or a list of them as `DataLossError` names them (`branch:case-42`, `snapshot:d`). It changes in
     * place. Default: none. The environment variable `SNAPTREE_FORCE=1` accepts all for one run.
     */
    readonly force?: boolean | readonly string[] | undefined;
}

/** The inputs of a SnapshotTree. */
export interface SnapshotTreeInputs {
    /**
     * The hypervisor connection, as a libvirt-style URI: `qemu:///embed?root=/srv/vms`, `qemu:///system`, `qemu+ssh://user@machine/system`,
     * `esx://machine/`, `vpx://vcenter/DATACENTER`, `vbox:///session`. A password in it is refused. Another host replaces the tree. Default: the
     * environment variable `SNAPTREE_HOST`; where neither is set, `InvalidInputError`.
     */
    readonly host?: string | undefined;
    /**
     * The password for the host; it is kept as a secret. A new one changes in place. Default: the environment variable `SNAPTREE_PASSWORD`, then
     * libvirt's `auth.conf`.
     */
    readonly password?: string | undefined;
    /**
     * The name of the virtual machine; on vSphere also its inventory path, UUID or managed object id. It has to be on the host already: otherwise
     * `NotFoundError`. Another domain replaces the tree.
     */
    readonly domain: string;
    /**
     * The snapshots, by name: 1 to 255 bytes of UTF-8 (on libvirt 247, on vSphere 80) without `/`, control characters or a leading `.` or `-`.
     * `auto-`, `leave-` and `snaptree-tip-` are reserved, and branches share the name space. Snapshots that are there under these names already are
     * taken as they are, if they stand where the program says.
     */
    readonly snapshots: Readonly<Record<string, TreeSnapshot>>;
    /** The branches, by name. They change in place. Default: none. */
    readonly branches?: Readonly<Record<string, TreeBranch>> | undefined;
    /**
     * Where the domain is to be afterwards: a branch, which it goes on from as it is (follow), or a snapshot, whose state it gets again (reset;
     * refused with `DataLossError` where that would lose what no branch keeps). Default: on its active branch, if it has one; else wherever the
     * last snapshot left it.
     */
    readonly current?: string | undefined;
    /**
     * What becomes of snapshots and branches that are not listed: `managed` removes what this resource once made, `all` removes everything, `none`
     * leaves everything. Snapshots that stay and stood on what is removed keep their contents. Default: `managed`.
     */
    readonly prune?: PrunePolicy | undefined;
    /**
     * Which losses are accepted: `true` for all, or a list of them as `DataLossError` names them (`snapshot:d`, `branch:case-42`, `tip`, `memory`).
     * It changes in place. Default: none. The environment variable `SNAPTREE_FORCE=1` accepts all for one run.
     */
    readonly force?: boolean | readonly string[] | undefined;
    /**
     * Who manages what is made, as the domain's records mark it. The SDK fills it in: PROJECT/STACK/NAME. A tree keeps the one that it was created
     * with.
     */
    readonly owner?: string | undefined;
}

/** The outputs of a SnapshotTree: its inputs, and what is known once it is there. */
export interface SnapshotTreeOutputs {
    /**
     * The hypervisor connection, as a libvirt-style URI: `qemu:///embed?root=/srv/vms`, `qemu:///system`, `qemu+ssh://user@machine/system`,
     * `esx://machine/`, `vpx://vcenter/DATACENTER`, `vbox:///session`. A password in it is refused. Another host replaces the tree. Default: the
     * environment variable `SNAPTREE_HOST`; where neither is set, `InvalidInputError`.
     */
    readonly host: string;
    /**
     * The password for the host; it is kept as a secret. A new one changes in place. Default: the environment variable `SNAPTREE_PASSWORD`, then
     * libvirt's `auth.conf`.
     */
    readonly password?: string | undefined;
    /**
     * The name of the virtual machine; on vSphere also its inventory path, UUID or managed object id. It has to be on the host already: otherwise
     * `NotFoundError`. Another domain replaces the tree.
     */
    readonly domain: string;
    /**
     * The snapshots that are listed, by name, as the host has them: parent, description, creation time, state and contents. What changes by itself
     * is not among the outputs, so that a refresh shows what somebody did and nothing else; `getHierarchy` tells that.
     */
    readonly snapshots: Readonly<Record<string, TreeSnapshotState>>;
    /** The branches, by name. They change in place. Default: none. */
    readonly branches?: Readonly<Record<string, TreeBranch>> | undefined;
    /**
     * Where the domain is to be afterwards: a branch, which it goes on from as it is (follow), or a snapshot, whose state it gets again (reset;
     * refused with `DataLossError` where that would lose what no branch keeps). Default: on its active branch, if it has one; else wherever the
     * last snapshot left it.
     */
    readonly current?: string | undefined;
    /**
     * What becomes of snapshots and branches that are not listed: `managed` removes what this resource once made, `all` removes everything, `none`
     * leaves everything. Snapshots that stay and stood on what is removed keep their contents. Default: `managed`.
     */
    readonly prune: PrunePolicy;
    /**
     * Which losses are accepted: `true` for all, or a list of them as `DataLossError` names them (`snapshot:d`, `branch:case-42`, `tip`, `memory`).
     * It changes in place. Default: none. The environment variable `SNAPTREE_FORCE=1` accepts all for one run.
     */
    readonly force?: boolean | readonly string[] | undefined;
    /**
     * Who manages what is made, as the domain's records mark it. The SDK fills it in: PROJECT/STACK/NAME. A tree keeps the one that it was created
     * with.
     */
    readonly owner?: string | undefined;
}
