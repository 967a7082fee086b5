// A disk that is full or may not be written, under the images or under what libvirt itself keeps: one clear error, nothing lost, and the next run right.
import { dirname } from "node:path";
import { execaSync } from "execa";
import { type Mode, type Progress, SnaptreeError } from "../../../provider/engine";
import { holding } from "../../conformance/bench";
import { parents, refused } from "../../conformance/support";
import { type Libvirt, type LibvirtRelease, startLibvirt } from "../../hosts/libvirt";
import { libvirt as installed, needs, newerLibvirt, suiteWith } from "../../support/requires";
import { type Bundle, bundle } from "../qemu/bundle";
import { look, recover } from "../qemu/crash";
import type { Order } from "../qemu/kill-child";
import { mounting, SmallDisk } from "../qemu/tools/mounts";
import { LibvirtMachine } from "./machine";

/** A mode for each: what becomes of files differs by the mode, and what becomes of documents by the release. */
const releases: readonly [LibvirtRelease, typeof installed, Mode][] = [
    ["installed", installed, "external"],
    ["newer", newerLibvirt, "internal"],
];

const MIB = 1024 * 1024;

interface Options {
    readonly onProgress?: (progress: Progress) => void;
}

/** Does something at the moment at which an operation comes to a step. */
function at(step: string, work: () => void): Options {
    return {
        onProgress({ kind, message }) {
            if (kind === "step" && message.endsWith(`: ${step}`)) work();
        },
    };
}

