import { BusyError, type Hierarchy, InvalidInputError, NotFoundError } from "../../provider/model";
import { type Deactivation, type Plan, planDeactivate, planRevert, type Revert } from "../../provider/plan";
import { aBranch } from "../support/nodes";
import { hierarchy, onBranch, snapshot, World } from "./simulation";

/** The tree of the first seed mail: d and e are leaves of b. */
const SEED = [snapshot("a"), snapshot("b", "a"), snapshot("c", "b"), snapshot("d", "c"), snapshot("e", "b")];
const work = aBranch({ name: "work", from: "b", tip: "c", dirty: true });
const loose = (current: string, dirty: boolean, branches = [work]) => hierarchy(SEED, { current, dirty, branches });
const half = SEED.map((each) => (each.name === "b" ? { ...each, committing: true } : each));

/** What a plan does, in lines, after it was seen to lose what it says and nothing else. */
function shown(before: Hierarchy, made: Plan, consented: readonly string[] = []): string {
    const after = new World(before).carry(made.operations).contents();
    const lost = [...new World(before).contents()].filter((content) => !after.has(content) && !consented.includes(content));
    expect(made.losses).toEqual(expect.arrayContaining(lost.map((content) => content.replace(" ", ":"))));
    return made.toString();
}

describe("a reset", () => {
    const reset = (before: Hierarchy, name: string, how: Revert = {}) => shown(before, planRevert(before, name, how));

    test.each<[string, Hierarchy, string, Revert, string]>([
        ["loses a dirty tip that has no branch", loose("d", true), "b", {}, "> revert to b\nwould lose tip"],
        ["loses nothing of a clean one", loose("d", false), "b", {}, "> revert to b"],
        ["keeps it as an automatic branch where that is asked for", loose("d", true), "b", { keep: true }, "> revert to b; the tip is kept as branch auto-d-1"],
        ["makes no branch of a tip that holds nothing", loose("d", false), "b", { keep: true }, "> revert to b"],
        ["keeps it under a name, even where it holds nothing", loose("d", false), "b", { keep: "mine" }, "> revert to b; the tip is kept as branch mine"],
        ["leaves a branch that stands elsewhere what it holds", onBranch(SEED, work), "b", {}, "> revert to b"],
        ["needs no other name for what a branch keeps", onBranch(SEED, work), "b", { keep: true }, "> revert to b"],
        ["empties the branch that runs on it", onBranch(SEED, work), "c", {}, "> revert to c\nwould lose branch:work"],
        ["keeps what that held under a name", onBranch(SEED, work), "c", { keep: "mine" }, "> revert to c; the tip is kept as branch mine"],
        [
            "of a snapshot whose name goes then leaves the chain",
            loose("d", false),
            "b",
            { discard: true },
            "> revert to b\n- delete b (its file stays in the chain)",
        ],
    ])("%s", (_, before, name, how, lines) => {
        expect(reset(before, name, how)).toBe(lines);
    });

    test("stays on the branch that it empties, and leaves any other", () => {
        const to = (name: string) => new World(onBranch(SEED, work)).carry(planRevert(onBranch(SEED, work), name, {}).operations).hierarchy();
        expect(to("c")).toMatchObject({ branch: "work", current: "c", dirty: false });
        expect(to("b")).toMatchObject({ branch: null, current: "b", dirty: false });
    });

    test("says of a domain that runs when it will be shut off, which only a snapshot with memory or a wish prevents", () => {
        const told = (powerState: Hierarchy["powerState"], memory: boolean, how: Revert = {}) => {
            const snapshots = SEED.map((each) => ({ ...each, memory }));
            return planRevert({ ...hierarchy(snapshots, { current: "d" }), powerState }, "b", how).warnings;
        };
        expect(told("running", false)).toEqual(['"b" holds no memory, so the domain, which is running, is shut off afterwards']);
        expect(told("running", true)).toEqual([]);
        expect(told("shutoff", false)).toEqual([]);
        expect(told("running", false, { powerState: "running" })).toEqual([]);
    });

    test("takes no name for what a branch keeps, and none that is taken", () => {
        expect(() => reset(onBranch(SEED, work), "b", { keep: "mine" })).toThrow(/the tip is that of branch "work", which keeps it; leave keep out/);
        expect(() => reset(loose("d", true), "b", { keep: "work" })).toThrow(/there is a snapshot or branch "work" already/);
    });

    test("does not go to what a commit left half done, and says what to do", () => {
        expect(() => planRevert(hierarchy(half, { current: "d" }), "b", {})).toThrow(BusyError);
        expect(() => planRevert(hierarchy(half, { current: "d" }), "b", {})).toThrow(
            /was not finished.*run the commit again, which goes on with it, or delete the snapshot/,
        );
    });

    test("to what is not there is an error", () => {
        expect(() => planRevert(loose("d", false), "nobody", {})).toThrow(NotFoundError);
    });
});

