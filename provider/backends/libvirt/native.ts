import { InvalidInputError, quoted } from "../../model";
import { emptySnapshot, formatSnapshot, type SnapshotDisk } from "../../xml";
import { guestState, refuseManagedSave } from "./guest";
import { type Command, option, type Virsh, VirshError } from "./virsh";

/*
 * libvirt's own operations on snapshots. What they refuse, they refuse in libvirt's words. Commands are made by functions without effect.
 */

/** A snapshot as libvirt is to take it, of a guest that runs or of one that is shut off. */
export interface NewSnapshot {
    readonly name: string;
    readonly description?: string | undefined;
    /** Where the guest's memory goes: nowhere, into the disk's image, or into a file (absolute path). Default: as libvirt sees fit. */
    readonly memory?: "no" | "internal" | { readonly file: string } | undefined;
    /** How each disk takes part; those left out as libvirt sees fit. */
    readonly disks?: readonly SnapshotDisk[];
    readonly flags?: CreateFlags;
}

/** As `virsh snapshot-create` has them. */
export interface CreateFlags {
    readonly diskOnly?: boolean;
    readonly live?: boolean;
    readonly quiesce?: boolean;
    readonly atomic?: boolean;
    readonly halt?: boolean;
    readonly reuseExternal?: boolean;
    readonly noMetadata?: boolean;
}

const CREATE_OPTIONS: Readonly<Record<keyof CreateFlags, string>> = {
    diskOnly: "--disk-only",
    live: "--live",
    quiesce: "--quiesce",
    atomic: "--atomic",
    halt: "--halt",
    reuseExternal: "--reuse-external",
    noMetadata: "--no-metadata",
};

/** The options that are asked for, in one order. */
function chosen<Flag extends string>(options: Readonly<Record<Flag, string>>, flags: Partial<Readonly<Record<Flag, boolean>>>): string[] {
    return (Object.keys(options) as Flag[]).filter((flag) => flags[flag]).map((flag) => options[flag]);
}

function memoryOf(memory: NewSnapshot["memory"]) {
    if (memory === undefined) return null;
    return typeof memory === "string" ? { snapshot: memory, file: null } : { snapshot: "external" as const, file: memory.file };
}

/** The `<domainsnapshot>` that libvirt is given for a new snapshot. @throws InvalidInputError for characters that XML forbids. */
export function newSnapshotXml({ name, description, memory, disks = [] }: NewSnapshot): string {
    return formatSnapshot({ ...emptySnapshot, name, description: description ?? null, memory: memoryOf(memory), disks });
}

/** The command that takes a snapshot, as a document in a file says. */
export function createCommand(domain: string, file: string, flags: CreateFlags = {}): Command {
    return ["snapshot-create", option("domain", domain), option("xmlfile", file), ...chosen(CREATE_OPTIONS, flags)];
}

/** The command that restores or alters what is remembered of a snapshot, or moves `current` to it besides. */
export function redefineCommand(domain: string, file: string, { current = false } = {}): Command {
    return ["snapshot-create", option("domain", domain), option("xmlfile", file), "--redefine", ...(current ? ["--current"] : [])];
}

/** As `virsh snapshot-revert` has them; neither running nor paused: what the snapshot was taken in. */
export interface RevertFlags {
    readonly running?: boolean;
    readonly paused?: boolean;
    readonly force?: boolean;
    readonly resetNvram?: boolean;
}

const REVERT_OPTIONS: Readonly<Record<keyof RevertFlags, string>> = { running: "--running", paused: "--paused", force: "--force", resetNvram: "--reset-nvram" };

export function revertCommand(domain: string, name: string, flags: RevertFlags = {}): Command {
    return ["snapshot-revert", option("domain", domain), option("snapshotname", name), ...chosen(REVERT_OPTIONS, flags)];
}

/** As `virsh snapshot-delete` has them. */
export interface DeleteFlags {
    readonly children?: boolean;
    readonly childrenOnly?: boolean;
    readonly metadata?: boolean;
}

