import { AlreadyExistsError, BusyError, type Hierarchy, InvalidInputError, NotFoundError } from "../../provider/model";
import { planBranch, planRedefine, planRename, planReset, planSwitch, planUnbranch } from "../../provider/plan";
import { aBranch } from "../support/nodes";
import { carryOut, hierarchy, onBranch, snapshot } from "./simulation";

const TREE = [snapshot("a"), snapshot("b", "a"), snapshot("c", "b"), snapshot("d", "c")];
/** Forked at a, with b, c and d of its own. */
const work = aBranch({ name: "work", from: "a", tip: "d", dirty: true, bytes: 1_572_864 });
const clean = aBranch({ name: "clean", from: "b", tip: "b" });
const there = (rest: Partial<Hierarchy> = {}) => hierarchy(TREE, { current: "d", dirty: true, branches: [clean, work], ...rest });
const onWork = () => onBranch(TREE, work, [clean]);
const half = TREE.map((each) => (each.name === "b" ? { ...each, committing: true } : each));

describe("a fork", () => {
    test("stands at any snapshot, leaf or not, and leaves the domain where it is", () => {
        for (const from of ["a", "d"]) expect(planBranch(there(), "new", from).operations).toEqual([{ kind: "branch", name: "new", from }]);
        expect(planBranch(there(), "new", "a", "me").operations).toEqual([{ kind: "branch", name: "new", from: "a", owner: "me" }]);
        const after = carryOut(there(), planBranch(there(), "new", "a").operations);
        expect(after).toMatchObject({ current: "d", branch: null, dirty: true });
        expect(after.branches).toContainEqual(expect.objectContaining({ name: "new", from: "a", tip: "a", dirty: false }));
    });

    test("takes no name that a snapshot or a branch has, and stands on nothing that is not there or half done", () => {
        for (const name of ["a", "work"]) expect(() => planBranch(there(), name, "a")).toThrow(AlreadyExistsError);
        expect(() => planBranch(there(), "new", "work")).toThrow(NotFoundError);
        expect(() => planBranch(hierarchy(half), "new", "b")).toThrow(BusyError);
    });
});

describe("a switch", () => {
    test("keeps a dirty tip that has no branch, and a clean one only under a name that is asked for", () => {
        expect(planSwitch(there(), "work").toString()).toBe("> switch to branch work; the tip is kept as branch auto-d-1");
        expect(planSwitch(there(), "work", { keep: "mine" }).toString()).toBe("> switch to branch work; the tip is kept as branch mine");
        expect(planSwitch(there({ dirty: false }), "work").toString()).toBe("> switch to branch work");
        expect(planSwitch(there({ dirty: false }), "work", { keep: true }).toString()).toBe("> switch to branch work");
        expect(planSwitch(there({ dirty: false }), "work", { keep: "mine" }).toString()).toBe("> switch to branch work; the tip is kept as branch mine");
    });

    test("from a branch leaves that as it is, and has nothing to do on the one that is asked for", () => {
        expect(planSwitch(onWork(), "clean").operations).toEqual([{ kind: "switch", name: "clean", keepTip: null }]);
        expect(planSwitch(onWork(), "work").operations).toEqual([]);
        expect(() => planSwitch(onWork(), "clean", { keep: "mine" })).toThrow(InvalidInputError);
    });

    test("passes on what the domain is to do, and loses nothing ever", () => {
        const made = planSwitch(there(), "work", { powerState: "running", leave: "shutdown" });
        expect(made.operations).toEqual([{ kind: "switch", name: "work", keepTip: "auto-d-1", powerState: "running", leave: "shutdown" }]);
        expect(made.losses).toEqual([]);
        expect(() => planSwitch(there(), "a")).toThrow(NotFoundError);
    });
});

describe("a reset of a branch", () => {
    test("empties its leaf, which is a loss with a size, and does nothing where that is empty", () => {
        expect(planReset(there(), "work", false).toString()).toBe("~ reset branch work to d\nwould lose branch:work (1.5 MiB)");
        expect(planReset(there(), "clean", false).operations).toEqual([]);
        expect(planReset(there(), "clean", true).operations).toEqual([]);
    });

    test("to its fork takes its own snapshots, newest first, and each is a loss", () => {
        const made = planReset(there(), "work", true);
        expect(made.operations).toEqual([{ kind: "reset", name: "work", to: "a", snapshots: ["d", "c", "b"] }]);
        expect(made.losses).toEqual(["branch:work", "snapshot:d", "snapshot:c", "snapshot:b"]);
        expect(carryOut(there(), made.operations).snapshots.map(({ name }) => name)).toEqual(["a"]);
        const tidy = there({ branches: [clean, { ...work, dirty: false }] });
        expect(planReset(tidy, "work", true).losses).toEqual(["snapshot:d", "snapshot:c", "snapshot:b"]);
    });

    test("needs a whole snapshot to stand on", () => {
        const first = there({ branches: [aBranch({ name: "first", dirty: true })] });
        expect(() => planReset(first, "first", false)).toThrow(/branch "first" stands on no snapshot that it could be reset to; remove it, or keep it/);
        expect(() => planReset(hierarchy(half, { branches: [clean] }), "clean", false)).toThrow(BusyError);
        expect(() => planReset(there(), "a", false)).toThrow(NotFoundError);
    });
});

