import { constants, existsSync } from "node:fs";
import { open, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate, setTimeout } from "node:timers/promises";
import { execa } from "execa";
import { LocalSite } from "../../../provider/backends/vbox/local-site";
import { Manage } from "../../../provider/backends/vbox/manage";
import type { CommandOptions } from "../../../provider/backends/vbox/site";
import { isInaccessible, isLocked, isNotFound } from "../../../provider/backends/vbox/vbox-error";
import { startVirtualBox, type VirtualBox } from "../../hosts/virtualbox";
import { needs, suiteWith, virtualbox as required } from "../../support/requires";
import { StandIns } from "./stand-in";

const failure = (work: Promise<unknown>): Promise<unknown> => work.then(() => Promise.reject(new Error("it did not fail")), (error: unknown) => error); // prettier-ignore

/** Looks again until it is so. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
    while (!(await isSo())) await setTimeout(10);
}

suiteWith(needs(required), "VBoxManage", () => {
    let virtualbox: VirtualBox;
    let manage: Manage;
    let machines = 0;
    beforeAll(async () => {
        virtualbox = await startVirtualBox();
        manage = fresh();
    });
    afterAll(() => virtualbox.stop());

    /** As another process has it: nothing is shared with any other. */
    const fresh = (): Manage => new Manage(new LocalSite(), { command: virtualbox.vboxmanage });

    async function machine(): Promise<string> {
        const name = `vm-${++machines}`;
        await virtualbox.run("createvm", `--name=${name}`, "--register");
        return name;
    }

    const document = (name: string): string => join(virtualbox.machines, name, `${name}.vbox`);

    /** Names of snapshots, each the parent of the next. */
    async function chain(name: string): Promise<string[]> {
        const listed = await virtualbox.run("snapshot", name, "list", "--machinereadable");
        return [...listed.matchAll(/^SnapshotName[-1]*="(.*)"$/gm)].map(([, found = ""]) => found);
    }

    test("any text reaches it as one argument, and comes back as it is", async () => {
        const texts = ["", " ", "-", "--help", "it's", '"', "$HOME `id` \\", "a\nb\n", "%s&<>;|*", "木\u{1f600}é", "x".repeat(70_000), "é".repeat(50_000)];
        const name = await machine();
        for (const text of texts) {
            await manage.run(["setextradata", name, "key", `x${text}`], { machine: name });
            expect(await manage.run(["getextradata", name, "key"], { machine: name })).toBe(`Value: x${text}\n`);
            expect(await virtualbox.run("getextradata", name, "key")).toBe(`Value: x${text}`.trimEnd());
        }
    });

    test("several that begin at once, where no service runs, are all served, by one service", async () => {
        await virtualbox.killServer();
        const answers = await Promise.all([..."12345678"].map(() => fresh().run(["list", "systemproperties"])));
        expect(new Set(answers).size).toBe(1);
        expect(answers[0]).toContain(virtualbox.machines);
        expect((await virtualbox.processes()).filter(({ name }) => name === "VBoxSVC")).toHaveLength(1);
    });

    test("a service that has gone since the last call is started again", async () => {
        const name = await machine();
        await manage.run(["list", "vms"]);
        await virtualbox.killServer();
        await manage.run(["setextradata", name, "key", "value"], { machine: name });
        expect(await virtualbox.run("getextradata", name, "key")).toBe("Value: value");
    });

    test("calls on one machine go one at a time, in order, whoever asks, and one that fails holds up none", async () => {
        const name = await machine();
        const take = (snapshot: string, by = manage) => by.run(["snapshot", name, "take", snapshot], { machine: name });
        const lost = failure(manage.run(["snapshot", name, "delete", "none"], { machine: name }));
        await Promise.all([take("a"), take("b", fresh()), take("c"), take("d", fresh())]);
        expect(isNotFound(await lost)).toBe(true);
        expect(await chain(name)).toEqual(["a", "b", "c", "d"]);
    });

    test("a call whose signal is aborted before its turn is not made", async () => {
        const name = await machine();
        const aborter = new AbortController();
        const first = manage.run(["snapshot", name, "take", "a"], { machine: name });
        const second = failure(manage.run(["snapshot", name, "take", "b"], { machine: name, signal: aborter.signal }));
        aborter.abort(new Error("enough"));
        const third = manage.run(["snapshot", name, "take", "c"], { machine: name });
        expect(await second).toEqual(new Error("enough"));
        await Promise.all([first, third]);
        expect(await chain(name)).toEqual(["a", "c"]);
        expect(await failure(manage.run(["snapshot", name, "take", "d"], { signal: aborter.signal }))).toEqual(new Error("enough"));
        expect(await chain(name)).toEqual(["a", "c"]);
    });

    test("a call that has begun is carried through, whatever its signal says then", async () => {
        const name = await machine();
        const aborter = new AbortController();
        const onProgress = () => aborter.abort(new Error("enough"));
        const answer = await manage.run(["snapshot", name, "take", "a"], { machine: name, signal: aborter.signal, onProgress });
        expect(answer).toMatch(/^Snapshot taken. UUID: [0-9a-f-]{36}\n$/);
        expect(aborter.signal.aborted).toBe(true);
        expect(await chain(name)).toEqual(["a"]);
    });

    test("progress is told from 0 to 1", async () => {
        const name = await machine();
        const seen: number[] = [];
        await manage.run(["snapshot", name, "take", "a"], { machine: name, onProgress: (fraction) => seen.push(fraction) });
        expect(seen).toEqual([...new Set(seen)].sort());
        expect(seen.at(-1)).toBe(1);
    });

    test("what it refuses is told in VirtualBox's words, with what was run", async () => {
        const name = await machine();
        await virtualbox.run("snapshot", name, "take", "a");
        const error = await failure(manage.run(["snapshot", name, "restore", "none"], { machine: name }));
        expect(error).toMatchObject({
            name: "VBoxError",
            message: "VBoxManage snapshot restore failed: Could not find a snapshot named 'none'",
            code: "VBOX_E_OBJECT_NOT_FOUND",
            details: { command: [virtualbox.vboxmanage, "snapshot", name, "restore", "none"], exitCode: 1, stderr: "Could not find a snapshot named 'none'" },
        });
        expect(isNotFound(error)).toBe(true);
        expect(isNotFound(await failure(manage.run(["snapshot", "nobody", "take", "a"])))).toBe(true);
        for (const child of ["b", "c"]) {
            await virtualbox.run("snapshot", name, "restore", "a");
            await virtualbox.run("snapshot", name, "take", child);
        }
        const refused = await failure(manage.run(["snapshot", name, "delete", "a"], { machine: name }));
        expect(refused).toMatchObject({
            name: "VBoxError",
            code: "VBOX_E_INVALID_OBJECT_STATE",
            message: expect.stringContaining("because it has 2 child snapshots"),
        });
        expect([isNotFound(refused), isLocked(refused)]).toEqual([false, false]);
    });

    test("a long argument is shown in part", async () => {
        const error = await failure(manage.run(["setextradata", "nobody", "key", "x".repeat(100_000)]));
        expect(JSON.stringify(error).length).toBeLessThan(2_000);
        expect(error).toMatchObject({ details: { command: [virtualbox.vboxmanage, "setextradata", "nobody", "key", `${"x".repeat(199)}…`] } });
    });

    test("what is refused with exit code 0 has failed too", async () => {
        const name = await machine();
        const { exitCode } = await execa(virtualbox.vboxmanage, ["discardstate", name]);
        expect(exitCode).toBe(0);
        expect(await failure(manage.run(["discardstate", name], { machine: name }))).toMatchObject({
            name: "VBoxError",
            message: expect.stringMatching(/^VBoxManage discardstate failed: Cannot discard the saved state as the machine is not in the Saved/),
        });
    });

    test("a machine that another session has is busy, and is left alone", async () => {
        const name = await machine();
        await using holder = await hold(name);
        const error = await failure(manage.run(["modifyvm", name, "--memory=64"], { machine: name }));
        expect(error).toMatchObject({ name: "BusyError", holder: "another session of VirtualBox" });
        expect(String(error)).toMatch(
            /VBoxManage modifyvm failed: The machine 'vm-\d+' is already locked for a session .*; wait until that is through, or close what has the machine \(.*\), and run again$/,
        );
        for (const args of [
            ["startvm", name, "--type=headless"],
            ["unregistervm", name],
        ]) {
            expect([args, isLocked(await failure(manage.run(args, { machine: name })))]).toEqual([args, true]);
        }
        await holder.end();
        await manage.run(["modifyvm", name, "--memory=64"], { machine: name });
        expect(await readFile(document(name), "utf8")).toContain('<Memory RAMSize="64"/>');
    });

    /** Has a machine locked by another VBoxManage, which waits for a key that does not come. */
    async function hold(name: string) {
        await virtualbox.run("modifyvm", name, "--firmware=efi");
        await virtualbox.run("modifynvram", name, "inituefivarstore");
        const key = join(virtualbox.machines, `${name}.key`);
        await execa("mkfifo", [key]);
        const args = ["modifynvram", name, "enrollpk", `--platform-key=${key}`, "--owner-uuid=11111111-2222-3333-4444-555555555555"];
        const other = execa(virtualbox.vboxmanage, args, { reject: false });
        // It has the lock by the time it opens the key, and waits there for somebody who writes one.
        const waits = async (pid: number) => (await readFile(`/proc/${pid}/wchan`, "utf8").catch(() => "")) === "wait_for_partner";
        const waiting = async () => Promise.all((await virtualbox.processes()).map(({ pid }) => waits(pid)));
        let over = false;
        const ended = other.then(() => (over = true));
        await until(async () => over || (await waiting()).includes(true));
        const end = async () => {
            if (!over) await open(key, constants.O_WRONLY | constants.O_NONBLOCK).then((pipe) => pipe.close());
            await ended;
        };
        return { end, [Symbol.asyncDispose]: end };
    }

    test("a machine whose document can't be read is inaccessible, and not gone", async () => {
        const name = await machine();
        const uuid = /uuid="\{(.*?)\}"/.exec(await readFile(document(name), "utf8"))?.[1] ?? "";
        await virtualbox.killServer();
        await rename(document(name), `${document(name)}.away`);
        const error = await failure(manage.run(["snapshot", uuid, "take", "a"], { machine: uuid }));
        expect([isInaccessible(error), isNotFound(error), isLocked(error)]).toEqual([true, false, false]);
        expect(error).toMatchObject({
            message: expect.stringMatching(/^VBoxManage snapshot take failed: The object functionality is limited; the machine is inaccessible: look why with/),
        });
        await rename(`${document(name)}.away`, document(name));
        await virtualbox.killServer();
        await manage.run(["snapshot", uuid, "take", "a"], { machine: uuid });
        expect(await chain(name)).toEqual(["a"]);
    });

    /** The service, of which the next call knows that it runs. A call can take ten seconds to end, by which the service may have ended. */
    async function served(): Promise<number> {
        for (;;) {
            const began = performance.now();
            await manage.run(["list", "vms"]);
            const server = await virtualbox.server();
            if (server !== null && performance.now() - began < 2000) return server;
        }
    }

    test("a service that hangs is given up with what to do, and none but our VBoxManage is ended", async () => {
        const name = await machine();
        const server = await served();
        process.kill(server, "SIGSTOP");
        try {
            const error = await failure(manage.run(["snapshot", name, "take", "a"], { machine: name, timeout: 500 }));
            expect(error).toMatchObject({
                name: "HostError",
                message: expect.stringMatching(
                    /^VBoxManage snapshot take gave no sign of life for 0.5 s and was ended, as VirtualBox’s service \(VBoxSVC\) hangs, and nobody knows whether it was carried out; .* end VBoxSVC/,
                ),
                details: { command: [virtualbox.vboxmanage, "snapshot", name, "take", "a"], exitCode: null },
            });
            await until(async () => (await virtualbox.processes()).every(({ name }) => name !== "VBoxManage"));
            expect(await virtualbox.server()).toBe(server);
        } finally {
            process.kill(server, "SIGCONT");
        }
        await manage.run(["snapshot", name, "take", "b"], { machine: name });
        expect(await chain(name)).toContain("b");
    });

    test("a service that dies while it is waited for is started again, and the call is made once", async () => {
        const name = await machine();
        const server = await served();
        process.kill(server, "SIGSTOP");
        const taken = manage.run(["snapshot", name, "take", "a"], { machine: name });
        await until(async () => (await virtualbox.processes()).some(({ name }) => name === "VBoxManage"));
        process.kill(server, "SIGKILL");
        await taken;
        expect(await chain(name)).toEqual(["a"]);
    });

    test("the warning of Debian's VBoxManage is no part of an answer", async () => {
        const script = await readFile(virtualbox.vboxmanage, "utf8");
        const debian = join(virtualbox.folder, "debian");
        await writeFile(debian, script.replace("/usr/lib/virtualbox/VBoxManage", "/usr/bin/VBoxManage"), { mode: 0o755 });
        const { stdout } = await execa(debian, ["--version"]);
        expect(stdout).toMatch(/^WARNING: (?:.*\n){5}7\./);
        const warned = new Manage(new LocalSite(), { command: debian });
        expect(await warned.run(["--version"])).toMatch(/^7\.[^\n]*\n$/);
    });
});

