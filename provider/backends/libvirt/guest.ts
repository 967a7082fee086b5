import { BusyError, HostError, NotFoundError, type PowerState, quoted } from "../../model";
import { pause } from "./pause";
import { option, type Virsh, VirshError } from "./virsh";

/*
 * A domain's power: what it does, and starting and ending it. Domains are given by UUID, or by name (libvirt takes a name of digits for an id first).
 */

/** What a domain does, and what of it is kept. */
export interface GuestState {
    readonly powerState: PowerState;
    /** A QEMU runs for it, whatever the guest in it does: its images are open, and it has memory to lose. */
    readonly active: boolean;
    /** Its memory is in a file of libvirt's own, which the next start goes on from. */
    readonly managedSave: boolean;
    /** False: once it ends, libvirt knows nothing of it any more (a transient domain). */
    readonly persistent: boolean;
    /** libvirt starts it with itself. */
    readonly autostart: boolean;
}

/** libvirt's words where virsh has others. */
const POWER_STATES: Readonly<Record<string, PowerState>> = {
    running: "running",
    idle: "blocked",
    blocked: "blocked",
    paused: "paused",
    "in shutdown": "in shutdown",
    "shut off": "shutoff",
    crashed: "crashed",
    pmsuspended: "pmsuspended",
};

/** Reads what `virsh dominfo` prints. */
export function parseGuestState(info: string): GuestState {
    const field = (name: string) => info.split("\n").find((line) => line.startsWith(`${name}:`))?.slice(name.length + 1).trim() ?? ""; // prettier-ignore
    const active = field("Id") !== "-";
    return {
        // “no state” says nothing: then whether there is a QEMU does.
        powerState: POWER_STATES[field("State")] ?? (active ? "running" : "shutoff"),
        active,
        managedSave: field("Managed save") === "yes",
        persistent: field("Persistent") === "yes",
        autostart: field("Autostart") === "enable",
    };
}

/**
 * What the domain does now. One command.
 *
 * @throws NotFoundError where the host has no such domain.
 */
export async function guestState(virsh: Virsh, domain: string): Promise<GuestState> {
    try {
        return parseGuestState(await virsh.run(["dominfo", option("domain", domain)]));
    } catch (error) {
        if (error instanceof VirshError && /failed to get domain|Domain not found/.test(error.message))
            throw new NotFoundError(`the host has no domain ${quoted(domain)}; look at what it has with “virsh list --all”`, {}, { cause: error });
        throw error;
    }
}

/** Counts as running: it has memory that would be lost, in a QEMU or in a managed save. */
export function holdsMemory({ active, managedSave }: GuestState): boolean {
    return active || managedSave;
}

/**
 * Starts a guest from its managed save, as it was when it was saved: then it can be shut down, or a checkpoint taken of it. Any other guest stays as it is.
 *
 * @returns what it does then.
 * @throws VirshError where its memory can't be loaded; the managed save is kept.
 */
export async function wake(virsh: Virsh, domain: string): Promise<GuestState> {
    const state = await guestState(virsh, domain);
    if (state.active || !state.managedSave) return state;
    await virsh.alone(["start", option("domain", domain)]);
    return guestState(virsh, domain);
}

/**
 * Refuses what would leave a managed save behind: it goes on from disks that are not the domain's any more, and libvirt would load it at the next start.
 *
 * @throws HostError
 */
export function refuseManagedSave({ managedSave }: GuestState, domain: string): void {
    if (managedSave)
        throw new HostError(
            `${quoted(domain)} has a managed save, whose memory would be loaded over other disks at its next start; start it, or drop its memory with “virsh managedsave-remove”`,
        );
}

/** What has a guest that stands still go on. */
const WAKE: Partial<Record<PowerState, string>> = { paused: "resume", pmsuspended: "dompmwakeup" };

/** What to say where a snapshot is asked for of a guest whose memory lies in a file. */
export function asleep(domain: string): BusyError {
    return new BusyError(`${quoted(domain)} has a managed save, so it neither runs nor is it shut off; start it, or shut it down first`);
}

