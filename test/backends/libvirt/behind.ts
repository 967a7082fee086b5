import type { Disks, Machine } from "../../conformance/bench";
import type { LibvirtMachine } from "./machine";

/** What nobody may lose: the bytes under each name. */
export interface Held {
    readonly snapshots: Record<string, Disks>;
    readonly branches: Record<string, Disks>;
}

async function writeAll(machine: Machine, slot: number, character: string): Promise<Disks> {
    for (const target of machine.targets) await machine.write(target, slot, character);
    return machine.tip();
}

/** Takes a snapshot of a tip that was written first. */
async function layer(machine: Machine, held: Held, name: string, slot: number): Promise<void> {
    held.snapshots[name] = await writeAll(machine, slot, name);
    await machine.vm.create({ name, mode: "external" });
}

/** Forks a branch, goes there, and writes. */
async function fork(machine: Machine, held: Held, name: string, from: string, slot: number): Promise<void> {
    await machine.vm.branch(name, { from });
    await machine.vm.switch(name);
    held.branches[name] = await writeAll(machine, slot, name.slice(0, 1));
}

/**
 * Snapshots a, b (on a), c (on a, of branch “side”); branches “trunk” and “leafy” on the leaf b, “inner” on the inner a, and “side” on c. All hold something of
 * their own on every disk.
 */
export async function grow(machine: Machine, active: string): Promise<Held> {
    const held: Held = { snapshots: {}, branches: {} };
    await layer(machine, held, "a", 1);
    await layer(machine, held, "b", 2);
    await fork(machine, held, "trunk", "b", 3);
    await fork(machine, held, "leafy", "b", 3);
    await fork(machine, held, "inner", "a", 4);
    await fork(machine, held, "side", "a", 5);
    await layer(machine, held, "c", 6);
    held.branches.side = await writeAll(machine, 7, "s");
    await machine.vm.switch(active);
    return held;
}

/** Fails where a byte of what is held is another one. */
export async function isHeld(machine: Machine, held: Held): Promise<void> {
    const now: Held = { snapshots: {}, branches: {} };
    for (const name of Object.keys(held.snapshots)) now.snapshots[name] = await machine.snapshot(name);
    for (const name of Object.keys(held.branches)) now.branches[name] = await machine.branch(name);
    expect(now).toEqual(held);
}

/** Everything goes on to work: branches can be gone to, a snapshot taken and deleted there. */
export async function goesOn(machine: LibvirtMachine, held: Held, names = Object.keys(held.branches)): Promise<void> {
    const { vm } = machine;
    for (const name of names) {
        await vm.switch(name);
        expect(await machine.tip()).toEqual(held.branches[name]);
        await vm.create({ name: "more" });
        expect(await machine.snapshot("more")).toEqual(held.branches[name]);
        await vm.delete("more");
    }
    await isHeld(machine, held);
}

/** What is held, without the snapshots that libvirt lists no more. */
export async function stillListed(machine: LibvirtMachine, held: Held): Promise<Held> {
    const there = new Set((await machine.libvirt.virsh("snapshot-list", machine.domain, "--name")).split("\n"));
    return { ...held, snapshots: Object.fromEntries(Object.entries(held.snapshots).filter(([name]) => there.has(name))) };
}
