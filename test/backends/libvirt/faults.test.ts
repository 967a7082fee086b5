// Whatever fails, nothing is lost: what went wrong is said clearly, and the next run goes right.
import { execFileSync } from "node:child_process";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { execaSync } from "execa";
import { BusyError, HostError, type Progress, UnreachableError } from "../../../provider/engine";
import { Virsh } from "../../../provider/backends/libvirt/virsh";
import { parents, refused } from "../../conformance/support";
import { type Libvirt, startLibvirt } from "../../hosts/libvirt";
import { needs, newerLibvirt, suiteWith } from "../../support/requires";
import { type Bundle, bundle } from "../qemu/bundle";
import { look, recover } from "../qemu/crash";
import type { Order } from "../qemu/kill-child";
import type { Work } from "../qemu/work";
import { LibvirtMachine } from "./machine";

/** Libvirt is killed at so many commands of an operation; `make soak` tries them all. */
const MOST = process.env.SNAPTREE_RUNS === undefined ? 2 : Infinity;

/** Does something at the moment at which an operation comes to a step, or to its commit. */
function at(step: string, work: () => void): { onProgress: (progress: Progress) => void } {
    let done = false;
    return {
        onProgress({ kind, message }) {
            if (done || kind !== "step" || !message.endsWith(`: ${step}`)) return;
            done = true;
            work(); // Who only looks on disturbs nothing by failing: what the test expects then does not come to pass.
        },
    };
}

