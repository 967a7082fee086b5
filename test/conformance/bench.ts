import type { Command, Host, Mode, VirtualMachine } from "../../provider/engine";

/** Disks of the suite are this many slots; a slot is as large as what a hypervisor keeps apart at all (64 KiB). */
export const SLOTS = 8;
export const SLOT_BYTES = 64 * 1024;

/** What a disk holds: a character for each slot; “.” where nothing but zeros stands, “?” where it is not one byte throughout. */
export type Contents = string;

/** What the disks hold, by target. */
export type Disks = Readonly<Record<string, Contents>>;

/** A virtual machine of the suite, with eyes and hands that are none of Snaptree's. */
export interface Machine extends AsyncDisposable {
    readonly host: Host;
    readonly vm: VirtualMachine;
    readonly targets: readonly string[];
    /** Writes a slot of the tip as a guest would, behind Snaptree's back. */
    write(target: string, slot: number, character: string): Promise<void>;
    /** What the domain would see if it were started now. */
    tip(): Promise<Disks>;
    snapshot(name: string): Promise<Disks>;
    branch(name: string): Promise<Disks>;
    /** What the domain's configuration says of it in a line that means nothing to the guest. */
    title(): Promise<string | null>;
    /** Changes that line as an administrator would, behind Snaptree's back. */
    entitle(title: string): Promise<void>;
    /** A `provision` that writes slots. */
    provision(writes: readonly Write[]): Command[];
    /** A snapshot was only forgotten: what it held stays for good, and `sound` expects that. */
    leave(name: string): Promise<void>;
    /** Fails when an image is broken, when one that is not Snaptree's changed, or when something is left that nothing needs. */
    sound(): Promise<void>;
}

export interface Write {
    readonly target: string;
    readonly slot: number;
    readonly character: string;
}

/** A backend under the suite. */
export interface Bench {
    /** The mode that machines are tested in; null where the hypervisor knows no such difference. */
    readonly mode: Mode | null;
    /** Quiescing a machine that is off is nothing, and no error. */
    readonly quiescesOff?: true;
    /** A new machine whose disks hold zeros but for slot 0, which is “0”. */
    machine(targets: readonly string[]): Promise<Machine>;
}

/** Contents with some slots other. */
export function changed(contents: Contents, slot: number, character: string): Contents {
    return contents.slice(0, slot) + character + contents.slice(slot + 1);
}

/** What a new machine's disk holds. */
export const PRISTINE: Contents = changed(".".repeat(SLOTS), 0, "0");

/** The contents in which slots 1, 2, … hold these characters. */
export function holding(characters: string): Contents {
    return `0${characters}`.padEnd(SLOTS, ".");
}
