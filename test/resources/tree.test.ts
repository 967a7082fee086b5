import { execFileSync } from "node:child_process";
import { connect, DataLossError, NotFoundError, UnreachableError } from "../../provider/engine";
import { Connections } from "../../provider/resources/connections";
import { TreeResource } from "../../provider/resources/tree";
import type { Properties } from "../../provider/resources/unknown";
import { Machine } from "../engine/machine";
import { needs, qemu, suiteWith } from "../support/requires";

/** Commands that write a letter to the start of disk vda. */
const writes = (letter: string) => [{ command: ["sh", "-c", `qemu-io -f qcow2 -c "write -P ${letter.charCodeAt(0)} 0 16" "$SNAPTREE_DISK_VDA"`] }];

/** A tree on a machine of its own, brought about again and again as Pulumi does it. */
class Tried implements AsyncDisposable {
    private state: Properties | null = null;

    private constructor(
        readonly machine: Machine,
        private readonly connections: Connections,
        readonly resource: TreeResource,
    ) {}

    static async on(): Promise<Tried> {
        const connections = new Connections(connect);
        return new Tried(await Machine.make(), connections, new TreeResource(connections));
    }

    async up(program: Properties): Promise<"created" | "same" | "updated"> {
        const inputs = this.inputs(program);
        if (this.state === null) {
            this.state = (await this.resource.create(inputs)).outputs;
            return "created";
        }
        if (!(await this.resource.diff("", this.state, inputs)).changes) return "same";
        this.state = (await this.resource.update("", this.state, inputs)).outputs;
        return "updated";
    }

    async refresh(): Promise<Properties> {
        const found = await this.resource.read("", this.outputs);
        if (!found) throw new Error("it is gone");
        this.state = found.outputs;
        return found.outputs;
    }

    async warnings(program: Properties): Promise<string[]> {
        return (await this.resource.diff("", this.outputs, this.inputs(program))).warnings;
    }

    destroy(force = false): Promise<void> {
        return this.resource.delete("", { ...this.outputs, force });
    }

    get outputs(): Properties {
        if (this.state === null) throw new Error("it was never brought about");
        return this.state;
    }

    /** A guest writes to the disk that the domain is on. */
    async write(letter: string): Promise<void> {
        const { branches, branch } = await this.machine.hierarchy();
        const { files } = branches.find(({ name }) => name === branch)!;
        execFileSync("qemu-io", ["-f", "qcow2", "-c", `write -P ${letter.charCodeAt(0)} 0 16`, files.vda!]);
    }

    private inputs(program: Properties): Properties {
        const { inputs, failures } = this.resource.check({ host: this.machine.uri, domain: "web", owner: "test/dev/lab", ...program });
        expect(failures).toEqual([]);
        return inputs;
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.connections.close();
        await this.machine[Symbol.asyncDispose]();
    }
}

const base = {
    a: { provision: writes("a") },
    b: { parent: "a", provision: writes("b") },
    c: { parent: "b" },
    d: { parent: "c", provision: writes("d") },
    e: { parent: "b" },
};
const program = { snapshots: base, branches: { main: { from: "e" }, side: { from: "c" } }, current: "main" };
const parents = { a: null, b: "a", c: "b", d: "c", e: "b" };
const full = (letters: string) => Object.fromEntries(Array.from("abcde", (name, i) => [name, letters.charAt(i).repeat(16)]));

