// What another domain stands on is neither written nor removed, however that one names its disks.
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Libvirt, startLibvirt } from "../../hosts/libvirt";
import { libvirt as installed, needs, suiteWith } from "../../support/requires";
import { contentsOf, qemuImg } from "../qemu/tools";
import { LibvirtMachine } from "./machine";

suiteWith(needs(installed), "other domains of a libvirt host", () => {
    let libvirt: Libvirt;
    beforeAll(async () => void (libvirt = await startLibvirt({ release: "installed" })));
    afterAll(() => libvirt.stop());

    /** Defines a domain whose only disk is that element. */
    async function define(name: string, disk: string): Promise<void> {
        const file = join(libvirt.images, `${name}.xml`);
        const devices = `<devices><disk ${disk}<target dev='vda' bus='virtio'/></disk></devices>`;
        await writeFile(
            file,
            `<domain type='qemu'><name>${name}</name><memory unit='MiB'>16</memory><os><type arch='x86_64'>hvm</type></os>${devices}</domain>`,
        );
        await libvirt.virsh("define", file);
    }

    test.each(["a file", "a volume of a pool"])("keep what stands under %s of theirs when the snapshot that made it is deleted", async (kind) => {
        await using machine = await LibvirtMachine.make(libvirt, ["vda"]);
        await machine.vm.create({ name: "a" });
        await machine.write("vda", 1, "1");
        const { files } = await machine.vm.create({ name: "b" });
        await machine.write("vda", 2, "2");
        const { vda: contents = "" } = files;
        const overlay = join(machine.folder, "theirs.qcow2");
        await qemuImg("create", "-q", "-f", "qcow2", "-b", contents, "-F", "qcow2", "--", overlay);
        const before = await contentsOf(overlay, "qcow2");
        const driver = "<driver name='qemu' type='qcow2'/>";
        if (kind === "a file") await define(`${machine.domain}-file`, `type='file'>${driver}<source file='${overlay}'/>`);
        else {
            const pool = `pool-of-${machine.domain}`;
            await libvirt.virsh("pool-create-as", pool, "dir", "--target", machine.folder);
            await define(`${machine.domain}-volume`, `type='volume'>${driver}<source pool='${pool}' volume='theirs.qcow2'/>`);
        }
        await machine.vm.delete("b");
        expect(existsSync(contents)).toBe(true);
        expect(await contentsOf(overlay, "qcow2")).toBe(before);
        expect(await machine.tip()).toEqual({ vda: "012....." });
    });
});
