// Nobody keeps a domain from being started, or its document from being edited, while an operation goes on or after it was interrupted.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import os from "node:os";
import { join } from "node:path";
import { QemuDomain } from "../../../provider/backends/qemu/domain";
import { AlreadyExistsError, DataLossError, HostError } from "../../../provider/engine";
import { refused } from "../../conformance/support";
import { needs, qemu, suiteWith } from "../../support/requires";
import { Crasher, look, recover } from "./crash";
import { QemuMachine } from "./machine";
import { imageOf } from "./tools";
import { eventually } from "./tools/support";

async function edit(machine: QemuMachine, from: string, to: string): Promise<string> {
    const file = join(machine.folder, "domain.xml");
    const text = await readFile(file, "utf8");
    expect(text).toContain(from);
    await writeFile(file, text.replace(from, to));
    return file;
}

async function leafOf(machine: QemuMachine): Promise<string> {
    return (await machine.files()).vda ?? "";
}

/** With snapshot “base”, and a clean leaf on it. */
async function withBase(): Promise<QemuMachine> {
    const machine = await QemuMachine.make(["vda"]);
    await machine.vm.create({ name: "base", parent: null });
    return machine;
}

/** Does something right before the commit, which is as good as during what takes long before it. */
function beforeCommit(work: () => Promise<unknown>): void {
    const real = QemuDomain.prototype.commit;
    jest.spyOn(QemuDomain.prototype, "commit").mockImplementationOnce(async function (this: QemuDomain, ...args) {
        await work();
        return real.apply(this, args);
    });
}

