import fc from "fast-check";
import { type Branch, type Hierarchy, InvalidInputError, type Snapshot } from "../../provider/model";
import { type Desired, type DesiredSnapshot, Plan, plan } from "../../provider/plan";
import { aBranch } from "../support/nodes";
import { hierarchy, snapshot, World } from "./simulation";

const OWNERS = [null, "me", "other"];

/** Answers in the order in which they are asked for: a program that is written with dice. */
type Dice = (sides: number) => number;

function hierarchyOf(dice: Dice): Hierarchy {
    const owner = () => OWNERS[dice(OWNERS.length)] ?? null;
    const snapshots: Snapshot[] = [];
    for (let i = dice(9); i > 0; i--) snapshots.push(snapshot(`s${i}`, snapshots[dice(snapshots.length || 1)]?.name ?? null, { owner: owner() }));
    const line = (name: string | null): (string | null)[] => {
        const found = snapshots.find((each) => each.name === name);
        return found ? [found.name, ...line(found.parent)] : [null];
    };
    const branches: Branch[] = [];
    for (let i = dice(5); i > 0; i--) {
        const tip = snapshots[dice(snapshots.length + 1)]?.name ?? null;
        const up = line(tip);
        const name = dice(5) === 0 ? `auto-${tip ?? "base"}-${i}` : `b${i}`;
        branches.unshift(aBranch({ name, tip, from: up[dice(up.length)] ?? null, dirty: tip === null || dice(2) === 0, owner: owner() }));
    }
    branches.sort((a, b) => (a.name < b.name ? -1 : 1));
    const active = dice(2) === 0 ? branches[dice(branches.length || 1)] : undefined;
    const current = active ? active.tip : (snapshots[dice(snapshots.length + 1)]?.name ?? null);
    const dirty = active?.dirty ?? (current === null || dice(2) === 0);
    return hierarchy(snapshots, {
        ...{ current, dirty, branch: active?.name ?? null },
        branches: branches.map((branch) => ({ ...branch, active: branch === active })),
    });
}

interface Case {
    readonly before: Hierarchy;
    readonly desired: Desired;
    /** New name to old one. */
    readonly renamed: ReadonlyMap<string, string>;
    /** What prune takes, by its old name. */
    readonly gone: ReadonlySet<string>;
}

/** A hierarchy, and a program that can be had from it: some of what is there, under new names too, and something new. */
function caseOf(dice: Dice): Case {
    const before = hierarchyOf(dice);
    const prune = (["all", "managed", "none"] as const)[dice(3)] ?? "none";
    const listed = new Set([...before.snapshots, ...before.branches].filter(() => dice(3) > 0).map(({ name }) => name));
    const goes = ({ name, owner }: Snapshot | Branch) => !listed.has(name) && (prune === "all" || (prune === "managed" && owner === "me"));
    const renamed = new Map<string, string>();
    const now = new Map<string | null, string | null>([[null, null]]);
    const snapshots: Record<string, DesiredSnapshot> = {};
    for (const each of before.snapshots) {
        const parent = now.get(each.parent) ?? null;
        const name = listed.has(each.name) && dice(5) === 0 ? `r-${each.name}` : each.name;
        now.set(each.name, goes(each) ? parent : name);
        if (name !== each.name) renamed.set(name, each.name);
        if (!listed.has(each.name)) continue;
        snapshots[name] = { parent, ...(name !== each.name && { renamedFrom: each.name }), ...(dice(4) === 0 && { description: "new" }) };
    }
    const places = before.snapshots.filter((each) => !goes(each)).map(({ name }) => now.get(name) ?? name);
    const fresh = before.snapshots.length === 0 || places.length > 0 ? dice(5) : 0;
    for (let i = 0; i < fresh; i++) {
        const parent = places[dice(places.length || 1)] ?? null;
        snapshots[`n${i}`] = { parent, ...(dice(3) === 0 && { provisioned: true }), ...(dice(3) === 0 && { mode: "internal" }) };
        places.push(`n${i}`);
    }
    const branches: Record<string, { from: string }> = {};
    for (const each of before.branches) {
        const from = now.get(each.from) ?? null;
        if (listed.has(each.name) && from !== null) branches[each.name] = { from };
    }
    for (let i = places.length === 0 ? 0 : dice(3); i > 0; i--) branches[`m${i}`] = { from: places[dice(places.length)] ?? "" };
    const gone = before.branches.filter((each) => !Object.hasOwn(branches, each.name) && (prune === "all" || (prune === "managed" && each.owner === "me")));
    const goals = [...places, ...Object.keys(branches)];
    const goal = dice(3) > 0 ? goals[dice(goals.length || 1)] : undefined;
    const desired: Desired = { snapshots, branches, prune, owner: "me", ...(goal !== undefined && { current: goal }) };
    return { before, desired, renamed, gone: new Set([...before.snapshots.filter(goes), ...gone].map(({ name }) => name)) };
}

const cases = fc.infiniteStream(fc.nat()).map((stream) => {
    const dice: Dice = (sides) => (stream.next().value as number) % sides;
    return caseOf(dice);
});

/** The domain is on a branch that `all` removes, and nobody says where it is to go. */
const strands = ({ before, desired, gone }: Case) =>
    desired.prune === "all" && desired.current === undefined && before.branch !== null && gone.has(before.branch);