const DELETE_OPTIONS: Readonly<Record<keyof DeleteFlags, string>> = { children: "--children", childrenOnly: "--children-only", metadata: "--metadata" };

export function deleteCommand(domain: string, name: string, flags: DeleteFlags = {}): Command {
    return ["snapshot-delete", option("domain", domain), option("snapshotname", name), ...chosen(DELETE_OPTIONS, flags)];
}

/** What a guest's memory can be kept under in its image: QEMU 10 takes nothing else, and QEMU 7.2 loses what it keeps under a name with a quote in it. */
const CHECKPOINT_NAME = /^[-\w.]+$/;

function unfitName(name: string, cause?: unknown): InvalidInputError {
    return new InvalidInputError(
        `${quoted(name)} is no name under which this QEMU can keep a running guest's memory in its image; use letters, digits, “-”, “.” and “_” alone, or keep the memory in a file`,
        "name",
        { cause },
    );
}

/** libvirt's document of a guest that QEMU runs; the test driver takes any name. */
const RUN_BY_QEMU = /^<domain type='(?!test')[^'>]+' id='/;

async function checkName(virsh: Virsh, domain: string, { name, memory, flags }: NewSnapshot): Promise<void> {
    const inImage = memory === "internal" || (memory === undefined && !flags?.diskOnly);
    if (inImage && name.includes('"') && RUN_BY_QEMU.test(await virsh.run(["dumpxml", option("domain", domain)]))) throw unfitName(name);
}

/**
 * Takes a snapshot. Other commands are not held up meanwhile where it says that it saves memory.
 *
 * @throws InvalidInputError for a name under which QEMU can't keep a guest's memory in its image; VirshError in libvirt's words. Then there is no snapshot.
 * @example
 * ```ts
 * await createSnapshot(virsh, uuid, { name: "base", memory: "internal" });                    // of a running guest
 * await createSnapshot(virsh, uuid, { name: "x", memory: { file: "/vms/x.mem" }, disks });    // the same, on new overlays
 * ```
 */
export async function createSnapshot(virsh: Virsh, domain: string, snapshot: NewSnapshot): Promise<void> {
    const { name, memory, flags } = snapshot;
    await checkName(virsh, domain, snapshot);
    const alone = memory !== undefined && memory !== "no";
    try {
        await virsh.withXml(newSnapshotXml(snapshot), (file) => createCommand(domain, file, flags), { alone, timeout: null });
    } catch (error) {
        throw error instanceof VirshError && !CHECKPOINT_NAME.test(name) && error.message.includes("Invalid job ID") ? unfitName(name, error) : error;
    }
}

/**
 * Restores or alters what is remembered of a snapshot: `xml` is its whole `<domainsnapshot>`.
 *
 * @throws VirshError in libvirt's words; then nothing has changed.
 */
export async function redefineSnapshot(virsh: Virsh, domain: string, xml: string, options: { readonly current?: boolean } = {}): Promise<void> {
    await virsh.withXml(xml, (file) => redefineCommand(domain, file, options));
}

/**
 * Reverts as libvirt does: the guest that runs ends first, even where the rest fails. From 9.9 on, an external snapshot's revert removes the overlays that the
 * current snapshot names.
 *
 * @throws HostError where the domain has a managed save, which libvirt would leave there for other disks; VirshError in libvirt's words.
 */
export async function revertSnapshot(virsh: Virsh, domain: string, name: string, flags: RevertFlags = {}): Promise<void> {
    refuseManagedSave(await guestState(virsh, domain), domain);
    await virsh.alone(revertCommand(domain, name, flags));
}

/**
 * Deletes as libvirt does. Of external snapshots (9.9 and later) libvirt looks only at its own: what else stands on a file is not seen.
 *
 * @throws VirshError in libvirt's words.
 */
export async function deleteSnapshot(virsh: Virsh, domain: string, name: string, flags: DeleteFlags = {}): Promise<void> {
    await virsh.alone(deleteCommand(domain, name, flags));
}
