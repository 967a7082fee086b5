// Whatever fails, nothing is lost: what went wrong is said clearly, and the next run goes right.
import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { execa } from "execa";
import { connect, HostError } from "../../../provider/engine";
import { Manage } from "../../../provider/backends/vbox/manage";
import { grow, refused, seen } from "../../conformance/support";
import { startVirtualBox, type VirtualBox } from "../../hosts/virtualbox";
import { needs, suiteWith, virtualbox as installed } from "../../support/requires";
import { type Bundle, bundle } from "../qemu/bundle";
import { recover } from "../qemu/crash";
import type { Order } from "../qemu/kill-child";
import { VboxMachine } from "./machine";

suiteWith(needs(installed), "VirtualBox in trouble", () => {
    let virtualbox: VirtualBox;
    let child: Bundle;
    beforeAll(async () => {
        child = await bundle("kill-child.ts");
        virtualbox = await startVirtualBox();
    });
    afterAll(async () => {
        await virtualbox.stop();
        await child[Symbol.asyncDispose]();
    });

    /** a under nothing, b under a; branch p on a holds something of its own; the machine is on b, and has written there. */
    async function scene(): Promise<VboxMachine> {
        const machine = await VboxMachine.make(virtualbox, ["vda"]);
        await grow(machine, "a", null, 1);
        await machine.vm.branch("p", { from: "a" });
        await machine.vm.switch("p");
        await machine.write("vda", 5, "p");
        await grow(machine, "b", "a", 2);
        await machine.vm.revert("b");
        await machine.write("vda", 4, "t");
        return machine;
    }
    const SCENE = { current: "b", branch: null, dirty: true, tip: "ab.t", snapshots: { a: "a", b: "ab" }, branches: { p: "a...p" } };

    /** VirtualBox knows of files what it knew when its service started. */
    async function restarted(): Promise<void> {
        await virtualbox.killServer();
        await virtualbox.run("list", "vms");
    }

    /** Everything is as it was, and Snaptree goes on. */
    async function goesOn(machine: VboxMachine): Promise<void> {
        await machine.connect();
        expect(await seen(machine)).toEqual(SCENE);
        await machine.vm.create({ name: "n" });
        await machine.vm.switch("p");
        expect(await seen(machine)).toMatchObject({ branch: "p", tip: "a...p", snapshots: { ...SCENE.snapshots, n: "ab.t" } });
        await machine.vm.delete("n");
        await machine.sound();
    }

    const documentOf = (machine: VboxMachine) => join(machine.folder, `${machine.domain}.vbox`);

    test.each([
        ["is not there", (file: string) => rename(file, `${file}.away`), (file: string) => rename(`${file}.away`, file)],
        [
            "is cut short",
            async (file: string) => {
                const text = await readFile(file, "utf8");
                await rename(file, `${file}.away`);
                await writeFile(file, text.slice(0, text.length / 2));
            },
            (file: string) => rename(`${file}.away`, file),
        ],
    ] as const)("the machine's document %s: each operation says so, and once it is back all is as it was", async (_, spoil, mend) => {
        await using machine = await scene();
        const file = documentOf(machine);
        await spoil(file);
        for (const work of [() => machine.vm.hierarchy(), () => machine.vm.create({ name: "n" }), () => machine.vm.switch("p")]) {
            const error = await refused(work());
            expect(error).toBeInstanceOf(HostError);
            expect(error.message).toContain(file);
        }
        await restarted(); // Now VirtualBox knows as well.
        const error = await refused(connect(machine.uri).then((host) => host.domain(machine.domain)));
        expect(error).toBeInstanceOf(HostError);
        expect(error.message).toMatch(/can't read.*mend or unregister/);
        await mend(file);
        await restarted();
        await goesOn(machine);
    });

    test("a snapshot's image is not there: what stands on it is still listed, the doctor names the file, and once it is back all is as it was", async () => {
        await using machine = await scene();
        const file = (await machine.vm.hierarchy()).snapshots.find(({ name }) => name === "b")?.files.vda ?? "";
        await rename(file, `${file}.away`);
        await restarted();
        await machine.connect();
        expect((await machine.vm.hierarchy()).snapshots.map(({ name }) => name)).toEqual(["a", "b"]);
        const findings = await machine.vm.doctor({ repair: true });
        expect(findings.filter(({ what }) => what === file)).toMatchObject([
            { kind: "chain", repaired: false, message: expect.stringMatching(/is not there.*backup/) as string },
        ]);
        for (const work of [() => machine.vm.switch("p"), () => machine.vm.delete("b"), () => machine.vm.create({ name: "n" })]) {
            const error = await refused(work());
            expect(error.message).toContain(file);
        }
        await rename(`${file}.away`, file);
        await restarted();
        await recover(machine);
        await machine.connect();
        const { snapshots, branches } = await seen(machine);
        expect({ snapshots, branches }).toMatchObject({ snapshots: { a: "a" }, branches: { p: "a...p" } });
        await machine.sound();
    });

    test("VirtualBox was killed when it had merged a snapshot's image and not yet written that down, and goes no further: Snaptree does, and no byte is lost", async () => {
        await using machine = await scene();
        const { now, under, media } = await machine.document();
        const tip = now.disks.vda ?? "";
        const merged = under.get(tip) ?? "";
        const file = media.get(merged) ?? "";
        const document = await readFile(documentOf(machine), "utf8");
        await virtualbox.run("snapshot", machine.domain, "delete", "b");
        await virtualbox.killServer();
        await writeFile(documentOf(machine), document);
        expect(existsSync(file)).toBe(false);
        const { stderr } = await execa(virtualbox.vboxmanage, ["snapshot", machine.domain, "delete", "b"], { reject: false, stdin: "ignore" });
        expect(stderr).toContain(file);
        // What stands on it tells that it was merged, and is not lost.
        const standsOn = (uuid: string) => virtualbox.run("internalcommands", "sethdparentuuid", media.get(tip) ?? "", uuid);
        await standsOn(merged);
        await machine.connect();
        expect((await refused(machine.vm.delete("b"))).message).toContain(file);
        expect((await machine.document()).media.has(merged)).toBe(true);
        await standsOn(under.get(merged) ?? "");
        expect(await recover(machine)).toBe("finished");
        expect(await seen(machine)).toMatchObject({ current: "a", tip: "ab.t", snapshots: { a: "a" }, branches: { p: "a...p" } });
        await machine.sound();
        await machine.vm.create({ name: "later" });
        await machine.vm.switch("p");
        expect((await seen(machine)).snapshots).toEqual({ a: "a", later: "ab.t" });
        await machine.sound();
    });

    /** Calls that give no sign of life are given up after so many milliseconds. */
    function impatient(milliseconds: number): Disposable {
        const real: unknown = Reflect.get(Manage.prototype, "run");
        const run = real as Manage["run"];
        Manage.prototype.run = function (this: Manage, args, options) {
            return run.call(this, args, { ...options, timeout: milliseconds });
        };
        return {
            [Symbol.dispose]() {
                Manage.prototype.run = run;
            },
        };
    }

    test.each(["take", "setextradata"])("the service hangs in %s: that is said, and once it goes on the next run is right", async (verb) => {
        await using machine = await scene();
        const service = await virtualbox.startedServer();
        const work = verb === "take" ? () => machine.vm.create({ name: "n" }) : () => machine.vm.branch("q", { from: "b" });
        {
            using _patience = impatient(3000);
            process.kill(service, "SIGSTOP");
            const error = await refused(work());
            process.kill(service, "SIGCONT");
            expect(error.message).toMatch(/gave no sign of life for 3 s and was ended, as VirtualBox’s service \(VBoxSVC\) hangs/);
        }
        await recover(machine);
        const found = await seen(machine);
        expect(found).toMatchObject({ tip: SCENE.tip, snapshots: SCENE.snapshots, branches: SCENE.branches });
        await machine.sound();
        await machine.vm.switch("p");
        await machine.sound();
    });

    /** Somebody who lists all the time, with calls that lock. */
    function listingOn(machine: VboxMachine) {
        const over = new AbortController();
        const listing = (async () => {
            while (!over.signal.aborted) {
                for (const args of [
                    ["snapshot", machine.domain, "list"],
                    ["showvminfo", machine.domain],
                ])
                    await execa(virtualbox.vboxmanage, args, { reject: false, stdin: "ignore", timeout: 15_000 });
            }
        })();
        return {
            /** All of VirtualBox is closed, and its service ends. */
            async end() {
                over.abort();
                await listing;
                await virtualbox.serverEnded();
                await virtualbox.mended();
            },
        };
    }

    test("somebody lists all the time, with calls that lock: no byte is lost, what fails says why, and once that is over all goes right", async () => {
        await using machine = await scene();
        let listing = listingOn(machine);
        /** Whether it succeeded. */
        async function tried(work: Promise<unknown>): Promise<boolean> {
            try {
                await work;
                return true;
            } catch (error) {
                expect((error as Error).message).toMatch(/VBoxManage .* (was refused|failed|gave no sign of life)/);
                await listing.end(); // As the message asks for: all of VirtualBox is closed.
                listing = listingOn(machine);
                return false;
            }
        }
        const made = new Set<string>();
        try {
            for (let i = 0; i < 8; i++) {
                if (await tried(machine.vm.create({ name: `n${i}` }))) made.add(`n${i}`);
                const earlier = `n${i - 1}`;
                // What failed may have come about or not; what is to be there is only what was said to be.
                if (i % 2 === 1 && made.delete(earlier)) await tried(machine.vm.delete(earlier));
            }
        } finally {
            await listing.end();
        }
        await recover(machine);
        const found = await seen(machine);
        expect(found).toMatchObject({ tip: SCENE.tip, snapshots: SCENE.snapshots, branches: SCENE.branches });
        expect(Object.keys(found.snapshots)).toEqual(expect.arrayContaining([...made]));
        for (const [name, contents] of Object.entries(found.snapshots)) if (name.startsWith("n")) expect([name, contents]).toEqual([name, "ab.t"]);
        await machine.vm.create({ name: "later" });
        await machine.leave(); // Images that VirtualBox began and forgot.
        await machine.sound();
    });

    test("what VBoxManage was doing for a run that was killed goes on: the next run waits for it, and goes on from there", async () => {
        await using machine = await scene();
        const folder = join(virtualbox.folder, "slow");
        const begun = join(folder, "begun");
        const slow = join(folder, "VBoxManage");
        await mkdir(folder, { recursive: true });
        // Nothing that is small enough for a test takes long enough.
        await writeFile(slow, `#!/bin/sh\n[ "$3" != take ] || { touch '${begun}'; sleep 2; }\nexec '${virtualbox.vboxmanage}' "$@"\n`);
        await chmod(slow, 0o755);
        const uri = `vbox:///session?vboxmanage=${encodeURIComponent(slow)}`;
        const order: Order = { uri, domain: machine.domain, work: { verb: "revert", name: "a", request: { keep: "kept" } }, killAt: null, grain: "step" };
        const run = execa("node", [child.file, JSON.stringify(order)], { reject: false });
        while (!(await stat(begun).catch(() => null))) await setTimeout(20);
        run.kill("SIGKILL");
        await run;
        expect(await recover(machine)).toBe("taken back");
        expect(await seen(machine)).toEqual(SCENE);
        await machine.sound();
        await goesOn(machine);
    });

    test.each([
        ["damaged", "1:0:bm90IGd6aXA=", /is damaged; nothing was changed: put it back from a backup/],
        ["cut short", "2:0:H4sI", /is damaged/],
        ["not Snaptree's at all", "hello", /is damaged/],
        ["of a newer Snaptree", `1:0:${gzipSync(JSON.stringify({ version: 99 })).toString("base64")}`, /was written by a newer Snaptree \(version 99\)/],
    ])("what is kept with the machine is %s: nobody guesses, and once it is back all is as it was", async (_, value, says) => {
        await using machine = await scene();
        const kept = (await virtualbox.run("getextradata", machine.domain, "snaptree/records")).replace("Value: ", "");
        await virtualbox.run("setextradata", machine.domain, "snaptree/records", value);
        for (const work of [() => machine.vm.hierarchy(), () => machine.vm.create({ name: "n" }), () => machine.vm.delete("a")]) {
            const error = await refused(work());
            expect(error).toBeInstanceOf(HostError);
            expect(error.message).toMatch(says);
        }
        await virtualbox.run("setextradata", machine.domain, "snaptree/records", kept);
        await goesOn(machine);
    });
});
