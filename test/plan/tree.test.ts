import fc from "fast-check";
import { InvalidInputError, type Operation } from "../../provider/model";
import { type Desired, type DesiredSnapshot, plan, staleNode } from "../../provider/plan";
import { carryOut, hierarchy, moves, snapshot } from "./simulation";
import { aBranch } from "../support/nodes";

/** Name to parent, as a program's snapshots. */
const wanted = (parents: Record<string, string | null>, rest: Partial<Desired> = {}): Desired => ({
    snapshots: Object.fromEntries(Object.entries(parents).map(([name, parent]) => [name, { parent }])),
    ...rest,
});
const SEED = wanted({ a: null, b: "a", c: "b", d: "c", e: "b" });
const lines = (operations: readonly Operation[]) => operations.map((o) => `${o.kind} ${o.name}`);

describe("a plan", () => {
    test("of the second seed mail's tree reads as it will happen", () => {
        expect(plan(hierarchy(), SEED).toString()).toBe(
            ["+ create a as the root", "+ create b under a", "+ create c under b", "+ create d under c", "+ create e under b, of its parent's contents"].join(
                "\n",
            ),
        );
    });

    test("of what is there already is nothing, and says so", () => {
        const made = plan(carryOut(hierarchy(), plan(hierarchy(), SEED).operations), SEED);
        expect(made.operations).toEqual([]);
        expect(made.toString()).toBe("nothing to do");
    });

    test("shows descriptions that change, what prune deletes, where the tip goes and what that loses", () => {
        const there = hierarchy([snapshot("a"), snapshot("b", "a"), snapshot("x", "a")], { current: "b", dirty: true });
        const made = plan(there, { snapshots: { a: { description: "new" }, b: { parent: "a" } }, current: "a", prune: "all" });
        expect(made.toString()).toBe("~ redefine a\n> revert to a\n- delete x\nwould lose tip");
    });

    test("takes an empty description for none, as hosts do", () => {
        const there = hierarchy([snapshot("a", null, { description: "old" }), snapshot("b", "a", { description: "old" }), snapshot("c", "a")], {
            current: "a",
        });
        const nodes = { a: { description: "" }, new: { parent: "a", renamedFrom: "b", description: "" }, c: { parent: "a", description: "" } };
        const desired = { snapshots: { ...nodes, d: { parent: "a", description: "" } } };
        const { operations } = plan(there, desired);
        expect(operations).toEqual([
            { kind: "redefine", name: "b", rename: "new", description: null },
            expect.objectContaining({ kind: "create", name: "d" }),
            { kind: "redefine", name: "a", description: null },
        ]);
        const after = carryOut(there, operations);
        expect(after.snapshots.map(({ description }) => description)).toEqual([null, null, null, null]);
        expect(plan(after, desired).operations).toEqual([]);
    });

    test("keeps a tip that is only left on the way as an automatic branch, and never under a name that is taken", () => {
        const there = hierarchy([snapshot("a"), snapshot("b", "a")], {
            current: "b",
            dirty: true,
            branches: [aBranch({ name: "auto-b-1", from: "b", tip: "b", active: false, dirty: true })],
        });
        const made = plan(there, wanted({ c: "a" }));
        expect(made.toString()).toBe("+ create c under a, of its parent's contents; the tip is kept as branch auto-b-2");
        expect(made.losses).toEqual([]);
    });

    test("leaves a domain on its branch", () => {
        const there = hierarchy([snapshot("a"), snapshot("b", "a")], {
            current: "b",
            branch: "main",
            branches: [aBranch({ name: "main", from: "a", tip: "b", active: true, dirty: true })],
            dirty: true,
        });
        expect(plan(there, wanted({ c: "a" })).operations).toMatchObject([{ name: "c", source: "parent", moveTip: false, keepTip: null }]);
        expect(plan(there, wanted({ c: "b" })).operations).toMatchObject([{ name: "c", source: "tip", moveTip: true }]);
    });

    test("freezes the tip under the current snapshot before it goes anywhere else", () => {
        const there = hierarchy([snapshot("a"), snapshot("b", "a"), snapshot("c", "b")], { current: "c", dirty: true });
        const made = plan(there, wanted({ first: "a", second: "c" }));
        expect(made.operations).toMatchObject([
            { name: "second", source: "tip", keepTip: null },
            { name: "first", source: "parent", keepTip: null },
        ]);
    });

    test("takes a new child before it goes on below an old one", () => {
        const there = hierarchy([snapshot("a"), snapshot("old", "a")], { current: "a", dirty: true });
        expect(plan(there, wanted({ deep: "old", fresh: "a" })).operations).toMatchObject([
            { name: "fresh", source: "tip" },
            { name: "deep", source: "parent" },
        ]);
    });

    test("ends where current says without a revert, where that is a new leaf", () => {
        for (const current of ["d", "e"]) {
            const { operations } = plan(hierarchy(), { ...SEED, current });
            expect(lines(operations)).not.toContain(`revert ${current}`);
            expect(carryOut(hierarchy(), operations).current).toBe(current);
        }
        expect(lines(plan(hierarchy(), { ...SEED, current: "a" }).operations).at(-1)).toBe("revert a");
    });

    test("provisions each snapshot on its parent's contents, the first one too", () => {
        const { operations } = plan(hierarchy(), { snapshots: { a: { provisioned: true }, b: { parent: "a", provisioned: true } } });
        expect(operations).toMatchObject([
            { name: "a", provisioned: true, source: "parent" },
            { name: "b", provisioned: true, source: "parent" },
        ]);
        expect(plan(hierarchy(), { snapshots: { a: { provisioned: true } } }).toString()).toBe("+ create a as the root, provisioned");
    });

    test("deletes what is not listed only if it is told to, children first", () => {
        const there = hierarchy([snapshot("a"), snapshot("b", "a"), snapshot("c", "b")], { current: "a", dirty: false });
        expect(plan(there, wanted({ a: null })).operations).toEqual([]);
        expect(lines(plan(there, wanted({ a: null }, { prune: "all" })).operations)).toEqual(["delete c", "delete b"]);
    });

    test("takes what is left out of the middle for deleted, not for moved", () => {
        const there = hierarchy([snapshot("a"), snapshot("b", "a"), snapshot("c", "b"), snapshot("d", "c")], { current: "d", dirty: false });
        const desired = wanted({ a: null, d: "a" }, { prune: "all" });
        const made = plan(there, desired);
        expect(lines(made.operations)).toEqual(["delete c", "delete b"]);
        expect(plan(carryOut(there, made.operations), desired).operations).toEqual([]);
    });

    test("loses nothing on a branch that keeps what is left", () => {
        const there = hierarchy([snapshot("a"), snapshot("b", "a")], {
            current: "b",
            branch: "main",
            dirty: true,
            branches: [aBranch({ name: "main", from: "a", tip: "b", active: true, dirty: true })],
        });
        expect(plan(there, wanted({ a: null, b: "a" }, { current: "a" }))).toMatchObject({ losses: [], operations: [{ kind: "revert", name: "a" }] });
    });

    const there = () =>
        hierarchy([snapshot("a"), snapshot("b", "a")], {
            current: "b",
            dirty: false,
            branches: [aBranch({ name: "work", from: "a", tip: "a", active: false, dirty: true })],
        });
    test.each<[string, Desired, string]>([
        ["a cycle", wanted({ c: "d", d: "c" }), "snapshots.c.parent"],
        ["a cycle that others stand on", wanted({ c: "d", d: "e", e: "d" }), "snapshots.d.parent"],
        ["a second root", wanted({ c: null }), "snapshots.c.parent"],
        ["a missing parent", wanted({ c: "nobody" }), "snapshots.c.parent"],
    ])("names the parent that makes %s", (_, desired, property) => {
        expect(() => plan(there(), desired)).toThrow(expect.objectContaining({ name: "InvalidInputError", property }) as Error);
    });

    test.each<[string, Desired, RegExp]>([
        ["a missing parent", wanted({ c: "nobody" }), /snapshot "c" has the parent "nobody", which is neither there nor listed; list it/],
        ["a cycle", wanted({ c: "d", d: "c" }), /is its own ancestor/],
        ["a snapshot that is its own parent", wanted({ c: "c" }), /is its own ancestor/],
        ["a second root", wanted({ c: null }), /"c" has no parent, and the domain has snapshots already.*name a parent/],
        [
            "a snapshot that stands elsewhere",
            wanted({ c: "a", b: "c" }),
            /snapshot "b" stands under "a", and "c" is wanted; a snapshot can't be moved: delete it, or correct the parent/,
        ],
        ["a snapshot that was a child and is to be the root", wanted({ b: null }), /stands under "a", and nothing is wanted/],
        ["a name that can't be given", wanted({ "../c": "a" }), /has a “\/”/],
        ["a name that Snaptree keeps for itself", wanted({ "auto-c": "a" }), /keeps for itself/],
        ["a name that a branch has", wanted({ work: "a" }), /there is a branch "work" already/],
        ["a current that is nowhere", wanted({ a: null }, { current: "c" }), /current "c" is neither there nor among the snapshots and branches/],
        [
            "a current branch that prune deletes",
            wanted({ a: null, b: "a" }, { current: "work", prune: "all" }),
            /current "work" is not among the snapshots and branches/,
        ],
        [
            "a current that prune deletes",
            wanted({ a: null }, { current: "b", prune: "all" }),
            /current "b" is not among the snapshots and branches, so prune would delete it/,
        ],
        ["a parent that prune deletes", wanted({ c: "b" }, { prune: "all" }), /has the parent "b", which is not listed, so prune would delete it/],
    ])("refuses %s and says what to do", (_, desired, message) => {
        expect(() => plan(there(), desired)).toThrow(message);
        expect(() => plan(there(), desired)).toThrow(InvalidInputError);
    });

    test("refuses two roots where there is none yet", () => {
        expect(() => plan(hierarchy(), wanted({ a: null, b: null }))).toThrow(/"b" has no parent/);
    });

    test.each(["__proto__", "constructor", "toString", "hasOwnProperty", "0", "ünï 🖥", "a b"])("takes the name %j for a name", (name) => {
        const snapshots = JSON.parse(
            JSON.stringify({ base: {} }).replace("}", `},${JSON.stringify(name)}:{"parent":"base"},"top":{"parent":${JSON.stringify(name)}}`),
        ) as Record<string, DesiredSnapshot>;
        const made = plan(hierarchy(), { snapshots, current: name });
        expect(lines(made.operations)).toEqual(["create base", `create ${name}`, "create top", `revert ${name}`]);
        const after = carryOut(hierarchy(), made.operations);
        expect(plan(after, { snapshots, current: name }).operations).toEqual([]);
        expect(staleNode(made, after)).toMatch(/^snapshot /);
        expect(plan(after, { snapshots: { base: {} }, prune: "all" }).operations).toHaveLength(2);
    });

    test("can't forge a line of its text", () => {
        const there = hierarchy([snapshot("a\n- delete b"), snapshot("b", "a\n- delete b")], { current: "b", dirty: false });
        expect(plan(there, { snapshots: {}, prune: "all" }).toString().split("\n")).toEqual(["- delete b", String.raw`- delete "a\n- delete b"`]);
    });
});

