import fc from "fast-check";
import { type Branch, BusyError, type Hierarchy, InvalidInputError, type Snapshot } from "../../provider/model";
import { type Again, type Desired, type DesiredSnapshot, lossesOf, Plan, planAgain, planRemoval } from "../../provider/plan";
import { aBranch } from "../support/nodes";
import { type Case, caseOf, type Dice, diced, hierarchyOf, strands } from "./cases";
import { hierarchy, snapshot, World } from "./simulation";

interface AgainCase extends Case {
    readonly again: Again;
    /** What was there under the names that it is to have. */
    readonly there: readonly Snapshot[];
}

function pick<T>(dice: Dice, from: readonly T[]): T | undefined {
    return from[dice(from.length || 1)];
}

/** Those and all that stand on them. */
function withBelow(names: ReadonlySet<string>, nodes: readonly { readonly name: string; readonly parent: string | null }[]): Set<string> {
    const found = new Set(names);
    for (let size = -1; size !== found.size;) {
        size = found.size;
        for (const { name, parent } of nodes) if (parent !== null && found.has(parent)) found.add(name);
    }
    return found;
}

/** A program that has some of what is there taken again, and moves some of it elsewhere; others keep a renamedFrom that was done with long ago. */
function againCaseOf(dice: Dice): AgainCase {
    const made = caseOf(dice);
    const { before, desired, renamed } = made;
    const old = new Map([...renamed].map(([name, from]) => [from, name]));
    const now = (name: string | null) => (name === null ? null : (old.get(name) ?? name));
    const there = before.snapshots.map((each) => ({ ...each, name: now(each.name) ?? "", parent: now(each.parent) }));
    const snapshots: Record<string, DesiredSnapshot> = { ...desired.snapshots };
    const branches = { ...desired.branches };
    const listed = there.filter(({ name }) => Object.hasOwn(snapshots, name)).map(({ name }) => name);
    const moved = new Set<string>();
    for (const name of listed) {
        const below = () =>
            withBelow(
                new Set([name]),
                Object.entries(snapshots).map(([each, { parent }]) => ({ name: each, parent: parent ?? null })),
            );
        const places = Object.keys(snapshots).filter((each) => !below().has(each));
        const place = dice(4) === 0 ? pick(dice, places) : undefined;
        if (place !== undefined && snapshots[name]?.parent != null) {
            snapshots[name] = { ...snapshots[name], parent: place };
            moved.add(name);
        }
        const past = dice(4) === 0 ? pick(dice, listed) : undefined;
        if (past !== undefined && !renamed.has(name)) snapshots[name] = { ...snapshots[name], renamedFrom: past };
    }
    for (const { name } of before.branches) {
        const place = Object.hasOwn(branches, name) && dice(3) === 0 ? pick(dice, Object.keys(snapshots)) : undefined;
        if (place === undefined) continue;
        branches[name] = { from: place };
        moved.add(name);
    }
    const again: Again = { snapshots: new Set(listed.filter(() => dice(4) === 0)), moved };
    return { ...made, desired: { ...desired, snapshots, branches }, again, there };
}

/** What is left of a program that can't be had: it names what only stands there, and goes. */
const REFUSED =
    /neither there nor listed|neither there nor among|which prune would remove|prune would delete it|can take a root|which Snaptree keeps for itself/;

function planned({ before, desired, again }: AgainCase): Plan | null {
    try {
        return planAgain(before, desired, again);
    } catch (error) {
        if (error instanceof InvalidInputError && REFUSED.test(error.message)) return null;
        throw error;
    }
}

function always(check: (given: AgainCase, made: Plan, before: World, after: World) => void): void {
    fc.assert(
        fc.property(diced(againCaseOf), (given) => {
            fc.pre(!strands(given));
            const made = planned(given);
            fc.pre(made !== null);
            check(given, made, new World(given.before), new World(given.before).carry(made.operations));
        }),
        { numRuns: 200 },
    );
}

const byName = <T extends { readonly name: string }>(nodes: readonly T[]) => new Map(nodes.map((node) => [node.name, node]));

/** What stands elsewhere than it should, once all that is pruned is gone. */
function misplaced({ there, desired, again, gone, renamed }: AgainCase): Set<string> {
    const isGone = (name: string | null) => name !== null && gone.has(renamed.get(name) ?? name);
    const nodes = byName(there);
    const stand = (name: string | null): string | null => (isGone(name) ? stand(nodes.get(name ?? "")?.parent ?? null) : name);
    return new Set(
        there.filter(({ name, parent }) => again.moved.has(name) && stand(parent) !== (desired.snapshots[name]?.parent ?? null)).map(({ name }) => name),
    );
}

/** What goes of a hierarchy for being taken again, or for standing on that. */
function goes(given: AgainCase): Set<string> {
    return withBelow(new Set([...given.again.snapshots, ...misplaced(given)]), given.there);
}

