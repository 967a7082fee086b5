import { isAbsolute } from "node:path";
import { type CreateOperation, type Disk, InvalidInputError, type Mode, quoted, UnsupportedError } from "../../model";
import type { Draft } from "../draft";

/** A disk that takes part in a snapshot. */
export interface Participant {
    readonly target: string;
    readonly file: string;
    readonly format: string;
    /** Where the program wants the new overlay; null: a file of our own naming. */
    readonly overlay: string | null;
}

const TARGET = /^[A-Za-z][A-Za-z0-9]{0,31}$/;

function writable(disk: Disk): boolean {
    return (disk.device === "disk" || disk.device === "lun") && !disk.readonly && (disk.file !== null || disk.type !== "file");
}

function overlayOf(backend: string, target: string, operation: CreateOperation, mode: Mode): string | null {
    const choice = operation.disks?.[target];
    if (choice?.driver !== undefined && choice.driver !== "qcow2") {
        throw new UnsupportedError(backend, `an overlay of the format ${choice.driver} (disk ${target})`, "overlays are qcow2: leave driver out");
    }
    const file = choice?.file;
    if (file === undefined) return null;
    if (mode === "internal")
        throw new UnsupportedError(backend, `a file for the internal snapshot of disk ${target}`, "leave disks.*.file out, or ask for mode external");
    if (!isAbsolute(file) || file.includes("\0"))
        throw new InvalidInputError(`disks.${target}.file ${quoted(file)} is not an absolute path`, `disks.${target}.file`);
    return file;
}

function participant(backend: string, disk: Disk, operation: CreateOperation, mode: Mode): Participant {
    const { target, file, format } = disk;
    if (!TARGET.test(target)) throw new InvalidInputError(`the domain's disk target ${quoted(target)} is not of libvirt's form (vda, sdb, …)`, "disks");
    if (file === null || disk.type !== "file") {
        throw new UnsupportedError(
            backend,
            `a snapshot of disk ${target}, which is no file (type ${disk.type})`,
            `leave it out with disks.${target}.snapshot = "no"`,
        );
    }
    if (format === null)
        throw new InvalidInputError(`disk ${target} has no <driver type>; say in the domain's document what format ${quoted(file)} has`, `disks.${target}`);
    if (mode === "internal" && format !== "qcow2") {
        throw new UnsupportedError(
            backend,
            `an internal snapshot of disk ${target}, which is ${format}: they need qcow2 on every disk`,
            "ask for mode external",
        );
    }
    return { target, file, format, overlay: overlayOf(backend, target, operation, mode) };
}

/** The disks that a snapshot of the tip freezes. */
export function participants(draft: Draft, operation: CreateOperation, mode: Mode): Participant[] {
    const domain = draft.domain();
    const { backend } = draft.place;
    const known = new Map(domain.disks.map((disk) => [disk.target, disk]));
    for (const [target, choice] of Object.entries(operation.disks ?? {})) {
        if (!known.has(target))
            throw new InvalidInputError(`disks.${target}: the domain has no disk ${quoted(target)}; it has ${[...known.keys()].join(", ")}`, `disks.${target}`);
        if (choice.snapshot !== undefined && choice.snapshot !== "no" && choice.snapshot !== mode) {
            throw new UnsupportedError(
                backend,
                `an ${choice.snapshot} snapshot of disk ${target} beside ${mode} ones`,
                `give every disk the mode ${mode}, or leave ${target} out`,
            );
        }
    }
    const choiceOf = (disk: Disk) => operation.disks?.[disk.target]?.snapshot ?? disk.snapshot ?? mode;
    const chosen = domain.disks
        .filter((disk) => writable(disk) && !["no", "manual"].includes(choiceOf(disk)))
        .map((disk) => participant(backend, disk, operation, mode));
    if (chosen.length === 0) throw new InvalidInputError("no disk takes part in the snapshot; include at least one that the domain can write to", "disks");
    return chosen;
}
