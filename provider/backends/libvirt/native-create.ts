import { randomUUID } from "node:crypto";
import { dirname, join } from "node:path";
import { type CreateOperation, type Domain, InvalidInputError, type Mode, quoted, UnsupportedError } from "../../model";
import type { SnapshotDisk } from "../../xml";
import type { Records } from "../../disks/records";
import type { Capabilities } from "../backend";
import type { NewSnapshot } from "./native";

/** What a creation is of, where libvirt alone takes it. */
export interface NativeTip {
    readonly domain: Domain;
    readonly records: Records;
    readonly capabilities: Capabilities;
    /** There is a guest whose memory can be taken. */
    readonly active: boolean;
}

/** That of the hierarchy; of its first snapshot as virsh has it: inside the images, but for what can't be there. */
function modeOf({ records, capabilities: { backend, modes } }: NativeTip, operation: CreateOperation): Mode {
    const own = [...records.snapshots.values()][0]?.mode ?? null;
    const said = Object.values(operation.disks ?? {}).flatMap(({ snapshot }) => (snapshot === undefined || snapshot === "no" ? [] : [snapshot]));
    const must: Mode | undefined = operation.diskOnly || operation.memoryFile !== undefined ? "external" : undefined;
    const asked = new Set([operation.mode, must, ...said].filter((mode) => mode !== undefined));
    const mode = [...asked][0] ?? own ?? "internal";
    if (asked.size > 1 || (own !== null && own !== mode))
        throw new UnsupportedError(
            backend,
            asked.size > 1 ? "internal and external disks in one snapshot" : `${mode} snapshots in a hierarchy of ${own} ones`,
            `the two are not mixed: ask for ${own ?? "one of them"}`,
        );
    if (!modes.includes(mode)) throw new UnsupportedError(backend, `${mode} snapshots`, `ask for ${modes.join(" or ")} ones`);
    return mode;
}

/** Every disk that can take part, as libvirt is told of it. */
function disksOf({ disks }: Domain, operation: CreateOperation, mode: Mode): SnapshotDisk[] {
    const choices = operation.disks ?? {};
    const unknown = Object.keys(choices).find((target) => !disks.some((disk) => disk.target === target));
    if (unknown !== undefined) throw new InvalidInputError(`the domain has no disk ${quoted(unknown)}; it has ${disks.map(({ target }) => target).join(", ")}`, `disks.${unknown}`); // prettier-ignore
    return disks.flatMap(({ target, device, readonly, file, snapshot }): SnapshotDisk[] => {
        const choice = Object.hasOwn(choices, target) ? choices[target] : undefined;
        const isOut = choice?.snapshot === "no" || (choice === undefined && (device !== "disk" || readonly || snapshot === "no"));
        if (isOut) return [{ name: target, snapshot: "no", type: "file", file: null, driver: null }];
        if (file === null) return []; // No file: libvirt knows what can be done with it, or refuses.
        if (mode === "internal") return [{ name: target, snapshot: mode, type: "file", file: null, driver: null }];
        return [{ name: target, snapshot: mode, type: "file", file: choice?.file ?? null, driver: choice?.driver ?? "qcow2" }];
    });
}

/** A file beside the disks that nobody can have yet: libvirt would write over one that is there. */
function memoryFileOf(domain: Domain): string {
    const beside = domain.disks.find(({ file, device }) => file !== null && device === "disk")?.file;
    if (beside == null)
        throw new InvalidInputError(
            `the domain ${quoted(domain.name)} has no disk in a file, beside which its memory could be kept; name a memoryFile`,
            "memoryFile",
        );
    return join(dirname(beside), `${domain.name.replaceAll(/[^A-Za-z0-9_.-]/g, "_")}.${randomUUID()}.save`);
}

function memoryOf({ domain, active, records }: NativeTip, { diskOnly, memoryFile }: CreateOperation, mode: Mode): NewSnapshot["memory"] {
    if (!active || diskOnly) return undefined;
    if (mode === "internal") return "internal";
    const other = [...records.snapshots.values()].find((snapshot) => memoryFile !== undefined && snapshot.memoryFile === memoryFile);
    if (other) throw new InvalidInputError(`${quoted(memoryFile ?? "")} holds the memory of snapshot ${quoted(other.name)}; name another file`, "memoryFile");
    return { file: memoryFile ?? memoryFileOf(domain) };
}

/** What libvirt is to be asked for. It names overlays itself, and never writes over one. @throws UnsupportedError, InvalidInputError */
export function nativeCreation(tip: NativeTip, operation: CreateOperation): NewSnapshot {
    const mode = modeOf(tip, operation);
    const { name, description, diskOnly, live, quiesce, atomic, halt, reuseExternal, noMetadata } = operation;
    if (operation.memoryFile !== undefined && !tip.active)
        throw new UnsupportedError(tip.capabilities.backend, "memoryFile of a domain that is shut off", "leave it out, or start the domain first");
    return {
        name,
        description,
        memory: memoryOf(tip, operation, mode),
        // The test driver looks at its disks by itself.
        ...(tip.capabilities.disks && { disks: disksOf(tip.domain, operation, mode) }),
        flags: {
            // A domain that is shut off has nothing but disks, and libvirt takes external ones of them only so.
            diskOnly: diskOnly || (mode === "external" && !tip.active),
            live: live ?? false,
            quiesce: quiesce ?? false,
            atomic: atomic ?? false,
            halt: halt ?? false,
            reuseExternal: reuseExternal ?? false,
            noMetadata: noMetadata ?? false,
        },
    };
}
