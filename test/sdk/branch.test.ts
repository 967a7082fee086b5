import * as pulumi from "@pulumi/pulumi";
import { InvalidInputError } from "../../provider/model";
import { Snapshot, SnapshotBranch, type SnapshotBranchArgs } from "../../sdk";

type Inputs = Record<string, unknown>;

const registered = new Map<string, { type: string; inputs: Inputs }>();
const host = "qemu:///embed?root=/srv/vms";
const args = { host, domain: "web", from: "base" };

beforeAll(() =>
    pulumi.runtime.setMocks({
        newResource: ({ type, name, inputs }) => {
            registered.set(name, { type, inputs: inputs as Inputs });
            return { id: `${host}#web/${name}`, state: { active: false, ...(inputs as Inputs), contentId: `content-of-${name}` } };
        },
        call: () => ({}),
    }),
);
beforeEach(() => {
    registered.clear();
    delete process.env.SNAPTREE_HOST;
});

const value = <T>(output: pulumi.Output<T>): Promise<T> => new Promise((resolve) => output.apply(resolve));

async function register(name: string, more: object = {}): Promise<Inputs> {
    await value(new SnapshotBranch(name, { ...args, ...more }).urn);
    return registered.get(name)!.inputs;
}

const made: SnapshotBranch[] = [];

function branch(name: string, more: Partial<SnapshotBranchArgs> = {}): SnapshotBranch {
    const one = new SnapshotBranch(name, { ...args, ...more });
    made.push(one);
    return one;
}

/** Runs a program as the engine does, as a run of its own, and returns what its branches register. */
async function run(program: () => void): Promise<Record<string, Inputs>> {
    made.length = 0;
    registered.clear();
    await pulumi.runtime.runInPulumiStack(() => {
        program();
        return Promise.resolve();
    });
    for (const { urn } of made) await value(urn);
    return Object.fromEntries([...registered].map(([name, { inputs }]) => [name, inputs]));
}

describe("what is registered", () => {
    test("is a dynamic resource whose provider is found by name, and nothing that the program left out", async () => {
        expect(await register("case")).toEqual({
            ...args,
            name: "case",
            __provider: `exports.handler = () => require("pulumi-snaptree/dynamic").branch()`,
        });
        expect(registered.get("case")?.type).toBe("pulumi-nodejs:dynamic/snaptree:SnapshotBranch");
    });

    test("names the host by SNAPTREE_HOST unless the program does", async () => {
        process.env.SNAPTREE_HOST = "test:///default";
        expect((await register("a", { host: undefined })).host).toBe("test:///default");
        expect((await register("b")).host).toBe(host);
    });

    test("marks the password as secret", async () => {
        const { password, domain } = branch("s", { password: "hunter2" });
        expect(await pulumi.isSecret(password)).toBe(true);
        expect(await pulumi.isSecret(domain)).toBe(false);
    });

    test("names a fork that is a resource by its name, its id and its contents", async () => {
        const base = new Snapshot("base", { host, domain: "web" });
        expect(await register("case", { from: base })).toMatchObject({ from: "base", fromId: `${host}#web/base`, fromContentId: "content-of-base" });
    });

    test("has any value of resetOn", async () => {
        expect((await register("case", { resetOn: { sha: pulumi.output("f00") } })).resetOn).toEqual({ sha: "f00" });
    });

    test("has outputs for all that nobody set", async () => {
        const { active, powerState, force } = branch("case");
        expect(await value(pulumi.all([active, powerState, force]))).toEqual([false, undefined, undefined]);
    });
});

describe("mistakes are errors while the program is built", () => {
    test.each<[string, object, RegExp]>([
        ["no host", { host: undefined }, /host is missing/],
        ["no fork", { from: undefined }, /from is missing/],
        ["a fork of another kind", { from: new SnapshotBranch("other", args) }, /from is another kind of resource/],
        ["a reserved name", { name: "leave-1" }, /keeps for itself/],
        ["an unknown argument", { resetWhen: 1 }, /resetWhen is not known/],
        ["a wrong type", { active: 1 }, /^active takes true or false, but is 1/],
    ])("%s", (_, wrong, message) => {
        const make = () => branch("s", wrong);
        expect(make).toThrow(InvalidInputError);
        expect(make).toThrow(message);
    });

    test("an import, which a dynamic provider can't do", () => {
        expect(() => new SnapshotBranch("s", args, { import: "id" })).toThrow(/can't import a branch/);
    });
});

describe("two branches of one domain that are both known to be active", () => {
    const both = (first: Partial<SnapshotBranchArgs>, second: Partial<SnapshotBranchArgs>) => () => {
        branch("one", { active: true, ...first });
        branch("two", { active: true, ...second });
    };

    test("are refused, naming both", async () => {
        await run(() => expect(both({}, {})).toThrow(InvalidInputError));
        await run(() => expect(both({}, { name: "deux" })).toThrow(/^branches "one" and "deux" of domain "web" are both declared active/));
        expect.assertions(2);
    });

    test.each<[string, Partial<SnapshotBranchArgs>]>([
        ["one of another domain", { domain: "db" }],
        ["one on another host", { host: "test:///default" }],
        ["one whose domain is known later", { domain: pulumi.output("web") }],
        ["one whose active is known later", { active: pulumi.output(true) }],
        ["one that is not active", { active: false }],
    ])("%s is no conflict", async (_, second) => {
        expect(Object.keys(await run(both({}, second)))).toEqual(expect.arrayContaining(["one", "two"]));
    });

    test("one of another run in the same process is no conflict: a preview before its update, or another program", async () => {
        const program = () => {
            branch("one", { active: true });
        };
        expect(await run(program)).toHaveProperty("one");
        expect(await run(program)).toHaveProperty("one");
        expect(await run(() => void branch("two", { active: true }))).toHaveProperty("two");
    });
});

describe("a branch learns that the program wants the domain on another one", () => {
    test("whichever is declared first", async () => {
        const { before, after, active } = await run(() => {
            branch("before");
            branch("active", { active: true });
            branch("after", { active: false });
        });
        expect([before, after].map((inputs) => inputs?.activeElsewhere)).toEqual([true, true]);
        expect(active).not.toHaveProperty("activeElsewhere");
    });

    test("but not where none is active, or one of another domain", async () => {
        const { here } = await run(() => {
            branch("here");
            branch("there", { domain: "db", active: true });
        });
        expect(here).not.toHaveProperty("activeElsewhere");
    });
});
