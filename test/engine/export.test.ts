import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, type BuildOptions } from "esbuild";
import { execa } from "execa";
import {
    AlreadyExistsError,
    BusyError,
    connect,
    type Hierarchy,
    type HierarchyExport,
    Host,
    InvalidInputError,
    type Mode,
    NotFoundError,
    type VirtualMachine,
} from "../../provider/engine";
import { leftOvers, tagsIn } from "../backends/qemu/left-overs";
import { disksOf, QemuMachine } from "../backends/qemu/machine";
import { checkImage, contentsOf, qemuImg, sha256 } from "../backends/qemu/tools";
import { checkExport, planForget } from "../../provider/plan";
import { refused } from "../conformance/support";
import { aSnapshot } from "../support/nodes";
import { needs, qemu, suiteWith } from "../support/requires";

const asFile = (exported: HierarchyExport) => JSON.parse(JSON.stringify(exported)) as HierarchyExport;

/** What each snapshot and branch holds, and the tip, as QEMU's own tools read it. */
async function held(vm: VirtualMachine, folder: string): Promise<Record<string, Record<string, string>>> {
    const { snapshots, branches } = await vm.hierarchy();
    const tags = await tagsIn(folder);
    const found: Record<string, Record<string, string>> = { tip: {} };
    for (const { target, file, format } of disksOf(await readFile(join(folder, "domain.xml"), "utf8"))) found.tip![target] = await contentsOf(file, format);
    for (const { name, files } of [...snapshots, ...branches.filter(({ active }) => !active)]) {
        const disks: Record<string, string> = {};
        for (const [target, file] of Object.entries(files))
            disks[target] = await contentsOf(file, file.endsWith(".raw") ? "raw" : "qcow2", tags.get(name) ?? null);
        found[name] = disks;
    }
    return found;
}

/** What two hosts must tell alike of one hierarchy. */
const told = ({ powerState: _, ...hierarchy }: Hierarchy) => hierarchy;

/** What only the files tell: names and times of a whole folder. */
async function filesIn(folder: string): Promise<string[]> {
    const names = (await readdir(folder)).filter((name) => name !== "lock").sort();
    return Promise.all(names.map(async (name) => `${name} ${await sha256(join(folder, name))}`));
}

