import { createHash } from "node:crypto";
import { readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { destroy, guestState, holdsMemory, shutdown, start, wake } from "../../../provider/backends/libvirt/guest";
import { memoryDomain, restoreMemory } from "../../../provider/backends/libvirt/memory";
import { createSnapshot, deleteSnapshot, redefineSnapshot, revertSnapshot } from "../../../provider/backends/libvirt/native";
import { Virsh, VirshError } from "../../../provider/backends/libvirt/virsh";
import { HostError, InvalidInputError, NotFoundError } from "../../../provider/model";
import { child, parseXml, withDiskFiles } from "../../../provider/xml";
import { counterLines, defineGuest, type GuestDomain } from "../../hosts/guest";
import { type Libvirt, type LibvirtRelease, startLibvirt } from "../../hosts/libvirt";

describe.each<LibvirtRelease>(["installed", "newer"])("a running guest of libvirt (%s)", (release) => {
    let libvirt: Libvirt;
    let virsh: Virsh;

    beforeAll(async () => {
        libvirt = await startLibvirt({ release });
        virsh = new Virsh({ uri: libvirt.uri });
    });
    afterAll(async () => {
        await virsh[Symbol.asyncDispose]();
        await libvirt.stop();
    });

    const image = (guest: GuestDomain) => guest.disks[0]!.file;
    const domstate = (name: string) => libvirt.virsh("domstate", "--domain", name);
    const overlayOn = (backing: string, file: string) => execa("qemu-img", ["create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", backing, file]);

    /** Defined, started, and through its boot. */
    async function running(options: Parameters<typeof defineGuest>[1]): Promise<GuestDomain> {
        const guest = await defineGuest(libvirt, options);
        await start(virsh, guest.name, "running");
        await counterLines(guest.serial, 2);
        return guest;
    }

    /** Stops it at a number, which is returned. */
    async function stoppedAt({ name, serial }: GuestDomain): Promise<number> {
        await libvirt.virsh("suspend", "--domain", name);
        return (await counterLines(serial, 1)).at(-1)!;
    }

    /** Lets it go on, and returns the number after the one it prints next: that one's line may have begun before it was stopped. */
    async function goesOnWith({ name, serial }: GuestDomain): Promise<number> {
        const { length } = await counterLines(serial, 1);
        await start(virsh, name, "running");
        return (await counterLines(serial, length + 2))[length]!;
    }

    /** Lets it count some more, so that going back is seen. */
    async function countFurther({ name, serial }: GuestDomain): Promise<void> {
        const { length } = await counterLines(serial, 1);
        await start(virsh, name, "running");
        await counterLines(serial, length + 5);
    }

    test("its state says whether memory would be lost: in a QEMU, or in a managed save", async () => {
        const { name } = await defineGuest(libvirt, { name: "--states" });
        const off = { powerState: "shutoff", active: false, managedSave: false, persistent: true, autostart: false };
        expect(await guestState(virsh, name)).toEqual(off);
        await start(virsh, name, "paused");
        expect(await guestState(virsh, name)).toEqual({ ...off, powerState: "paused", active: true });
        await start(virsh, name, "running");
        expect(await guestState(virsh, name)).toEqual({ ...off, powerState: "running", active: true });
        await libvirt.virsh("managedsave", "--domain", name);
        const saved = await guestState(virsh, name);
        expect(saved).toEqual({ ...off, managedSave: true });
        expect([holdsMemory(saved), holdsMemory(await guestState(virsh, name))]).toEqual([true, true]);

        // It would load old memory over whatever the disks hold then.
        await expect(start(virsh, name, "running")).rejects.toThrow(/managed save/);
        await expect(revertSnapshot(virsh, name, "any")).rejects.toThrow(/managed save/);
        expect(await guestState(virsh, name)).toEqual(saved);

        await destroy(virsh, name);
        expect(await guestState(virsh, name)).toEqual(off);
        await expect(guestState(virsh, "nobody")).rejects.toThrow(NotFoundError);
    });

    test("shuts down one that obeys, whether it runs, is paused, or was saved", async () => {
        const guest = await running({ name: "obeys", obeys: true });
        await shutdown(virsh, guest.name);
        expect(await domstate(guest.name)).toBe("shut off");

        await start(virsh, guest.name, "running");
        await counterLines(guest.serial, (await counterLines(guest.serial, 1)).length + 2);
        await libvirt.virsh("suspend", "--domain", guest.name);
        await shutdown(virsh, guest.name);
        expect(await domstate(guest.name)).toBe("shut off");

        const before = await counterLines(guest.serial, 1);
        await start(virsh, guest.name, "running");
        const printed = await counterLines(guest.serial, before.length + 4);
        await libvirt.virsh("managedsave", "--domain", guest.name);
        expect((await wake(virsh, guest.name)).powerState).toBe("running");
        // It went on from its memory: no boot, which counts from 1.
        expect((await counterLines(guest.serial, printed.length + 3)).at(-1)).toBeGreaterThan(printed.at(-1)!);
        await libvirt.virsh("managedsave", "--domain", guest.name);
        await shutdown(virsh, guest.name);
        expect(await guestState(virsh, guest.name)).toMatchObject({ active: false, managedSave: false });
    });

    test("a transient domain that has shut down is gone, and that is no error", async () => {
        const guest = await running({ name: "transient", obeys: true });
        await libvirt.virsh("undefine", "--domain", guest.name);
        expect((await guestState(virsh, guest.name)).persistent).toBe(false);
        await shutdown(virsh, guest.name);
        await expect(guestState(virsh, guest.name)).rejects.toThrow(NotFoundError);
    });

    test("one that does not obey is left alone after its time, and runs on", async () => {
        const guest = await running({ name: "deaf" });
        const error: unknown = await shutdown(virsh, guest.name, { timeout: 400 }).catch((each: unknown) => each);
        expect(error).toBeInstanceOf(HostError);
        expect(String(error)).toMatch(/"deaf" did not shut down within 0.4 s/);
        const printed = await counterLines(guest.serial, 1);
        expect(printed.at(-1)).toBe(printed.length); // Not booted again.
        await counterLines(guest.serial, printed.length + 2);
        await expect(shutdown(virsh, guest.name, { signal: AbortSignal.timeout(300) })).rejects.toThrow(/timeout|aborted/i);
        expect(await domstate(guest.name)).toBe("running");
        await destroy(virsh, guest.name);
        expect(await domstate(guest.name)).toBe("shut off");
    });

    test("one that can't start says why in libvirt's words", async () => {
        const guest = await defineGuest(libvirt, { name: "hollow" });
        await rename(image(guest), `${image(guest)}.away`);
        await expect(start(virsh, guest.name, "running")).rejects.toThrow(/No such file or directory/);
        expect(await domstate(guest.name)).toBe("shut off");
    });

    test("an internal checkpoint brings its memory back, whatever it is called", async () => {
        const guest = await running({ name: "internal" });
        const name = "--children";
        const at = await stoppedAt(guest);
        await createSnapshot(virsh, guest.name, { name, description: "a & b" });
        expect(await libvirt.virsh("snapshot-current", "--domain", guest.name, "--name")).toBe(name);
        await countFurther(guest);
        await revertSnapshot(virsh, guest.name, name, { paused: true });
        expect(await domstate(guest.name)).toBe("paused");
        const next = await goesOnWith(guest);
        expect([at + 1, at + 2]).toContain(next);
        await deleteSnapshot(virsh, guest.name, name);
        expect(await libvirt.virsh("snapshot-list", "--domain", guest.name, "--name")).toBe("");
    });

    test("no memory is kept where it could not be found again, and what libvirt refuses, it refuses in its own words", async () => {
        const { name } = await running({ name: "refused" });
        // 9.0 says that it has it, and then does not find it.
        await expect(createSnapshot(virsh, name, { name: 'a"b' })).rejects.toThrow(InvalidInputError);
        if (release === "newer") await expect(createSnapshot(virsh, name, { name: "a b" })).rejects.toThrow(InvalidInputError);
        const quiesced = createSnapshot(virsh, name, { name: "q", flags: { quiesce: true, diskOnly: true } });
        await expect(quiesced).rejects.toThrow(/QEMU guest agent is not configured/);
        await expect(quiesced).rejects.toThrow(VirshError);
        expect(await libvirt.virsh("snapshot-list", "--domain", name, "--name")).toBe("");
        expect(await domstate(name)).toBe("running");
    });

    test("an external checkpoint brings its memory back on other disks, and its file stays as it is", async () => {
        const guest = await running({ name: "external", disks: ["vda", "vdb"], writes: true });
        const memory = join(libvirt.images, "external.mem");
        const own = (target: string, end: string) => join(libvirt.images, `external-${target}.${end}`);
        const targets = guest.disks.map(({ target }) => target);
        const at = await stoppedAt(guest);
        const disks = targets.map((name) => ({ name, snapshot: "external" as const, type: "file", file: own(name, "left"), driver: "qcow2" }));
        await createSnapshot(virsh, guest.name, { name: "c", memory: { file: memory }, disks });
        const digest = async () =>
            createHash("sha256")
                .update(await readFile(memory))
                .digest("hex");
        const saved = await digest();
        await countFurther(guest);
        const inactive = child(parseXml(await libvirt.virsh("snapshot-dumpxml", "--security-info", "--domain", guest.name, "c"), "it"), "inactiveDomain")!;
        await destroy(virsh, guest.name);

        const files = Object.fromEntries(targets.map((target) => [target, { file: own(target, "fresh"), format: "qcow2" }]));
        for (const { target, file } of guest.disks) await overlayOn(file, own(target, "fresh"));
        const restore = {
            file: memory,
            domain: withDiskFiles(await memoryDomain(virsh, memory), files),
            inactive: withDiskFiles({ ...inactive, name: "domain" }, files),
            to: "paused",
        } as const;
        await expect(restoreMemory(virsh, guest.name, { ...restore, file: `${memory}.gone` })).rejects.toThrow(VirshError);
        expect(await domstate(guest.name)).toBe("shut off");
        await restoreMemory(virsh, guest.name, restore);
        expect(await domstate(guest.name)).toBe("paused");
        for (const flags of [[], ["--inactive"]]) {
            const blocks = await libvirt.virsh("domblklist", "--domain", guest.name, ...flags);
            for (const target of targets) expect(blocks).toContain(own(target, "fresh"));
        }
        // The guest sees what its disk stands on: 9.0 writes into the memory file that it stands on nothing.
        expect(await libvirt.virsh("dumpxml", "--domain", guest.name)).toMatch(new RegExp(`<backingStore[^]*${image(guest)}`));
        expect([at + 1, at + 2]).toContain(await goesOnWith(guest));
        expect(await digest()).toBe(saved);
        expect(await libvirt.virsh("snapshot-list", "--domain", guest.name, "--name")).toContain("c");
    });

    test("one that is shut off is taken in the image, or frozen under an overlay, with its memory or without", async () => {
        const guest = await defineGuest(libvirt, { name: "shut" });
        await createSnapshot(virsh, guest.name, { name: "in" });
        expect((await execa("qemu-img", ["snapshot", "-l", image(guest)])).stdout).toContain(" in ");
        const overlay = join(libvirt.images, "shut.overlay");
        const vda = { name: "vda", snapshot: "external" as const, type: "file", file: overlay, driver: "qcow2" };
        await createSnapshot(virsh, guest.name, { name: "on", disks: [vda], flags: { diskOnly: true, atomic: true } });
        expect(await libvirt.virsh("domblklist", "--domain", guest.name)).toContain(overlay);

        const xml = await libvirt.virsh("snapshot-dumpxml", "--security-info", "--domain", guest.name, "in");
        await redefineSnapshot(virsh, guest.name, xml.replace("<name>in</name>", "<name>in</name><description>d</description>"), { current: true });
        expect(await libvirt.virsh("snapshot-current", "--domain", guest.name, "--name")).toBe("in");
        expect(await libvirt.virsh("snapshot-dumpxml", "--domain", guest.name, "in")).toContain("<description>d</description>");
        await expect(redefineSnapshot(virsh, guest.name, xml.replace("<state>shutoff", "<state>running"))).rejects.toThrow(/online and offline/);
        await deleteSnapshot(virsh, guest.name, "in", { children: true, metadata: true });
        expect(await libvirt.virsh("snapshot-list", "--domain", guest.name, "--name")).toBe("");
    });
});
