import { formatXml, parseXml, type XmlElement } from "../../xml";
import { withoutChains } from "./chains";
import { guestState, refuseManagedSave } from "./guest";
import { option, type Virsh } from "./virsh";

/*
 * The memory of an external checkpoint is a file that libvirt restores as it does any saved guest. So the guest can be brought back on other disks by libvirt of
 * any age, whatever its own revert can do.
 */

/**
 * The `<domain>` in a memory file: the guest as it ran when the file was made.
 *
 * @throws VirshError where the file can't be read, or holds no memory.
 */
export async function memoryDomain(virsh: Virsh, file: string): Promise<XmlElement> {
    return parseXml(await virsh.run(["save-image-dumpxml", option("file", file), "--security-info"]), "the memory's XML");
}

/** A guest that is to come back with its memory. */
export interface MemoryRestore {
    /** The memory, made by a snapshot with external memory or by `virsh save`. It is read, and stays as it is. */
    readonly file: string;
    /** The guest as it is to run: {@link memoryDomain} on disks that hold exactly what they held when the memory was saved. */
    readonly domain: XmlElement;
    /** How it is defined for its next start, on the same disks; null: as it is (a transient domain has nothing else). */
    readonly inactive: XmlElement | null;
    /** Default: as it was saved. */
    readonly to?: "running" | "paused" | undefined;
    /** The firmware's variables start from their template again. */
    readonly resetNvram?: boolean;
}

/**
 * Brings a guest back with its memory. It must be shut off. It is defined first, so that it never runs on other disks than the ones that it will be started with.
 *
 * @throws HostError where it has a managed save; VirshError, in libvirt's words, where the memory can't be loaded: it is shut off then, and defined as asked.
 * @example
 * ```ts
 * const domain = withDiskFiles(await memoryDomain(virsh, file), { vda: { file: overlay, format: "qcow2" } });
 * await restoreMemory(virsh, uuid, { file, domain, inactive, to: "paused" });
 * ```
 */
export async function restoreMemory(virsh: Virsh, uuid: string, { file, domain, inactive, to, resetNvram }: MemoryRestore): Promise<void> {
    refuseManagedSave(await guestState(virsh, uuid), uuid);
    if (inactive) await virsh.withXml(formatXml(withoutChains(inactive)), (document) => ["define", option("file", document)]);
    const flags = [...(to === undefined ? [] : [`--${to}`]), ...(resetNvram ? ["--reset-nvram"] : [])];
    await virsh.withXml(formatXml(withoutChains(domain)), (document) => ["restore", option("file", file), option("xml", document), ...flags], {
        alone: true,
    });
}