describe("removing a branch", () => {
    test("loses its leaf where that holds something, and nothing otherwise", () => {
        expect(planUnbranch(there(), "work").toString()).toBe("- remove branch work\nwould lose branch:work (1.5 MiB)");
        expect(planUnbranch(there(), "clean").toString()).toBe("- remove branch clean");
        expect(() => planUnbranch(there(), "a")).toThrow(NotFoundError);
    });

    test("is refused where the domain is on it", () => {
        expect(() => planUnbranch(onWork(), "work")).toThrow(
            /the domain is on branch "work", and the active branch can't be removed; switch to another one first/,
        );
    });

    test("lets the tip go on without a name where that is asked for, emptied as any other that is removed", () => {
        expect(planUnbranch(onWork(), "work", { active: "leave" }).toString()).toBe(
            "~ reset branch work to d\n- remove branch work\nwould lose branch:work (1.5 MiB)",
        );
        const tidy = onBranch(TREE, { ...work, dirty: false });
        const made = planUnbranch(tidy, "work", { active: "leave" });
        expect(made.toString()).toBe("- remove branch work");
        expect(carryOut(tidy, made.operations)).toMatchObject({ current: "d", branch: null, dirty: false });
    });

    test("loses nothing of a tip that stands on no snapshot and goes on", () => {
        const before = onBranch([], { name: "first", dirty: true });
        expect(planUnbranch(before, "first", { active: "leave" }).toString()).toBe("- remove branch first");
    });

    test("merges its leaf into the snapshot that it stands on where that is asked for", () => {
        expect(planUnbranch(there({ current: "a", dirty: false }), "work", { commit: true }).toString()).toBe(
            "~ commit branch work into d\n- remove branch work",
        );
        expect(planUnbranch(there(), "clean", { commit: true }).toString()).toBe("- remove branch clean");
        expect(planUnbranch(onWork(), "work", { commit: true, active: "leave" }).toString()).toBe("~ commit branch work into d\n- remove branch work");
    });

    test("merges nothing under what the domain stands on, and loses what else stands there", () => {
        expect(() => planUnbranch(there(), "work", { commit: true })).toThrow(/the domain stands on snapshot "d", which would change under it/);
        const dirty = { ...clean, dirty: true };
        const made = planUnbranch(there({ current: "a", dirty: false, branches: [dirty, work] }), "clean", { commit: true });
        expect(made.operations[0]).toMatchObject({ kind: "commit", name: "b", branch: "clean", snapshots: ["d", "c"], branches: ["work"] });
        expect([...made.losses].sort()).toEqual(["branch:work", "snapshot:c", "snapshot:d"]);
        const first = there({ branches: [aBranch({ name: "first", dirty: true })] });
        expect(() => planUnbranch(first, "first", { commit: true })).toThrow(/stands on no snapshot that its leaf could be merged into; take one on it first/);
    });
});

describe("a new name", () => {
    test("of a branch is nobody else's, and none that Snaptree keeps for itself", () => {
        expect(planRename(there(), "work", "play").operations).toEqual([{ kind: "rename", name: "work", to: "play" }]);
        expect(planRename(there(), "work", "work").operations).toEqual([]);
        for (const to of ["a", "clean"]) expect(() => planRename(there(), "work", to)).toThrow(AlreadyExistsError);
        for (const to of ["auto-x", "a/b"]) expect(() => planRename(there(), "work", to)).toThrow(InvalidInputError);
        expect(() => planRename(there(), "nobody", "play")).toThrow(NotFoundError);
    });

    test("of a snapshot is none that a snapshot or a branch has", () => {
        expect(planRedefine(there(), { kind: "redefine", name: "a", rename: "z" }).toString()).toBe("~ redefine a as z");
        for (const rename of ["b", "work"])
            expect(() => planRedefine(there(), { kind: "redefine", name: "a", rename })).toThrow(/there is a (snapshot|branch) "(b|work)" already/);
        expect(() => planRedefine(there(), { kind: "redefine", name: "work", xml: "<domainsnapshot/>" })).toThrow(/there is a branch "work" already/);
        expect(planRedefine(there(), { kind: "redefine", name: "a", rename: "a" }).operations).toHaveLength(1);
    });
});