/** For each plan that can be made: what it was made of, itself, and what it leaves. */
function always(check: (given: Case, made: Plan, before: World, after: World) => void): void {
    fc.assert(
        fc.property(cases, (given) => {
            fc.pre(!strands(given));
            const made = plan(given.before, given.desired);
            check(given, made, new World(given.before), new World(given.before).carry(made.operations));
        }),
        { numRuns: 200 },
    );
}

describe("any plan of snapshots and branches", () => {
    test("comes out as it should, and then has nothing more to do", () => {
        always(({ before, desired, renamed, gone }, _, __, world) => {
            const after = world.hierarchy();
            const snapshots = new Map(after.snapshots.map((each) => [each.name, each]));
            const branches = new Map(after.branches.map((each) => [each.name, each]));
            for (const [name, { parent }] of Object.entries(desired.snapshots)) expect(snapshots.get(name)?.parent).toBe(parent);
            for (const [name, { from }] of Object.entries(desired.branches ?? {})) expect(branches.get(name)?.from).toBe(from);
            const old = new Set(renamed.values());
            for (const { name } of before.snapshots) if (!old.has(name)) expect([name, snapshots.has(name)]).toEqual([name, !gone.has(name)]);
            for (const { name } of before.branches) expect([name, branches.has(name)]).toEqual([name, !gone.has(name)]);
            if (desired.current !== undefined) expect([after.current, after.branch]).toContain(desired.current);
            expect(plan(after, desired).toString()).toBe("nothing to do");
        });
    });

    test("loses what it says, besides the snapshots that it prunes, and nothing else", () => {
        always(({ before, gone }, { losses }, then, now) => {
            const left = now.contents();
            const pruned = new Set(before.snapshots.filter(({ name }) => gone.has(name)).map(({ name }) => `snapshot ${name}`));
            const lost = [...then.contents()].filter((content) => !left.has(content) && !pruned.has(content) && content !== then.contentOf(null));
            expect(lost.map((content) => content.replace(" ", ":")).sort()).toEqual([...losses].sort());
        });
    });

    test("leaves what every snapshot and branch holds that stays", () => {
        always(({ before, renamed, gone }, _, then, now) => {
            const name = new Map([...renamed].map(([to, from]) => [from, to]));
            for (const each of [...before.snapshots, ...before.branches]) {
                if (!gone.has(each.name)) expect(now.contentOf(name.get(each.name) ?? each.name)).toBe(then.contentOf(each.name));
            }
        });
    });

    test("moves once at most besides its creations, before anything is removed, and not at all where the domain is there", () => {
        always(({ before, desired, renamed }, { operations }) => {
            const kinds = operations.map(({ kind }) => kind);
            const goes = kinds.flatMap((kind, i) => (kind === "switch" || kind === "revert" ? [i] : []));
            expect(goes.length).toBeLessThanOrEqual(1);
            for (const at of goes) for (const kind of kinds.slice(at + 1)) expect(["reset", "unbranch", "delete"]).toContain(kind);
            const removal = kinds.findIndex((kind) => kind === "unbranch" || kind === "delete" || kind === "reset");
            if (removal >= 0) for (const kind of kinds.slice(removal)) expect(["reset", "unbranch", "delete"]).toContain(kind);
            const current = renamed.get(desired.current ?? "") ?? desired.current;
            if (!kinds.includes("create") && (current === before.branch || current === before.current)) expect(goes).toEqual([]);
        });
    });

    test("is the same for the same, changes none of it, marks what it makes and comes back from a file", () => {
        always(({ before, desired }, made) => {
            const text = JSON.stringify([before, desired]);
            expect(plan(before, desired)).toEqual(made);
            expect(JSON.stringify([before, desired])).toBe(text);
            for (const operation of made.operations) if (operation.kind === "create" || operation.kind === "branch") expect(operation.owner).toBe("me");
            expect(Plan.fromJSON(JSON.parse(JSON.stringify(made)))).toEqual(made);
        });
    });

    test("asks where the domain is to be, where the branch that it is on would go with all the rest, and is refused for nothing else", () => {
        fc.assert(
            fc.property(cases, (given) => {
                fc.pre(strands(given));
                expect(() => plan(given.before, given.desired)).toThrow(InvalidInputError);
                expect(() => plan(given.before, given.desired)).toThrow(/which prune would remove; list it, or say in current where the domain is to be/);
            }),
        );
    });

    test("of a destroy takes what its owner made, and nothing that others made or hold", () => {
        fc.assert(
            fc.property(cases, ({ before }) => {
                const made = plan(before, { snapshots: {}, branches: {}, prune: "managed", owner: "me" });
                const after = new World(before).carry(made.operations).hierarchy();
                const others = (nodes: readonly { readonly name: string; readonly owner: string | null }[]) =>
                    nodes.filter(({ owner }) => owner !== "me").map(({ name }) => name);
                expect(after.snapshots.map(({ name }) => name).sort()).toEqual(others(before.snapshots).sort());
                expect(after.branches.map(({ name }) => name)).toEqual(others(before.branches));
                for (const loss of made.losses)
                    expect(before.branches).toContainEqual(expect.objectContaining({ name: loss.slice("branch:".length), owner: "me", dirty: true }));
            }),
        );
    });
});
