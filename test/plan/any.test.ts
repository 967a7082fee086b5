import fc from "fast-check";
import { InvalidInputError } from "../../provider/model";
import { Plan, plan } from "../../provider/plan";
import { type Case, caseOf, diced, strands } from "./cases";
import { World } from "./simulation";

const cases = diced(caseOf);

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
