import * as pulumi from "@pulumi/pulumi";
import type { Hierarchy, Snapshot } from "../provider/model";

/** Which domain's hierarchy. */
export interface GetHierarchyArgs {
    /** As a resource's. Default: the environment variable `SNAPTREE_HOST`. */
    readonly host?: string | undefined;
    /** Default: the environment variable `SNAPTREE_PASSWORD`, then libvirt's `auth.conf`. */
    readonly password?: string | undefined;
    readonly domain: string;
}

/** Which domain's hierarchy, with values that may be known only later. */
export interface GetHierarchyOutputArgs {
    readonly host?: pulumi.Input<string> | undefined;
    readonly password?: pulumi.Input<string> | undefined;
    readonly domain: pulumi.Input<string>;
}

/** A snapshot with its document. */
export interface SnapshotDetails extends Snapshot {
    /** Its `<domainsnapshot>` document, as libvirt writes it, without security information. */
    readonly xml: string;
}

/** All that is known of a domain's snapshots and branches, with what changes by itself: where the domain is, what is dirty, which files, how large. */
export interface GetHierarchyResult extends Omit<Hierarchy, "snapshots"> {
    /** Parents before children, then by creation time and name. */
    readonly snapshots: readonly SnapshotDetails[];
}

/**
 * What a domain has now, in one listing: its snapshots with files, sizes and documents, its branches with their tips, where it stands and whether that was
 * written to. It runs in the program's process, in previews too, and changes nothing.
 *
 * @throws NotFoundError (no such domain), UnreachableError, InvalidInputError (no host)
 * @example
 * ```ts
 * const { branch, dirty, snapshots } = await getHierarchy({ domain: "web" });
 * export const bytes = snapshots.reduce((sum, snapshot) => sum + (snapshot.bytes ?? 0), 0);
 * ```
 */
export async function getHierarchy({ host, password, domain }: GetHierarchyArgs): Promise<GetHierarchyResult> {
    // Only a program that asks a host has to load what talks to hosts.
    const { connect } = await import("../provider/engine/index.js");
    await using connection = await connect(host, { password });
    const machine = await connection.domain(domain);
    const hierarchy = await machine.hierarchy({ sizes: true });
    const snapshots = await Promise.all(hierarchy.snapshots.map(async (snapshot) => ({ ...snapshot, xml: await machine.document(snapshot.name) })));
    return { ...hierarchy, snapshots };
}

/**
 * {@link getHierarchy} for arguments that may be known only later. What is made by the same program is there if `domain` comes from a resource's output.
 *
 * @example `const tip = getHierarchyOutput({ domain: tree.domain }).apply(({ current }) => current);`
 */
export function getHierarchyOutput(args: GetHierarchyOutputArgs): pulumi.Output<GetHierarchyResult> {
    return pulumi
        .output({ host: args.host, password: args.password, domain: args.domain })
        .apply(({ host, password, domain }) => getHierarchy({ host, password, domain }));
}
