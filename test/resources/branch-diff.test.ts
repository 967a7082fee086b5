import { BranchResource } from "../../provider/resources/branch";
import { UNKNOWN } from "../../provider/resources/unknown";
import { host, noConnections } from "./double";

const resource = new BranchResource(noConnections());
const inputs = { host, domain: "web", name: "case", from: "base", fromId: `${host}#web/base`, fromContentId: "c1", onDelete: "discard" };
const stored = { ...inputs, active: false };

type Changes = Record<string, unknown>;
const defined = (fields: Changes): Changes => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
const diff = (news: Changes, olds: Changes = {}) => resource.diff("id", defined({ ...stored, ...olds }), defined({ ...inputs, ...news }));

const nothing = { changes: false, replaces: [], deleteBeforeReplace: false };
const inPlace = { changes: true, replaces: [], deleteBeforeReplace: false };
const replaced = (...replaces: string[]) => ({ changes: true, replaces, deleteBeforeReplace: true });

describe("check", () => {
    const reasons = (news: Changes) => resource.check(defined({ ...inputs, ...news })).failures.map(({ reason }) => reason);

    test("fills in the host that the environment names, the resource's own name, and that what was written goes", () => {
        process.env.SNAPTREE_HOST = "test:///default";
        const checked = resource.check({ domain: "web", from: "base", __provider: "code", leave: null }, "case");
        delete process.env.SNAPTREE_HOST;
        expect(checked).toEqual({ inputs: { host: "test:///default", domain: "web", name: "case", from: "base", onDelete: "discard" }, failures: [] });
    });

    test.each<[Changes, RegExp]>([
        [{ from: undefined }, /^InvalidInputError: from is missing; it takes text that is not empty/],
        [{ from: "" }, /^InvalidInputError: from takes text that is not empty, but is empty/],
        [{ active: "yes" }, /^InvalidInputError: active takes true or false, but is "yes"/],
        [{ powerState: "on" }, /^InvalidInputError: powerState takes "shutoff", "running" or "paused", but is "on"/],
        [{ onDelete: "keepChildren" }, /^InvalidInputError: onDelete takes "discard" or "commit"/],
        [{ parent: "base" }, /^InvalidInputError: parent is not known/],
        [{ name: "auto-1" }, /^InvalidInputError: name "auto-1" begins with “auto-”/],
        [{ name: "a/b" }, /^InvalidInputError: name "a\/b" has a “\/”/],
        [{ host: "esx://root:hunter2@esx/" }, /^InvalidInputError: host has a password in it/],
    ])("refuses %j", (news, reason) => {
        expect(reasons(news)).toEqual([expect.stringMatching(reason)]);
    });

    test("lets pass what is known later, and any value of resetOn", () => {
        expect(reasons(Object.fromEntries([...Object.keys(inputs), "active", "powerState", "resetOn", "force"].map((name) => [name, UNKNOWN])))).toEqual([]);
        for (const resetOn of [1, "a", true, [1, { a: null }], { sha: "f" }]) expect(reasons({ resetOn })).toEqual([]);
    });
});

describe("diff, which contacts no host", () => {
    test("of the same inputs is no change", async () => {
        expect(await diff({})).toEqual({ ...nothing, stables: ["host", "domain"], warnings: [] });
    });

    test.each<[name: string, before: unknown, after: unknown]>([
        ["name", "case", "case-42"],
        ["name", "case", UNKNOWN],
        ["powerState", undefined, "running"],
        ["leave", "refuse", "shutdown"],
        ["force", undefined, ["branch:case"]],
        ["onDelete", "discard", "commit"],
        ["password", "one", "two"],
        ["resetOn", 1, 2],
        ["resetOn", undefined, "a"],
        ["resetOn", { a: [1] }, { a: [1, 2] }],
        ["resetOn", 1, UNKNOWN],
        ["active", false, true],
        ["active", false, UNKNOWN],
    ])("%s changes in place from %j to %j", async (name, before, after) => {
        expect(await diff({ [name]: after }, { [name]: before })).toMatchObject(inPlace);
    });

    test.each<[name: string, before: unknown, after: unknown]>([
        ["active", true, true],
        ["active", true, false],
        ["active", true, undefined],
        ["active", false, undefined],
        ["resetOn", { a: 1, b: 2 }, { b: 2, a: 1 }],
        ["force", undefined, false],
        ["activeElsewhere", undefined, true],
        ["activeElsewhere", true, undefined],
    ])("%s is no change from %j to %j", async (name, before, after) => {
        expect(await diff({ [name]: after }, { [name]: before })).toMatchObject(nothing);
    });

    test.each<[name: string, before: unknown, after: unknown]>([
        ["host", "test:///default", host],
        ["domain", "db", "web"],
    ])("%s replaces from %j to %j, the old branch first", async (name, before, after) => {
        expect(await diff({ [name]: after }, { [name]: before })).toMatchObject(replaced(name));
    });

    test("a branch that the domain leaves for another one of the program follows in the same update", async () => {
        expect(await diff({ activeElsewhere: true }, { active: true })).toMatchObject(inPlace);
    });
});

describe("the snapshot that it forks from", () => {
    test.each<[string, Changes]>([
        ["another name", { from: "other", fromId: undefined, fromContentId: undefined }],
        ["another resource", { from: "other", fromId: "o", fromContentId: "c9" }],
        ["the same name with other contents", { fromContentId: "c2" }],
        ["one that a preview sees replaced", { fromId: UNKNOWN, fromContentId: UNKNOWN }],
    ])("as %s replaces the branch", async (_, news) => {
        expect(await diff(news)).toMatchObject(replaced("from"));
    });

    test.each<[string, Changes]>([
        ["renamed", { from: "renamed" }],
        ["given by its name instead of the resource", { fromId: undefined, fromContentId: undefined }],
    ])("that is %s stays the fork", async (_, news) => {
        expect(await diff(news)).toMatchObject(inPlace);
    });

    test("that a preview sees change in place stays the fork", async () => {
        expect(await diff({ from: UNKNOWN, fromContentId: UNKNOWN })).toMatchObject(nothing);
    });
});

describe("a fork that moved, because somebody deleted its snapshot", () => {
    const moved = { from: "root", __drift: { from: "base" } };

    test("replaces nothing, and the preview says at what the update will fail", async () => {
        expect(await diff({}, moved)).toMatchObject({
            ...inPlace,
            warnings: [
                expect.stringMatching(/^branch "case" of domain "web" forks from "root" now and not from "base".*let the program say so, or set “force”/),
            ],
        });
    });

    test("replaces nothing when its snapshot is about to be taken again", async () => {
        expect(await diff({ fromId: UNKNOWN, fromContentId: UNKNOWN }, moved)).toMatchObject({ ...inPlace, warnings: [expect.anything()] });
    });

    test("is accepted by a program that says so", async () => {
        expect(await diff({ from: "root", fromId: "r", fromContentId: "c0" }, moved)).toMatchObject({ ...inPlace, warnings: [] });
    });

    test("is forked again where that loss is accepted", async () => {
        expect(await diff({ force: ["branch:other"] }, moved)).toMatchObject(inPlace);
        expect(await diff({ force: ["branch:case"] }, moved)).toMatchObject({ ...replaced("from"), warnings: [] });
        expect(await diff({ force: true }, moved)).toMatchObject(replaced("from"));
    });

    test("does not keep a program from forking it elsewhere", async () => {
        expect(await diff({ from: "third", fromId: "t", fromContentId: "c3" }, moved)).toMatchObject(replaced("from"));
    });
});