describe("a follow", () => {
    const follow = (before: Hierarchy, name: string, how: Revert = {}) => {
        return shown(before, planRevert(before, name, { ...how, how: "follow" }), how.discard ? [`snapshot ${name}`] : []);
    };

    test("goes on from the one leaf that stands directly on the snapshot, and keeps a dirty tip that has no branch", () => {
        expect(follow(loose("d", false), "c")).toBe("> switch to branch work");
        expect(follow(loose("d", true), "c")).toBe("> switch to branch work; the tip is kept as branch auto-d-1");
        expect(follow(loose("d", true), "c", { keep: "mine" })).toBe("> switch to branch work; the tip is kept as branch mine");
    });

    test("has nothing to do where the domain is on that leaf, with a branch or without", () => {
        expect(follow(onBranch(SEED, work), "c")).toBe("nothing to do");
        expect(follow(loose("d", true), "d")).toBe("nothing to do");
        expect(follow(loose("d", false), "d")).toBe("nothing to do");
    });

    test("deletes the name afterwards with discard, and leaves the chain", () => {
        expect(follow(loose("d", false), "c", { discard: true })).toBe("> switch to branch work\n- delete c (its file stays in the chain)");
    });

    test("without a leaf names the branches further down", () => {
        expect(() => follow(loose("d", false), "b")).toThrow(NotFoundError);
        expect(() => follow(loose("d", false), "b")).toThrow(
            /no leaf stands directly on snapshot "b"; the branches further down are "work": go to one of them with switch/,
        );
        expect(() => follow(loose("d", false), "e")).toThrow(/no branch goes on from it: revert to it with reset, or fork one with branch/);
    });

    test("of several leaves asks which, the tip without a branch among them", () => {
        const two = [aBranch({ name: "one", from: "c", tip: "c" }), aBranch({ name: "two", from: "c", tip: "c" })];
        expect(() => follow(loose("d", false, two), "c")).toThrow(InvalidInputError);
        expect(() => follow(loose("d", false, two), "c")).toThrow(/several leaves stand on snapshot "c" \("one", "two"\); say which with switch/);
        expect(() => follow(loose("c", true), "c")).toThrow(/\("work", the tip, which has no branch\)/);
    });

    test("takes no clean tip that stands beside a branch for a leaf", () => {
        expect(follow(loose("c", false), "c")).toBe("> switch to branch work");
    });
});

