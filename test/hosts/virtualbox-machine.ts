import { join } from "node:path";
import type { VirtualBox } from "./virtualbox";

/** Makes a machine with a disk of 1 MiB for each target, `vda` and on, beside its document. It is powered off. */
export async function createMachine(virtualbox: VirtualBox, name: string, targets: readonly string[]): Promise<void> {
    await virtualbox.run("createvm", `--name=${name}`, "--register");
    await virtualbox.run("storagectl", name, "--name=disks", "--add=virtio-scsi", "--controller=VirtIO", `--portcount=${targets.length}`);
    for (const [port, target] of targets.entries()) {
        const file = diskOf(virtualbox, name, target);
        await virtualbox.run("createmedium", "disk", `--filename=${file}`, "--size=1");
        await virtualbox.run("storageattach", name, "--storagectl=disks", `--port=${port}`, "--type=hdd", `--medium=${file}`);
    }
}

/** The file that a disk of such a machine has before it has snapshots. */
export function diskOf({ machines }: VirtualBox, name: string, target: string): string {
    return join(machines, name, `${target}.vdi`);
}