describe("any plan that takes something again", () => {
    test("ends with what was wanted, all of it new that was to be, and then has nothing more to do", () => {
        always((given, _, __, world) => {
            const { desired, again, there } = given;
            const after = world.hierarchy();
            const snapshots = byName(after.snapshots);
            const going = goes(given);
            for (const [name, { parent }] of Object.entries(desired.snapshots)) expect([name, snapshots.get(name)?.parent]).toEqual([name, parent ?? null]);
            for (const [name, { from }] of Object.entries(desired.branches ?? {})) expect([name, byName(after.branches).get(name)?.from]).toEqual([name, from]);
            for (const { name, creationTime } of there) {
                const same = snapshots.get(name)?.creationTime === creationTime;
                if (snapshots.has(name)) expect([name, same]).toEqual([name, !going.has(name)]);
            }
            if (desired.current !== undefined) expect([after.current, after.branch]).toContain(desired.current);
            expect(planAgain(after, desired, { snapshots: new Set(), moved: again.moved }).toString()).toBe("nothing to do");
        });
    });

    test("loses what it says, besides what the program makes again or lets go, and nothing else", () => {
        always((given, { losses }, then, world) => {
            const { before, desired, again, there, gone, renamed } = given;
            const after = world.hierarchy();
            const left = world.contents();
            const now = byName(after.snapshots);
            const branches = byName(after.branches);
            const isAgreed = ({ name, owner, made }: Snapshot) =>
                gone.has(renamed.get(name) ?? name) ||
                (owner === "me" && Object.hasOwn(desired.snapshots, name) && (made || again.snapshots.has(name) || again.moved.has(name)));
            const isGone = ({ name, owner }: Branch) => {
                const isLost = !left.has(then.contentOf(name)) && then.contentOf(name) === `branch ${name}`;
                const isTaken = !branches.has(name) || (owner === "other" && branches.get(name)?.owner !== owner);
                return isLost || (isTaken && !gone.has(name));
            };
            const actual = [
                ...there.filter((each) => now.get(each.name)?.creationTime !== each.creationTime && !isAgreed(each)).map(({ name }) => `snapshot:${name}`),
                ...before.branches.filter(isGone).map(({ name }) => `branch:${name}`),
                ...(before.branch === null && before.dirty && !left.has("tip") ? ["tip"] : []),
            ];
            // What an active branch held is its tip's, once it is forked elsewhere.
            const declared = losses.map((loss) => (loss === "tip" && before.branch !== null ? `branch:${before.branch}` : loss));
            expect([...new Set(declared)].sort()).toEqual(actual.sort());
        });
    });

    test("does not stop half-way at what it has done itself: no operation loses what was not said before the first", () => {
        always(({ before }, { operations, losses }) => {
            const world = new World(before);
            for (const operation of operations) {
                expect(losses).toEqual(expect.arrayContaining(lossesOf(world.hierarchy(), operation)));
                world.carry([operation]);
            }
        });
    });

    test("leaves everything else as it is, with what it holds", () => {
        always((given, _, then, now) => {
            const { there, gone, renamed } = given;
            const going = goes(given);
            for (const { name } of there) {
                const old = renamed.get(name) ?? name;
                if (!going.has(name) && !gone.has(old)) expect(now.contentOf(name)).toBe(then.contentOf(old));
            }
        });
    });

    test("is the same for the same, changes none of it, and comes back from a file", () => {
        always((given, made) => {
            const text = JSON.stringify([given.before, given.desired]);
            expect(planned(given)).toEqual(made);
            expect(JSON.stringify([given.before, given.desired])).toBe(text);
            expect(Plan.fromJSON(JSON.parse(JSON.stringify(made)))).toEqual(made);
        });
    });
});

const me = { owner: "me" };
const nothing: Again = { snapshots: new Set(), moved: new Set() };
const takeAgain = (...names: string[]): Again => ({ ...nothing, snapshots: new Set(names) });
const program = (snapshots: Desired["snapshots"], rest: Partial<Desired> = {}): Desired => ({ snapshots, branches: {}, prune: "managed", ...me, ...rest });

