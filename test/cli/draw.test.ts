import { createColors } from "picocolors";
import { drawTree as draw } from "../../provider/cli/draw";
import type { Branch, Hierarchy, Snapshot } from "../../provider/model";
import { aBranch, aSnapshot } from "../support/nodes";

const drawTree = (drawn: Hierarchy): string => draw(drawn, createColors(false));

const snapshot = (name: string, parent: string | null, creationTime: number): Snapshot => aSnapshot({ name, parent, creationTime });

const branch = (name: string, tip: string | null, facts: Partial<Branch> = {}): Branch => aBranch({ name, from: tip, tip, ...facts });

const hierarchy = (facts: Partial<Hierarchy>): Hierarchy => ({
    ...{ domain: "web", uuid: "", powerState: "shutoff", current: null, branch: null, dirty: false, snapshots: [], branches: [] },
    ...facts,
});

/** The second seed mail's tree, whose picture there leaves out the lines between siblings that virsh prints. */
const seed = [snapshot("a", null, 1), snapshot("b", "a", 2), snapshot("c", "b", 3), snapshot("d", "c", 4), snapshot("e", "b", 5)];

test("a tree is drawn as virsh snapshot-list --tree draws it", () => {
    expect(drawTree(hierarchy({ snapshots: seed }))).toBe(
        ["a", "  |", "  +- b", "      |", "      +- c", "      |   |", "      |   +- d", "      |", "      +- e"].join("\n"),
    );
});

test("the current snapshot is marked, and so is a tip that differs from it", () => {
    expect(drawTree(hierarchy({ snapshots: [snapshot("a", null, 1)], current: "a" }))).toBe("a (current)");
    const dirty = drawTree(hierarchy({ snapshots: [snapshot("a", null, 1)], current: "a", dirty: true }));
    expect(dirty).toBe(["a (current)", "  |", "  +- (the tip) [no branch, dirty]"].join("\n"));
});

test("branches stand where they would go on, with what is known of them", () => {
    const branches = [branch("auto-a-1", "a", { dirty: true }), branch("work", "b", { active: true })];
    expect(drawTree(hierarchy({ snapshots: [snapshot("a", null, 1), snapshot("b", "a", 2)], current: "b", branch: "work", branches }))).toBe(
        ["a", "  |", "  +- b (current)", "  |   |", "  |   +- work [branch, active]", "  |", "  +- auto-a-1 [branch, dirty]"].join("\n"),
    );
});

test("control characters in a name that was made elsewhere can't reach the terminal", () => {
    expect(drawTree(hierarchy({ snapshots: [snapshot("a\u001b[2Jb\nc", null, 1)] }))).toBe("a\\x1b[2Jb\\x0ac");
});

test("several roots stand one under the other", () => {
    expect(drawTree(hierarchy({ snapshots: [snapshot("a", null, 1), snapshot("b", null, 2)] })).split("\n")).toEqual(["a", "", "b"]);
});
