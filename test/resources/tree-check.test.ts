import { Connections } from "../../provider/resources/connections";
import { TreeResource } from "../../provider/resources/tree";
import { UNKNOWN } from "../../provider/resources/unknown";
import { host } from "./double";

const resource = new TreeResource(
    new Connections(() => {
        throw new Error("a host was contacted");
    }),
);
const given = { host, domain: "web", prune: "managed", owner: "p/s/n" };
const failures = (inputs: object) => resource.check({ ...given, ...inputs }).failures;

describe("check", () => {
    test("fills in what prune is, and takes a whole tree", () => {
        const tree = { snapshots: { a: {}, b: { parent: "a" } }, branches: { x: { from: "b" } }, current: "x" };
        expect(resource.check({ host, domain: "web", ...tree, __provider: "code" })).toEqual({
            inputs: { host, domain: "web", prune: "managed", ...tree },
            failures: [],
        });
    });

    test.each<[string, object, string, RegExp]>([
        ["no snapshots", {}, "snapshots", /snapshots is missing/],
        ["what is not known", { snapshots: { a: { parnt: "b" } } }, "snapshots.a.parnt", /did you mean “parent”/],
        ["what is not built yet", { snapshots: {}, replicateFrom: {} }, "replicateFrom", /replicateFrom is not known/],
        ["a wrong type inside", { snapshots: { a: { provision: [{ command: "x" }] } } }, "snapshots.a.provision[0].command", /takes a list of texts/],
        ["a branch without a fork", { snapshots: { a: {} }, branches: { x: {} } }, "branches.x.from", /from is missing/],
        ["a name that is reserved", { snapshots: { "auto-1": {} } }, "snapshots.auto-1", /keeps for itself/],
        ["a name for two", { snapshots: { a: {} }, branches: { a: { from: "a" } } }, "snapshots.a", /one name space/],
        ["two roots", { snapshots: { a: {}, b: {} } }, "snapshots.b.parent", /"b" has no parent/],
        ["two roots beside what may be there", { snapshots: { a: {}, b: {}, c: { parent: "there" } } }, "snapshots.a.parent", /has no parent/],
        ["a cycle", { snapshots: { a: { parent: "b" }, b: { parent: "a" } } }, "snapshots.a.parent", /cycle/],
        ["a parent that prune takes away", { snapshots: { a: { parent: "there" } }, prune: "all" }, "snapshots.a.parent", /prune would delete/],
        ["a policy that is none", { snapshots: {}, prune: "some" }, "prune", /"managed", "all" or "none"/],
    ])("refuses %s, with its path and without asking any host", (_, inputs, property, reason) => {
        expect(failures(inputs)).toEqual([{ property, reason: expect.stringMatching(reason) as string }]);
    });

    test.each<[string, object]>([
        ["a parent, a fork and a place that may be there", { snapshots: { a: { parent: "there" } }, branches: { x: { from: "elsewhere" } }, current: "third" }],
        ["a root beside what may be there", { snapshots: { a: {}, b: { parent: "there" } } }],
        ["what is not known yet", { snapshots: UNKNOWN, branches: UNKNOWN, current: UNKNOWN }],
        [
            "nodes that are not known yet",
            { snapshots: { a: {}, b: UNKNOWN, c: { parent: UNKNOWN, provision: UNKNOWN } }, branches: { x: { from: UNKNOWN } }, prune: "all" },
        ],
    ])("lets %s pass", (_, inputs) => {
        expect(failures(inputs)).toEqual([]);
    });
});

describe("diff", () => {
    const stored = { creationTime: 1, state: "shutoff", contentId: "1" };
    const olds = { ...given, snapshots: { a: { ...stored, provision: [{ command: ["x"] }] }, b: { ...stored, parent: "a" } }, branches: { x: { from: "b" } } };
    const news = { ...given, snapshots: { a: { provision: [{ command: ["x"] }] }, b: { parent: "a" } }, branches: { x: { from: "b" } } };
    const diff = (change: object) => resource.diff("", olds, { ...news, ...change });

    test.each<[string, object, boolean]>([
        ["nothing", {}, false],
        ["the environment of a command", { snapshots: { ...news.snapshots, a: { provision: [{ command: ["x"], env: { A: "1" } }] } } }, false],
        ["the owner, as in a renamed stack", { owner: "other" }, false],
        ["a description", { snapshots: { ...news.snapshots, a: { ...news.snapshots.a, description: "d" } } }, true],
        ["another snapshot", { snapshots: { ...news.snapshots, c: { parent: "a" } } }, true],
        ["a branch less", { branches: {} }, true],
        ["the place of the domain", { current: "x" }, true],
        ["a snapshot that is not known yet", { snapshots: { ...news.snapshots, b: UNKNOWN } }, true],
    ])("%s changes in place, if anything: %s", async (_, change, changes) => {
        expect(await diff(change)).toMatchObject({ changes, replaces: [], warnings: [] });
    });

    test("another host or domain replaces the tree", async () => {
        expect(await diff({ domain: "other", host: "test:///default" })).toMatchObject({ replaces: ["host", "domain"], deleteBeforeReplace: true });
    });

    test("what is taken again is said, and many are counted", async () => {
        const many = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`s${i}`, { ...stored, parent: "a" }]));
        const { warnings } = await resource.diff(
            "",
            { ...olds, snapshots: { ...olds.snapshots, ...many } },
            {
                ...news,
                snapshots: { ...news.snapshots, ...many, a: { provision: [{ command: ["y"] }] } },
            },
        );
        expect(warnings).toEqual([expect.stringMatching(/taken again of domain "web".*: "a", "b", "s0".* and 12 more$/)]);
    });
});
