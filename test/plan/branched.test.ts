import { BusyError, type Hierarchy, InvalidInputError } from "../../provider/model";
import { type Desired, plan } from "../../provider/plan";
import { aBranch } from "../support/nodes";
import { carryOut, hierarchy, onBranch, snapshot, World } from "./simulation";

const TREE = [snapshot("a"), snapshot("b", "a"), snapshot("c", "b")];
const LISTED = { a: {}, b: { parent: "a" }, c: { parent: "b" } };
const work = aBranch({ name: "work", from: "b", tip: "b", dirty: true, bytes: 2048 });
const WORK = { work: { from: "b" } };

/** What a plan does, in lines; afterwards there is nothing more to do. */
function lines(before: Hierarchy, desired: Desired): string[] {
    const made = plan(before, desired);
    expect(plan(carryOut(before, made.operations), desired).toString()).toBe("nothing to do");
    return made.toString().split("\n");
}

describe("branches that are wanted", () => {
    test("are forked after all snapshots, at those that the same plan creates too, and marked as their owner's", () => {
        const desired: Desired = { snapshots: { a: {}, b: { parent: "a" } }, branches: { two: { from: "b" }, one: { from: "a" } }, owner: "me" };
        expect(lines(hierarchy(), desired)).toEqual(["+ create a as the root", "+ create b under a", "+ branch two at b", "+ branch one at a"]);
        const { operations } = plan(hierarchy(), desired);
        expect(operations).toHaveLength(4);
        for (const operation of operations) expect(operation).toMatchObject({ owner: "me" });
        const after = carryOut(hierarchy(), operations);
        for (const node of [...after.snapshots, ...after.branches]) expect(node.owner).toBe("me");
    });

    test("that are there are left as they are, with all that stands on them", () => {
        const there = hierarchy(TREE, { current: "b", branches: [{ ...work, tip: "c" }] });
        expect(lines(there, { snapshots: LISTED, branches: WORK })).toEqual(["nothing to do"]);
    });

    test("may fork from a snapshot that moves up when prune deletes what is between", () => {
        const there = hierarchy(TREE, { current: "a", branches: [aBranch({ name: "work", from: "c", tip: "c" })] });
        const desired: Desired = { snapshots: { a: {} }, branches: { work: { from: "a" } }, prune: "all" };
        expect(lines(there, desired)).toEqual(["- delete c", "- delete b"]);
    });

    test.each<[string, Desired, string, RegExp]>([
        [
            "that fork elsewhere",
            { snapshots: LISTED, branches: { work: { from: "a" } } },
            "branches.work.from",
            /branch "work" forks from "b", and "a" is wanted; a branch can't be moved: remove it, or correct from/,
        ],
        ["from nowhere", { snapshots: LISTED, branches: { new: { from: "x" } } }, "branches.new.from", /forks from "x", which is neither there nor listed/],
        ["from a branch", { snapshots: LISTED, branches: { ...WORK, new: { from: "work" } } }, "branches.new.from", /neither there nor listed/],
        [
            "from what prune deletes",
            { snapshots: { a: {} }, branches: { new: { from: "c" } }, prune: "all" },
            "branches.new.from",
            /"c", which is not listed, so prune would delete it; list it/,
        ],
        ["under a snapshot's name", { snapshots: {}, branches: { c: { from: "a" } } }, "branches.c", /there is a snapshot "c" already/],
        [
            "under the name of a snapshot of the same program",
            { snapshots: { n: { parent: "a" } }, branches: { n: { from: "a" } } },
            "snapshots.n",
            /are both called "n"/,
        ],
        ["under a name that Snaptree keeps for itself", { snapshots: {}, branches: { "auto-a-1": { from: "a" } } }, "branches.auto-a-1", /keeps for itself/],
        ["under a name that can't be given", { snapshots: {}, branches: { "-a": { from: "a" } } }, "branches.-a", /begins with “-”/],
        ["and a snapshot under the name of one", { snapshots: { work: { parent: "a" } } }, "snapshots.work", /there is a branch "work" already/],
        [
            "and a snapshot under a new name that one has",
            { snapshots: { work: { parent: "b", renamedFrom: "c" } } },
            "snapshots.work",
            /there is a branch "work" already/,
        ],
    ])("are refused %s, with the property", (_, desired, property, message) => {
        const there = hierarchy(TREE, { current: "b", branches: [work] });
        expect(() => plan(there, desired)).toThrow(message);
        expect(() => plan(there, desired)).toThrow(expect.objectContaining({ name: "InvalidInputError", property }) as Error);
    });

    test("may keep a name that only Snaptree gives, where they are there", () => {
        const there = hierarchy(TREE, { current: "b", branches: [aBranch({ name: "auto-b-1", from: "b", tip: "b", dirty: true })] });
        expect(lines(there, { snapshots: LISTED, branches: { "auto-b-1": { from: "b" } }, prune: "all" })).toEqual(["nothing to do"]);
    });

    test("are not had from what a commit left half done, nor are snapshots and the domain", () => {
        const half = TREE.map((each) => (each.name === "b" ? { ...each, committing: true } : each));
        const there = hierarchy(half, { current: "a", branches: [work] });
        for (const desired of [
            { snapshots: LISTED, branches: { new: { from: "b" } } },
            { snapshots: { ...LISTED, new: { parent: "b" } } },
            { snapshots: LISTED, current: "b" },
        ])
            expect(() => plan(there, desired)).toThrow(BusyError);
        expect(lines(there, { snapshots: LISTED, branches: WORK, current: "work" })).toEqual(["> switch to branch work"]);
    });
});

