import { desiredOf } from "../../provider/engine";

describe("a tree's inputs", () => {
    test("become what is to be planned, and apart from it the commands", () => {
        const install = { command: ["./install.sh"], env: { TOKEN: "secret" } };
        const { desired, provision } = desiredOf({
            snapshots: { base: { description: "d", provision: [install] }, tools: { parent: "base", diskOnly: true, renamedFrom: "old" } },
            branches: { main: { from: "tools" } },
            current: "main",
            prune: "all",
            owner: "us",
        });
        expect(desired).toEqual({
            snapshots: { base: { description: "d", provisioned: true }, tools: { parent: "base", diskOnly: true, renamedFrom: "old" } },
            branches: { main: { from: "tools" } },
            current: "main",
            prune: "all",
            owner: "us",
        });
        expect(provision).toEqual({ base: [install] });
        expect(JSON.stringify(desired)).not.toContain("secret");
    });

    test("that are left out, or null as YAML has them, have their defaults, of which the first is to prune what is managed", () => {
        const nothing = { snapshots: {}, branches: {}, prune: "managed" };
        expect(desiredOf({})).toEqual({ desired: nothing, provision: {} });
        const { desired } = desiredOf({
            snapshots: { base: null, b: { parent: "base", mode: null, provision: [] } },
            branches: null,
            current: null,
            prune: null,
        });
        expect(desired).toEqual({ ...nothing, snapshots: { base: {}, b: { parent: "base" } } });
    });

    test("may have names that objects know otherwise", () => {
        const { desired, provision } = desiredOf(
            JSON.parse('{"snapshots":{"__proto__":{"provision":[{"command":["true"]}]},"constructor":{"parent":"__proto__"}}}') as object,
        );
        expect(Object.keys(desired.snapshots)).toEqual(["__proto__", "constructor"]);
        expect(Object.entries(provision)).toEqual([["__proto__", [{ command: ["true"] }]]]);
    });
});