describe.each(releases)("%s", (release, requirement, mode) => {
    suiteWith(needs(requirement, mounting), `a disk that is full, on libvirt as ${release}`, () => {
        /** Where libvirt keeps domains and snapshots' documents. */
        let state: SmallDisk;
        let images: SmallDisk;
        let libvirt: Libvirt;
        let child: Bundle;
        beforeAll(async () => {
            child = await bundle("kill-child.ts");
            state = new SmallDisk(16 * MIB); // Before libvirt starts, which sees what is mounted by then.
            images = new SmallDisk(16 * MIB, state.path);
            libvirt = await startLibvirt({ release, within: state.path });
        });
        afterEach(() => makeRoom());
        afterAll(async () => {
            await libvirt.stop();
            await child[Symbol.asyncDispose]();
            images.remove();
            state.remove();
        });

        function makeRoom(): void {
            images.readonly(false);
            for (const disk of [state, images]) disk.empty();
        }

        /** b on a, the tip on b, and a branch on a that holds a's contents still. */
        async function scene(kind: Mode): Promise<LibvirtMachine> {
            const machine = await LibvirtMachine.make(libvirt, ["vda"], { within: images.path });
            await machine.write("vda", 1, "a");
            await machine.vm.create({ name: "a", mode: kind });
            await machine.write("vda", 2, "b");
            await machine.vm.create({ name: "b" });
            await machine.vm.branch("side", { from: "a" });
            await machine.write("vda", 3, "t");
            return machine;
        }

        type Act = (machine: LibvirtMachine, options?: Options) => Promise<unknown>;
        const filling = [4, 5, 6, 7].map((slot) => ({ target: "vda", slot, character: "p" }));
        const tries: Readonly<Record<string, Act>> = {
            creating: ({ vm }, options) => vm.create({ name: "c" }, options),
            "creating elsewhere": ({ vm }, options) => vm.create({ name: "d", parent: "a" }, options),
            provisioning: (machine, options) => machine.vm.create({ name: "p", parent: "b", provision: machine.provision(filling) }, options),
            branching: ({ vm }, options) => vm.branch("more", { from: "b" }, options),
            "deleting what others stand on": ({ vm }, options) => vm.delete("a", {}, options),
            deleting: ({ vm }, options) => vm.delete("b", {}, options),
            committing: ({ vm }, options) => vm.revert("b", { commit: true }, options),
            switching: ({ vm }, options) => vm.switch("side", {}, options),
            redefining: ({ vm }, options) => vm.redefine({ name: "a", description: "long ".repeat(2000) }, options),
        };

        /** What needs room beside the images. */
        const writing: Readonly<Record<Mode, readonly string[]>> = {
            external: ["creating", "creating elsewhere", "provisioning", "branching", "deleting", "committing"],
            internal: ["creating", "creating elsewhere", "provisioning"],
        };
        const FULL = /No space left|ENOSPC|disk .* is full|disk is too full|look for a full file system/;

        test(`${mode}: whatever can't be written is one clear error, and nothing has changed`, async () => {
            await using machine = await scene(mode);
            const before = await look(machine);
            const attempt = async (what: string, says: RegExp, prepare: () => void) => {
                prepare();
                const error = await refused((tries[what] as Act)(machine));
                expect(error).toBeInstanceOf(SnaptreeError);
                expect({ what, message: error.message }).toEqual({ what, message: expect.stringMatching(says) as unknown });
                expect({ what, ...(await look(machine)) }).toEqual({ what, ...before });
                makeRoom();
            };
            for (const what of writing[mode]) await attempt(what, FULL, () => images.fill(0));
            for (const what of ["creating", "deleting", "switching"]) await attempt(what, FULL, () => state.fill(0));
            await attempt("creating", /read-only|EROFS/i, () => images.readonly(true));
            await machine.sound();
            await machine.vm.create({ name: "c" });
            expect(await machine.snapshot("c")).toEqual(before.tip);
            await machine.sound();
        });

        const after: Readonly<Record<string, Readonly<Record<string, string | null>>>> = {
            creating: { a: null, b: "a", c: "b" },
            "creating elsewhere": { a: null, b: "a", d: "a" },
            "deleting what others stand on": { b: null },
            switching: { a: null, b: "a" },
            redefining: { a: null, b: "a" },
        };

        test(`${mode}: libvirt can't write down what is decided: that is told already, and once there is room the next run ends it`, async () => {
            let restarts = 0;
            for (const [what, expected] of Object.entries(after)) {
                await using machine = await scene(mode);
                const before = await look(machine);
                const error = await refused(
                    (tries[what] as Act)(
                        machine,
                        at("remember", () => state.fill(0)),
                    ),
                );
                expect(error.message).toMatch(FULL);
                expect(error.message).toMatch(/is decided but not finished: .*; nothing is lost, and the next run goes on with it$/);
                await machine.connect();
                expect(parents(await machine.vm.hierarchy())).toEqual(expected);
                await refused(recover(machine));
                makeRoom();
                const early = await recover(machine).then(
                    () => null,
                    (e: unknown) => e as Error,
                );
                if (early) {
                    expect(early.message).toMatch(/has forgotten the snapshot "\w".*restart libvirtd/);
                    restarts++;
                    await libvirt.kill();
                    await libvirt.restart();
                    expect(await recover(machine)).toBe("finished");
                }
                expect(parents(await machine.vm.hierarchy())).toEqual(expected);
                for (const { name, holds } of before.snapshots) if (name in expected) expect(await machine.snapshot(name)).toEqual(holds);
                if (what === "creating") expect(await machine.snapshot("c")).toEqual(before.tip);
                await machine.sound();
            }
            expect(restarts).toBeGreaterThan(0);
        });

        test("permissions that are wrong: whoever runs Snaptree is told what may not be written or read, and nothing has changed", async () => {
            await using machine = await scene("external");
            const before = await look(machine);
            const files = (await machine.disks()).map(({ file }) => file);
            const permit = (mode: string, ...paths: string[]) => execaSync("chmod", [mode, "--", ...paths]);
            permit("755", state.path, libvirt.folder, dirname(libvirt.socket), machine.temporary);
            permit("777", libvirt.socket, images.path);
            /** As nobody in particular. */
            const create = (name: string) => {
                const order: Order = { uri: machine.uri, domain: machine.domain, work: { verb: "create", request: { name } }, killAt: null, grain: "step" };
                const command = [process.execPath, child.file, JSON.stringify(order)] as const;
                const env = { HOME: images.path, TMPDIR: images.path };
                return execaSync("setpriv", ["--reuid", "65534", "--regid", "65534", "--clear-groups", ...command], { env, reject: false, cwd: "/" });
            };
            const untouched = async (name: string, says: RegExp) => {
                expect(create(name)).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(says) as unknown });
                expect(await look(machine)).toEqual(before);
            };
            await untouched("n", /^the lock ".*" can't be opened: EACCES: permission denied.*; check the folder's permissions and run again$/);
            permit("777", machine.folder);
            permit("600", ...files);
            await untouched("n", /^[^\n]*(EACCES|[Pp]ermission denied)[^\n]*$/);
            permit("666", ...files);
            await machine.vm.create({ name: "n" });
            expect(await machine.snapshot("n")).toEqual(before.tip);
            await machine.sound();
        });

        test("of a guest that runs: it runs on, and what was asked for is there or is not", async () => {
            await using machine = await scene("external");
            const { domain } = machine;
            await libvirt.virsh("start", domain);
            const before = await machine.vm.hierarchy();
            const disks = await libvirt.virsh("domblklist", domain);
            const attempt = async (what: string, act: () => Promise<unknown>) => {
                expect({ what, message: (await refused(act())).message }).toEqual({ what, message: expect.stringMatching(FULL) as unknown });
                expect(await libvirt.virsh("domstate", domain)).toBe("running");
                makeRoom();
            };
            const untouched = async (what: string, act: () => Promise<unknown>) => {
                await attempt(what, act);
                expect({ what, ...(await machine.vm.hierarchy()) }).toEqual({ what, ...before });
                expect(await libvirt.virsh("domblklist", domain)).toBe(disks);
            };
            const full = (disk: SmallDisk, act: () => Promise<unknown>) => () => {
                disk.fill(0);
                return act();
            };
            await untouched(
                "checkpoint",
                full(images, () => machine.vm.create({ name: "c" })),
            );
            await untouched(
                "disks alone",
                full(images, () => machine.vm.create({ name: "c", diskOnly: true })),
            );
            await untouched("deletion", () =>
                machine.vm.delete(
                    "b",
                    {},
                    at("pull", () => images.fill(0)),
                ),
            );
            await untouched(
                "no journal",
                full(state, () => machine.vm.create({ name: "c", diskOnly: true })),
            );
            // The guest writes to its new file by the time that libvirt finds that it can't say so: what it wrote before is under it.
            await attempt("no document", () =>
                machine.vm.create(
                    { name: "c", diskOnly: true },
                    at("commit", () => state.fill(0)),
                ),
            );
            expect(parents(await machine.vm.hierarchy())).toEqual({ a: null, b: "a" });
            await attempt("no agreement", () =>
                machine.vm.create(
                    { name: "d", diskOnly: true },
                    at("agree", () => state.fill(0)),
                ),
            );
            expect(await recover(machine)).toBe("finished");
            expect(parents(await machine.vm.hierarchy())).toEqual({ a: null, b: "a", d: "b" });
            await libvirt.virsh("destroy", domain);
            expect([await machine.tip(), await machine.snapshot("b"), await machine.snapshot("d")].map(({ vda }) => vda)).toEqual(
                ["abt", "ab", "abt"].map(holding),
            );
            await machine.sound({ single: true });
        });
    });
});