describe("where the domain is to be", () => {
    const loose = (dirty: boolean) => hierarchy(TREE, { current: "c", dirty, branches: [work] });

    test.each<[string, Hierarchy, Desired["current"], string[]]>([
        [
            "a branch, from a tip that holds something: kept as an automatic branch",
            loose(true),
            "work",
            ["> switch to branch work; the tip is kept as branch auto-c-1"],
        ],
        ["a branch, from a clean tip", loose(false), "work", ["> switch to branch work"]],
        ["the branch that it is on", onBranch(TREE, work), "work", ["nothing to do"]],
        ["a snapshot, from a tip that holds something: lost", loose(true), "a", ["> revert to a", "would lose tip"]],
        ["a snapshot, from a branch, which keeps what it holds", onBranch(TREE, work), "a", ["> revert to a"]],
        ["the snapshot that is current: what was written since stays", loose(true), "c", ["nothing to do"]],
        ["the snapshot that its branch stands on: that stays, too", onBranch(TREE, work), "b", ["nothing to do"]],
    ])("%s", (_, before, current, expected) => {
        expect(lines(before, { snapshots: LISTED, branches: WORK, ...(current !== undefined && { current }) })).toEqual(expected);
    });

    test("a branch that the same plan forks", () => {
        const desired: Desired = { snapshots: { a: {} }, branches: { new: { from: "a" } }, current: "new" };
        expect(lines(hierarchy(), desired)).toEqual(["+ create a as the root", "+ branch new at a", "> switch to branch new"]);
    });

    test("back where it was, with all that was written there, when something was made elsewhere meanwhile", () => {
        const desired: Desired = { snapshots: { ...LISTED, new: { parent: "a" } }, branches: WORK, current: "c" };
        expect(lines(loose(true), desired)).toEqual([
            "+ create new under a, of its parent's contents; the tip is kept as branch auto-c-1",
            "> switch to branch auto-c-1",
            "- remove branch auto-c-1",
        ]);
        const world = new World(loose(true)).carry(plan(loose(true), desired).operations);
        expect(world.tip).toBe("tip");
        expect(world.hierarchy()).toMatchObject({ current: "c", branch: null, dirty: true, branches: [{ name: "work" }] });
    });
});

describe("what is not listed", () => {
    const owned = TREE.map((each) => ({ ...each, owner: "me" }));

    test("goes under all: branches first, of which dirty ones are losses with their size, then snapshots, children first", () => {
        const there = hierarchy(TREE, { current: "a", branches: [aBranch({ name: "clean", from: "c", tip: "c" }), work] });
        expect(lines(there, { snapshots: { a: {} }, prune: "all" })).toEqual([
            "- remove branch clean",
            "- remove branch work",
            "- delete c",
            "- delete b",
            "would lose branch:work (2 KiB)",
        ]);
    });

    test("stays under none, and under managed where another made it or nobody said who", () => {
        const there = hierarchy([...TREE, snapshot("x", "c", { owner: "other" })], { current: "a", branches: [{ ...work, owner: "other" }] });
        for (const prune of ["none", "managed"] as const) expect(lines(there, { snapshots: {}, prune, owner: "me" })).toEqual(["nothing to do"]);
        expect(lines(there, { snapshots: {}, prune: "managed" })).toEqual(["nothing to do"]);
    });

    test("leaves the branches of others what they hold when the snapshots under them go", () => {
        const there = hierarchy(owned, { current: "a", branches: [work] });
        expect(lines(there, { snapshots: { a: {} }, prune: "managed", owner: "me" })).toEqual(["- delete c", "- delete b"]);
    });

    test("and is managed by others is warned of under all", () => {
        const others = ["x", "y", "z", "zz"].map((name) => snapshot(name, "a", { owner: "other" }));
        const there = hierarchy([snapshot("a"), ...others], { current: "a" });
        expect(lines(there, { snapshots: { a: {} }, prune: "all", owner: "me" }).at(-1)).toBe(
            "warning: prune removes what others manage: x (other), y (other), z (other) and 1 more",
        );
    });

    test("can't be a branch that the domain is on under all, unless current leads away from it", () => {
        const there = onBranch(TREE, work);
        expect(() => plan(there, { snapshots: LISTED, prune: "all" })).toThrow(InvalidInputError);
        expect(() => plan(there, { snapshots: LISTED, prune: "all" })).toThrow(
            /the domain is on branch "work", which prune would remove; list it, or say in current where the domain is to be/,
        );
        const loss = "would lose branch:work (2 KiB)";
        expect(lines(there, { snapshots: LISTED, prune: "all", current: "a" })).toEqual(["> revert to a", "- remove branch work", loss]);
        expect(lines(there, { snapshots: LISTED, prune: "all", current: "b" })).toEqual(["~ reset branch work to b", "- remove branch work", loss]);
    });

    test("can't be a tip that is left for good under all: no branch may keep it, so it is lost", () => {
        const there = hierarchy(TREE, { current: "c", dirty: true, branches: [work] });
        const away = { branches: WORK, prune: "all" } as const;
        expect(lines(there, { snapshots: LISTED, ...away, current: "work" })).toEqual(["> switch to branch work", "would lose tip"]);
        const made = plan(there, { snapshots: { ...LISTED, new: { parent: "a" } }, ...away, current: "work" });
        expect(made.losses).toEqual(["tip"]);
        expect(made.operations[0]).toMatchObject({ kind: "create", name: "new", keepTip: null });
    });

    test("of a destroy goes children first; the branch that the domain is on loses its name, and a dirty one is refused", () => {
        const destroy: Desired = { snapshots: {}, branches: {}, prune: "managed", owner: "me" };
        const mine = { ...work, owner: "me" };
        const removal = ["- remove branch work", "- delete c", "- delete b", "- delete a"];
        expect(lines(onBranch(owned, mine), destroy)).toEqual(["~ reset branch work to b", ...removal, "would lose branch:work (2 KiB)"]);
        expect(lines(onBranch(owned, { ...mine, dirty: false }), destroy)).toEqual(removal);
        expect(lines(hierarchy(owned, { current: "c", dirty: true }), destroy)).toEqual(["- delete c", "- delete b", "- delete a"]);
    });
});

