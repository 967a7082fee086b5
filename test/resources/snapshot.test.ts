import { AlreadyExistsError, DataLossError, NotFoundError, UnreachableError, UnsupportedError } from "../../provider/model";
import type { Properties } from "../../provider/resources/unknown";
import { MemoryHost, host, resourceOn } from "./double";

let memory: MemoryHost;
const resource = () => resourceOn(memory);
const base = { host, domain: "web", name: "base", onDelete: "keepChildren" };
const child = { ...base, name: "nginx", parent: "base", parentId: `${host}#web/base`, parentContentId: "content-1" };

beforeEach(() => {
    delete process.env.SNAPTREE_FORCE;
    memory = new MemoryHost();
});
afterEach(() => {
    delete process.env.SNAPTREE_FORCE;
});

/** Takes base and nginx, and returns the outputs of nginx. */
async function taken(): Promise<{ id: string; outputs: Properties }> {
    await resource().create(base);
    const created = await resource().create(child);
    memory.calls.length = 0;
    return created;
}

async function refreshed(outputs: Properties): Promise<Properties> {
    const found = await resource().read("id", outputs);
    if (!found) throw new Error("it is gone");
    return found.outputs;
}

describe("create", () => {
    test("returns the inputs and what the host says, under an id that names the place", async () => {
        expect(await resource().create({ ...base, __provider: "code" })).toEqual({
            id: `${host}#web/base`,
            outputs: { ...base, creationTime: 1001, state: "shutoff", contentId: "content-1" },
        });
    });

    test("asks for a root where no parent is named, and for exactly what the program said", async () => {
        const provision = [{ command: ["true"], env: { TOKEN: "t" }, timeout: 5 }];
        const said = { provision, description: "d", diskOnly: true, mode: "external", disks: { vda: { snapshot: "no" } }, halt: true };
        await resource().create({ ...base, ...said, password: "p", triggers: [1] });
        expect(memory.calls).toEqual([["create", { name: "base", parent: null, ...said, force: false }]]);
    });

    test("passes on which losses are accepted, all of them for a run with SNAPTREE_FORCE=1", async () => {
        await resource().create({ ...base, force: ["snapshot:d"] });
        process.env.SNAPTREE_FORCE = "1";
        await resource().create({ ...child, force: ["snapshot:d"] });
        expect(memory.calls.map(([, request]) => (request as { force: unknown }).force)).toEqual([["snapshot:d"], true]);
    });

    test("without metadata returns what is known", async () => {
        const { outputs } = await resource().create({ ...base, noMetadata: true });
        expect(outputs).toEqual({ ...base, noMetadata: true, creationTime: 1001, state: "shutoff", contentId: "content-1" });
        expect(memory.snapshots).toEqual([]);
    });

    test("redefines instead of taking, and returns what the host says then", async () => {
        const { outputs } = await resource().create({ ...base, redefine: true, current: true, xml: "<domainsnapshot/>", creationTime: 7 });
        expect(memory.calls).toEqual([["redefine", { name: "base", xml: "<domainsnapshot/>", creationTime: 7, current: true }]]);
        expect(outputs).toMatchObject({ creationTime: 7, contentId: "content-1" });
    });

    test("of a running domain is refused where the host knows none", async () => {
        await expect(resource().create({ ...base, powerState: "running" })).rejects.toThrow(UnsupportedError);
        expect(memory.calls).toEqual([]);
    });

    test("no domain is started or shut down for a snapshot: where it is not as it is to be, nothing is done", async () => {
        const host = new MemoryHost({ running: true });
        const running = resourceOn(host);
        await expect(running.create({ ...base, powerState: "running" })).rejects.toThrow(/starting a domain.*start "web" first/);
        await expect(running.create({ ...base, powerState: "running", provision: [{ command: ["true"] }] })).rejects.toThrow(UnsupportedError);
        expect(host.calls).toEqual([]);
        await running.create({ ...base, powerState: "shutoff" });
        expect(host.find("base")).toBeDefined();
    });

    test("passes on why the host refused", async () => {
        await resource().create(base);
        await expect(resource().create(base)).rejects.toThrow(AlreadyExistsError);
    });
});

