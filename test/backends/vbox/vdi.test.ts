import { join } from "node:path";
import { execa } from "execa";
import { startVirtualBox, type VirtualBox } from "../../hosts/virtualbox";
import { needs, suiteWith, virtualbox as required } from "../../support/requires";
import { disksIn, Eye, writeSlot, writing } from "./vdi";

suiteWith(needs(required), "what tests write to a virtual disk", () => {
    let virtualbox: VirtualBox;
    let eye: Eye;
    beforeAll(async () => {
        virtualbox = await startVirtualBox();
        eye = new Eye(virtualbox);
    });
    afterAll(() => virtualbox.stop());

    const folder = () => join(virtualbox.machines, "vm");

    /** The one that nothing stands on. */
    async function leaf() {
        const disks = [...(await disksIn(folder())).values()];
        const found = disks.filter(({ uuid }) => !disks.some(({ parent }) => parent === uuid));
        expect(found).toHaveLength(1);
        return found[0]!;
    }

    test("is what VirtualBox reads of it, and of what stands on it, and of no other", async () => {
        const base = join(folder(), "vda.vdi");
        await virtualbox.run("createvm", "--name=vm", "--register");
        await virtualbox.run("storagectl", "vm", "--name=disks", "--add=virtio-scsi", "--controller=VirtIO");
        await virtualbox.run("createmedium", "disk", `--filename=${base}`, "--size=1");
        await writeSlot(base, 0, "0");
        await virtualbox.run("storageattach", "vm", "--storagectl=disks", "--port=0", "--type=hdd", `--medium=${base}`);
        const first = await leaf();
        const read = ({ uuid }: { uuid: string }) => eye.contentsOf(uuid, folder());
        expect(await read(first)).toBe("0.......");

        await virtualbox.run("snapshot", "vm", "take", "a");
        const second = await leaf();
        expect([second.parent, await read(second)]).toEqual([first.uuid, "0......."]);
        await writeSlot(second.file, 3, "b");
        await writeSlot(second.file, 0, "x");
        expect([await read(first), await read(second)]).toEqual(["0.......", "x..b...."]);

        await virtualbox.run("snapshot", "vm", "take", "b");
        await virtualbox.run("snapshot", "vm", "take", "c");
        const third = await leaf();
        const { command, ...options } = writing({ target: "vda", slot: 7, character: "c" });
        const [program = "", ...args] = command;
        await execa(program, args, { ...options, env: { SNAPTREE_DISK_VDA: third.file } });
        expect([await read(first), await read(second), await read(third)]).toEqual(["0.......", "x..b....", "x..b...c"]);
        await expect(writeSlot(second.file, 1, "n")).rejects.toThrow("no guest writes there");

        await virtualbox.run("snapshot", "vm", "delete", "b");
        await virtualbox.run("snapshot", "vm", "delete", "c");
        expect(await read(await leaf())).toBe("x..b...c");
        await virtualbox.run("snapshot", "vm", "delete", "a");
        expect(await read(await leaf())).toBe("x..b...c");
        await virtualbox.run("unregistervm", "vm", "--delete");
        expect(await virtualbox.run("list", "hdds")).toBe("");
    });
});
