import { SnaptreeError } from "../../provider/model";
import { UNKNOWN } from "../../provider/resources/unknown";
import { MemoryHost, host, resourceOn, resourceWithoutHosts } from "./double";

const resource = resourceWithoutHosts();
const inputs = { host, domain: "web", name: "nginx", parent: "base", parentId: "p#web/base", parentContentId: "c1", onDelete: "keepChildren" };
const facts = { creationTime: 1000, state: "shutoff", contentId: "c2" };
const stored = { ...inputs, ...facts };

type Changes = Record<string, unknown>;
const diff = (news: Changes, olds: Changes = {}) => resource.diff("id", defined({ ...stored, ...olds }), defined({ ...inputs, ...news }));
const defined = (fields: Changes): Changes => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

const nothing = { changes: false, replaces: [], deleteBeforeReplace: false };
const inPlace = { changes: true, replaces: [], deleteBeforeReplace: false };
const replaced = (...replaces: string[]) => ({ changes: true, replaces, deleteBeforeReplace: true });

describe("without a host", () => {
    test("the same inputs are no change", async () => {
        expect(await diff({})).toEqual({ ...nothing, stables: ["host", "domain", "contentId"], warnings: [] });
    });

    test.each<[name: string, before: unknown, after: unknown]>([
        ["description", "old", "new"],
        ["description", undefined, "new"],
        ["description", "old", undefined],
        ["description", "old", UNKNOWN],
        ["force", undefined, ["snapshot:d"]],
        ["onDelete", "keepChildren", "subtree"],
        ["leave", "refuse", "shutdown"],
        ["password", "one", "two"],
    ])("%s changes in place from %j to %j", async (name, before, after) => {
        expect(await diff({ [name]: after }, { [name]: before })).toMatchObject(inPlace);
    });

    test.each<[name: string, before: unknown, after: unknown]>([
        ["host", "test:///default", host],
        ["domain", "db", "web"],
        ["domain", "web", UNKNOWN],
        ["provision", undefined, [{ command: ["true"] }]],
        ["provision", [{ command: ["a"] }], [{ command: ["b"] }]],
        ["provision", [{ command: ["a"] }], [{ command: ["a"] }, { command: ["a"] }]],
        ["provision", [{ command: ["a"] }], [{ command: [UNKNOWN] }]],
        ["provision", [{ command: ["a"] }], UNKNOWN],
        ["powerState", undefined, "running"],
        ["diskOnly", undefined, true],
        ["memoryFile", "/a", "/b"],
        ["mode", "internal", "external"],
        ["quiesce", true, false],
        ["compression", undefined, "zstd"],
        ["disks", { vda: { snapshot: "no" } }, { vda: { snapshot: "external" } }],
        ["halt", false, true],
        ["atomic", undefined, true],
        ["live", undefined, true],
        ["reuseExternal", undefined, true],
        ["noMetadata", undefined, true],
        ["noMetadata", true, undefined],
        ["triggers", [1], [2]],
        ["triggers", [{ a: [1] }], [{ a: [1, 2] }]],
        ["triggers", undefined, [UNKNOWN]],
    ])("%s replaces from %j to %j, the old snapshot first", async (name, before, after) => {
        expect(await diff({ [name]: after }, { [name]: before })).toMatchObject(replaced(name));
    });

    test.each<[string, unknown, unknown]>([
        ["halt", undefined, false],
        ["halt", false, undefined],
        ["provision", undefined, []],
        ["disks", {}, undefined],
        ["triggers", undefined, []],
        ["description", undefined, ""],
        ["force", undefined, false],
        ["provision", [{ command: ["a"], env: { T: "1" }, timeout: 5, cwd: "/" }], [{ command: ["a"] }]],
        ["provision", [{ command: ["a"] }], [{ command: ["a"], env: { T: UNKNOWN }, timeout: UNKNOWN }]],
        ["disks", { vda: { snapshot: "no", file: undefined } }, { vda: { snapshot: "no" } }],
        ["triggers", [{ a: 1, b: 2 }], [{ b: 2, a: 1 }]],
    ])("%s is the same as %j and as %j", async (name, before, after) => {
        expect(await diff({ [name]: after }, { [name]: before })).toMatchObject(nothing);
    });

    test("what the host tells of a snapshot is no change, and neither is what Pulumi adds", async () => {
        expect(await diff({ __provider: "new" }, { __provider: "old", creationTime: 5, state: "running" })).toMatchObject(nothing);
    });
});