suiteWith(needs(qemu), "a SnapshotTree on real disks", () => {
    test("is brought about once, stays as it is, and goes without a trace of what it made", async () => {
        await using tried = await Tried.on();
        const golden = await tried.machine.goldenHash();
        expect(await tried.up(program)).toBe("created");
        expect(await tried.machine.parents()).toEqual(parents);
        expect(await tried.machine.contents()).toEqual(full("abbdb"));
        expect(await tried.machine.hierarchy()).toMatchObject({ branch: "main", current: "e", branches: [{ name: "main" }, { name: "side" }] });
        expect(await tried.up(program)).toBe("same");
        const before = tried.outputs;
        expect(await tried.refresh()).toEqual(before);
        await tried.destroy();
        expect(await tried.machine.hierarchy()).toMatchObject({ snapshots: [], branches: [] });
        expect(await tried.machine.goldenHash()).toBe(golden);
    });

    test("takes what changed again with what stands on it, says so before, and comes back to its branch", async () => {
        await using tried = await Tried.on();
        await tried.up(program);
        const changed = { ...program, snapshots: { ...base, b: { parent: "a", provision: writes("B") } } };
        expect(await tried.warnings(changed)).toEqual([expect.stringMatching(/taken again.*"b", "c", "e", "d"/)]);
        const [a] = (await tried.machine.hierarchy()).snapshots;
        expect(await tried.up(changed)).toBe("updated");
        expect(await tried.machine.parents()).toEqual(parents);
        expect(await tried.machine.contents()).toEqual(full("aBBdB"));
        const now = await tried.machine.hierarchy();
        expect(now.branch).toBe("main");
        expect(now.snapshots[0]!.contentId).toBe(a!.contentId);
        expect(await tried.up(changed)).toBe("same");
    });

    test("loses no branch that was written to, and no snapshot of others, unless that is accepted", async () => {
        await using tried = await Tried.on();
        await tried.up(program);
        await tried.write("m");
        await tried.machine.library((vm) => vm.create({ name: "theirs", parent: "c" }));
        const changed = { ...program, snapshots: { ...base, b: { parent: "a", provision: writes("B") } } };
        const before = await tried.machine.hierarchy();
        const error: unknown = await tried.up(changed).catch((caught: unknown) => caught);
        expect(error).toBeInstanceOf(DataLossError);
        expect([...(error as DataLossError).losses].sort()).toEqual(["branch:main", "snapshot:theirs"]);
        expect(await tried.machine.hierarchy()).toEqual(before);
        await tried.up({ ...changed, force: ["branch:main", "snapshot:theirs"] });
        expect(await tried.machine.contents()).toEqual(full("aBBdB"));
    });

    test("describes, renames, adds and removes in place, and leaves what others took alone", async () => {
        await using tried = await Tried.on();
        await tried.up(program);
        await tried.machine.library((vm) => vm.create({ name: "theirs", parent: "a" }));
        const { c: _c, e: _e, ...kept } = base;
        const next = {
            ...kept,
            a: { ...base.a, description: "new" },
            d: { ...base.d, parent: "b" },
            last: { parent: "b", renamedFrom: "e" },
            f: { parent: "d" },
        };
        const before = new Map((await tried.machine.hierarchy()).snapshots.map(({ name, contentId }) => [name, contentId]));
        await tried.up({ ...program, snapshots: next, branches: { main: { from: "last" } } });
        const { snapshots, branches } = await tried.machine.hierarchy();
        const now = new Map(snapshots.map((snapshot) => [snapshot.name, snapshot]));
        expect(await tried.machine.parents()).toEqual({ a: null, b: "a", d: "b", last: "b", f: "d", theirs: "a" });
        expect(now.get("a")!.description).toBe("new");
        for (const [name, old] of Object.entries({ a: "a", b: "b", d: "d", last: "e", theirs: "theirs" }))
            expect(now.get(name)!.contentId).toBe(before.get(old));
        expect(await tried.machine.contents()).toMatchObject({ d: "d".repeat(16), f: "d".repeat(16), last: "b".repeat(16) });
        expect(branches.map(({ name }) => name)).toEqual(["main"]);
        await tried.up({ ...program, snapshots: { a: base.a }, branches: {}, current: "a" });
        expect(await tried.machine.parents()).toEqual({ a: null, theirs: "a" });
        expect((await tried.machine.hierarchy()).snapshots[0]!.description ?? "").toBe("");
        await tried.destroy();
        expect(await tried.machine.parents()).toEqual({ theirs: null });
    });

    test("goes from branch to branch and back, each with its own bytes", async () => {
        await using tried = await Tried.on();
        await tried.up(program);
        await tried.write("m");
        await tried.up({ ...program, current: "side" });
        await tried.write("s");
        await tried.up({ ...program, current: "main" });
        const { branches, branch } = await tried.machine.hierarchy();
        expect(branch).toBe("main");
        for (const { name, files } of branches) {
            const first = execFileSync("qemu-io", ["-r", "-f", "qcow2", "-c", "read -v 0 16", files.vda!], { encoding: "utf8" }).split("\n")[0]!;
            expect(first).toContain(name[0]!.repeat(16));
        }
        await expect(tried.destroy()).rejects.toThrow(/branch:main.*branch:side|branch:side.*branch:main/);
        expect((await tried.machine.hierarchy()).branches).toHaveLength(2);
        await tried.destroy(true);
        expect(await tried.machine.hierarchy()).toMatchObject({ snapshots: [], branches: [] });
    });

    test("sees what somebody did on the host, and mends it without losing what it holds", async () => {
        await using tried = await Tried.on();
        await tried.up(program);
        await tried.machine.library(async (vm) => {
            await vm.delete("d");
            await vm.redefine({ name: "c", rename: "other", description: "theirs" });
            await vm.switch("side");
            await vm.unbranch("main");
        });
        const drifted = await tried.refresh();
        expect(drifted).toMatchObject({ current: "side", branches: { side: { from: "c" } } });
        expect(Object.keys(drifted.snapshots as object).sort()).toEqual(["a", "b", "c", "e"]);
        expect(await tried.refresh()).toEqual(drifted);
        expect(await tried.warnings(program)).toEqual([expect.stringMatching(/missing.*"d", "main"/)]);
        const contentOf = async (name: string) => (await tried.machine.hierarchy()).snapshots.find((snapshot) => snapshot.name === name)!.contentId;
        const content = await contentOf("other");
        expect(await tried.up(program)).toBe("updated");
        expect(await tried.machine.parents()).toEqual(parents);
        expect(await contentOf("c")).toBe(content);
        expect((await tried.machine.hierarchy()).branch).toBe("main");
        await tried.refresh();
        expect(await tried.up(program)).toBe("same");
    });

    test("takes nothing again because somebody merged a parent away, unless that is accepted", async () => {
        await using tried = await Tried.on();
        await tried.up({ snapshots: base, branches: {} });
        await tried.machine.library((vm) => vm.delete("c"));
        await tried.refresh();
        const before = await tried.machine.hierarchy();
        await expect(tried.up({ snapshots: base, branches: {} })).rejects.toThrow(/"d" stands under "b"/);
        expect((await tried.machine.hierarchy()).snapshots.map(({ contentId }) => contentId)).toEqual(before.snapshots.map(({ contentId }) => contentId));
        await tried.up({ snapshots: base, branches: {}, force: ["snapshot:d"] });
        expect(await tried.machine.parents()).toEqual(parents);
        expect(await tried.machine.contents()).toEqual(full("abbdb"));
    });

    test("prunes no snapshot of its own that somebody renamed, though another one has its name now", async () => {
        await using tried = await Tried.on();
        const listed = { a: {}, b: { parent: "a" }, c: { parent: "b" } };
        await tried.up({ snapshots: listed });
        await tried.machine.library(async (vm) => {
            await vm.redefine({ name: "c", rename: "mine" });
            await vm.create({ name: "c", parent: "b" });
        });
        const before = await tried.machine.hierarchy();
        for (const look of [() => tried.outputs, () => tried.refresh()]) {
            await look();
            await expect(tried.up({ snapshots: { ...listed, d: { parent: "a" } } })).rejects.toThrow(/"c".* was replaced by another one of the same name/);
            expect(await tried.machine.hierarchy()).toEqual(before);
        }
    });

    test("is no leave to lose what others made under a name that it lists", async () => {
        await using tried = await Tried.on();
        await tried.machine.library(async (vm) => {
            await vm.create({ name: "a" });
            await vm.create({ name: "theirs", parent: "a" });
        });
        const listed = { a: {}, b: { parent: "a" }, c: { parent: "b" }, theirs: { parent: "a" } };
        await tried.up({ snapshots: listed });
        const before = await tried.machine.hierarchy();
        const error: unknown = await tried.up({ snapshots: { ...listed, theirs: { parent: "b" } } }).catch((caught: unknown) => caught);
        expect(error).toMatchObject({ name: "DataLossError", losses: ["snapshot:theirs"] });
        expect(await tried.machine.hierarchy()).toEqual(before);
        await tried.up({ snapshots: { ...listed, theirs: { parent: "b" } }, force: ["snapshot:theirs"] });
        expect(await tried.machine.parents()).toEqual({ a: null, b: "a", c: "b", theirs: "b" });
    });

    test.each(["internal", "external"])("takes an %s root again with all that stands on it, and keeps nothing of what it held", async (mode) => {
        await using tried = await Tried.on();
        const made = (letter: string) => ({
            snapshots: { a: { mode, provision: writes(letter) }, b: { mode, parent: "a" } },
            branches: { main: { from: "b" } },
        });
        const names = async () => (await tried.machine.hierarchy()).branches.map(({ name }) => name);
        await tried.up({ ...made("a"), current: "main" });
        const before = await names(); // In the internal model one of them keeps the disk as it was before all.
        await tried.up({ ...made("B"), current: "main" });
        expect(await tried.machine.contents()).toMatchObject({ a: "B".repeat(16), b: "B".repeat(16) });
        expect(await tried.machine.hierarchy()).toMatchObject({ branch: "main", current: "b" });
        expect(await names()).toEqual(before);
    });

    test("keeps what was made when a command fails, and goes on from there", async () => {
        await using tried = await Tried.on();
        const failing = { ...base, d: { parent: "c", provision: [{ command: ["false"] }] } };
        await expect(tried.up({ snapshots: failing })).rejects.toThrow(/"false" ended with exit code 1/);
        expect(await tried.machine.parents()).toEqual({ a: null, b: "a", c: "b" });
        const [a] = (await tried.machine.hierarchy()).snapshots;
        await tried.up({ snapshots: base });
        expect(await tried.machine.parents()).toEqual(parents);
        expect((await tried.machine.hierarchy()).snapshots[0]!.contentId).toBe(a!.contentId);
    });

    test("is gone where its domain is, and never where its host can't be reached", async () => {
        await using tried = await Tried.on();
        await tried.up({ snapshots: { a: {} } });
        const { resource, outputs } = tried;
        expect(await resource.read("", { ...outputs, domain: "other" })).toBeNull();
        await expect(resource.delete("", { ...outputs, domain: "other" })).resolves.toBeUndefined();
        await expect(resource.create({ ...outputs, domain: "other" })).rejects.toThrow(NotFoundError);
        const away = { ...outputs, host: "qemu:///embed?root=/nowhere" };
        await expect(resource.read("", away)).rejects.toThrow(UnreachableError);
        await expect(resource.delete("", away)).rejects.toThrow(UnreachableError);
    });

    test("can be imported: what is there, as a program would say it", async () => {
        await using tried = await Tried.on();
        await tried.machine.library(async (vm) => {
            await vm.create({ name: "a", description: "theirs" });
            await vm.create({ name: "b" });
            await vm.branch("work", { from: "a" });
        });
        const found = await tried.resource.read(`${tried.machine.uri}#web`);
        expect(found?.inputs).toEqual({
            host: tried.machine.uri,
            domain: "web",
            prune: "managed",
            snapshots: { a: { description: "theirs" }, b: { parent: "a" } },
            branches: { work: { from: "a" } },
        });
    });
});