describe("a commit", () => {
    const commit = (before: Hierarchy, name: string, how: Revert = {}) => planRevert(before, name, { ...how, how: "commit" });
    const lines = (before: Hierarchy, name: string, how: Revert = {}) => shown(before, commit(before, name, how), [`snapshot ${name}`]);

    test("merges the leaf that the domain runs on, with a branch or without", () => {
        expect(lines(loose("d", true), "d")).toBe("~ commit the tip into d");
        expect(lines(onBranch(SEED, { ...work, tip: "d" }), "d")).toBe("~ commit branch work into d");
        expect(lines(loose("d", true), "d", { discard: true })).toBe("~ commit the tip into d, and delete d");
    });

    test("goes to the only leaf there is first, and keeps the tip that it leaves", () => {
        const there = loose("e", true, [{ ...work, tip: "d" }]);
        expect(lines(there, "d")).toBe("> switch to branch work; the tip is kept as branch auto-e-1\n~ commit branch work into d");
    });

    test("loses every other snapshot and branch that stands on the same contents, children first", () => {
        const there = onBranch(SEED, { name: "main", from: "a", tip: "b", dirty: true }, [work, aBranch({ name: "twin", from: "b", tip: "b" })]);
        const made = commit(there, "b");
        expect(made.operations).toMatchObject([{ kind: "commit", name: "b", branch: "main", snapshots: ["d", "e", "c"], branches: ["twin", "work"] }]);
        expect([...made.losses].sort()).toEqual(["branch:twin", "branch:work", "snapshot:c", "snapshot:d", "snapshot:e"]);
        expect(shown(there, made, ["snapshot b"])).toContain("with it go d, e, c, twin, work");
    });

    test("keeps no tip that would be invalid afterwards: it is a loss", () => {
        const there = loose("d", true, [aBranch({ name: "main", from: "b", tip: "b", dirty: true })]);
        const made = commit(there, "b");
        expect(made.operations[0]).toMatchObject({ kind: "switch", name: "main", keepTip: null });
        expect(made.losses).toContain("tip");
        shown(there, made, ["snapshot b"]);
    });

    test("goes on where one was interrupted", () => {
        const there = hierarchy(half, { current: "d", branches: [aBranch({ name: "main", from: "b", tip: "b", dirty: true })] });
        expect(commit(there, "b").operations.at(-1)).toMatchObject({ kind: "commit", name: "b", branch: "main" });
    });
});

describe("a snapshot that is used no more", () => {
    const deactivate = (before: Hierarchy, name: string, how: Deactivation, consented: string[] = []) =>
        shown(before, planDeactivate(before, name, how), consented);

    test("is left for its parent, and what was written since stays as a branch (keep)", () => {
        expect(deactivate(loose("d", true), "d", "keep")).toBe("> revert to c; the tip is kept as branch auto-d-1");
        expect(deactivate(loose("d", false), "d", "keep")).toBe("> revert to c");
        expect(deactivate(loose("d", true), "b", "keep")).toBe("> revert to a; the tip is kept as branch auto-d-1");
        expect(deactivate(onBranch(SEED, work), "c", "keep")).toBe("> revert to b");
    });

    test("is left alone where the domain does not use it", () => {
        expect(deactivate(loose("e", true), "d", "keep")).toBe("nothing to do");
    });

    test("becomes its parent's contents (merge), and loses what else stands on those", () => {
        expect(deactivate(loose("d", true, []), "d", "merge", ["snapshot c", "snapshot d"])).toBe("~ merge d into c");
        expect(deactivate(loose("d", true), "d", "merge", ["snapshot c", "snapshot d"])).toBe("~ merge d into c; with it go work\nwould lose branch:work");
        expect(deactivate(loose("d", true, []), "c", "merge", ["snapshot b"])).toBe("~ merge c into b; with it go e\nwould lose snapshot:e");
    });

    test("is not merged into what the domain stands on", () => {
        expect(() => deactivate(loose("c", true, []), "d", "merge")).toThrow(
            /the domain stands on snapshot "c", which would change under it; switch.*or revert elsewhere first/,
        );
        expect(() => deactivate(onBranch(SEED, work), "d", "merge")).toThrow(/the domain stands on branch "work"/);
        expect(() => deactivate(loose("e", true, []), "c", "merge")).toThrow(/the domain stands on snapshot "e"/);
    });

    test("goes with all that stands on it and with what the tip holds (discard)", () => {
        expect(deactivate(loose("d", true, []), "d", "discard", ["snapshot d"])).toBe("> revert to c\n- delete d and everything below it\nwould lose tip");
        expect(planDeactivate(loose("e", false), "c", "discard").losses).toEqual(["snapshot:d", "branch:work"]);
        expect(deactivate(loose("e", false), "c", "discard", ["snapshot c"])).toContain("- delete c and everything below it");
    });

    test.each<Deactivation>(["keep", "merge", "discard"])("has a parent that the domain can go to (%s)", (how) => {
        expect(() => planDeactivate(loose("d", true), "a", how)).toThrow(/snapshot "a" has no parent that the domain could go to; revert to it, or delete it/);
        expect(() => planDeactivate(loose("d", true), "nobody", how)).toThrow(NotFoundError);
    });
});