describe("any plan", () => {
    /** Trees by their parents' numbers; the first is the root. */
    const trees = fc
        .array(fc.nat(), { minLength: 1, maxLength: 40 })
        .map((ups) => Object.fromEntries(ups.map((up, i) => [`s${i}`, i === 0 ? null : `s${up % i}`])));
    const cases = fc.record({
        parents: trees,
        there: fc.nat(40),
        at: fc.nat(),
        goal: fc.option(fc.nat()),
        dirty: fc.boolean(),
        prune: fc.boolean(),
        shuffle: fc.infiniteStream(fc.nat()),
    });

    /** A hierarchy that has the first snapshots of a tree, and a program that wants it all, in any order. */
    function caseOf({ parents, there, at, goal, dirty, prune, shuffle }: typeof cases extends fc.Arbitrary<infer T> ? T : never) {
        const names = Object.keys(parents);
        const old = names.slice(0, there % (names.length + 1));
        const order = [...shuffle.take(names.length)];
        const shuffled = names.map((name, i) => [order[i] ?? 0, name] as const).sort(([a], [b]) => a - b);
        const snapshots = Object.fromEntries(shuffled.map(([, name]) => [name, { parent: parents[name] ?? null }]));
        const current = old.length === 0 ? null : (old[at % old.length] ?? null);
        const before = hierarchy(
            old.map((name) => snapshot(name, parents[name] ?? null)),
            { current, dirty: dirty || old.length === 0 },
        );
        const desired: Desired = { snapshots, prune: prune ? "all" : "none", ...(goal !== null && { current: names[goal % names.length] ?? "s0" }) };
        return { before, desired };
    }

    test("is the same for the same, changes none of it, comes out as it should and then has nothing more to do", () => {
        fc.assert(
            fc.property(cases, (given) => {
                const { before, desired } = caseOf(given);
                const text = JSON.stringify([before, desired]);
                const made = plan(before, desired);
                expect(JSON.stringify(plan(before, desired))).toBe(JSON.stringify(made));
                expect(JSON.stringify([before, desired])).toBe(text);
                expect(JSON.parse(JSON.stringify(made.operations))).toEqual(made.operations);
                const after = carryOut(before, made.operations);
                expect(Object.fromEntries(after.snapshots.map(({ name, parent }) => [name, parent]))).toEqual(
                    Object.fromEntries(Object.entries(desired.snapshots).map(([name, s]) => [name, s.parent])),
                );
                if (desired.current !== undefined) expect(after.current).toBe(desired.current);
                expect(plan(after, desired).operations).toEqual([]);
            }),
        );
    });

    test("moves the tip once for each leaf at most: a parent's first new child follows it directly", () => {
        fc.assert(
            fc.property(trees, (parents) => {
                const { operations } = plan(hierarchy(), wanted(parents));
                const inner = new Set(Object.values(parents));
                const leaves = Object.keys(parents).filter((name) => !inner.has(name));
                expect(moves(hierarchy(), operations)).toBe(leaves.length - 1);
            }),
        );
    });
});

describe("100,000 snapshots", () => {
    const COUNT = 100_000;
    let seed = 1;
    const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
    test.each<[string, (i: number) => number]>([
        ["side by side", () => 0],
        ["in one chain", (i) => i - 1],
        ["at random", (i) => random(i)],
    ])("%s are planned, and planned again to nothing", (_, parentOf) => {
        const parents = Object.fromEntries(Array.from({ length: COUNT }, (__, i) => [`s${i}`, i === 0 ? null : `s${parentOf(i)}`]));
        const desired = wanted(parents, { current: `s${COUNT - 1}` });
        const made = plan(hierarchy(), desired);
        expect(made.operations.filter(({ kind }) => kind === "create")).toHaveLength(COUNT);
        expect(made.toString().split("\n")).toHaveLength(made.operations.length);
        const after = carryOut(hierarchy(), made.operations);
        expect(plan(after, desired).operations).toEqual([]);
        expect(staleNode(made, hierarchy())).toBeNull();
        const pruned = plan(after, { snapshots: { s0: {} }, prune: "all" });
        expect(pruned.operations).toHaveLength(COUNT - 1);
    });
});
