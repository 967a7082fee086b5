import fc from "fast-check";
import { aSnapshot } from "../support/nodes";
import { InvalidInputError, listed, type Snapshot, Tree } from "../../provider/model";

const snapshot = (name: string, parent: string | null, creationTime = 0): Snapshot => aSnapshot({ name, parent, creationTime });

test("the second seed mail's tree is listed by age", () => {
    const tree = [snapshot("e", "b", 5), snapshot("d", "c", 4), snapshot("a", null, 1), snapshot("c", "b", 3), snapshot("b", "a", 2)];
    expect(listed(tree).map((s) => s.name)).toEqual(["a", "b", "c", "d", "e"]);
});

test("a parent is listed before a child that is older than it", () => {
    expect(listed([snapshot("child", "parent", 1), snapshot("parent", null, 9), snapshot("z", null, 5)]).map((s) => s.name)).toEqual(["z", "parent", "child"]);
});

test.each([
    ["two snapshots of one name", [snapshot("a", null), snapshot("a", null)], /two snapshots are called "a"/],
    ["a missing parent", [snapshot("a", "nobody")], /parent "nobody", which is not there/],
    ["a cycle", [snapshot("a", "b"), snapshot("b", "a"), snapshot("c", null)], /is its own ancestor/],
    ["what stands on a cycle, and names one that is on it", [snapshot("a", "b"), snapshot("b", "c"), snapshot("c", "b")], /"b" is its own ancestor/],
    ["a snapshot that is its own parent", [snapshot("a", "a")], /is its own ancestor/],
])("%s is refused", (_, nodes, message) => {
    expect(() => new Tree(nodes)).toThrow(InvalidInputError);
    expect(() => new Tree(nodes)).toThrow(message);
});

test("any tree is listed whole, parents first, and never an older one after a younger one that was ready too", () => {
    const trees = fc
        .array(fc.record({ up: fc.nat(), time: fc.nat(5) }), { maxLength: 60 })
        .map((rows) => rows.map(({ up, time }, i) => snapshot(`s${i}`, i === 0 || up % 4 === 0 ? null : `s${up % i}`, time)));
    fc.assert(
        fc.property(trees, (nodes) => {
            const order = listed(nodes);
            expect(order).toHaveLength(nodes.length);
            const at = new Map(order.map((s, i) => [s.name, i]));
            for (const [i, s] of order.entries()) {
                const ready = s.parent === null ? -1 : (at.get(s.parent) ?? Infinity);
                expect(ready).toBeLessThan(i);
                for (const earlier of order.slice(ready + 1, i)) expect(earlier.creationTime).toBeLessThanOrEqual(s.creationTime);
            }
        }),
    );
});
