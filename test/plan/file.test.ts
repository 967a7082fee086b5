import { InvalidInputError, type Operation } from "../../provider/model";
import { describe as lineOf, Plan } from "../../provider/plan";

/** One operation of each kind, with every field that it can have. */
const OPERATIONS: { readonly [K in Operation["kind"]]: Required<Extract<Operation, { readonly kind: K }>> } = {
    create: {
        ...{ kind: "create", name: "s", parent: "p", source: "parent", provisioned: true, moveTip: true, keepTip: "auto-p-1", replace: true, description: "d" },
        ...{
            mode: "external",
            diskOnly: true,
            memoryFile: "/m",
            quiesce: true,
            compression: "zstd",
            disks: { vda: { snapshot: "no", file: "/f", driver: "qcow2" } },
        },
        ...{ halt: true, atomic: true, live: true, reuseExternal: true, noMetadata: true, owner: "me", leave: "checkpoint" },
    },
    redefine: { kind: "redefine", name: "s", rename: "t", description: null, xml: "<x/>", creationTime: 7, state: "shutoff", current: true, force: true },
    delete: { kind: "delete", name: "s", scope: "subtree", branches: ["b"], chain: "keep" },
    revert: { kind: "revert", name: "s", keepTip: null, powerState: "running", leave: "shutdown", resetNvram: true, force: true },
    commit: { kind: "commit", name: "s", branch: null, discard: true, snapshots: ["t"], branches: ["b"] },
    merge: { kind: "merge", name: "s", into: "p", snapshots: ["t"], branches: ["b"] },
    branch: { kind: "branch", name: "b", from: "s", owner: "me" },
    switch: { kind: "switch", name: "b", keepTip: "auto-s-1", powerState: "paused", leave: "checkpoint" },
    unbranch: { kind: "unbranch", name: "b" },
    reset: { kind: "reset", name: "b", to: "s", snapshots: ["t"] },
    rename: { kind: "rename", name: "b", to: "c" },
    adopt: { kind: "adopt", name: "b", from: null, tip: "s", files: { vda: "/f" }, tag: "t", xml: "<domain/>", owner: "me" },
    import: {
        ...{ kind: "import", name: "vm" },
        hierarchy: {
            ...{ version: 1, domain: "vm", uuid: "u", xml: "<domain/>", current: "s", branch: null },
            snapshots: [{ name: "s", xml: "<domainsnapshot/>", contentId: "c", made: false, owner: null, nvram: null }],
            branches: [{ name: "b", from: null, tip: "s", files: { vda: "/f" }, tag: null, xml: "<domain/>", owner: "me", nvram: "H4sI" }],
        },
    },
    forget: { kind: "forget", name: "vm" },
};
const basis = { uuid: "u", nodes: { s: "stamp", t: null }, tip: "tip" };
const whole = () => new Plan(Object.values(OPERATIONS), ["branch:b", "tip"], ["mind this"], basis, { "branch:b": 1_572_864 });
const stored = () => JSON.parse(JSON.stringify(whole())) as Record<string, unknown>;
const withOperation = (operation: unknown) => ({ ...stored(), operations: [OPERATIONS.unbranch, operation] });

describe("a plan in a file", () => {
    test("comes back as it was, with all that it shows", () => {
        const back = Plan.fromJSON(stored());
        expect(back).toBeInstanceOf(Plan);
        expect(back).toEqual(whole());
        expect(back.toString()).toBe(whole().toString());
    });

    test("of a name that JavaScript knows comes back too", () => {
        const made = new Plan([], [], [], { ...basis, nodes: JSON.parse('{"__proto__":"stamp"}') as Record<string, string> });
        expect(Object.entries(Plan.fromJSON(JSON.parse(JSON.stringify(made))).basis.nodes)).toEqual([["__proto__", "stamp"]]);
    });

    test.each<[string, unknown]>([
        ["nothing", null],
        ["a text", "plan"],
        ["a list", []],
        ["a program's snapshots", { snapshots: { a: {} } }],
    ])("is refused where it is %s", (_, value) => {
        expect(() => Plan.fromJSON(value)).toThrow(InvalidInputError);
        expect(() => Plan.fromJSON(value)).toThrow("this is no plan of Snaptree; make one with “snaptree plan --out”");
    });

    test("is refused where another version wrote it", () => {
        expect(() => Plan.fromJSON({ ...stored(), version: 2 })).toThrow(/this plan is of version "2", and only 1 is known here.*plan again/);
    });

    test.each<[string, unknown, string]>([
        ["an unknown operation", withOperation({ kind: "format", name: "s" }), "operations[1].kind"],
        ["an operation that is none", withOperation("unbranch"), "operations[1]"],
        ["a field that is missing", withOperation({ kind: "branch", name: "b" }), "operations[1].from"],
        ["a field of the wrong kind", withOperation({ ...OPERATIONS.revert, keepTip: true }), "operations[1].keepTip"],
        ["a field that nobody knows", withOperation({ ...OPERATIONS.unbranch, force: true }), "operations[1].force"],
        ["a list with something else", withOperation({ ...OPERATIONS.delete, branches: ["b", 1] }), "operations[1].branches[1]"],
        ["a disk that is none", withOperation({ ...OPERATIONS.create, disks: { vda: { snapshot: "maybe" } } }), "operations[1].disks.vda.snapshot"],
        ["losses that are none", { ...stored(), losses: "tip" }, "losses"],
        ["no losses", { ...stored(), losses: undefined }, "losses"],
        ["a negative size", { ...stored(), sizes: { tip: -1 } }, "sizes.tip"],
        ["a basis without nodes", { ...stored(), basis: { uuid: "u", tip: "" } }, "basis.nodes"],
    ])("is refused with %s, and says where", (_, value, path) => {
        expect(() => Plan.fromJSON(value)).toThrow(InvalidInputError);
        expect(() => Plan.fromJSON(value)).toThrow(expect.objectContaining({ property: path }) as Error);
    });
});

describe("the text of a plan", () => {
    test.each<[Operation, string]>([
        [OPERATIONS.create, "+ create s under p, provisioned, in place of the one that is there; the tip is kept as branch auto-p-1"],
        [OPERATIONS.redefine, "~ redefine s as t"],
        [OPERATIONS.delete, "- delete s and everything below it (its file stays in the chain)"],
        [OPERATIONS.revert, "> revert to s"],
        [{ ...OPERATIONS.revert, keepTip: "mine" }, "> revert to s; the tip is kept as branch mine"],
        [OPERATIONS.commit, "~ commit the tip into s, and delete s; with it go t, b"],
        [{ ...OPERATIONS.commit, branch: "w", discard: false, snapshots: [], branches: [] }, "~ commit branch w into s"],
        [OPERATIONS.merge, "~ merge s into p; with it go t, b"],
        [OPERATIONS.branch, "+ branch b at s"],
        [OPERATIONS.switch, "> switch to branch b; the tip is kept as branch auto-s-1"],
        [OPERATIONS.unbranch, "- remove branch b"],
        [OPERATIONS.reset, "~ reset branch b to s; with it go t"],
        [OPERATIONS.rename, "~ rename branch b to c"],
        [OPERATIONS.adopt, "+ adopt branch b at s"],
    ])("says what %o does", (operation, line) => {
        expect(lineOf(operation)).toBe(line);
    });

    test("names losses with their sizes where they are known", () => {
        expect(whole().toString().split("\n").slice(-3)).toEqual(["warning: mind this", "would lose branch:b (1.5 MiB)", "would lose tip"]);
    });
});