describe("read", () => {
    test("finds nothing changed after a create", async () => {
        const { id, outputs } = await taken();
        expect(await resource().read(id, { ...outputs, __provider: "code" })).toEqual({ id, outputs });
        expect(memory.calls).toEqual([]);
    });

    test("says that a snapshot is gone, and one whose domain is", async () => {
        const { id, outputs } = await taken();
        memory.snapshots = [];
        expect(await resource().read(id, outputs)).toBeNull();
        memory.hasDomain = false;
        expect(await resource().read(id, outputs)).toBeNull();
    });

    test("never takes an unreachable host for a missing snapshot", async () => {
        const { id, outputs } = await taken();
        memory.contact = () => {
            throw new UnreachableError("no route");
        };
        await expect(resource().read(id, outputs)).rejects.toThrow(UnreachableError);
    });

    test("believes what has no metadata, and asks nobody", async () => {
        const { id, outputs } = await resource().create({ ...base, noMetadata: true });
        memory.contact = () => {
            throw new UnreachableError("no route");
        };
        expect(await resource().read(id, outputs)).toEqual({ id, outputs });
    });

    test("shows what the host has, and remembers what was declared", async () => {
        const { outputs } = await taken();
        memory.tamper("nginx", { description: "theirs", parent: null, name: "renamed" });
        expect(await refreshed(outputs)).toMatchObject({ name: "renamed", description: "theirs", __drift: { name: "nginx", parent: "base" } });
        expect(await refreshed(outputs)).not.toHaveProperty("parent");
        expect(await refreshed(await refreshed(outputs))).toEqual(await refreshed(outputs));
    });

    test("forgets a drift that somebody mended", async () => {
        const { outputs } = await taken();
        memory.tamper("nginx", { parent: null });
        const drifted = await refreshed(outputs);
        memory.tamper("nginx", { parent: "base" });
        expect(await refreshed(drifted)).toEqual(outputs);
    });

    test("takes a renamed parent for the same parent", async () => {
        const { outputs } = await taken();
        await memory.redefine({ name: "base", rename: "base2" });
        expect(await refreshed(outputs)).toEqual({ ...outputs, parent: "base2" });
    });

    test("keeps the contents that it took on record when somebody puts others there", async () => {
        const { outputs } = await taken();
        memory.tamper("nginx", { contentId: "theirs" });
        expect(await refreshed(outputs)).toMatchObject({ contentId: "content-2", __drift: { contentId: true } });
    });

    test("believes the name where the host keeps no record of contents", async () => {
        const { outputs } = await taken();
        memory.tamper("nginx", { contentId: null });
        expect(await refreshed(outputs)).toEqual(outputs);
    });

    test("imports by id, with inputs that change nothing", async () => {
        const { id } = await taken();
        const imported = await resource().read(id);
        expect(imported?.inputs).toEqual({ host, domain: "web", name: "nginx", parent: "base", onDelete: "keepChildren" });
        expect(await resource().diff(id, imported?.outputs ?? {}, imported?.inputs ?? {})).toMatchObject({ changes: false });
    });
});

