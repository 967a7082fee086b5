import { execa } from "execa";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
    AlreadyExistsError,
    BusyError,
    connect,
    type CreateRequest,
    DataLossError,
    FlagConflictError,
    type Host,
    HostError,
    InvalidInputError,
    NotFoundError,
    type RevertRequest,
    type SnaptreeError,
    UnsupportedError,
    type VirtualMachine,
} from "../../../provider/engine";
import { parseSnapshot } from "../../../provider/xml";
import { type Libvirt, startLibvirt } from "../../hosts/libvirt";
import { libvirt as installed, needs, suiteWith } from "../../support/requires";

async function refused(work: Promise<unknown>): Promise<SnaptreeError> {
    return work.then(
        () => {
            throw new Error("it was not refused");
        },
        (error: unknown) => error as SnaptreeError,
    );
}

/** Locks are kept with the rest of the test. */
let runtime = "";
const before = process.env.XDG_RUNTIME_DIR;
beforeAll(async () => {
    runtime = await mkdtemp(join(tmpdir(), "snaptree-runtime-"));
    process.env.XDG_RUNTIME_DIR = runtime;
});
afterAll(async () => {
    if (before === undefined) delete process.env.XDG_RUNTIME_DIR;
    else process.env.XDG_RUNTIME_DIR = before;
    await rm(runtime, { recursive: true });
});

