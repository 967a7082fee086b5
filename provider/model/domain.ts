/** libvirt's words for what a domain does. */
export type PowerState = "running" | "blocked" | "paused" | "in shutdown" | "shutoff" | "crashed" | "pmsuspended";

/** A disk of a domain, as `<disk>` has it. */
export interface Disk {
    /** `<target dev>`: `vda`. */
    readonly target: string;
    /** `<disk type>`: `file`, `block`, `network`, `volume`, … */
    readonly type: string;
    /** `<disk device>`: `disk`, `lun`, `cdrom`, `floppy`. */
    readonly device: string;
    /** `<source file>`; null where the disk has none. */
    readonly file: string | null;
    /** `<driver type>`: `qcow2`, `raw`; null where the document does not say. */
    readonly format: string | null;
    readonly readonly: boolean;
    /** `<disk snapshot>`: the domain's own default for this disk; null where the document does not say. */
    readonly snapshot: string | null;
}

/** One virtual machine on a host. */
export interface Domain {
    readonly name: string;
    readonly uuid: string;
    readonly disks: readonly Disk[];
    /** Path in `<os><nvram>`, the guest's firmware variables; null where there is none. */
    readonly nvram: string | null;
    /** Path of what those start from (`<nvram template>`); null where the document names none. */
    readonly nvramTemplate: string | null;
    /** The domain has an emulated TPM, whose state no snapshot can hold. */
    readonly tpm: boolean;
}