describe("update", () => {
    const update = async (change: Properties, outputs?: Properties) => {
        const before = outputs ?? (await taken()).outputs;
        return (await resource().update("id", before, { ...child, ...change })).outputs;
    };

    test("sets a name and a description in place, and the contents stay", async () => {
        expect(await update({ name: "web-server", description: "new" })).toMatchObject({ name: "web-server", description: "new", contentId: "content-2" });
        expect(memory.calls).toEqual([["redefine", { name: "nginx", rename: "web-server", description: "new" }]]);
    });

    test("takes a description away", async () => {
        await taken();
        memory.tamper("nginx", { description: "old" });
        await update({}, { ...child, description: "old", contentId: "content-2" });
        expect(memory.calls).toEqual([["redefine", { name: "nginx", description: null }]]);
    });

    test.each([{ force: true }, { leave: "shutdown" }, { onDelete: "subtree" }, { password: "new" }])(
        "stores %j and does nothing on the host",
        async (change) => {
            expect(await update(change)).toMatchObject(change);
            expect(memory.calls).toEqual([]);
        },
    );

    test("mends a name and a description that somebody changed", async () => {
        const { outputs } = await taken();
        memory.tamper("nginx", { description: "theirs", name: "renamed" });
        expect(await update({}, await refreshed(outputs))).toEqual(outputs);
        expect(memory.find("nginx")).toMatchObject({ description: null });
    });

    test("refuses to go on after a parent was merged by hand, and says what to do; also without a refresh", async () => {
        const { outputs } = await taken();
        memory.tamper("nginx", { parent: null });
        const sentence = /stands without a parent now and not on "base".*let the program say so, or set “force”/;
        await expect(update({ description: "new" }, outputs)).rejects.toThrow(sentence);
        await expect(update({}, await refreshed(outputs))).rejects.toThrow(sentence);
        expect(memory.calls).toEqual([]);
    });

    test("accepts drift that the program now declares", async () => {
        const { outputs } = await taken();
        memory.tamper("nginx", { parent: null });
        const { parent: _, parentId: __, parentContentId: ___, ...root } = child;
        const { outputs: after } = await resource().update("id", await refreshed(outputs), root);
        expect(after).toEqual({ ...root, creationTime: 1002, state: "shutoff", contentId: "content-2" });
    });

    test("refuses to go on with contents that somebody else put there", async () => {
        const { outputs } = await taken();
        memory.tamper("nginx", { contentId: "theirs" });
        await expect(update({ description: "new" }, outputs)).rejects.toThrow(/was replaced by another one of the same name/);
    });

    test("follows a parent that was renamed", async () => {
        const { outputs } = await taken();
        await memory.redefine({ name: "base", rename: "base2" });
        expect(await update({ parent: "base2" }, outputs)).toMatchObject({ parent: "base2" });
    });

    test("of a snapshot that is gone says what to do", async () => {
        const { outputs } = await taken();
        memory.snapshots = [];
        await expect(update({ description: "new" }, outputs)).rejects.toThrow(NotFoundError);
        await expect(update({ description: "new" }, outputs)).rejects.toThrow(/pulumi refresh/);
    });

    test("does nothing on the host for what has no metadata", async () => {
        const { outputs } = await resource().create({ ...base, noMetadata: true });
        memory.hasDomain = false;
        expect((await resource().update("id", outputs, { ...base, noMetadata: true, description: "d" })).outputs).toEqual({ ...outputs, description: "d" });
    });

    test("redefines what changed, throughout", async () => {
        const redefined = { ...base, redefine: true, xml: "<a/>", description: "old" };
        const { outputs } = await resource().create(redefined);
        memory.calls.length = 0;
        await resource().update("id", outputs, { ...base, redefine: true, xml: "<b/>", name: "base2", creationTime: 9, force: true });
        expect(memory.calls).toEqual([["redefine", { name: "base", rename: "base2", description: null, xml: "<b/>", creationTime: 9, force: true }]]);
    });

    test("says so when a redefined snapshot stays where it was", async () => {
        const { outputs } = await resource().create({ ...base, redefine: true });
        await expect(resource().update("id", outputs, { ...base, redefine: true, parent: "other" })).rejects.toThrow(/not on "other"/);
    });
});

describe("delete", () => {
    test.each(["keepChildren", "subtree", "children", "metadata"])("takes along what onDelete says: %s", async (onDelete) => {
        const { id, outputs } = await taken();
        await resource().delete(id, { ...outputs, onDelete, force: ["branch:x"] });
        expect(memory.calls).toEqual([["delete", "nginx", { scope: onDelete, tip: "parent", force: ["branch:x"] }]]);
    });

    test("accepts all losses in a run with SNAPTREE_FORCE=1", async () => {
        const { id, outputs } = await taken();
        process.env.SNAPTREE_FORCE = "1";
        await resource().delete(id, outputs);
        expect(memory.calls).toEqual([["delete", "nginx", { scope: "keepChildren", tip: "parent", force: true }]]);
    });

    test("of what is gone succeeds, and of what goes meanwhile", async () => {
        const { id, outputs } = await taken();
        await resource().delete(id, outputs);
        await resource().delete(id, outputs);
        memory.hasDomain = false;
        await resource().delete(id, outputs);
    });

    test("of what has no metadata does nothing", async () => {
        const { id, outputs } = await resource().create({ ...base, noMetadata: true });
        memory.calls.length = 0;
        await resource().delete(id, outputs);
        expect(memory.calls).toEqual([]);
    });

    test("follows a snapshot that was renamed", async () => {
        const { id, outputs } = await taken();
        memory.tamper("nginx", { name: "renamed" });
        await resource().delete(id, outputs);
        expect(memory.calls).toEqual([["delete", "renamed", { scope: "keepChildren", tip: "parent", force: false }]]);
    });

    test("of contents that somebody else put there needs consent", async () => {
        const { id, outputs } = await taken();
        memory.tamper("nginx", { contentId: "theirs" });
        await expect(resource().delete(id, outputs)).rejects.toThrow(DataLossError);
        expect(memory.find("nginx")).toBeDefined();
        await resource().delete(id, { ...outputs, force: ["snapshot:nginx"] });
        expect(memory.find("nginx")).toBeUndefined();
    });

    test("passes on what would be lost, and an unreachable host", async () => {
        const { id, outputs } = await taken();
        memory.delete = () => Promise.reject(new DataLossError("deleting", ["branch:b"]));
        await expect(resource().delete(id, outputs)).rejects.toMatchObject({ losses: ["branch:b"] });
        memory.contact = () => {
            throw new UnreachableError("no route");
        };
        await expect(resource().delete(id, outputs)).rejects.toThrow(UnreachableError);
    });
});