describe("a snapshot that had another name", () => {
    const desired: Desired = {
        snapshots: { a: {}, base: { parent: "a", renamedFrom: "b", description: "new" }, c: { parent: "base" } },
        branches: { work: { from: "base" } },
        prune: "all",
    };

    test("gets its new one in place, with what stands on it, and is not pruned", () => {
        const there = hierarchy(TREE, { current: "b", dirty: true, branches: [work] });
        const made = plan(there, { ...desired, current: "base" });
        expect(made.operations).toEqual([{ kind: "redefine", name: "b", rename: "base", description: "new" }]);
        expect(carryOut(there, made.operations).snapshots.find(({ name }) => name === "base")).toMatchObject({
            parent: "a",
            description: "new",
            contentId: "id-b",
        });
        expect(lines(there, { ...desired, current: "base" })).toEqual(["~ redefine b as base"]);
    });

    test("is renamed before anything is made on it", () => {
        const there = hierarchy(TREE, { current: "b", dirty: true, branches: [work] });
        expect(lines(there, { ...desired, snapshots: { ...desired.snapshots, d: { parent: "base" } } })).toEqual([
            "~ redefine b as base",
            "+ create d under base",
            "warning: d freezes what was written since base, which no plan makes again on another machine; provision would",
        ]);
    });

    test("has nothing more to do once it is renamed, and is created where neither name is there", () => {
        expect(lines(hierarchy(), { ...desired, prune: "none", branches: {} })).toEqual([
            "+ create a as the root",
            "+ create base under a",
            "+ create c under base",
        ]);
        const both = hierarchy([...TREE, snapshot("base", "a")], { current: "a" });
        expect(plan(both, { snapshots: { base: { parent: "a", renamedFrom: "b" } } }).operations).toEqual([]);
    });

    test("makes room for another that is to have its name, and two that swap are left", () => {
        const chain: Desired = { snapshots: { a: {}, c: { parent: "a", renamedFrom: "b" }, d: { parent: "c", renamedFrom: "c" } }, prune: "all" };
        expect(lines(hierarchy(TREE, { current: "a" }), chain)).toEqual(["~ redefine c as d", "~ redefine b as c"]);
        const swap: Desired = { snapshots: { a: {}, b: { parent: "a", renamedFrom: "c" }, c: { parent: "b", renamedFrom: "b" } } };
        expect(lines(hierarchy(TREE, { current: "a" }), swap)).toEqual(["nothing to do"]);
    });

    test("can't have two", () => {
        const two: Desired = { snapshots: { x: { parent: "b", renamedFrom: "c" }, y: { parent: "b", renamedFrom: "c" } } };
        expect(() => plan(hierarchy(TREE, { current: "a" }), two)).toThrow(/snapshot "c" can't become both "x" and "y"; keep one renamedFrom/);
    });
});

describe("a warning", () => {
    test("says that a snapshot freezes what no program makes again, and says it of nothing else", () => {
        const dirty = hierarchy(TREE, { current: "c", dirty: true });
        expect(plan(dirty, { snapshots: { d: { parent: "c" } } }).warnings).toEqual([
            "d freezes what was written since c, which no plan makes again on another machine; provision would",
        ]);
        expect(plan(dirty, { snapshots: { d: { parent: "c", provisioned: true } } }).warnings).toEqual([]);
        expect(plan({ ...dirty, dirty: false }, { snapshots: { d: { parent: "c" } } }).warnings).toEqual([]);
        expect(plan(hierarchy(), { snapshots: LISTED }).warnings).toEqual([]);
    });
});