describe("a parent", () => {
    test.each<[string, Changes, Changes]>([
        ["that is renamed", { parent: "base2" }, {}],
        ["whose new name is unknown", { parent: UNKNOWN, parentContentId: "c1" }, {}],
        ["that was a name and is now the resource", {}, { parentId: undefined, parentContentId: undefined }],
        ["that was the resource and is now its name", { parentId: undefined, parentContentId: undefined }, {}],
        ["that was a name, is now the resource and changes in place", { parentContentId: UNKNOWN }, { parentId: undefined, parentContentId: undefined }],
    ])("%s replaces nothing", async (_, news, olds) => {
        expect(await diff(news, olds)).toMatchObject(inPlace);
    });

    test.each<[string, Changes]>([
        ["changes in place, so that a preview knows its id and not its contents", { parentContentId: UNKNOWN }],
        ["is renamed in a preview", { parentContentId: UNKNOWN, parent: "base2" }],
    ])("that %s leaves the preview as it is", async (_, news) => {
        expect(await diff(news)).toMatchObject(nothing);
    });

    test.each<[string, Changes, Changes]>([
        ["that was taken again", { parentContentId: "c9" }, {}],
        ["that is about to be taken again", { parentContentId: UNKNOWN, parentId: UNKNOWN }, {}],
        ["of which nothing is known", { parent: UNKNOWN, parentContentId: UNKNOWN, parentId: UNKNOWN }, {}],
        ["that is another resource", { parent: "other", parentId: "p#web/other", parentContentId: "c8" }, {}],
        ["that is another resource, which changes too", { parent: "other", parentId: "p#web/other", parentContentId: UNKNOWN }, {}],
        ["of another name", { parent: "b", parentId: undefined, parentContentId: undefined }, { parent: "a", parentId: undefined, parentContentId: undefined }],
        ["of an unknown name", { parent: UNKNOWN, parentId: undefined, parentContentId: undefined }, { parentId: undefined, parentContentId: undefined }],
        ["that there was none of", {}, { parent: undefined, parentId: undefined, parentContentId: undefined }],
        ["that is no more", { parent: undefined, parentId: undefined, parentContentId: undefined }, {}],
    ])("%s replaces what stands on it", async (_, news, olds) => {
        expect(await diff(news, olds)).toMatchObject(replaced("parent"));
    });

    test("without contents on record is known by its name", async () => {
        expect(await diff({ parentContentId: "" }, { parentContentId: "" })).toMatchObject(nothing);
        expect(await diff({ parentContentId: "", parent: "b" }, { parentContentId: "" })).toMatchObject(replaced("parent"));
    });
});

describe("a new name", () => {
    const rename = (news: Changes, capabilities: { rename: boolean }) =>
        resourceOn(new MemoryHost(capabilities)).diff("id", stored, { ...inputs, name: "nginx2", ...news });

    test("changes in place where the host can rename", async () => {
        expect(await rename({}, { rename: true })).toMatchObject(inPlace);
    });

    test("replaces where it can't", async () => {
        expect(await rename({}, { rename: false })).toMatchObject(replaced("name"));
    });

    test("replaces what has no metadata", async () => {
        const olds = { ...stored, noMetadata: true };
        expect(await resource.diff("id", olds, { ...inputs, noMetadata: true, name: "nginx2" })).toMatchObject(replaced("name"));
    });

    test("asks no host when something else replaces anyway, or the name is unknown", async () => {
        expect(await diff({ name: "nginx2", mode: "internal" })).toMatchObject(replaced("mode"));
        expect(await diff({ name: UNKNOWN })).toMatchObject(inPlace);
    });
});