describe("a program in place of VBoxManage", () => {
    let programs: StandIns;
    beforeAll(async () => {
        programs = await StandIns.make();
    });
    afterAll(() => programs[Symbol.asyncDispose]());

    const manage = (command: string): Manage => new Manage(new LocalSite(), { command });

    test("that is not there is said to be missing, with how to say where it is", async () => {
        const nowhere = join(programs.folder, "nowhere");
        expect(await failure(manage(nowhere).run(["list", "vms"]))).toMatchObject({
            name: "UnreachableError",
            message: `"${nowhere}" is not there; install VirtualBox, or say where its VBoxManage is with ?vboxmanage=PATH in the host URI`,
        });
        expect(await failure(manage("no-VBoxManage").run(["snapshot", "vm", "take", "a"]))).toMatchObject({
            name: "UnreachableError",
            message: expect.stringMatching(/^"no-VBoxManage" is not on PATH; install VirtualBox/),
        });
        const plain = join(programs.folder, "plain");
        await writeFile(plain, "");
        expect(await failure(manage(plain).run(["list", "vms"]))).toMatchObject({ name: "UnreachableError", message: expect.stringContaining("can't be run") });
    });

    test("that dies by a signal leaves nobody knowing", async () => {
        const command = await programs.program("dies", 'test "$1" = list || { echo "Segmentation" >&2; kill -KILL $$; }');
        expect(await failure(manage(command).run(["snapshot", "vm", "take", "a"]))).toMatchObject({
            name: "HostError",
            message: "VBoxManage snapshot take ended by SIGKILL: Segmentation; nobody knows whether it was carried out: look at the machine, then run again",
            details: { exitCode: null, stderr: "Segmentation" },
        });
    });

    test("that fails without a word is told by its exit code", async () => {
        const command = await programs.program("silent", "exit 3");
        expect(await failure(manage(command).run(["list", "vms"]))).toMatchObject({
            message:
                "VBoxManage list ended with exit code 3: it does not say why; nobody knows whether it was carried out: look at the machine, then run again",
        });
    });

    test("that can never start its service is tried a few times, and what it was to do is never begun", async () => {
        const transcript = join(__dirname, "transcripts", "not-served.txt");
        const command = await programs.program("unserved", `echo "$1" >> calls; sed 1d '${transcript}' >&2; exit 1`);
        expect(await failure(manage(command).run(["snapshot", "vm", "take", "a"]))).toMatchObject({
            name: "UnreachableError",
            message: expect.stringMatching(
                /^VirtualBox’s service \(VBoxSVC\) on vbox:\/\/\/session does not start: Failed to create the VirtualBox object!.*; look whether/,
            ),
        });
        const calls = (await readFile(join(programs.folder, "calls"), "utf8")).trim().split("\n");
        expect(new Set(calls)).toEqual(new Set(["list"]));
        expect(calls.length).toBeGreaterThan(3);
    });

    test("that fails in any other way is called once", async () => {
        const transcript = join(__dirname, "transcripts", "service-ended-locking.txt");
        const command = await programs.program("once", `test "$1" = list && exit; echo "$1" >> once.calls; sed 1d '${transcript}' >&2; exit 1`);
        expect(await failure(manage(command).run(["snapshot", "vm", "take", "a"]))).toMatchObject({ name: "VBoxError" });
        expect(await readFile(join(programs.folder, "once.calls"), "utf8")).toBe("snapshot\n");
    });

    test("is called for different machines at once", async () => {
        // Each waits until the other has begun.
        const command = await programs.program("meets", 'test "$1" = list && exit; : > "met-$1"; until test -e "met-$2"; do sleep 0.01; done; echo met');
        const both = manage(command);
        const [a, b] = await Promise.all([both.run(["a", "b"], { machine: "a" }), both.run(["b", "a"], { machine: "b" })]);
        expect([a, b]).toEqual(["met\n", "met\n"]);
    });

    test("finds no password of ours in its environment, and is spoken to in UTF-8", async () => {
        const command = await programs.program("environment", "exec env");
        process.env.SNAPTREE_PASSWORD = "hunter2";
        try {
            const lines = (await manage(command).run(["list", "vms"])).split("\n");
            expect(lines).toContain("LC_ALL=C.UTF-8");
            expect(lines.join()).not.toContain("hunter2");
        } finally {
            delete process.env.SNAPTREE_PASSWORD;
        }
    });

    test("is not given what no argument can hold", async () => {
        const command = await programs.program("never", "echo called >> never.calls");
        const invalid = (text: string) => failure(manage(command).run(["setextradata", "vm", "key", text]));
        expect(await invalid("a\0b")).toMatchObject({ name: "InvalidInputError", message: expect.stringMatching(/^"a\\u0000b" has a NUL character/) });
        expect(await invalid("\ud800")).toMatchObject({ name: "InvalidInputError", message: expect.stringMatching(/is not well-formed Unicode/) });
        expect(existsSync(join(programs.folder, "never.calls"))).toBe(false);
        expect(await invalid("x".repeat(200_000))).toMatchObject({ name: "InvalidInputError", message: expect.stringMatching(/128 KiB; shorten it$/) });
    });

    test("has a minute for a sign of life, and ten once it shows progress", async () => {
        jest.useFakeTimers({ doNotFake: ["setImmediate", "nextTick", "queueMicrotask", "performance", "Date", "hrtime"] });
        try {
            const silent = await called();
            jest.advanceTimersByTime(59_999);
            expect(silent.signal?.aborted).toBe(false);
            jest.advanceTimersByTime(1);
            expect(silent.signal?.aborted).toBe(true);
            const busy = await called();
            for (const piece of ["0%", "...1", "0%...", "20%"]) {
                busy.onStderr?.(piece);
                jest.advanceTimersByTime(599_999);
                expect(busy.signal?.aborted).toBe(false);
            }
            jest.advanceTimersByTime(1);
            expect(busy.signal?.aborted).toBe(true);
            expect(await busy.ended).toMatchObject({ message: expect.stringContaining("gave no sign of life for 600 s") });
            expect(busy.seen).toEqual([0, 0.1, 0.2]);
        } finally {
            jest.useRealTimers();
        }
    });

    /** A call of a program that does nothing by itself. */
    async function called() {
        const made: CommandOptions[] = [];
        const site = new LocalSite();
        site.run = (_, options = {}) => {
            made.push(options);
            return new Promise((_resolve, reject) => options.signal?.addEventListener("abort", () => reject(options.signal?.reason as Error)));
        };
        const seen: number[] = [];
        const ended = failure(new Manage(site).run(["list", "vms"], { onProgress: (fraction) => seen.push(fraction) }));
        while (made.length === 0) await setImmediate();
        return { ...made[0], ended, seen };
    }
});
