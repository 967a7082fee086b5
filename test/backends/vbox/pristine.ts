import type { VirtualBox } from "../../hosts/virtualbox";
import { createMachine, diskOf } from "../../hosts/virtualbox-machine";
import { writeSlot } from "./vdi";

/** Machines that others are made of, by how many disks they have. */
const made = new WeakMap<VirtualBox, Map<number, Promise<string>>>();

/** Makes a machine whose disks hold zeros but for slot 0, which is “0”. It is a clone: one call, where making it takes four or more. */
export async function pristine(virtualbox: VirtualBox, name: string, targets: readonly string[]): Promise<void> {
    const templates = made.get(virtualbox) ?? new Map<number, Promise<string>>();
    made.set(virtualbox, templates);
    const template = templates.get(targets.length) ?? makeTemplate(virtualbox, targets);
    templates.set(targets.length, template);
    await virtualbox.run("clonevm", await template, `--name=${name}`, "--register", "--options=KeepDiskNames");
}

async function makeTemplate(virtualbox: VirtualBox, targets: readonly string[]): Promise<string> {
    const name = `template-${targets.length}`;
    await createMachine(virtualbox, name, targets);
    for (const target of targets) await writeSlot(diskOf(virtualbox, name, target), 0, "0");
    return name;
}