describe("a redefined snapshot", () => {
    const redefined = { redefine: true, onDelete: "metadata" };
    test.each<Changes>([
        { parent: "other", parentId: "x", parentContentId: "c9" },
        { xml: "<domainsnapshot/>" },
        { mode: "internal" },
        { disks: { vda: { snapshot: "no" } } },
        { triggers: [1] },
        { name: "nginx2" },
        { current: true },
        { creationTime: 5 },
        { state: "running" },
    ])("changes in place: %j", async (news) => {
        expect(await diff({ ...redefined, ...news }, redefined)).toMatchObject(inPlace);
    });

    test.each<Changes>([{ host: "test:///default" }, { domain: "db" }])("is replaced with its place: %j", async (news) => {
        expect(await diff({ ...redefined, ...news }, redefined)).toMatchObject(replaced(...Object.keys(news)));
    });

    test("is what a snapshot that was taken can become in place, and not the other way round", async () => {
        expect(await diff(redefined)).toMatchObject(inPlace);
        expect(await diff({}, redefined)).toMatchObject(replaced("redefine"));
    });
});

describe("drift", () => {
    const moved = { parent: "root", __drift: { parent: "base" } };

    test("of the parent never replaces; the preview says that the update will fail, and why", async () => {
        const found = await diff({}, moved);
        expect(found).toMatchObject(inPlace);
        expect(found.warnings).toEqual([
            'snapshot "nginx" of domain "web" stands on "root" now and not on "base", which can\'t be mended in place; let the program say so, or set “force” (or SNAPTREE_FORCE=1) to have it taken again',
        ]);
    });

    test("of a parent that was removed by hand, and is taken again under its name, never replaces what stood on it", async () => {
        expect(await diff({ parentContentId: "c9" }, moved)).toMatchObject({ ...inPlace, warnings: [expect.stringContaining("stands on")] });
        expect(await diff({ parentContentId: UNKNOWN, parentId: UNKNOWN }, moved)).toMatchObject(inPlace);
        expect(await diff({ parentContentId: "c9", force: true }, moved)).toMatchObject(replaced("parent"));
    });

    test.each([{ force: true }, { force: ["snapshot:nginx"] }])("replaces with %j", async (news) => {
        expect(await diff(news, moved)).toMatchObject(replaced("parent"));
    });

    test("doesn't replace when another loss is accepted", async () => {
        expect(await diff({ force: ["snapshot:other"] }, moved)).toMatchObject(inPlace);
    });

    test("is accepted by a program that says what the host has", async () => {
        expect(await diff({ parent: "root", parentId: "p#web/root", parentContentId: "c0" }, moved)).toMatchObject({ ...inPlace, warnings: [] });
    });

    test("and a program that wants yet another parent replaces as ever", async () => {
        expect(await diff({ parent: "third", parentId: "p#web/third", parentContentId: "c5" }, moved)).toMatchObject(replaced("parent"));
    });

    test("of a name or a description is mended in place, whatever the host can", async () => {
        expect(await diff({}, { name: "renamed", __drift: { name: "nginx" } })).toMatchObject({ ...inPlace, warnings: [] });
        expect(await diff({ description: "mine" }, { description: "theirs" })).toMatchObject(inPlace);
    });

    test("of the contents never replaces what stands on them", async () => {
        const found = await diff({}, { __drift: { contentId: true } });
        expect(found).toMatchObject(inPlace);
        expect(found.warnings[0]).toContain("was replaced by another one of the same name");
    });

    test("of a redefined snapshot is redefined again", async () => {
        expect(await diff({ redefine: true }, { ...moved, redefine: true })).toMatchObject({ ...inPlace, warnings: [] });
    });
});

test("a host that can't be asked whether it renames is an error, and no change", async () => {
    const memory = new MemoryHost();
    const failing = resourceOn(memory);
    Object.defineProperty(memory, "capabilities", {
        get: () => {
            throw new SnaptreeError("unreachable");
        },
    });
    await expect(failing.diff("id", stored, { ...inputs, name: "nginx2" })).rejects.toThrow("unreachable");
});