/**
 * Starts a guest afresh from its disks, running or paused; one that is there already goes on, or is paused.
 *
 * @throws HostError where there is a managed save; VirshError, in libvirt's words, where it can't start.
 * @example await start(virsh, uuid, "paused")
 */
export async function start(virsh: Virsh, domain: string, to: "running" | "paused"): Promise<void> {
    const state = await guestState(virsh, domain);
    if (state.active) {
        const verb = to === "running" ? WAKE[state.powerState] : state.powerState === "paused" ? undefined : "suspend";
        if (verb) await virsh.run([verb, option("domain", domain)]);
        return;
    }
    refuseManagedSave(state, domain);
    await virsh.alone(["start", option("domain", domain), ...(to === "paused" ? ["--paused"] : [])]);
}

export interface ShutdownOptions {
    /** Milliseconds that the guest has; default 120,000. */
    readonly timeout?: number;
    readonly signal?: AbortSignal | undefined;
}

const SHUTDOWN_TIMEOUT = 120_000;

/** A guest that is still booting hears nothing yet: it is asked again, in milliseconds. */
const ASK_AGAIN = 10_000;

/** Milliseconds between two looks at a guest that is to end. */
const LOOK_AGAIN = 100;

/** Presses the power button; a guest that sleeps is woken first. */
async function press(virsh: Virsh, domain: string, { powerState }: GuestState): Promise<void> {
    const verb = WAKE[powerState];
    if (verb) await virsh.run([verb, option("domain", domain)]);
    await virsh.run(["shutdown", option("domain", domain)]);
}

/** A transient domain that has ended is no domain any more. */
async function stateUnlessGone(virsh: Virsh, domain: string): Promise<GuestState | null> {
    try {
        return await guestState(virsh, domain);
    } catch (error) {
        if (error instanceof NotFoundError) return null;
        throw error;
    }
}

/**
 * Asks the guest to shut down (by ACPI, or by the guest agent where it has one) and waits until it has. A managed-saved one is started from its memory first,
 * a paused one goes on. One that is shut off stays so.
 *
 * @throws HostError where it has not shut down in time: it runs on, and has lost nothing; the signal's reason when it is aborted: likewise, but it may obey yet.
 * @example await shutdown(virsh, uuid, { timeout: 300_000 })
 */
export async function shutdown(virsh: Virsh, domain: string, { timeout = SHUTDOWN_TIMEOUT, signal }: ShutdownOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    await wake(virsh, domain);
    const began = performance.now();
    let asked = -Infinity;
    for (;;) {
        const state = await stateUnlessGone(virsh, domain);
        const passed = performance.now() - began;
        if (!state?.active) return;
        if (passed >= timeout)
            throw new HostError(
                `the guest ${quoted(domain)} did not shut down within ${timeout / 1000} s of being asked by ACPI, and runs on; shut it down from inside, or leave it with “checkpoint” or “destroy”`,
                { timeout },
            );
        if (passed - asked >= ASK_AGAIN) {
            asked = passed;
            await unlessEnded(virsh, domain, () => press(virsh, domain, state));
        } else await pause(LOOK_AGAIN, signal);
    }
}

/** What is asked of a guest in the moment in which it ends fails, and matters no more. */
async function unlessEnded(virsh: Virsh, domain: string, ask: () => Promise<unknown>): Promise<void> {
    try {
        await ask();
    } catch (error) {
        if (!(error instanceof VirshError) || (await stateUnlessGone(virsh, domain))?.active) throw error;
    }
}

/**
 * Ends the guest at once: its memory and what it had not written to its disks are lost, a managed save with it. One that is shut off stays so.
 *
 * @throws VirshError where QEMU can't be ended.
 */
export async function destroy(virsh: Virsh, domain: string): Promise<void> {
    const { active, managedSave } = await guestState(virsh, domain);
    if (managedSave) await virsh.run(["managedsave-remove", option("domain", domain)]);
    if (active) await unlessEnded(virsh, domain, () => virsh.alone(["destroy", option("domain", domain)]));
}
