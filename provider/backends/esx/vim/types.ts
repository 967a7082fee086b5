/*
 * What the client reads, in the words of the vSphere API. A `ref` is a managed object id (`vm-42`, `snapshot-43`, `1-snapshot-2`); the type is known from
 * where it stands.
 */

/** Where to log in, and as whom. */
export interface VimHost {
    /** `https://HOST:PORT/sdk`. */
    readonly url: string;
    readonly user: string;
    readonly password: string;
    /** False: whatever certificate the host shows is taken. */
    readonly verify: boolean;
    /** A file of certificates (PEM) to trust, and no others; null: those that Node trusts. */
    readonly cacert: string | null;
    /** Inventory path whose machines are meant, as `vpx://` has it: a datacenter, then folders, a cluster, a host; empty: all that there are. */
    readonly path: readonly string[];
    /** The URI as messages show it: without its parameters. */
    readonly shown: string;
}

/** `HostAgent`: an ESX host itself; `VirtualCenter`: a vCenter. */
export interface VimAbout {
    readonly apiType: "HostAgent" | "VirtualCenter";
    /** Of the product: `8.0.2`. */
    readonly version: string;
    readonly build: string | null;
    /** Of the vCenter; null on an ESX host. */
    readonly instanceUuid: string | null;
}

export type VimPowerState = "poweredOn" | "poweredOff" | "suspended";

export interface SnapshotRead {
    readonly ref: string;
    /** Unique in its machine, counted from 1, never used again. */
    readonly id: number;
    /** Null: a root. */
    readonly parent: string | null;
    /** Not necessarily unique. */
    readonly name: string;
    /** Null: none, or an empty one. */
    readonly description: string | null;
    /** Milliseconds since 1970, with fractions where the host gives them. */
    readonly time: number;
    /** Of the machine when it was taken; `poweredOff`: it holds no memory. */
    readonly state: VimPowerState;
    readonly quiesced: boolean;
}

export interface VimDisk {
    /** Of the device; what a reconfiguration and the layout name it by. */
    readonly key: number;
    /** `Hard disk 1`. */
    readonly label: string;
    /** `[datastore] folder/name.vmdk`; null where it is no file. */
    readonly file: string | null;
    /** Files under it, the nearest first. */
    readonly parents: readonly string[];
    readonly capacityBytes: number;
    /** `scsi`, `sata`, `nvme`, `ide`; another controller's type as it is called. */
    readonly bus: string;
    /** Number of the controller among those of its bus. */
    readonly controller: number;
    readonly unit: number;
    /** `persistent`, `independent_persistent`, `independent_nonpersistent`, …; null where it has none. */
    readonly mode: string | null;
    /** Snapshots leave it out: its mode is an independent one. */
    readonly independent: boolean;
    readonly uuid: string | null;
}

export interface VimNic {
    readonly key: number;
    readonly label: string;
    /** `VirtualVmxnet3`, `VirtualE1000`, … */
    readonly model: string;
    readonly mac: string | null;
    /** Name or key of the network; null where it is connected to none. */
    readonly network: string | null;
}

/** Configuration of a machine, or of one as a snapshot keeps it. */
export interface MachineConfig {
    /** Changes with each change of the configuration. Not to be compared but for equality. */
    readonly changeVersion: string | null;
    readonly name: string;
    readonly uuid: string | null;
    readonly annotation: string | null;
    readonly guestId: string | null;
    /** `vmx-21`. */
    readonly version: string | null;
    readonly memoryMB: number;
    readonly cpus: number;
    /** `bios`, `efi`. */
    readonly firmware: string | null;
    /** `[datastore] folder/name.vmx`. */
    readonly vmx: string | null;
    readonly disks: readonly VimDisk[];
    readonly nics: readonly VimNic[];
    /** A TPM, whose state snapshots keep only with the memory. */
    readonly tpm: boolean;
    readonly extra: ReadonlyMap<string, string>;
}

/** A file that a machine is made of. */
export interface MachineFile {
    /** What chains name it by. */
    readonly key: number;
    /** `[datastore] folder/name.vmdk`. */
    readonly name: string;
    /** `config`, `diskDescriptor`, `diskExtent`, `snapshotData`, `snapshotList`, `snapshotMemory`, `log`, `nvram`, … */
    readonly type: string;
    /** Bytes. */
    readonly size: number;
    /** Bytes that would be free without it; null where the host does not tell. */
    readonly unique: number | null;
}

/** Files of one disk, from the lowest to the one that is written: each its descriptor and extents. */
export interface DiskChain {
    /** Of the device. */
    readonly key: number;
    readonly files: readonly (readonly MachineFile[])[];
}

/** Files of one snapshot: where the guest writes no more. */
export interface SnapshotFiles {
    readonly ref: string;
    readonly data: MachineFile | null;
    readonly memory: MachineFile | null;
    readonly disks: readonly DiskChain[];
}

/** A machine as its host lists it. */
export interface MachineSummary {
    readonly ref: string;
    readonly name: string;
    /** BIOS's, lower case with dashes; null where the machine is not accessible. */
    readonly uuid: string | null;
    /** The vCenter's; null on hosts that give none. */
    readonly instanceUuid: string | null;
    /** Inventory path, its parts joined by `/`, a `/` in a name as `%2f`: `DC0/vm/folder/web`. */
    readonly path: string;
    readonly powerState: VimPowerState;
    /** A template can't be powered on. */
    readonly template: boolean;
    /** `connected`, or why nothing can be done with it: `disconnected`, `inaccessible`, `invalid`, `orphaned`. */
    readonly connection: string;
    /** The snapshot that the machine's state descends from; null where there is none. */
    readonly current: string | null;
    /** Parents first. */
    readonly snapshots: readonly SnapshotRead[];
}

/** All of a machine that the backend works from. */
export interface MachineRead extends MachineSummary {
    readonly config: MachineConfig;
    /** Those of the layout. */
    readonly files: readonly MachineFile[];
    readonly chains: readonly DiskChain[];
    readonly snapshotFiles: readonly SnapshotFiles[];
    readonly consolidationNeeded: boolean;
    readonly toolsRunning: boolean;
}

/** How a task is waited for. */
export interface TaskOptions {
    /** What it does, for messages: `create snapshot "a" of "web"`. */
    readonly title: string;
    /** Aborted, the task is cancelled on the host, and the call fails with the signal's reason once it has ended there. */
    readonly signal?: AbortSignal | undefined;
    /** From 0 to 1. */
    readonly onProgress?: ((fraction: number) => void) | undefined;
    /** Milliseconds after which it is waited for no longer; it goes on on the host. Default: as long as it takes. */
    readonly timeout?: number | undefined;
}

export interface NewSnapshot {
    readonly name: string;
    readonly description: string;
    readonly memory: boolean;
    readonly quiesce: boolean;
}

export interface Reconfiguration {
    /** The change is refused where the configuration is not this one any more. */
    readonly changeVersion?: string | undefined;
    /** An empty value removes the key. */
    readonly extra?: readonly (readonly [key: string, value: string])[] | undefined;
    readonly annotation?: string | undefined;
    readonly name?: string | undefined;
}

/** Where a machine stands, for whoever must choose between several of one name. */
export interface Candidate {
    readonly ref: string;
    readonly name: string;
    readonly path: string;
    /** The same for each way to the machine; null where the host gives none. */
    readonly instanceUuid: string | null;
}
