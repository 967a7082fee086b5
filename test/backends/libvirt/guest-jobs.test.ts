import { rename } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { execa } from "execa";
import { destroy, start } from "../../../provider/backends/libvirt/guest";
import { abortJob, blockCommit, blockPull, jobOf, type JobResult } from "../../../provider/backends/libvirt/jobs";
import { openDisks, openFiles } from "../../../provider/backends/libvirt/open-disks";
import { Virsh } from "../../../provider/backends/libvirt/virsh";
import { BusyError, HostError, InvalidInputError } from "../../../provider/model";
import { counterLines, defineGuest, type GuestDomain } from "../../hosts/guest";
import { type Libvirt, type LibvirtRelease, startLibvirt } from "../../hosts/libvirt";

const MIB = 1024 * 1024;

/** Slow enough to be met in the middle: two minutes. */
const SLOWLY = { bandwidth: 0.5 * MIB };

describe.each<LibvirtRelease>(["installed", "newer"])("block jobs under a running guest of libvirt (%s)", (release) => {
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

    /** A guest that counts on vda, and whose vdb stands on three files of 64 MiB: `base` holds 0x11 in its MiBs 0 to 16, `middle` 0x22 in 8 to 24, `leaf` 0x33 in 16 to 32. */
    async function running(name: string): Promise<GuestDomain & { base: string; middle: string; leaf: string }> {
        const guest = await defineGuest(libvirt, { name, disks: ["vda", "vdb"] });
        const leaf = guest.disks[1]!.file;
        const [base, middle] = [join(libvirt.images, `${name}.base`), join(libvirt.images, `${name}.middle`)];
        await rename(leaf, base);
        await execa("qemu-img", ["resize", "-q", base, "64M"]);
        await write(base, "-P 0x11 0 16M");
        for (const [file, backing, pattern] of [
            [middle, base, "-P 0x22 8M 16M"],
            [leaf, middle, "-P 0x33 16M 16M"],
        ] as const) {
            await execa("qemu-img", ["create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", backing, file]);
            await write(file, pattern);
        }
        await start(virsh, name, "running");
        await counterLines(guest.serial, 1);
        return { ...guest, base, middle, leaf };
    }

    const write = (file: string, pattern: string) => execa("qemu-io", ["-f", "qcow2", "-c", `write ${pattern}`, file]);

    /** What vdb holds, by an eye of its own, once no guest has it open. */
    async function expectContents(file: string): Promise<void> {
        for (const pattern of ["-P 0x11 0 8M", "-P 0x22 8M 8M", "-P 0x33 16M 16M", "-P 0 32M 32M"]) {
            const { stdout } = await execa("qemu-io", ["-r", "-f", "qcow2", "-c", `read ${pattern}`, file]);
            expect(stdout).not.toContain("Pattern verification failed");
        }
        const { stdout } = await execa("qemu-img", ["check", "-f", "qcow2", file]);
        expect(stdout).toContain("No errors were found");
    }

    /** The files under vdb, as qemu-img follows them. */
    async function backingChain(file: string): Promise<string[]> {
        const { stdout } = await execa("qemu-img", ["info", "--force-share", "--backing-chain", "--output=json", file]);
        return (JSON.parse(stdout) as { filename: string }[]).map(({ filename }) => filename);
    }

    const chainOf = async (name: string) => (await openDisks(virsh, name))!.find(({ target }) => target === "vdb")!.chain.map(({ file }) => file);

    async function expectCounting({ serial }: GuestDomain): Promise<void> {
        const printed = await counterLines(serial, 1);
        expect(printed.at(-1)).toBe(printed.length); // Not booted again.
        await counterLines(serial, printed.length + 1);
    }

    /** Aborts a job as soon as it is seen in the middle. */
    async function cancelled(begin: (options: { signal: AbortSignal; onProgress: (fraction: number) => void }) => Promise<JobResult>): Promise<void> {
        const controller = new AbortController();
        const reason = new Error("enough");
        const onProgress = (fraction: number) => {
            if (fraction > 0 && fraction < 1) controller.abort(reason);
        };
        await expect(begin({ signal: controller.signal, onProgress })).rejects.toBe(reason);
    }

    /** Waits until a job is there and is as it is asked for. */
    async function jobThatIs(name: string, wanted: "ready" | "begun"): Promise<void> {
        for (;;) {
            const job = await jobOf(virsh, name, "vdb");
            if (wanted === "ready" ? job?.ready : job) return;
            await setTimeout(30);
        }
    }

    test("what it has open is told from its chains, and a job on anything else is refused", async () => {
        const { name, base, middle, leaf, disks: all } = await running("open");
        const disks = (await openDisks(virsh, name))!;
        expect([...openFiles(disks)].sort()).toEqual([all[0]!.file, base, leaf, middle].sort());
        expect(disks.map(({ chain }) => chain.map(({ format }) => format))).toEqual([["qcow2"], ["qcow2", "qcow2", "qcow2"]]);

        for (const [top, to] of [
            [middle, leaf],
            [middle, "/nowhere"],
            ["/nowhere", "/elsewhere"],
        ] as const)
            await expect(blockCommit(virsh, name, { target: "vdb", top, base: to })).rejects.toThrow(InvalidInputError);
        await expect(blockPull(virsh, name, { target: "vdb", base: leaf })).rejects.toThrow(InvalidInputError);
        await expect(blockPull(virsh, name, { target: "vdz", base: null })).rejects.toThrow(InvalidInputError);
        await expect(blockPull(virsh, name, { target: "vdb", base: null, signal: AbortSignal.abort(new Error("no")) })).rejects.toThrow("no");
        expect(await jobOf(virsh, name, "vdb")).toBeNull();
        expect(await chainOf(name)).toEqual([leaf, middle, base]);

        await destroy(virsh, name);
        expect(await openDisks(virsh, name)).toBeNull();
        expect(await jobOf(virsh, name, "vdb")).toBeNull();
        await expect(blockPull(virsh, name, { target: "vdb", base: null })).rejects.toThrow(/"open" does not run/);
    });

    test("a commit tells how far it is, can be cancelled, and takes nothing from what the guest reads", async () => {
        const guest = await running("commit");
        const { name, base, middle, leaf } = guest;
        const all = { target: "vdb", top: leaf, base };
        await cancelled((options) => blockCommit(virsh, name, { ...all, ...SLOWLY, ...options }));
        expect(await jobOf(virsh, name, "vdb")).toBeNull();
        expect(await chainOf(name)).toEqual([leaf, middle, base]);

        const inner = await blockCommit(virsh, name, { target: "vdb", top: middle, base });
        expect(inner).toEqual({ chain: [leaf, base], unused: [middle] });
        expect(await backingChain(leaf)).toEqual([leaf, base]);

        const progress: number[] = [];
        const active = await blockCommit(virsh, name, { target: "vdb", top: leaf, base, onProgress: (fraction) => progress.push(fraction) });
        expect(active).toEqual({ chain: [base], unused: [leaf] });
        expect(progress.at(-1)).toBe(1);
        expect(progress).toEqual([...progress].sort((a, b) => a - b));
        expect(await libvirt.virsh("domblklist", "--domain", name)).toContain(base);
        expect(await libvirt.virsh("domblklist", "--domain", name, "--inactive")).toContain(base);

        // Again, as a recovery would ask.
        expect(await blockCommit(virsh, name, { target: "vdb", top: leaf, base })).toEqual({ chain: [base], unused: [leaf] });
        await expectCounting(guest);
        await destroy(virsh, name);
        await expectContents(base);
    });

    test("a pull tells how far it is, can be cancelled, and changes no file under the one that the guest writes to", async () => {
        const guest = await running("pull");
        const { name, base, middle, leaf } = guest;
        await cancelled((options) => blockPull(virsh, name, { target: "vdb", base: null, ...SLOWLY, ...options }));
        expect(await chainOf(name)).toEqual([leaf, middle, base]);
        expect(await blockPull(virsh, name, { target: "vdb", base })).toEqual({ chain: [leaf, base], unused: [middle] });
        expect(await blockPull(virsh, name, { target: "vdb", base: null })).toEqual({ chain: [leaf], unused: [base] });
        expect(await blockPull(virsh, name, { target: "vdb", base: null })).toEqual({ chain: [leaf], unused: [] });
        await expectCounting(guest);
        await destroy(virsh, name);
        expect(await backingChain(leaf)).toEqual([leaf]);
        await expectContents(leaf);
        const { stdout } = await execa("qemu-io", ["-r", "-f", "qcow2", "-c", "read -P 0x22 16M 8M", middle]);
        expect(stdout).not.toContain("Pattern verification failed");
    });

    test("a job goes on while libvirtd is dead, and the next one to ask for it brings it to its end", async () => {
        const guest = await running("killed");
        const { name, base, middle, leaf } = guest;
        const commit = { target: "vdb", top: leaf, base: middle };

        const index = (await openDisks(virsh, name))!.find(({ target }) => target === "vdb")!.chain[1]!.index!;
        await libvirt.virsh("blockcommit", "--domain", name, "--path", "vdb", "--active", "--base", `vdb[${index}]`);
        await jobThatIs(name, "ready");
        await libvirt.kill();
        await expect(blockCommit(virsh, name, commit)).rejects.toThrow(HostError);
        await libvirt.restart();
        expect(await jobOf(virsh, name, "vdb")).toEqual({ type: "Active Block Commit", fraction: 1, ready: true });
        expect(await blockCommit(virsh, name, commit)).toEqual({ chain: [middle, base], unused: [leaf] });

        const pull = { target: "vdb", base: null, ...SLOWLY };
        const pulled = blockPull(virsh, name, pull).catch((error: unknown) => error);
        await jobThatIs(name, "begun");
        await libvirt.kill();
        expect(await pulled).toBeInstanceOf(HostError);
        await libvirt.restart();
        expect(await jobOf(virsh, name, "vdb")).toMatchObject({ type: "Block Pull", ready: false });
        await expect(blockCommit(virsh, name, { target: "vdb", top: middle, base })).rejects.toThrow(BusyError);
        await abortJob(virsh, name, "vdb");
        await abortJob(virsh, name, "vdb"); // There is none any more.
        expect(await chainOf(name)).toEqual([middle, base]);
        await expectCounting(guest);
        await destroy(virsh, name);
        await expectContents(middle);
    });

    test("one whose guest ends in the middle says so, and the disk stands on what it stood on", async () => {
        const { name, base, middle, leaf } = await running("ended");
        const pulled = blockPull(virsh, name, { target: "vdb", base: null, ...SLOWLY }).catch((error: unknown) => error);
        await jobThatIs(name, "begun");
        await destroy(virsh, name);
        expect(String(await pulled)).toMatch(/"ended" does not run.* ended with it/);
        expect(await backingChain(leaf)).toEqual([leaf, middle, base]);
        await expectContents(leaf);
    });
});
