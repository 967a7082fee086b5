import { createHash } from "node:crypto";
import { BusyError, quoted, UnsupportedError } from "../../model";
import { formatSnapshot, parseDomain, type SnapshotDocument } from "../../xml";
import type { SnapshotRecord } from "../../disks/records";
import { withTag } from "../../disks/tag";
import { BACKEND } from "./capabilities";
import { bare, type Seen, type SeenDomain } from "./seen";
import { option, type Virsh, VirshError } from "./virsh";

/*
 * A domain goes from host to host as what libvirt and the records remember of it. What libvirt keeps on one host alone stands in the way.
 */

/** A snapshot's document to be remembered elsewhere: nothing of ours in it, but where its contents are. */
export function carriedDocument(document: SnapshotDocument, { name, tag }: Pick<SnapshotRecord, "name" | "tag">): string {
    return formatSnapshot({
        ...document,
        domain: document.domain && bare(document.domain),
        inactiveDomain: document.inactiveDomain && bare(document.inactiveDomain),
        unknown: withTag(document.unknown, name, tag),
    });
}

/** Tells a snapshot that others took, who gave it no ID, from another one of its name: the same on every host, and whenever it is asked for. */
export function lastingId(uuid: string, { name, creationTime }: Pick<SnapshotRecord, "name" | "creationTime">): string {
    const hash = createHash("sha256")
        .update(JSON.stringify([uuid, name, creationTime]))
        .digest("hex");
    return [hash.slice(0, 8), hash.slice(8, 12), hash.slice(12, 16), hash.slice(16, 20), hash.slice(20, 32)].join("-");
}

/** libvirt would make a domain that runs a transient one, and both hosts would write. */
export function refuseRunning(name: string, { powerState, managedSave }: SeenDomain, what: string): void {
    if (powerState === "shutoff" && !managedSave) return;
    const state = managedSave ? "has a managed save, which only this host can start" : `is ${powerState}`;
    throw new BusyError(
        `the domain ${quoted(name)} ${state}, and ${what} shut off; shut its guest down first (virsh shutdown), after a checkpoint if its memory is to come along`,
    );
}

async function checkpointsOf(virsh: Virsh, uuid: string): Promise<string[]> {
    try {
        return (await virsh.run(["checkpoint-list", option("domain", uuid), "--name"])).split("\n").filter(Boolean);
    } catch (error) {
        if (error instanceof VirshError) return []; // A driver that knows none.
        throw error;
    }
}

/** What would be lost, or keep the domain here, when it is gone from this host: found before anything is done elsewhere. */
export async function refuseRooted(virsh: Virsh, uuid: string, name: string, seen: Seen): Promise<void> {
    refuseRunning(name, seen, "it goes to another host");
    if (parseDomain(seen.config).tpm)
        throw new UnsupportedError(BACKEND, "the migration of a domain with a TPM, whose state libvirt keeps on this host alone", "remove the TPM first");
    const checkpoints = await checkpointsOf(virsh, uuid);
    if (checkpoints.length > 0)
        throw new BusyError(
            `the domain ${quoted(name)} has checkpoints for backups (${checkpoints.map(quoted).join(", ")}), which stay with this host; delete them first (virsh checkpoint-delete)`,
        );
}
