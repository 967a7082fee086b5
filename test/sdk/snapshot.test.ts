import * as pulumi from "@pulumi/pulumi";
import { FlagConflictError, InvalidInputError } from "../../provider/model";
import { Snapshot, type SnapshotArgs } from "../../sdk";

interface Registered {
    type: string;
    name: string;
    inputs: Record<string, unknown>;
}

const registered: Registered[] = [];
const host = "qemu:///embed?root=/srv/vms";
const args = { host, domain: "web" };

beforeAll(() =>
    pulumi.runtime.setMocks({
        newResource: ({ type, name, inputs }) => {
            registered.push({ type, name, inputs: inputs as Record<string, unknown> });
            return { id: `${host}#web/${name}`, state: { ...(inputs as object), creationTime: 1000, state: "shutoff", contentId: `content-of-${name}` } };
        },
        call: () => ({}),
    }),
);
beforeEach(() => {
    registered.length = 0;
    delete process.env.SNAPTREE_HOST;
});

const value = <T>(output: pulumi.Output<T>): Promise<T> => new Promise((resolve) => output.apply(resolve));

async function register(name: string, more: object): Promise<Registered> {
    const snapshot = new Snapshot(name, { ...args, ...more });
    await value(snapshot.urn);
    return registered.find((one) => one.name === name) as Registered;
}

describe("what is registered", () => {
    test("is the type of a dynamic resource whose provider is found by name", async () => {
        expect(await register("base", {})).toEqual({
            type: "pulumi-nodejs:dynamic/snaptree:Snapshot",
            name: "base",
            inputs: { ...args, name: "base", __provider: `exports.handler = () => require("pulumi-snaptree/dynamic").snapshot()` },
        });
    });

    test("holds nothing that the program left out, and stays small", async () => {
        const { inputs } = await register("base", { description: undefined, provision: undefined });
        expect(Object.keys(inputs).sort()).toEqual(["__provider", "domain", "host", "name"]);
        // Pulumi stores inputs and outputs; of both together, all that the program did not say is the loader.
        expect(2 * JSON.stringify({ __provider: inputs.__provider }).length).toBeLessThan(250);
    });

    test("names the host by SNAPTREE_HOST unless the program does", async () => {
        process.env.SNAPTREE_HOST = "test:///default";
        expect((await register("a", { host: undefined })).inputs.host).toBe("test:///default");
        expect((await register("b", {})).inputs.host).toBe(host);
    });

    test("has the name that the program says, also one that is known later", async () => {
        expect((await register("a", { name: "other" })).inputs.name).toBe("other");
        expect((await register("b", { name: pulumi.output(Promise.resolve("later")) })).inputs.name).toBe("later");
    });

    test("marks passwords and documents as secret", async () => {
        const snapshot = new Snapshot("s", { ...args, password: "hunter2", redefine: true, xml: "<domainsnapshot/>" });
        expect(await pulumi.isSecret(snapshot.password)).toBe(true);
        expect(await pulumi.isSecret(snapshot.xml)).toBe(true);
        expect(await pulumi.isSecret(snapshot.domain)).toBe(false);
    });

    test("keeps values secret that the program says are", async () => {
        const snapshot = new Snapshot("s", { ...args, provision: [{ command: ["true"], env: { TOKEN: pulumi.secret("t") } }] });
        expect(await pulumi.isSecret(snapshot.provision)).toBe(true);
    });
});

describe("a parent", () => {
    test("that is a resource is passed as its name, its id and its contents, and depended on", async () => {
        const base = new Snapshot("base", args);
        const { inputs } = await register("nginx", { parent: base });
        expect(inputs).toMatchObject({ parent: "base", parentId: `${host}#web/base`, parentContentId: "content-of-base" });
    });

    test("that is a name is passed as it is", async () => {
        const { inputs } = await register("nginx", { parent: pulumi.output("base") });
        expect(inputs.parent).toBe("base");
        expect(inputs).not.toHaveProperty("parentId");
    });

    test("of another kind is refused", () => {
        class Other extends pulumi.CustomResource {}
        const other = new Other("a:b:C", "other", {});
        expect(() => new Snapshot("s", { ...args, parent: other as unknown as Snapshot })).toThrow(InvalidInputError);
    });

    test("of another copy of this package is still a Snapshot", () => {
        class Snapshot2 extends pulumi.CustomResource {}
        expect(Snapshot.isInstance(new Snapshot2("pulumi-nodejs:dynamic/snaptree:Snapshot", "copy", {}))).toBe(true);
        expect(Snapshot.isInstance({})).toBe(false);
    });
});

describe("outputs", () => {
    test("are what the provider returns, and the inputs again", async () => {
        const snapshot = new Snapshot("base", { ...args, description: "d", triggers: [1] });
        const { creationTime, state, contentId, name, domain, description, triggers } = snapshot;
        expect(await value(pulumi.all([creationTime, state, contentId, name, domain, description, triggers]))).toEqual([
            1000,
            "shutoff",
            "content-of-base",
            "base",
            "web",
            "d",
            [1],
        ]);
    });

    test("that nobody set are outputs all the same", async () => {
        const { parent, description, force } = new Snapshot("base", args);
        expect(await value(pulumi.all([parent, description, force]))).toEqual([undefined, undefined, undefined]);
    });
});

describe("mistakes are errors while the program is built", () => {
    test.each<[string, object, RegExp]>([
        ["no host", { host: undefined }, /host is missing; set it .* or the environment variable SNAPTREE_HOST/],
        ["no domain", { domain: undefined }, /domain is missing/],
        ["a password in the host", { host: "esx://root:hunter2@esx/" }, /has a password in it/],
        ["an unknown argument", { diskonly: true }, /did you mean “diskOnly”\?/],
        ["a wrong type beside what is known later", { halt: "yes", mode: pulumi.output("internal") }, /^halt takes true or false, but is "yes"/],
        ["a wrong value inside", { provision: [{ command: ["a", pulumi.output("b"), 3] }] }, /^provision\[0\].command\[2\] takes text/],
        ["a reserved name", { name: "auto-1" }, /keeps for itself/],
    ])("%s", (_, wrong, message) => {
        const make = () => new Snapshot("s", { ...args, ...wrong });
        expect(make).toThrow(InvalidInputError);
        expect(make).toThrow(message);
    });

    test("flags that exclude each other", () => {
        expect(() => new Snapshot("s", { ...args, current: true })).toThrow(FlagConflictError);
        expect(() => new Snapshot("s", { ...args, current: true })).toThrow("use of current flag requires redefine flag");
    });

    test("a resource's name that can't be a snapshot's", () => {
        expect(() => new Snapshot("a/b", args)).toThrow(/name "a\/b" has a “\/”/);
        expect(() => new Snapshot("c/d", { ...args, name: "d" })).not.toThrow();
    });

    test("all of them at once", () => {
        expect(() => new Snapshot("s", { ...args, halt: 1, live: 2 } as unknown as SnapshotArgs)).toThrow(/halt takes [^]*\nlive takes /);
    });

    test("an import, which a dynamic provider can't do", () => {
        expect(() => new Snapshot("s", args, { import: "id" })).toThrow(/redefine: true/);
        expect(() => new Snapshot("s", args, { id: "id" })).toThrow(/redefine: true/);
    });

    test("a value that is secret is checked later, and never shown", () => {
        expect(() => new Snapshot("s", { ...args, password: pulumi.secret(5) as unknown as string })).not.toThrow();
        expect(() => new Snapshot("s", { ...args, password: 4711 as unknown as string })).toThrow(/^password takes text, but is a number;/);
    });
});