suiteWith(needs(installed), "libvirt’s test driver, for what libvirt does by itself", () => {
    let libvirt: Libvirt;
    beforeAll(async () => (libvirt = await startLibvirt({ release: "installed" })));
    afterAll(() => libvirt.stop());

    // What is there lives as long as a connection is open: each test has a domain as new.
    let host: Host;
    let vm: VirtualMachine;
    beforeEach(async () => {
        host = await connect(libvirt.testUri);
        vm = await host.domain("test");
    });
    afterEach(() => host[Symbol.asyncDispose]());

    /** A virsh of its own: an eye that knows nothing of the code under test. */
    const eye = async (...args: string[]): Promise<string> => {
        const { stdout } = await execa("virsh", ["--connect", libvirt.testUri, ...args], { stdin: "ignore", env: { LC_ALL: "C.UTF-8" } });
        return stdout.trimEnd();
    };
    const names = async () => (await eye("snapshot-list", "test", "--topological", "--name")).split("\n").filter(Boolean);
    const current = () => eye("snapshot-current", "test", "--name");
    const state = () => eye("domstate", "test");
    const seen = async (name: string) => parseSnapshot(await eye("snapshot-dumpxml", "test", `--snapshotname=${name}`));
    const chain = async (...wanted: string[]) => {
        for (const name of wanted) await vm.create({ name });
    };

    test("names and descriptions come to libvirt as they are, whatever stands in them", async () => {
        const strange = [`it's "a"`, "$(x)", "`x`; echo", "имя", "名前 😀", "a b", "--help", "-x", "\\", "%s #x!"];
        const descriptions = ["", "two\nlines\ttab", `'"<&>$(x)`, "и".repeat(70_000), "-x", "🙂", "", "\\n", "a  b", "#"];
        const dashed = strange.filter((name) => name.startsWith("-"));
        for (const name of dashed) expect(await refused(vm.create({ name }))).toBeInstanceOf(InvalidInputError);
        const given = strange.filter((name) => !dashed.includes(name));
        for (const [i, name] of given.entries()) await vm.create({ name, description: descriptions[i] ?? "" });
        expect(await names()).toEqual(given);
        for (const [i, name] of given.entries()) {
            expect((await seen(name)).description).toBe(descriptions[i] || null);
            expect((await vm.lookupByName(name)).description).toBe(descriptions[i] || null);
            expect((await seen(name)).parent).toBe(given[i - 1] ?? null);
        }
        // Names that others gave are worked on as well.
        await eye("snapshot-create-as", "test", "--name=-x");
        await vm.redefine({ name: "-x", description: "theirs" });
        expect((await seen("-x")).description).toBe("theirs");
        await vm.delete("-x");
        expect(await names()).toEqual(given);
    });

    test("a name that is taken is refused, and libvirt keeps what it had", async () => {
        await vm.create({ name: "a", description: "first" });
        expect(await refused(vm.create({ name: "a", description: "second" }))).toBeInstanceOf(AlreadyExistsError);
        expect(await refused(vm.create({ name: "a", description: "second", force: true }))).toBeInstanceOf(UnsupportedError);
        expect((await seen("a")).description).toBe("first");
        expect(await names()).toEqual(["a"]);
    });

    describe("flags of create", () => {
        test.each<[string, CreateRequest]>([
            ["none", {}],
            ["atomic", { atomic: true }],
            ["live", { live: true }],
            ["internal", { mode: "internal" }],
        ])("%s: the snapshot is taken of the guest that runs", async (_, flags) => {
            const taken = await vm.create({ name: "a", ...flags });
            expect(taken).toMatchObject({ name: "a", parent: null, state: "running", mode: "internal", memory: true });
            expect(await seen("a")).toMatchObject({ state: "running", creationTime: taken.creationTime, memory: { snapshot: "internal" } });
            expect(await state()).toBe("running");
        });

        test("halt: the guest has ended afterwards", async () => {
            await vm.create({ name: "a", halt: true });
            expect(await state()).toBe("shut off");
            expect(await vm.hierarchy()).toMatchObject({ powerState: "shutoff", current: "a" });
            expect((await vm.create({ name: "b" })).state).toBe("shutoff");
            expect((await seen("b")).state).toBe("shutoff");
        });

        test("what the test driver can't do is refused with what works instead, and nothing changes", async () => {
            await chain("a", "b");
            const asked: [string, CreateRequest][] = [
                ["disk-only", { diskOnly: true }],
                ["quiesce", { diskOnly: true, quiesce: true }],
                ["no-metadata", { noMetadata: true }],
                ["reuse-external", { reuseExternal: true }],
                ["memoryFile", { memoryFile: "/m" }],
                ["external", { mode: "external" }],
                ["disks", { disks: { vda: { snapshot: "no" } } }],
                ["compression", { compression: "zlib" }],
                ["elsewhere", { parent: "a" }],
                ["elsewhere", { parent: "b", provision: [{ command: ["true"] }] }],
            ];
            for (const [feature, flags] of asked) {
                const error = await refused(vm.create({ name: "x", ...flags }));
                expect(error).toBeInstanceOf(UnsupportedError);
                expect(error).toMatchObject({
                    backend: "libvirt’s test driver",
                    feature: expect.stringContaining(feature),
                    nearest: expect.stringMatching(/\w/),
                });
            }
            expect(await names()).toEqual(["a", "b"]);
            expect(await current()).toBe("b");
        });

        test("flags that exclude each other are refused first", async () => {
            expect(await refused(vm.createXML("<domainsnapshot/>", { current: true }))).toMatchObject({
                message: "use of current flag requires redefine flag",
            });
            expect(await refused(vm.createXML("<domainsnapshot/>", { redefine: true, noMetadata: true }))).toBeInstanceOf(FlagConflictError);
            expect(await names()).toEqual([]);
        });
    });

    describe("flags of revert", () => {
        beforeEach(() => chain("a", "b"));
        const lost = { force: true, leave: "destroy" } as const;

        test("what a running guest would lose is named, and its memory is somebody's to give up", async () => {
            const error = await refused(vm.revert("a"));
            expect(error).toBeInstanceOf(DataLossError);
            expect(error).toMatchObject({ losses: ["tip"] });
            expect(await refused(vm.revert("a", { force: ["tip"] }))).toBeInstanceOf(BusyError);
            expect(await current()).toBe("b");
            expect(await state()).toBe("running");
        });

        test.each([
            [undefined, "running"],
            ["running", "running"],
            ["paused", "paused"],
            ["shutoff", "shut off"],
        ] as const)("to %s it ends %s", async (powerState, ends) => {
            await vm.revert("a", { ...lost, ...(powerState && { powerState }) });
            expect(await current()).toBe("a");
            expect(await state()).toBe(ends);
            expect((await vm.create({ name: "c" })).parent).toBe("a");
        });

        test("from a shut-off guest, and to one, which createWithSnapshot starts", async () => {
            await eye("destroy", "test");
            await vm.create({ name: "off" });
            await vm.revert("a", { force: true });
            expect(await state()).toBe("running");
            await vm.revert("off", lost);
            expect(await state()).toBe("shut off");
            await vm.createWithSnapshot("off", { force: true });
            expect(await state()).toBe("running");
            expect(await current()).toBe("off");
        });

        test("by shutdown, the guest has ended before", async () => {
            await vm.revert("a", { force: true, leave: "shutdown", powerState: "paused" });
            expect(await state()).toBe("paused");
        });

        test("what the test driver can't do is refused, and the guest runs on", async () => {
            const asked: [string, RevertRequest][] = [
                ["keeping the tip", { keep: true }],
                ["keeping the tip", { keep: "mine" }],
                ["reset-nvram", { resetNvram: true }],
                ["in one", { discard: true }],
            ];
            for (const [feature, flags] of asked) {
                const error = await refused(vm.revert("a", { ...lost, ...flags }));
                expect(error).toBeInstanceOf(UnsupportedError);
                expect(error).toMatchObject({ feature: expect.stringContaining(feature) });
            }
            expect(await current()).toBe("b");
            expect(await state()).toBe("running");
        });

        test("to what is not there is refused", async () => {
            expect(await refused(vm.revert("nobody", lost))).toBeInstanceOf(NotFoundError);
            expect(await current()).toBe("b");
        });
    });

    describe("flags of delete", () => {
        beforeEach(async () => {
            await chain("a", "b", "c");
            await vm.revert("b", { force: true, leave: "destroy" });
            await chain("d");
        });

        test.each([
            ["keepChildren", ["a", "c", "d"]],
            ["children", ["a", "b"]],
            ["subtree", ["a"]],
        ] as const)("%s leaves what it should", async (scope, left) => {
            await vm.delete("b", { scope });
            expect((await names()).sort()).toEqual(left);
            expect((await vm.listNames()).sort()).toEqual(left);
            for (const name of left.filter((each) => each === "c" || each === "d")) expect((await seen(name)).parent).toBe("a");
        });

        test("metadata alone can't be deleted there", async () => {
            expect(await refused(vm.delete("d", { scope: "metadata" }))).toBeInstanceOf(UnsupportedError);
            expect(await names()).toHaveLength(4);
        });
    });

    describe("redefine", () => {
        beforeEach(() => chain("a", "b"));
        const document = (name: string) => vm.getXMLDesc(name, { secure: true });

        test("alters description and time, and moves current; nothing else changes", async () => {
            await vm.redefine({ name: "a", description: "new\nlines", creationTime: 1_000_000_000 });
            expect(await seen("a")).toMatchObject({ description: "new\nlines", creationTime: 1_000_000_000, state: "running", parent: null });
            expect(await current()).toBe("b");
            await vm.redefine({ name: "a", description: null, current: true });
            expect((await seen("a")).description).toBeNull();
            expect(await current()).toBe("a");
            expect(await names()).toEqual(["a", "b"]);
        });

        test("restores what was deleted, from its own document", async () => {
            const xml = await document("b");
            const was = await eye("snapshot-dumpxml", "test", "b", "--security-info");
            await vm.delete("b");
            expect(await vm.createXML(xml, { redefine: true, current: true })).toMatchObject({ name: "b", parent: "a", state: "running" });
            expect(await eye("snapshot-dumpxml", "test", "b", "--security-info")).toBe(was);
            expect(await current()).toBe("b");
        });

        test("what libvirt refuses, it refuses in its own words, and nothing changes", async () => {
            const was = await eye("snapshot-dumpxml", "test", "b");
            const xml = await document("b");
            const asked: [RegExp, string][] = [
                [/definition for snapshot b must use uuid/, xml.replace(/<uuid>......../, "<uuid>00000000")],
                [/parent zzz for moment b not found/, xml.replace("<name>a</name>", "<name>zzz</name>")],
                [/cannot set moment b as its own parent/, xml.replace("<name>a</name>", "<name>b</name>")],
                [/memory state cannot be saved with offline or disk-only snapshot/, xml.replace("<state>running", "<state>shutoff")],
                [/Target domain .*memory/, xml.replace(">8388608<", ">16777216<")],
            ];
            for (const [words, changed] of asked) {
                const error = await refused(vm.redefine({ name: "b", xml: changed }));
                expect(error).toBeInstanceOf(HostError);
                expect(error.message).toMatch(words);
            }
            expect(await eye("snapshot-dumpxml", "test", "b")).toBe(was);
        });

        test("a cycle is refused in libvirt's words", async () => {
            const xml = (await document("a")).replace("<creationTime>", "<parent><name>b</name></parent><creationTime>");
            expect((await refused(vm.redefine({ name: "a", xml }))).message).toContain("parent b would create cycle to a");
            expect((await seen("a")).parent).toBeNull();
        });

        test("what can't be read, or is of another, is refused before libvirt is asked", async () => {
            expect(await refused(vm.redefine({ name: "b", xml: await document("a") }))).toBeInstanceOf(InvalidInputError);
            expect(await refused(vm.redefine({ name: "b", state: "asleep" }))).toBeInstanceOf(InvalidInputError);
            expect(await refused(vm.redefine({ name: "x", description: "?" }))).toBeInstanceOf(NotFoundError);
            expect(await refused(vm.redefine({ name: "b", rename: "c" }))).toBeInstanceOf(UnsupportedError);
            expect(await names()).toEqual(["a", "b"]);
        });
    });

    test("the API of the snapshot mails", async () => {
        const { name } = await vm.createXML("<domainsnapshot/>");
        expect(name).toMatch(/^\d+$/);
        await vm.createXML("<domainsnapshot><name>os &amp; updates</name><description>d</description></domainsnapshot>");
        expect(await names()).toEqual([name, "os & updates"]);
        expect(await vm.num()).toBe(2);
        expect(await vm.num({ roots: true })).toBe(1);
        expect(await vm.listNames({ leaves: true })).toEqual(["os & updates"]);
        expect(await vm.lookupByName("os & updates")).toMatchObject({ parent: name, description: "d" });
        expect(await refused(vm.lookupByName("nobody"))).toBeInstanceOf(NotFoundError);
        expect(parseSnapshot(await vm.getXMLDesc("os & updates"))).toMatchObject({ name: "os & updates", parent: name, state: "running" });
        expect(await refused(vm.deactivate("os & updates"))).toBeInstanceOf(UnsupportedError);
    });

    test("who manages a snapshot, and which one it is, is told by another connection too, after libvirt's own revert as well", async () => {
        const taken = await vm.create({ name: "a", owner: "me" });
        await vm.create({ name: "b", owner: "you" });
        await vm.revert("a", { force: true, leave: "destroy" });
        await using other = await connect(libvirt.testUri);
        const { snapshots } = await (await other.domain("test")).hierarchy();
        expect(snapshots).toMatchObject([
            { name: "a", owner: "me", contentId: taken.contentId },
            { name: "b", owner: "you", contentId: expect.stringMatching(/-/) },
        ]);
    });

    test("what needs disks is refused, with the nearest thing that works, and nothing changes", async () => {
        await chain("a", "b");
        expect(host.capabilities).toMatchObject({ branches: false, together: false, modes: ["internal"], rename: false });
        for (const work of [vm.branch("x", { from: "a" }), vm.export(), vm.revert("b", { commit: true, force: true, leave: "destroy" })]) {
            const error = await refused(work);
            expect(error).toBeInstanceOf(UnsupportedError);
            expect(error).toMatchObject({ backend: "libvirt’s test driver", nearest: expect.stringContaining("QEMU") });
        }
        expect(await names()).toEqual(["a", "b"]);
        expect(await current()).toBe("b");
        expect(await state()).toBe("running");
    });

    test("several trees' worth of creations are carried out one by one", async () => {
        const all = Array.from({ length: 5 }, (_, i) => `s${i}`);
        await eye("destroy", "test");
        await Promise.all(all.map((name, i) => vm.create({ name, parent: all[i - 1] ?? null })));
        expect(await names()).toEqual(all);
    });

    test("a domain that is not there is not there", async () => {
        expect(await refused(host.domain("nobody"))).toBeInstanceOf(NotFoundError);
        expect(await refused(host.domain("1"))).toBeInstanceOf(NotFoundError); // virsh takes that for an ID.
    });
});

test("libvirt’s test driver without a daemon is a host of its own for each connection", async () => {
    await using one = await connect("test:///default");
    await using other = await connect("test:///default");
    const vm = await one.domain("test");
    await vm.create({ name: "a" });
    expect(await vm.listNames()).toEqual(["a"]);
    expect(await (await other.domain("test")).listNames()).toEqual([]);
});
