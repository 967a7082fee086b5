import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { startVirtualBox, type VirtualBox } from "../../hosts/virtualbox";
import { needs, suiteWith, virtualbox as required } from "../../support/requires";
import { slotsOf } from "../qemu/tools";
import { bytesOf, contentsOf, copyOf, disksIn, writeSlot, writing } from "./vdi";

suiteWith(needs(required), "what tests write to a virtual disk", () => {
    let virtualbox: VirtualBox;
    beforeAll(async () => void (virtualbox = await startVirtualBox()));
    afterAll(() => virtualbox.stop());

    const folder = () => join(virtualbox.machines, "vm");

    /** The one that nothing stands on. */
    async function leaf() {
        const disks = [...(await disksIn(folder())).values()];
        const found = disks.filter(({ uuid }) => !disks.some(({ parent }) => parent === uuid));
        expect(found).toHaveLength(1);
        return found[0]!;
    }

    /** A machine with one disk, and that disk's file. */
    async function machineOf(megabytes: number): Promise<string> {
        const base = join(folder(), "vda.vdi");
        await virtualbox.run("createvm", "--name=vm", "--register");
        await virtualbox.run("storagectl", "vm", "--name=disks", "--add=virtio-scsi", "--controller=VirtIO");
        await virtualbox.run("createmedium", "disk", `--filename=${base}`, `--size=${megabytes}`);
        await virtualbox.run("storageattach", "vm", "--storagectl=disks", "--port=0", "--type=hdd", `--medium=${base}`);
        return base;
    }

    /** As a guest does that discards a block which the file does not have. */
    async function zeroBlock(file: string, block: number): Promise<void> {
        await using handle = await open(file, "r+");
        const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, 340);
        await handle.write(Buffer.from([0xfe, 0xff, 0xff, 0xff]), 0, 4, buffer.readUInt32LE() + 4 * block);
    }

    test("is what VirtualBox reads of it, and of what stands on it, and of no other", async () => {
        const base = await machineOf(1);
        await writeSlot(base, 0, "0");
        const first = await leaf();
        const read = async ({ uuid }: { uuid: string }) => {
            expect((await copyOf(uuid, virtualbox)).equals(await bytesOf(uuid, folder()))).toBe(true);
            return contentsOf(uuid, folder());
        };
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

    test("is what VirtualBox reads of several blocks, whether they are written, zeroed or nowhere, on any chain", async () => {
        const slots = 16; // Of a block of 1 MiB.
        const base = await machineOf(3);
        const blocks = (...each: string[]) => each.map((text) => text.padEnd(slots, ".")).join("");
        const seen = async () => {
            const found: string[] = [];
            for (const { uuid } of [...(await disksIn(folder())).values()]) {
                const bytes = await bytesOf(uuid, folder());
                expect((await copyOf(uuid, virtualbox)).equals(bytes)).toBe(true);
                found.push(slotsOf(bytes));
            }
            return found.toSorted();
        };
        expect(await seen()).toEqual([blocks("", "", "")]);
        await writeSlot(base, 2 * slots, "w"); // The last block stands first in the file.
        await writeSlot(base, 0, "0");
        await zeroBlock(base, 1);
        const first = blocks("0", "", "w");
        expect(await seen()).toEqual([first]);

        await virtualbox.run("snapshot", "vm", "take", "a");
        expect(await seen()).toEqual([first, first]);
        const { file } = await leaf();
        await zeroBlock(file, 0);
        await writeSlot(file, slots + 1, "m");
        const second = blocks("", ".m", "w");
        expect(await seen()).toEqual([first, second].toSorted());

        await virtualbox.run("snapshot", "vm", "take", "b");
        await virtualbox.run("snapshot", "vm", "take", "c");
        const third = await leaf();
        await zeroBlock(third.file, 2);
        await writeSlot(third.file, 3, "t");
        const last = blocks("...t", ".m", "");
        expect(await seen()).toEqual([first, second, second, last].toSorted());

        await rm(file);
        await expect(bytesOf(third.uuid, folder())).rejects.toThrow("there is no file of the disk");
        await virtualbox.run("unregistervm", "vm");
        await rm(folder(), { recursive: true });
    });
});
