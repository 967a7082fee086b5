import { existsSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Libvirt, startLibvirt } from "../../hosts/libvirt";
import { libvirt as installed, needs, suiteWith } from "../../support/requires";
import { LibvirtMachine } from "./machine";

suiteWith(needs(installed), "the doctor of libvirt's domains", () => {
    let libvirt: Libvirt;
    beforeAll(async () => void (libvirt = await startLibvirt({ release: "installed" })));
    afterAll(() => libvirt.stop());

    async function grown(): Promise<LibvirtMachine> {
        const machine = await LibvirtMachine.make(libvirt, ["vda"]);
        await machine.vm.create({ name: "a", mode: "external" });
        await machine.write("vda", 2, "b");
        return machine;
    }

    test("finds nothing where nothing is wrong, and removes what a killed run noted of itself", async () => {
        await using machine = await grown();
        expect(await machine.vm.doctor()).toEqual([]);
        const mark = join(machine.folder, `.snaptree-${(await machine.vm.hierarchy()).uuid}-01234567.take0`);
        await writeFile(mark, "");
        const [found, ...others] = await machine.vm.doctor();
        expect([found, others]).toMatchObject([{ kind: "leftover", what: mark, repairable: true, repaired: false }, []]);
        expect(await machine.vm.doctor({ repair: true })).toMatchObject([{ repaired: true }]);
        expect(existsSync(mark)).toBe(false);
        await machine.sound();
    });

    test("names a file that is gone, with what needs it, and changes nothing", async () => {
        await using machine = await grown();
        const file = (await machine.vm.hierarchy()).snapshots[0]?.files.vda ?? "";
        await rename(file, `${file}.away`);
        const findings = await machine.vm.doctor({ repair: true });
        expect(findings).toMatchObject([{ kind: "chain", what: file, repairable: false }]);
        expect(findings[0]?.message).toMatch(/snapshot "a"/);
        await rename(`${file}.away`, file);
        expect(await machine.vm.doctor()).toEqual([]);
        await machine.sound();
    });

    test("warns where libvirt has no current snapshot of an external hierarchy", async () => {
        await using machine = await grown();
        await libvirt.virsh("snapshot-dumpxml", machine.domain, "a").then((xml) => writeFile(join(machine.temporary, "a.xml"), xml));
        await libvirt.virsh("snapshot-delete", "--metadata", machine.domain, "a");
        await libvirt.virsh("snapshot-create", machine.domain, join(machine.temporary, "a.xml"), "--redefine");
        expect(await machine.vm.doctor()).toMatchObject([{ kind: "domain", what: machine.domain, repairable: false }]);
    });
});
