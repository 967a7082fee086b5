import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type SnaptreeError, UnsupportedError } from "../../../provider/engine";
import { counterLines, defineGuest } from "../../hosts/guest";
import { type Libvirt, startLibvirt } from "../../hosts/libvirt";
import { type Ssh, startSsh } from "../../hosts/ssh";
import { libvirt as installed, needs, ssh as sshServer, suiteWith } from "../../support/requires";

async function refused(work: Promise<unknown>): Promise<SnaptreeError> {
    return work.then(
        () => {
            throw new Error("it was not refused");
        },
        (error: unknown) => error as SnaptreeError,
    );
}

const lost = { force: true, leave: "destroy" } as const;

suiteWith(needs(installed, sshServer), "domains whose disks are out of reach", () => {
    let libvirt: Libvirt;
    let ssh: Ssh;
    let runtime = "";
    const before = process.env.XDG_RUNTIME_DIR;
    beforeAll(async () => {
        [libvirt, ssh] = await Promise.all([startLibvirt({ release: "installed" }), startSsh()]);
        runtime = await mkdtemp(join(tmpdir(), "snaptree-runtime-"));
        process.env.XDG_RUNTIME_DIR = runtime;
    });
    afterAll(async () => {
        if (before === undefined) delete process.env.XDG_RUNTIME_DIR;
        else process.env.XDG_RUNTIME_DIR = before;
        await Promise.all([rm(runtime, { recursive: true }), ssh.stop(), libvirt.stop()]);
    });

    const current = (domain: string) => libvirt.virsh("snapshot-current", domain, "--name");

    test("over SSH a running guest goes back to its checkpoint, and what needs its disks is refused", async () => {
        const guest = await defineGuest(libvirt, { name: "far" });
        await libvirt.virsh("start", "far");
        await counterLines(guest.serial, 2);
        await using host = await connect(ssh.uri(libvirt));
        const vm = await host.domain("far");
        expect(await vm.create({ name: "a", description: "one" })).toMatchObject({ state: "running", memory: true, mode: "internal" });
        await vm.create({ name: "b", owner: "me" });
        await vm.redefine({ name: "a", description: "two" });
        expect(await libvirt.virsh("snapshot-dumpxml", "far", "a")).toContain("<description>two</description>");
        expect(await refused(vm.revert("a"))).toMatchObject({ losses: ["tip"] });
        await vm.revert("a", { ...lost, powerState: "paused" });
        expect(await current("far")).toBe("a");
        expect(await libvirt.virsh("domstate", "far")).toBe("paused");
        const error = await refused(vm.branch("x", { from: "a" }));
        expect(error).toBeInstanceOf(UnsupportedError);
        expect(error.message).toContain("qemu:///system");
        expect(error.message).not.toContain(ssh.key);
        expect((await vm.hierarchy()).snapshots).toMatchObject([{ name: "a" }, { name: "b", owner: "me" }]);
        await vm.delete("b");
        expect(await libvirt.virsh("snapshot-list", "far", "--name")).toBe("a");
    });

    test("over SSH nothing that libvirt's own commands would spoil is done to a domain with branches", async () => {
        const guest = await defineGuest(libvirt, { name: "branched" });
        await using near = await connect(libvirt.uri);
        const here = await near.domain(guest.name);
        await here.create({ name: "a" });
        await here.branch("work", { from: "a" });
        await using far = await connect(ssh.uri(libvirt));
        const there = await far.domain(guest.name);
        const was = await here.hierarchy();
        expect((await there.hierarchy()).branches.map(({ name }) => name)).toEqual(["work"]);
        for (const work of [there.create({ name: "x" }), there.revert("a", lost), there.delete("a", { force: true })]) {
            const error = await refused(work);
            expect(error).toBeInstanceOf(UnsupportedError);
            expect(error.message).toContain("work");
        }
        expect(await here.hierarchy()).toEqual(was);
    });

    test("a transient domain goes back running or paused, and is never shut off", async () => {
        const guest = await defineGuest(libvirt, { name: "passing" });
        await libvirt.virsh("start", guest.name);
        await libvirt.virsh("undefine", guest.name);
        await using host = await connect(libvirt.uri);
        const vm = await host.domain(guest.name);
        await vm.create({ name: "a", mode: "internal" });
        await vm.revert("a", { ...lost, powerState: "paused" });
        expect(await libvirt.virsh("domstate", guest.name)).toBe("paused");
        for (const flags of [{ powerState: "shutoff" }, { leave: "shutdown" }] as const)
            expect(await refused(vm.revert("a", { ...lost, ...flags }))).toBeInstanceOf(UnsupportedError);
        expect(await libvirt.virsh("domstate", guest.name)).toBe("paused");
        await vm.delete("a");
        expect(await vm.listNames()).toEqual([]);
    });
});
