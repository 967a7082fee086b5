import * as pulumi from "@pulumi/pulumi";
import { InvalidInputError } from "../../provider/model";
import { getHierarchy, getHierarchyOutput, SnapshotTree } from "../../sdk";
import { Machine } from "../engine/machine";
import { needs, qemu, suiteWith } from "../support/requires";

const registered = new Map<string, { type: string; inputs: Record<string, unknown> }>();
const args = { host: "qemu:///embed?root=/srv/vms", domain: "web", snapshots: { a: {}, b: { parent: "a" } } };

beforeAll(() =>
    pulumi.runtime.setMocks(
        {
            newResource: ({ type, name, inputs }) => {
                registered.set(name, { type, inputs: inputs as Record<string, unknown> });
                return { id: "id", state: inputs as object };
            },
            call: () => ({}),
        },
        "lab",
        "dev",
    ),
);

const value = <T>(output: pulumi.Output<T>): Promise<T> => new Promise((resolve) => output.apply(resolve));

describe("a SnapshotTree in a program", () => {
    test("is registered with its owner and a provider that is found by name, and nothing else", async () => {
        await value(new SnapshotTree("tree", args).urn);
        expect(registered.get("tree")).toEqual({
            type: "pulumi-nodejs:dynamic/snaptree:SnapshotTree",
            inputs: { ...args, owner: "lab/dev/tree", __provider: `exports.handler = () => require("pulumi-snaptree/dynamic").tree()` },
        });
    });

    test.each<[string, object, RegExp]>([
        ["a misspelt field of one snapshot", { snapshots: { a: { parnt: "b" } } }, /snapshots.a.parnt is not known; did you mean “parent”/],
        ["a cycle", { snapshots: { a: { parent: "b" }, b: { parent: "a" } } }, /cycle/],
        ["two roots", { snapshots: { a: {}, b: {} } }, /"b" has no parent/],
        ["a name for a snapshot and a branch", { branches: { a: { from: "b" } } }, /one name space/],
    ])("with %s is refused while the program is built", (_, wrong, message) => {
        const make = () => new SnapshotTree("t", { ...args, ...wrong });
        expect(make).toThrow(InvalidInputError);
        expect(make).toThrow(message);
    });

    test("may hold what is known later, and keeps secrets", async () => {
        const provision = [{ command: ["x"], env: { TOKEN: pulumi.secret("t") } }];
        const tree = new SnapshotTree("secrets", { ...args, password: "p", snapshots: { a: { provision }, b: { parent: pulumi.output("a") } } });
        expect(await pulumi.isSecret(tree.snapshots)).toBe(true);
        expect(await pulumi.isSecret(tree.password)).toBe(true);
        expect(await pulumi.isSecret(tree.domain)).toBe(false);
    });

    test("can't be imported", () => {
        expect(() => new SnapshotTree("t", args, { import: "id" })).toThrow(/list the snapshots that are there/);
    });
});

suiteWith(needs(qemu), "getHierarchy", () => {
    test("tells a program what the domain has now: places, files, sizes and documents", async () => {
        await using machine = await Machine.make();
        await machine.library(async (vm) => {
            await vm.create({ name: "a" });
            await vm.branch("work", { from: "a" });
        });
        const { current, branch, dirty, snapshots, branches } = await getHierarchy({ host: machine.uri, domain: "web" });
        expect({ current, branch, dirty }).toEqual({ current: "a", branch: null, dirty: false });
        expect(snapshots).toMatchObject([{ name: "a", files: { vda: machine.golden }, bytes: expect.any(Number) as number }]);
        expect(snapshots[0]!.xml).toContain("<domainsnapshot>");
        expect(branches).toMatchObject([{ name: "work", from: "a", active: false }]);
        const later = getHierarchyOutput({ host: machine.uri, domain: pulumi.output(Promise.resolve("web")) });
        expect((await value(later)).snapshots.map(({ name }) => name)).toEqual(["a"]);
    });
});