suiteWith(needs(newerLibvirt), "libvirt in trouble", () => {
    let libvirt: Libvirt;
    let child: Bundle;
    beforeAll(async () => {
        child = await bundle("kill-child.ts");
        libvirt = await startLibvirt({ release: "newer" });
    });
    afterAll(async () => {
        await libvirt.stop();
        await child[Symbol.asyncDispose]();
    });

    async function scene(within = libvirt.images): Promise<LibvirtMachine> {
        const machine = await LibvirtMachine.make(libvirt, ["vda"], { within });
        await machine.vm.create({ name: "base", mode: "external" });
        await machine.write("vda", 1, "a");
        await machine.vm.create({ name: "a" });
        await machine.vm.branch("p", { from: "base" });
        await machine.write("vda", 2, "t");
        return machine;
    }

    /** Somebody else, now and to the end. */
    function other({ uri, domain }: LibvirtMachine, work: Work): void {
        const order: Order = { uri, domain, work, killAt: null, grain: "step" };
        execaSync("node", [child.file, JSON.stringify(order)]);
    }

    const virsh = (...args: string[]) => execaSync("virsh", ["--connect", libvirt.uri, ...args]);

    test("that does not run is unreachable, to those that only look too, and is found again", async () => {
        await using machine = await scene();
        const before = await machine.vm.hierarchy();
        await libvirt.kill();
        expect(await refused(machine.vm.hierarchy())).toBeInstanceOf(UnreachableError);
        expect(await refused(machine.vm.create({ name: "n" }))).toBeInstanceOf(UnreachableError);
        await libvirt.restart();
        expect(await machine.vm.hierarchy()).toEqual(before);
        await machine.vm.create({ name: "n" });
        await machine.sound();
    });

    test("and killed at a command of a switch: the next run finds the old or the new, whole", async () => {
        await using machine = await scene();
        const old = await look(machine);
        const changes = new Set(["define", "metadata", "snapshot-create", "snapshot-delete"]);
        const real: unknown = Reflect.get(Virsh.prototype, "run");
        const run = real as Virsh["run"];
        let countdown = Infinity;
        let passed = 0;
        Virsh.prototype.run = async function (this: Virsh, command, options) {
            if (changes.has(command[0])) passed++;
            if (changes.has(command[0]) && countdown-- === 0) await libvirt.kill();
            return run.call(this, command, options);
        };
        try {
            await machine.vm.switch("p");
            const points = passed;
            const done = await look(machine);
            await machine.vm.switch("auto-a-1");
            const back = await look(machine);
            expect({ ...back, branches: [], branch: null }).toEqual({ ...old, branches: [] });
            for (let i = 0; i < Math.min(MOST, points); i++) {
                countdown = MOST < points ? Math.floor(((i + 0.5) * points) / MOST) : i;
                const error = await refused(machine.vm.switch("p"));
                countdown = Infinity;
                expect(error.message).toMatch(/nothing is lost|can't be reached|connection was lost/);
                await libvirt.restart();
                await recover(machine);
                const found = await look(machine);
                expect([back, done]).toContainEqual(found);
                await machine.sound();
                if (found.branch === "p") await machine.vm.switch("auto-a-1");
            }
        } finally {
            Virsh.prototype.run = run;
        }
    });

    test("is told what another machine does meanwhile, which has no lock of ours: the second to commit is refused, and takes nothing of the first", async () => {
        await using machine = await scene();
        const meanwhile = at("commit", () => {
            for (const name of readdirLocks(machine.folder)) execFileSync("rm", [name]);
            other(machine, { verb: "create", request: { name: "theirs" } });
        });
        expect(await refused(machine.vm.create({ name: "ours" }, meanwhile))).toMatchObject({
            message: expect.stringContaining("changed meanwhile by somebody else"),
        });
        expect(parents(await machine.vm.hierarchy())).toEqual({ base: null, a: "base", theirs: "a" });
        await machine.vm.create({ name: "ours" });
        await machine.sound();
    });

    test("does not get a domain back that was undefined meanwhile, nor keeps files for it", async () => {
        await using machine = await LibvirtMachine.make(libvirt, ["vda"]);
        const files = await readdir(machine.folder);
        await refused(
            machine.vm.create(
                { name: "x", mode: "external" },
                at("commit", () => void virsh("undefine", machine.domain)),
            ),
        );
        expect((await libvirt.virsh("list", "--all", "--name")).split("\n")).not.toContain(machine.domain);
        expect((await readdir(machine.folder)).filter((name) => !name.endsWith(".lock"))).toEqual(files);
    });

    test("has a domain started before the commit: all is taken back; and after it: its disks stay under it until it is shut down", async () => {
        // Of paths as long as these, messages show the beginning alone, which is the same of all the domain's.
        const within = join(libvirt.images, "long-".repeat(20));
        await mkdir(within);
        await using machine = await scene(within);
        const before = await look(machine);
        const started = at("commit", () => void virsh("start", machine.domain));
        expect(await refused(machine.vm.switch("p", {}, started))).toBeInstanceOf(BusyError);
        await libvirt.virsh("destroy", machine.domain);
        expect(await look(machine)).toEqual(before);
        const late = await refused(
            machine.vm.switch(
                "p",
                {},
                at("define", () => void virsh("start", machine.domain)),
            ),
        );
        expect(late.message).toMatch(/decided but not finished.*started meanwhile/);
        await libvirt.virsh("destroy", machine.domain);
        expect(await recover(machine)).toBe("finished");
        expect((await machine.vm.hierarchy()).branch).toBe("p");
        await machine.sound();
    });

    test("misses an image: that is said, and nothing else is done; once it is back, all is well", async () => {
        await using machine = await scene();
        const [{ file } = { file: "" }] = await machine.disks();
        await rename(file, `${file}.away`);
        const error = await refused(machine.vm.create({ name: "n" }));
        expect(error).toBeInstanceOf(HostError);
        expect(error.message).toContain(file);
        await rename(`${file}.away`, file);
        await machine.vm.create({ name: "n" });
        await machine.sound();
    });

    test("takes no lock through a symbolic link", async () => {
        await using machine = await LibvirtMachine.make(libvirt, ["vda"]);
        const uuid = await libvirt.virsh("domuuid", machine.domain);
        const lock = join(machine.folder, `.snaptree-${uuid.trim()}.lock`);
        execFileSync("ln", ["-s", join(machine.folder, "vda.qcow2"), lock]);
        expect((await refused(machine.vm.create({ name: "n" }))).message).toContain("ELOOP");
        await rm(lock);
        await machine.vm.create({ name: "n", mode: "external" });
        await machine.sound();
    });

    function readdirLocks(folder: string): string[] {
        return execFileSync("find", [folder, "-name", "*.lock"], { encoding: "utf8" }).split("\n").filter(Boolean);
    }
});
