import { type Disk, type Hierarchy, HostError, type Operation, quoted } from "../../model";
import { parseDomain, withDiskFiles, type XmlElement } from "../../xml";
import type { Guest, GuestOptions } from "../backend";
import { destroy, shutdown, start, wake } from "./guest";
import { memoryDomain, restoreMemory } from "./memory";
import { revertSnapshot } from "./native";
import type { Seen } from "./seen";
import type { Virsh } from "./virsh";

function isInternal(operation: Operation, { snapshots }: Hierarchy): boolean {
    return snapshots[0]?.mode === "internal" || ("mode" in operation && operation.mode === "internal");
}

/** Whether an operation takes a running guest elsewhere, or changes what QEMU can't change under it. */
function isInTheWay(operation: Operation, hierarchy: Hierarchy): boolean {
    switch (operation.kind) {
        case "revert":
        case "switch":
        case "commit":
            return true;
        case "create":
            return operation.source === "parent" && (operation.moveTip || operation.parent === null || isInternal(operation, hierarchy));
        case "reset":
            return operation.name === hierarchy.branch || isInternal(operation, hierarchy);
        default:
            return false;
    }
}

/** Of a domain, what its guest needs to come back. */
export interface Returning {
    readonly virsh: Virsh;
    readonly uuid: string;
    readonly see: () => Promise<Seen>;
}

/**
 * What ran when memory was saved, on the disks that the domain is on now.
 *
 * @throws HostError where it had one that the domain has not: it would go on writing to what the snapshot holds.
 */
function onDisksOf(saved: XmlElement, disks: readonly Disk[], name: string, memory: string): XmlElement {
    const had = new Map(parseDomain(saved).disks.map((disk) => [disk.target, disk]));
    const now = disks.flatMap(({ target, file, format }) =>
        file === null || format === null || !had.has(target) ? [] : [[target, { file, format }] as const],
    );
    for (const [target] of now) had.delete(target);
    const left = [...had.values()].find(({ file, device, readonly }) => file !== null && device !== "cdrom" && !readonly);
    if (left)
        throw new HostError(
            `the guest had a disk ${left.target} when ${quoted(name)} was taken, which the domain has not, and would go on writing to ${quoted(left.file ?? "")}, which the snapshot holds; its memory stays in ${quoted(memory)}: start the domain without it`,
            { target: left.target },
        );
    return withDiskFiles(saved, Object.fromEntries(now));
}

/** The guest goes on with the memory that a snapshot holds, on the disks that the domain has been put on. */
async function remember({ virsh, uuid, see }: Returning, name: string, to: "running" | "paused" | undefined): Promise<boolean> {
    const seen = await see();
    const memory = seen.documents.get(name)?.document.memory;
    if (memory?.snapshot === "internal") {
        await revertSnapshot(virsh, uuid, name, { running: to === "running", paused: to === "paused" });
        return true;
    }
    if (memory?.snapshot !== "external" || memory.file === null) return false;
    const domain = onDisksOf(await memoryDomain(virsh, memory.file), parseDomain(seen.config).disks, name, memory.file);
    await restoreMemory(virsh, uuid, { file: memory.file, domain, inactive: null, to });
    return true;
}

/** What runs in a domain of libvirt's. */
export function guestOf(returning: Returning): Guest {
    const { virsh, uuid } = returning;
    return {
        mustLeave: (operations, hierarchy) => operations.some((operation) => isInTheWay(operation, hierarchy)),
        leave: (how, { signal }: GuestOptions) => (how === "shutdown" ? shutdown(virsh, uuid, { signal }) : destroy(virsh, uuid)),
        async wake() {
            await wake(virsh, uuid);
            await returning.see();
        },
        async arrive(operation) {
            if (operation.kind !== "revert" && operation.kind !== "switch") return;
            const { powerState: to } = operation;
            if (to === "shutoff") return;
            if (operation.kind === "revert" && (await remember(returning, operation.name, to))) return;
            if (to !== undefined) await start(virsh, uuid, to);
        },
    };
}