suiteWith(needs(qemu), "what others do meanwhile", () => {
    let crasher: Crasher;
    beforeAll(async () => {
        crasher = await Crasher.make();
    });
    afterAll(() => crasher[Symbol.asyncDispose]());
    afterEach(() => jest.restoreAllMocks());

    /** A revert of a clean tip that is killed right after it was decided. */
    const killedRevert = async (machine: QemuMachine) => {
        const leaf = await leafOf(machine);
        const records = join(machine.folder, "hierarchy.json");
        const before = await readFile(records, "utf8");
        for (let k = 0; (await readFile(records, "utf8")) === before; k++) {
            expect(await crasher.run(machine, { verb: "revert", name: "base" }, k)).toEqual({ points: null });
        }
        expect(await leafOf(machine)).toBe(leaf);
        await machine.connect();
        return leaf;
    };

    test("a leaf that is written before the commit is not removed", async () => {
        await using machine = await withBase();
        const leaf = await leafOf(machine);
        beforeCommit(() => machine.write("vda", 1, "W"));
        const error = await refused(
            machine.vm.create({ name: "x", parent: "base", provision: machine.provision([{ target: "vda", slot: 2, character: "x" }]) }),
        );
        expect(error).toBeInstanceOf(HostError);
        expect(error.message).toContain(`"${leaf}" was changed meanwhile`);
        expect((await machine.tip()).vda).toMatch(/^0W\.+$/);
        await machine.sound();
    });

    test("a domain document that is edited before the commit is not written over", async () => {
        await using machine = await withBase();
        const before = await look(machine);
        beforeCommit(() => edit(machine, "<vcpu>1", "<vcpu>4"));
        const error = await refused(machine.vm.create({ name: "x", parent: "base", provision: machine.provision([]) }));
        expect(error.message).toContain('domain.xml" was changed meanwhile');
        expect(await readFile(join(machine.folder, "domain.xml"), "utf8")).toContain("<vcpu>4");
        expect(await look(machine)).toEqual(before);
        await machine.sound();
    });

    test("a leaf that was written after a kill is kept by the run that finishes", async () => {
        await using machine = await withBase();
        const leaf = await killedRevert(machine);
        await machine.write("vda", 1, "W");
        await machine.vm.create({ name: "later" });
        expect(existsSync(leaf)).toBe(true);
        await machine.leave();
        await machine.sound();
    });

    test("a leaf that nobody wrote after a kill goes", async () => {
        await using machine = await withBase();
        const leaf = await killedRevert(machine);
        await machine.vm.create({ name: "later" });
        expect(existsSync(leaf)).toBe(false);
        await machine.sound();
    });

    test("a domain document that was edited after a kill is kept, and taken once its disks are right", async () => {
        await using machine = await withBase();
        const leaf = await killedRevert(machine);
        const file = await edit(machine, "<vcpu>1", "<vcpu>4");
        const error = await refused(machine.vm.create({ name: "later" }));
        expect(error.message).toContain("put its disks where they belong");
        expect(await readFile(file, "utf8")).toContain("<vcpu>4");
        const wanted = /vda on "(.*?)"/.exec(error.message)?.[1] ?? "";
        await edit(machine, leaf, wanted);
        await machine.vm.create({ name: "later" });
        expect(await readFile(file, "utf8")).toContain("<vcpu>4");
        await machine.sound();
    });

    test("firmware variables that the current snapshot does not hold make the tip dirty, those that it holds don't", async () => {
        await using machine = await QemuMachine.make(["vda"]);
        const nvram = join(machine.temporary, "nvram.fd");
        await edit(machine, "</os>", `<nvram>${nvram}</nvram></os>`);
        await machine.vm.create({ name: "a", parent: null });
        expect((await machine.vm.hierarchy()).dirty).toBe(false);
        await writeFile(nvram, "first");
        expect((await machine.vm.hierarchy()).dirty).toBe(true);
        await machine.vm.create({ name: "b" });
        expect((await machine.vm.hierarchy()).dirty).toBe(false);
        await machine.vm.revert("a", { force: true });
        await writeFile(nvram, "precious");
        expect(await refused(machine.vm.revert("b"))).toBeInstanceOf(DataLossError);
        expect(await readFile(nvram, "utf8")).toBe("precious");
    });

    test("of two definitions of one domain at the same time one wins, whole", async () => {
        await using machine = await QemuMachine.make(["vda"]);
        const disks = [{ target: "vda", file: await machine.image("other", "raw"), format: "raw" }];
        const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => machine.host.define({ name: "twice", disks })));
        const lost = attempts.flatMap((attempt) => (attempt.status === "rejected" ? [attempt.reason as unknown] : []));
        expect(lost).toHaveLength(7);
        for (const error of lost) expect(error).toBeInstanceOf(AlreadyExistsError);
        expect(await readdir(join(machine.root, "twice"))).toEqual(["domain.xml"]);
    });

    describe("an image that is to be repaired after a kill, and is open", () => {
        /** Killed with the journal written, and an internal snapshot about to be taken. */
        const killed = async () => {
            const machine = await QemuMachine.make(["vda"]);
            await machine.vm.create({ name: "base", mode: "internal" });
            await crasher.run(machine, { verb: "create", request: { name: "x" } }, 2);
            expect(existsSync(join(machine.folder, "journal.json"))).toBe(true);
            await machine.connect();
            return machine;
        };
        const holds = async (program: string, ...args: string[]) => {
            const child = spawn(program, args, { stdio: ["pipe", "ignore", "ignore"] });
            const closed = once(child, "close");
            const file = args.at(-1) ?? "";
            await eventually(() => execFileSync("ls", ["-l", `/proc/${child.pid}/fd`], { encoding: "utf8" }).includes(file));
            const end = async () => {
                child.kill("SIGKILL");
                await closed;
            };
            return { child, [Symbol.asyncDispose]: end };
        };

        test("in a tool that was killed and has not ended yet: is waited for", async () => {
            await using machine = await killed();
            await using tool = await holds("qemu-img", "bench", "-c", "2000000000", "-f", "qcow2", (await machine.files()).vda ?? "");
            const end = () => setTimeout(() => tool.child.kill("SIGKILL"), 500);
            await machine.vm.create({ name: "later" }, { onProgress: ({ kind }) => void (kind === "recover" && end()) });
            expect((await machine.vm.hierarchy()).current).toBe("later");
            await machine.sound();
        });

        test("in what runs on it: is refused, and taken back later", async () => {
            await using machine = await killed();
            {
                await using _guest = await holds("qemu-io", "-f", "qcow2", (await machine.files()).vda ?? "");
                expect((await refused(machine.vm.create({ name: "later" }))).message).toContain("an image is in use by another process");
            }
            await machine.vm.create({ name: "later" });
            await machine.sound();
        });
    });

    test("a user without a name takes a lock by number", async () => {
        await using machine = await withBase();
        jest.spyOn(os, "userInfo").mockImplementation(() => {
            throw new Error("ENOENT: uv_os_get_passwd");
        });
        await machine.vm.create({ name: "x" });
        expect((await machine.vm.hierarchy()).current).toBe("x");
    });

    describe("an internal snapshot that somebody takes under the name of ours", () => {
        const request = { name: "x", parent: "r", provision: [{ command: ["sh", "-c", 'exec qemu-img snapshot -c x "$SNAPTREE_DISK_VDB"'] }] };
        const scene = async () => {
            const machine = await QemuMachine.make(["vda", "vdb"]);
            await machine.vm.create({ name: "r", parent: null, mode: "internal" });
            await machine.vm.create({ name: "c" });
            return machine;
        };
        const tags = async (machine: QemuMachine) => {
            const { vda = "", vdb = "" } = await machine.files();
            return [(await imageOf(vda)).internal, (await imageOf(vdb)).internal];
        };

        test("is kept when ours fails", async () => {
            await using machine = await scene();
            expect((await refused(machine.vm.create(request))).message).toContain("somebody else took an internal snapshot");
            expect(await tags(machine)).toEqual([
                ["r", "c"],
                ["r", "c", "x"],
            ]);
            await machine.leave();
            await machine.sound();
        });

        test("is kept when a kill is taken back", async () => {
            await using machine = await scene();
            for (let k = 0; !(await tags(machine))[1]?.includes("x"); k++)
                expect(await crasher.run(machine, { verb: "create", request }, k)).toEqual({ points: null });
            expect(await recover(machine)).toBe("taken back");
            expect(await tags(machine)).toEqual([
                ["r", "c"],
                ["r", "c", "x"],
            ]);
            await machine.leave();
            await machine.sound();
        });
    });
});
