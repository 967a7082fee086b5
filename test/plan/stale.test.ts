import type { Hierarchy } from "../../provider/model";
import { type Desired, Plan, plan, planDelete, staleNode } from "../../provider/plan";
import { hierarchy, snapshot } from "./simulation";

const a = snapshot("a");
const b = snapshot("b", "a");
const c = snapshot("c", "a");
const there = (snapshots = [a, b, c], rest: Partial<Hierarchy> = {}) => hierarchy(snapshots, { current: "b", dirty: false, ...rest });
const desired: Desired = { snapshots: { new: { parent: "b" } } };

describe("a plan is stale when", () => {
    test.each<[string, Hierarchy, RegExp]>([
        ["a parent has other contents", there([a, { ...b, contentId: "other" }, c]), /snapshot b/],
        ["a parent is gone", there([a, c], { current: "a" }), /snapshot b/],
        ["a parent was moved", there([a, c, { ...b, parent: "c" }]), /snapshot b/],
        ["a parent has another description", there([a, { ...b, description: "x" }, c]), /snapshot b/],
        ["what it creates is there", there([a, b, c, snapshot("new", "b")]), /snapshot new/],
        ["the domain is elsewhere", there([a, b, c], { current: "a" }), /the tip/],
        ["the tip was written to", there([a, b, c], { dirty: true }), /the tip/],
        ["the domain is on a branch", there([a, b, c], { branch: "work" }), /the tip/],
        ["it was made of another domain", there([a, b, c], { uuid: "11111111-1111-1111-1111-111111111111" }), /the domain's UUID/],
    ])("%s", (_, now, what) => {
        expect(staleNode(plan(there(), desired), now)).toMatch(what);
    });

    test("what it touches changed, and not when something else did", () => {
        const made = plan(there(), desired);
        expect(staleNode(made, there())).toBeNull();
        expect(staleNode(made, there([a, b, { ...c, contentId: "other" }, snapshot("d", "c")]))).toBeNull();
        expect(staleNode(planDelete(there(), "c", "keepChildren"), there([a, b, { ...c, contentId: "other" }]))).toBe("snapshot c");
    });

    test("there is something to do: nothing is never stale", () => {
        expect(staleNode(plan(there(), { snapshots: {} }), there([a]))).toBeNull();
    });

    test("it comes back from a file, too", () => {
        const made = Plan.fromJSON(JSON.parse(JSON.stringify(plan(there(), desired))));
        expect(staleNode(made, there())).toBeNull();
        expect(staleNode(made, there([a, c], { current: "a" }))).toBe("snapshot b");
    });
});