describe.each<Mode>(["external", "internal"])("an %s hierarchy", (mode) => {
    suiteWith(needs(qemu), "on its way to another host", () => {
        let machine: QemuMachine;
        let other: Host;
        let there: string;
        const at = (root: string) => `qemu:///embed?root=${encodeURIComponent(root)}`;
        beforeEach(async () => {
            machine = await QemuMachine.make(["vda", "vdb"]);
            there = join(machine.temporary, "there");
            await mkdir(there);
            other = await connect(at(there));
        });
        afterEach(async () => {
            await other[Symbol.asyncDispose]();
            await machine[Symbol.asyncDispose]();
        });

        const write = async (slot: number, character: string) => {
            for (const target of machine.targets) await machine.write(target, slot, character);
        };

        /** The tree of the seed, two branches with contents of their own, the domain on one of them, and firmware variables. */
        async function grown(): Promise<void> {
            const { vm } = machine;
            await writeFile(join(machine.temporary, "vars.fd"), "variables of the beginning");
            const file = join(machine.folder, "domain.xml");
            await writeFile(file, (await readFile(file, "utf8")).replace("</type>", `</type><nvram>${join(machine.temporary, "vars.fd")}</nvram>`));
            await vm.create({ name: "a", mode, owner: "me", description: '<first> & "best"' });
            await write(2, "b");
            await vm.create({ name: "b" });
            await writeFile(join(machine.temporary, "vars.fd"), "variables of later");
            await write(3, "c");
            await vm.create({ name: "c" });
            await vm.branch("left", { from: "b", owner: "you" });
            await vm.branch("work", { from: "c" });
            await vm.switch("left");
            await write(4, "l");
            await vm.create({ name: "d" });
            await write(5, "m");
            await vm.switch("work");
            await write(6, "w");
        }

        test("is remembered there as it is here, to the byte, and can be gone on with", async () => {
            await grown();
            const [before, bytes] = [await machine.vm.hierarchy(), await held(machine.vm, machine.folder)];
            const folder = await filesIn(machine.folder);
            const exported = asFile(await machine.vm.export());
            expect(exported).toMatchObject({ version: 1, domain: "vm", uuid: before.uuid, current: before.current, branch: "work" });
            expect(exported.snapshots.map(({ name }) => name)).toEqual(before.snapshots.map(({ name }) => name));

            const vm = await other.import(exported);
            expect(told(await vm.hierarchy())).toEqual(told(before));
            expect(await held(vm, join(there, "vm"))).toEqual(bytes);
            for (const { name } of before.snapshots) expect(await vm.document(name)).toBe(await machine.vm.document(name));
            expect(asFile(await vm.export())).toEqual(exported);
            expect(await filesIn(machine.folder)).toEqual(folder); // Nothing here was touched.
            expect((await readdir(join(there, "vm"))).filter((name) => name.endsWith(".qcow2"))).toEqual([]); // And nothing was copied.
            // A second time there is nothing to do.
            const again = await filesIn(join(there, "vm"));
            await other.import(exported);
            expect(await filesIn(join(there, "vm"))).toEqual(again);
        });

        test("moves: then this host has nothing of it, and the other one follows and goes back, losing nothing", async () => {
            await grown();
            const [before, bytes] = [await machine.vm.hierarchy(), await held(machine.vm, machine.folder)];
            const images = (await readdir(machine.folder)).filter((name) => name.endsWith(".qcow2")).sort();
            const sums = await Promise.all(images.map((name) => sha256(join(machine.folder, name))));

            const said: string[] = [];
            const vm = await machine.vm.migrate(other, { onProgress: ({ message }) => said.push(message) });
            expect(said).toContain("+ import 4 snapshots and 2 branches of vm");
            expect(await machine.host.domains()).toEqual([]);
            await expect(machine.host.domain("vm")).rejects.toThrow(NotFoundError);
            await expect(machine.vm.hierarchy()).rejects.toThrow(NotFoundError);
            expect((await readdir(machine.folder)).filter((name) => name !== "lock").sort()).toEqual(images);
            expect(await Promise.all(images.map((name) => sha256(join(machine.folder, name))))).toEqual(sums);
            expect(told(await vm.hierarchy())).toEqual(told(before));
            expect(await held(vm, join(there, "vm"))).toEqual(bytes);

            const tip = async () => (await held(vm, join(there, "vm"))).tip;
            await vm.switch("left");
            expect(await tip()).toEqual(bytes.left);
            expect(await readFile(join(machine.temporary, "vars.fd"), "utf8")).toBe("variables of the beginning");
            await vm.revert("a");
            expect(await tip()).toEqual(bytes.a);
            await vm.create({ name: "new" });
            await vm.switch("work");
            expect(await tip()).toEqual(bytes.tip);
            expect(await readFile(join(machine.temporary, "vars.fd"), "utf8")).toBe("variables of later");
            // What was made elsewhere is never written or removed here, whatever goes.
            for (const name of ["c", "b", "d"]) await vm.delete(name);
            expect((await readdir(machine.folder)).filter((name) => name.endsWith(".qcow2")).sort()).toEqual(images);
            const after = await held(vm, join(there, "vm"));
            expect([after.a, after.left, after.tip]).toEqual([bytes.a, bytes.left, bytes.tip]);
            for (const name of images) await checkImage(join(machine.folder, name));
        });

        test("moves back, and on", async () => {
            await grown();
            const [before, bytes] = [await machine.vm.hierarchy(), await held(machine.vm, machine.folder)];
            const vm = await machine.vm.migrate(other);
            const back = await vm.migrate(machine.host);
            expect(told(await back.hierarchy())).toEqual(told(before));
            expect(await held(back, machine.folder)).toEqual(bytes);
            expect(await other.domains()).toEqual([]);
            const again = await back.migrate(other);
            await again.switch("left");
            expect((await held(again, join(there, "vm"))).tip).toEqual(bytes.left);
        });

        test("keeps a dirty tip that has no branch, as a branch when it is left there", async () => {
            await machine.vm.create({ name: "a", mode });
            await write(3, "t");
            const bytes = await held(machine.vm, machine.folder);
            const vm = await machine.vm.migrate(other);
            expect(await vm.hierarchy()).toMatchObject({ current: "a", branch: null, dirty: true });
            await vm.revert("a", { keep: "kept" });
            const after = await held(vm, join(there, "vm"));
            expect([after.kept, after.tip]).toEqual([bytes.tip, bytes.a]);
        });

        test("comes back whole where it was, from a file, when all that was remembered is lost", async () => {
            await grown();
            const [before, bytes] = [await machine.vm.hierarchy(), await held(machine.vm, machine.folder)];
            const exported = asFile(await machine.vm.export());
            for (const name of await readdir(machine.folder)) if (/^(hierarchy|snapshot|branch|nvram|domain)/.test(name)) await rm(join(machine.folder, name));
            expect(await machine.host.domains()).toEqual([]);
            const vm = await machine.host.import(exported);
            expect(told(await vm.hierarchy())).toEqual(told(before));
            expect(await held(vm, machine.folder)).toEqual(bytes);
        });

        /** It is refused, and neither host has changed by it. */
        async function unchanged(work: () => Promise<unknown>): Promise<Error> {
            const documents = async (folder: string) => ((await readdir(folder).catch((): string[] => [])).includes("domain.xml") ? filesIn(folder) : []);
            const both = () => Promise.all([other.domains(), documents(join(there, "vm")), filesIn(machine.folder)]);
            const before = await both();
            const error = await refused(work());
            expect(await both()).toEqual(before);
            return error;
        }

        test("is refused where others have its names, all of which are said, and where another domain is meant", async () => {
            await machine.vm.create({ name: "a", mode });
            await write(2, "x");
            await machine.vm.create({ name: "b" });
            await machine.vm.create({ name: "c" });
            const exported = asFile(await machine.vm.export());
            await machine.vm.delete("c", { scope: "metadata" });
            for (const name of ["b", "a"]) await machine.vm.redefine({ name, rename: `${name}2` });
            await machine.vm.branch("a", { from: "b2" });
            await machine.vm.branch("c", { from: "b2" });
            const error = await refused(machine.vm.import(exported));
            expect(error).toBeInstanceOf(AlreadyExistsError);
            expect(error.message).toMatch(/others called "a", "c" there/);
            expect((await machine.vm.hierarchy()).snapshots.map(({ name }) => name)).toEqual(["a2", "b2"]);

            const image = join(machine.temporary, "other.qcow2");
            await qemuImg("create", "-q", "-f", "qcow2", image, "1M");
            await other.define({ name: "vm", disks: [{ target: "vda", file: image, format: "qcow2" }] });
            const foreign = await unchanged(() => machine.vm.migrate(other));
            expect(foreign).toBeInstanceOf(InvalidInputError);
            expect(foreign.message).toMatch(/has the UUID .* and this is the hierarchy of one with/);
        });

        test("is refused where its UUID is another domain's already, or the domain writes elsewhere", async () => {
            await machine.vm.create({ name: "a", mode });
            const exported = asFile(await machine.vm.export());
            const renamed = await other.define({ xml: exported.xml.replace("<name>vm</name>", "<name>vm2</name>") });
            expect(renamed.name).toBe("vm2");
            expect((await unchanged(() => other.import(exported))).message).toMatch(/"vm2" .* has the UUID/);
            await rm(join(there, "vm2"), { recursive: true });

            const image = join(machine.temporary, "other.qcow2");
            await qemuImg("create", "-q", "-f", "qcow2", image, "1M");
            await other.define({ xml: exported.xml.replace(/(<source file=')[^']*/, `$1${image}`) });
            expect((await unchanged(() => machine.vm.migrate(other))).message).toMatch(/has disk vda on ".*other.qcow2" here/);
        });

        test("is refused where contents are missing, and then the domain is not defined there either", async () => {
            await grown();
            const exported = asFile(await machine.vm.export());
            const { snapshots, branches } = await machine.vm.hierarchy();
            const files = mode === "external" ? [...snapshots, ...branches].map((node) => node.files.vda!) : [];
            for (const file of new Set(files)) {
                await rename(file, `${file}.away`);
                const error = await refused(other.import(exported));
                expect(error.message).toMatch(/is not there|can't be opened: ENOENT/);
                expect([await other.domains(), await readdir(there)]).toEqual([[], expect.not.arrayContaining(["domain.xml"])]);
                await rename(`${file}.away`, file);
            }
            const [first] = exported.snapshots;
            const tags = {
                ...exported,
                snapshots: [{ ...first!, name: "z", xml: first!.xml.replace("<name>a</name>", "<name>z</name>") }],
                branches: [],
                current: "z",
                branch: null,
            };
            if (mode === "internal") expect((await unchanged(() => other.import(tags))).message).toMatch(/no internal snapshot of that name/);
            await other.import(exported);
        });

        test("is refused as a whole where a part of it can't be", async () => {
            await grown();
            const exported = asFile(await machine.vm.export());
            const [a, b, ...more] = exported.snapshots;
            const [left, work] = exported.branches;
            const cases: [Partial<HierarchyExport>, RegExp][] = [
                [{ snapshots: [b!, ...more] }, /parent|no snapshot "a"/],
                [{ snapshots: [a!, a!, b!, ...more] }, /"a" already/],
                [{ snapshots: [{ ...a!, name: "z" }, b!, ...more] }, /document is of "a"/],
                [{ snapshots: [{ ...a!, xml: "<domainsnapshot><name>a</name></domainsnapshot>" }, b!, ...more] }, /no <domain>/],
                [{ snapshots: [{ ...a!, xml: "<!DOCTYPE x><domainsnapshot/>" }, b!, ...more] }, /DOCTYPE/],
                [{ snapshots: [{ ...a!, nvram: "no gzip" }, b!, ...more] }, /firmware variables at snapshots.a.nvram can't be unpacked/],
                [{ branches: [{ ...left!, tip: "nobody" }, work!] }, /no snapshot "nobody"/],
                [{ branches: [{ ...left!, name: "a" }, work!] }, /"a" already/],
                [{ branches: [left!, { ...work!, files: { vda: "/nowhere.qcow2" } }] }, /"\/nowhere.qcow2", and writes to another/],
                [{ branches: [{ ...left!, files: { vda: "/nowhere.qcow2" } }, work!] }, /is not there/],
                [{ branches: [left!, { ...work!, xml: "<domain" }] }, /XML of branch "work"/],
                [{ current: "nobody" }, /no snapshot "nobody"/],
                [{ branch: "nobody" }, /no branch "nobody"|the domain has already/],
                [{ xml: "<domain/>" }, /<name>/],
            ];
            for (const [change, words] of cases) expect((await unchanged(() => other.import({ ...exported, ...change }))).message).toMatch(words);
        });

        test("goes nowhere where it is already, by whatever path, or while somebody writes to it", async () => {
            await grown();
            const [before, linked] = [await machine.vm.hierarchy(), join(machine.temporary, "link")];
            await symlink(machine.root, linked);
            await using same = await connect(at(linked));
            for (const host of [machine.host, same]) expect((await refused(machine.vm.migrate(host))).message).toMatch(/is on that host already/);

            const leaf = (await machine.files()).vdb!;
            const writer = execa("sh", ["-c", 'exec 3<>"$0"; echo open; exec cat', leaf], { stdin: "pipe", reject: false });
            await once(writer.stdout, "data");
            const error = await unchanged(() => machine.vm.migrate(other));
            expect(error).toBeInstanceOf(BusyError);
            expect(error.message).toContain(leaf);
            writer.stdin.end();
            await writer;
            expect(await machine.vm.hierarchy()).toEqual(before);
        });

        test("killed at any moment of moving, it is nowhere lost, and moving again ends it", async () => {
            await using child = await Mover.make();
            await machine.vm.create({ name: "a", mode });
            await write(2, "x");
            await machine.vm.branch("left", { from: "a" });
            await machine.vm.create({ name: "b" });
            await write(3, "y");
            const [before, bytes] = [await machine.vm.hierarchy(), await held(machine.vm, machine.folder)];
            let [moved, kills]: [VirtualMachine | undefined, number] = [undefined, 0];
            for (let killAt = mode === "external" ? 0 : 2; !moved; killAt += 9) {
                const ended = await child.move(machine.uri, at(there), killAt);
                const left = (await machine.host.domains()).length > 0;
                const vm = left ? await (await machine.host.domain("vm")).migrate(other) : await other.domain("vm");
                expect(told(await vm.hierarchy())).toEqual(told(before));
                expect(await held(vm, join(there, "vm"))).toEqual(bytes);
                expect(await leftOvers(join(there, "vm"), before, before.branches.find(({ active }) => active)?.files ?? {})).toEqual([]);
                expect([await machine.host.domains(), left && ended]).toEqual([[], false]);
                expect((await readdir(machine.folder)).filter((name) => name !== "lock" && !name.endsWith(".qcow2"))).toEqual([]);
                if (ended) moved = vm;
                else kills += 1;
                if (!ended) await vm.migrate(machine.host);
            }
            expect(told(await moved.hierarchy())).toEqual(told(before));
            expect(kills).toBeGreaterThan(5);
        });
    });
});

/** Moves a domain in a process of its own, which is killed before it changes a file or starts a program for the n-th time. */
class Mover implements AsyncDisposable {
    private constructor(private readonly folder: string) {}

    static async make(): Promise<Mover> {
        const folder = await mkdtemp(join(tmpdir(), "snaptree-move-"));
        const contents = `
            import { connect } from "../../provider/engine";
            const [from, to, killAt] = process.argv.slice(2);
            let passed = 0;
            const before = (holder, name) => {
                const real = holder[name];
                holder[name] = (...args) => {
                    if (passed++ === Number(killAt)) process.kill(process.pid, "SIGKILL");
                    return real(...args);
                };
            };
            for (const name of ["open", "rename", "link", "unlink", "mkdir"]) before(process.getBuiltinModule("node:fs/promises"), name);
            before(process.getBuiltinModule("node:child_process"), "spawn");
            (async () => {
                const [here, there] = [await connect(from), await connect(to)];
                await (await here.domain("vm")).migrate(there);
                for (const host of [here, there]) await host[Symbol.asyncDispose]();
            })();`;
        const stdin = { contents, resolveDir: __dirname, loader: "js" as const };
        const how = { bundle: true, platform: "node", target: "node20", logLevel: "error", conditions: ["import"] } satisfies BuildOptions;
        await build({ stdin, outfile: join(folder, "move.js"), ...how });
        return new Mover(folder);
    }

    /** Whether it came to its end. */
    async move(from: string, to: string, killAt: number): Promise<boolean> {
        const { signal, exitCode, stderr } = await execa("node", [join(this.folder, "move.js"), from, to, String(killAt)], { reject: false });
        if (signal !== "SIGKILL" && exitCode !== 0) throw new Error(stderr);
        return signal !== "SIGKILL";
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await rm(this.folder, { recursive: true, force: true });
    }
}

test.each<[string, (good: Record<string, unknown>) => unknown, RegExp]>([
    ["no object", () => [], /no hierarchy that Snaptree exported/],
    ["a plan", () => ({ version: 1, operations: [] }), /no hierarchy that Snaptree exported/],
    ["of a later version", (good) => ({ ...good, version: 2 }), /version "2", and only 1 is known/],
    ["without a UUID", ({ uuid: _, ...good }) => good, /at "uuid"/],
    ["with something that it does not have", (good) => ({ ...good, exec: "rm" }), /at "exec"/],
    ["of a snapshot without a name", (good) => ({ ...good, snapshots: [{}] }), /at "snapshots\[0\].name"/],
    [
        "of a branch with a file that is none",
        (good) => ({ ...good, branches: [{ name: "b", from: null, tip: null, files: { vda: 1 }, tag: null, xml: "", owner: null, nvram: null }] }),
        /at "branches\[0\].files.vda"/,
    ],
])("an export that is %s is refused before anything is looked at", async (_, alter, words) => {
    const good = { version: 1, domain: "vm", uuid: "u", xml: "<domain/>", snapshots: [], branches: [], current: null, branch: null };
    expect(checkExport(good)).toEqual(good);
    const never = new Proxy({}, { get: () => { throw new Error("it was looked at"); } }) as ConstructorParameters<typeof Host>[1]; // prettier-ignore
    const error = await refused(new Host("never:", never).import(alter(good) as HierarchyExport));
    expect(error).toBeInstanceOf(InvalidInputError);
    expect(error.message).toMatch(words);
});

test("nothing is carried away while a commit is unfinished", () => {
    const hierarchy = { domain: "vm", uuid: "u", powerState: "shutoff", current: "a", branch: null, dirty: false, branches: [] } as const;
    expect(() => planForget({ ...hierarchy, snapshots: [aSnapshot({ name: "a", committing: true })] })).toThrow(BusyError);
    expect(planForget({ ...hierarchy, snapshots: [aSnapshot({ name: "a" })] }).operations).toEqual([{ kind: "forget", name: "vm" }]);
});