describe("taking a snapshot again", () => {
    const line = { a: {}, b: { parent: "a" }, c: { parent: "b" } };

    test("is no leave to lose what somebody else made or froze, though the program lists it", () => {
        const there = hierarchy([snapshot("a", null, me), snapshot("b", "a", me), snapshot("c", "b", { owner: "other" })], { current: "a" });
        expect(planAgain(there, program(line), takeAgain("b")).losses).toEqual(["snapshot:c"]);
        expect(planAgain(there, program(line), takeAgain("b", "c")).losses).toEqual(["snapshot:c"]);
        const frozen = hierarchy([snapshot("a", null, me), snapshot("b", "a", me), snapshot("c", "b", { ...me, made: false })], { current: "a" });
        expect(planAgain(frozen, program(line), takeAgain("b")).losses).toEqual(["snapshot:c"]);
    });

    test("forks the branch of somebody else anew only where that is accepted", () => {
        const branches = (owner: string) => [aBranch({ name: "work", from: "b", tip: "b", owner })];
        const there = (owner: string) => hierarchy([snapshot("a", null, me), snapshot("b", "a", me)], { current: "a", branches: branches(owner) });
        const wanted = program({ a: {}, b: { parent: "a" } }, { branches: { work: { from: "b" } } });
        expect(planAgain(there("me"), wanted, takeAgain("b")).losses).toEqual([]);
        expect(planAgain(there("other"), wanted, takeAgain("b")).losses).toEqual(["branch:work"]);
        const elsewhere = program({ a: {}, b: { parent: "a" } }, { branches: { work: { from: "a" } } });
        expect(planAgain(there("other"), elsewhere, { ...nothing, moved: new Set(["work"]) }).losses).toEqual(["branch:work"]);
    });

    test("gives its name to no other snapshot, though that had once been renamed from it", () => {
        const there = hierarchy([snapshot("a", null, me), snapshot("b", "a", me), snapshot("c", "a", me)], { current: "a" });
        const made = planAgain(there, program({ a: {}, b: { parent: "a", renamedFrom: "c" }, c: { parent: "a" } }), takeAgain("b"));
        expect(made.toString()).toBe(["- delete b and everything below it", "+ create b under a"].join("\n"));
    });

    test("warns of what others manage, and is not listed, under prune: all", () => {
        const there = hierarchy([snapshot("a", null, me), snapshot("b", "a", me), snapshot("c", "b", { owner: "other" })], { current: "a" });
        const made = planAgain(there, program({ a: {}, b: { parent: "a" } }, { prune: "all" }), takeAgain("b"));
        expect(made.warnings).toEqual(["prune removes what others manage: c (other)"]);
    });

    test("of an internal root makes it of what it was, and keeps no branch of that", () => {
        const there = hierarchy([snapshot("a", null, { ...me, mode: "internal" })], { current: "a" });
        const made = planAgain(there, program({ a: { provisioned: true, mode: "internal" } }), takeAgain("a"));
        expect(made.operations.map(({ kind }) => kind)).toEqual(["delete", "create"]);
        expect(new World(there).carry(made.operations).hierarchy()).toMatchObject({ current: "a", branches: [] });
    });

    test("would lose what is written to a branch after it was planned, which is found before the branch goes", () => {
        const work = aBranch({ name: "work", from: "b", tip: "b", ...me });
        const there = hierarchy([snapshot("a", null, me), snapshot("b", "a", me)], { current: "a", branches: [work] });
        const made = planAgain(there, program({ a: {}, b: { parent: "a" } }, { branches: { work: { from: "b" } } }), takeAgain("b"));
        const lost = (hierarchy: Hierarchy) => made.operations.flatMap((operation) => lossesOf(hierarchy, operation));
        expect(made.losses).toEqual([]);
        expect(lost(there)).toEqual([]);
        expect(lost({ ...there, branches: [{ ...work, dirty: true }] })).toEqual(["branch:work"]);
    });

    test("never goes to a snapshot whose contents are half committed", () => {
        const there = hierarchy([snapshot("a", null, { ...me, committing: true }), snapshot("b", "a", me)], { current: "b" });
        expect(() => planAgain(there, program({ a: {}, b: { parent: "a" } }), takeAgain("b"))).toThrow(BusyError);
        expect(() => planAgain(there, program({ a: {}, b: { parent: "a" } }), takeAgain("a"))).toThrow(BusyError);
    });
});

describe("any removal of what an owner manages", () => {
    const removals = (check: (before: Hierarchy, made: Plan, then: World, now: World) => void) =>
        fc.assert(
            fc.property(diced(hierarchyOf), (before) => {
                const made = planRemoval(before, "me");
                check(before, made, new World(before), new World(before).carry(made.operations));
            }),
            { numRuns: 200 },
        );

    test("leaves nothing of its own, all of the others' with what it holds, and then nothing to do", () => {
        removals((before, _, then, now) => {
            const after = now.hierarchy();
            for (const each of [...before.snapshots, ...before.branches]) {
                const stays = each.owner !== "me";
                expect([each.name, [...after.snapshots, ...after.branches].some(({ name }) => name === each.name)]).toEqual([each.name, stays]);
                if (stays) expect(now.contentOf(each.name)).toBe(then.contentOf(each.name));
            }
            expect(planRemoval(after, "me").toString()).toBe("nothing to do");
        });
    });

    test("loses what it says, besides its own snapshots, and leaves the domain what it froze itself", () => {
        removals((before, { losses }, then, now) => {
            const own = new Set(before.snapshots.filter(({ owner }) => owner === "me").map(({ name }) => `snapshot ${name}`));
            const left = now.contents();
            const lost = [...then.contents()].filter((content) => !left.has(content) && !own.has(content));
            expect(lost.map((content) => content.replace(" ", ":")).sort()).toEqual([...losses].sort());
            const current = before.snapshots.find(({ name }) => name === before.current);
            if (before.branch === null && !before.dirty && !current?.made) expect(now.tip).toBe(then.tip);
        });
    });

    test("goes by no snapshot whose contents are half committed", () => {
        const there = hierarchy([snapshot("theirs", null, { committing: true }), snapshot("b", "theirs", me)], { current: "b" });
        expect(planRemoval(there, "me").operations.map(({ kind }) => kind)).toEqual(["delete"]);
    });
});
