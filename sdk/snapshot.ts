import * as pulumi from "@pulumi/pulumi";
import { loaderOf } from "../provider/dynamic/loader";
import { snapshotProperties } from "../provider/generated/properties";
import { InvalidInputError } from "../provider/model";
import { snapshotFaults } from "../provider/resources/snapshot-check";
import type { Properties } from "../provider/resources/unknown";
import type { SnapshotArgs } from "./args";
import { fillAbsent, keepSecret, knownArguments, refuseFaults, refuseImport, registered, withHost } from "./arguments";
import { SnapshotOutputs } from "./outputs";

const type = "pulumi-nodejs:dynamic/snaptree:Snapshot";

/**
 * A snapshot of a virtual machine: a frozen, named point in its life, with at most one parent. Snapshots that name their parents make a tree, and
 * `pulumi up` takes what is missing, in order, and never loses what nothing else holds unless `force` accepts that loss.
 *
 * **Units and defaults.** Times are whole seconds since 1970 (`creationTime`), durations seconds (`timeout`). `host` is the environment variable
 * `SNAPTREE_HOST` unless set, `name` the resource's own name, `onDelete` `keepChildren`. Every other argument but `domain` may be left out;
 * each says its default.
 *
 * **What a change does.** `description`, `force`, `leave`, `onDelete`, `password` and, where the host can rename, `name` change in place; so does all
 * of a snapshot with `redefine` but its host and domain. Of `provision` only the commands count. Everything else has the snapshot taken again,
 * the old one deleted first, and with it every Snapshot that stands on it. What somebody changes on the host never does that: a
 * description or name is mended, and a parent or contents that can't be are an error that says what to do.
 *
 * **Errors.** Mistakes that can be seen while the program is built are thrown here: `InvalidInputError` with the property's path, and
 * `FlagConflictError` for flags that exclude each other. An operation fails with `NotFoundError` (no such domain or parent), `AlreadyExistsError`
 * (the name is taken), `UnsupportedError` (the host can't; the nearest thing that works), `DataLossError` (what would be lost), `BusyError`
 * (locked or in use, by whom), `HostError` (what was run and what it said) or `UnreachableError`. None of them did anything by halves.
 *
 * **Not possible** with this class, which is a dynamic provider: `pulumi import`, the options `import` and `id`, and a static `get`. A snapshot that
 * is there already is taken over by declaring it with `redefine: true`, which touches no disk; deleting such a resource only forgets it.
 *
 * Sources on libvir-list: Chris Lalancette, «[RFC]: Snapshot API v2» and v3 (March 2010): create, delete, the tree and `quiesce`; Eric Blake,
 * «[PATCHv4 19/51] snapshot: allow recreation of metadata» (2 September 2011): `redefine`, `current`, `noMetadata`; Eric Blake, «[RFC PATCHv3 5/5]
 * snapshot: add another revert API flag» and «[PATCHv4 4/4] snapshot: qemu: Implement reverting of external snapshots»
 * (21 November 2012): external snapshots, whose branches share their files.
 *
 * @example A tree: one base, and two snapshots that stand on it
 * ```ts
 * import { Snapshot } from "pulumi-snaptree";
 *
 * const host = "qemu:///embed?root=/srv/vms";
 * const base = new Snapshot("base", { host, domain: "web", description: "as installed" });
 * const nginx = new Snapshot("nginx", {
 *     host,
 *     domain: "web",
 *     parent: base,
 *     provision: [{ command: ["sh", "-c", 'virt-customize -a "$SNAPTREE_DISK_VDA" --install nginx'], timeout: 600 }],
 * });
 * new Snapshot("apache", {
 *     host,
 *     domain: "web",
 *     parent: base,
 *     provision: [{ command: ["sh", "-c", 'virt-customize -a "$SNAPTREE_DISK_VDA" --install apache2'] }],
 * });
 * export const taken = nginx.creationTime.apply((seconds) => new Date(seconds * 1000).toISOString());
 * ```
 *
 * @example Taken again whenever the installer changes; deleting it takes along what stands on it
 * ```ts
 * new Snapshot("app", {
 *     domain: "web",
 *     parent: base,
 *     provision: [{ command: ["./install.sh"], env: { TOKEN: config.requireSecret("token") } }],
 *     triggers: [createHash("sha256").update(readFileSync("install.sh")).digest("hex")],
 *     onDelete: "subtree",
 * });
 * ```
 *
 * @example A checkpoint of a domain that runs, with one disk left out
 * ```ts
 * new Snapshot("before-upgrade", {
 *     host: "qemu:///system",
 *     domain: "db",
 *     parent: base,
 *     powerState: "running",
 *     mode: "external",
 *     memoryFile: "/srv/vms/db/before-upgrade.mem",
 *     disks: { vda: { snapshot: "external", file: "/srv/vms/db/after.qcow2" }, vdb: { snapshot: "no" } },
 * });
 * ```
 *
 * @example Restore what a host forgot, from a document that was kept
 * ```ts
 * new Snapshot("restored", { domain: "web", redefine: true, current: true, xml: readFileSync("base.xml", "utf8") });
 * ```
 */
export class Snapshot extends SnapshotOutputs {
    /**
     * @param name The resource's name, and the snapshot's unless `args.name` says otherwise.
     * @param args What the snapshot is to be.
     * @param opts Pulumi's options. `dependsOn` is needed for a parent that is given by name and managed by the same program.
     * @throws InvalidInputError, FlagConflictError
     */
    constructor(name: string, args: SnapshotArgs, opts: pulumi.CustomResourceOptions = {}) {
        refuseImport(opts, "a snapshot", "declare the snapshot with “redefine: true”, which takes it over and touches no disk");
        const inputs = inputsOf(name, args);
        refuseFaults(snapshotFaults(knownArguments(inputs)));
        super(type, name, { ...registered(inputs, snapshotProperties), __provider: loaderOf("snapshot") }, keepSecret(opts, inputs, snapshotProperties));
    }

    /** Whether a value is a Snapshot, also one of another copy of this package. */
    static override isInstance(value: unknown): value is Snapshot {
        return pulumi.CustomResource.isInstance(value) && (value as { __pulumiType?: unknown }).__pulumiType === type;
    }
}

fillAbsent(Snapshot.prototype, snapshotProperties.outputs);

function inputsOf(name: string, { parent, ...args }: SnapshotArgs): Properties {
    return { name, ...withHost(args), ...snapshotInputs("parent", parent) };
}

/**
 * What tells the provider which snapshot an argument means: its name and, for a resource, its contents, which say whether it was taken again, and
 * its id, which says whether it is about to be.
 */
export function snapshotInputs(property: "parent" | "from", snapshot: SnapshotArgs["parent"]): Properties {
    if (Snapshot.isInstance(snapshot)) return { [property]: snapshot.name, [`${property}Id`]: snapshot.id, [`${property}ContentId`]: snapshot.contentId };
    if (pulumi.Resource.isInstance(snapshot)) {
        throw new InvalidInputError(`${property} is another kind of resource; give a Snapshot or the name of one`, property);
    }
    return snapshot === undefined ? {} : { [property]: snapshot };
}
