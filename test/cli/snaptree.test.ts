import { execa } from "execa";
import { readFile } from "node:fs/promises";
import { main } from "../../provider/cli/program";
import { Machine } from "../engine/machine";
import { needs, qemu, suiteWith } from "../support/requires";

interface Outcome {
    readonly code: number;
    readonly out: string;
    readonly err: string;
}

async function snaptree(...argv: string[]): Promise<Outcome> {
    const out: string[] = [];
    const err: string[] = [];
    const code = await main(argv, { print: (line) => void out.push(line), complain: (line) => void err.push(line) });
    return { code, out: out.join("\n"), err: err.join("\n") };
}

describe("wrong usage is exit code 2 and one line that says what to do", () => {
    test.each([
        ["no verb", [], /no verb is given/],
        ["an unknown verb", ["lits", "web"], /unknown command 'lits'/],
        ["a missing domain", ["list"], /missing required argument 'domain'/],
        ["an unknown option", ["list", "web", "--treee"], /unknown option '--treee'/],
        ["a domain too many", ["list", "web", "db"], /too many arguments/],
        ["no host", ["list", "web"], /SNAPTREE_HOST/],
        ["a host that is no URI", ["--host", "here", "list", "web"], /is no URI/],
        ["a relative root", ["--host", "qemu:///embed?root=vms", "list", "web"], /absolute path/],
        ["define without a disk", ["define", "web"], /--disk/],
        ["a disk without a file", ["--host", "qemu:///embed?root=/", "define", "web", "--disk", "vda"], /TARGET=FILE/],
    ])("%s", async (_, argv, message) => {
        const { code, out, err } = await snaptree(...argv);
        expect(err).toMatch(message);
        expect(err.split("\n")).toHaveLength(1);
        expect({ code, out }).toEqual({ code: 2, out: "" });
    });

    test("a password in the host's URI is refused and not repeated", async () => {
        const { code, err } = await snaptree("--host", "esx://root:hunter2@host/", "list", "web");
        expect(code).toBe(2);
        expect(err).toMatch(/SNAPTREE_PASSWORD/);
        expect(err).not.toContain("hunter2");
    });

    test("with --json an error is an object", async () => {
        const { code, err } = await snaptree("--json", "--host", "here", "list", "web");
        expect(code).toBe(2);
        expect(JSON.parse(err)).toMatchObject({ error: { name: "InvalidInputError", property: "host" } });
    });
});

test("--help shows the verbs, and each verb's shows an example", async () => {
    const help = await snaptree("--help");
    expect(help.code).toBe(0);
    expect(help.out).toMatch(/define.*list/s);
    for (const verb of ["define", "list"]) expect((await snaptree(verb, "--help")).out).toMatch(/Example/);
});

test("--version is the package's", async () => {
    const { version } = JSON.parse(await readFile("package.json", "utf8")) as { version: string };
    expect(await snaptree("--version")).toEqual({ code: 0, out: version, err: "" });
});

suiteWith(needs(qemu), "define and list on real disks", () => {
    test("a domain without snapshots says so", async () => {
        await using machine = await Machine.make();
        expect(await snaptree("--host", machine.uri, "list", "web")).toEqual({ code: 0, out: "web has no snapshots", err: "" });
    });

    test("list --json has every field, parents before children, absent values null, and files that qemu-img finds", async () => {
        await using machine = await Machine.make();
        await machine.library(async (vm) => {
            await vm.create({ name: "a", description: "first" });
            await vm.create({ name: "b" });
        });
        const { code, out } = await snaptree("--host", machine.uri, "--json", "list", "web");
        const listing = JSON.parse(out) as { snapshots: { files: { vda: string } }[] };
        const anything: unknown = expect.anything();
        const row = { creationTime: expect.any(Number) as unknown, state: "shutoff", mode: "external", memory: false, files: { vda: anything } };
        expect(code).toBe(0);
        expect(listing).toEqual({
            domain: "web",
            uuid: anything,
            powerState: "shutoff",
            current: "b",
            branch: null,
            dirty: false,
            snapshots: [
                { name: "a", parent: null, description: "first", current: false, children: ["b"], ...row },
                { name: "b", parent: "a", description: null, current: true, children: [], ...row },
            ],
            branches: [],
        });
        const [a, b] = listing.snapshots.map(({ files }) => files.vda);
        expect(a).toBe(machine.golden);
        const { stdout } = await execa("qemu-img", ["info", "--output=json", b!]);
        expect(JSON.parse(stdout)).toMatchObject({ "full-backing-filename": machine.golden, "backing-filename-format": "qcow2" });
    });

    test("the table marks the current snapshot, and the tree is drawn", async () => {
        await using machine = await Machine.make();
        await machine.library(async (vm) => {
            await vm.create({ name: "a" });
            await vm.create({ name: "b" });
        });
        const { out } = await snaptree("list", "web", "--host", machine.uri);
        expect(out).toMatch(/^ +Name +Parent +Creation time +State +Mode/);
        expect(out).toMatch(/^\* +b +a +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4} +shutoff +external$/m);
        expect((await snaptree("--host", machine.uri, "list", "web", "--tree")).out).toBe("a\n  |\n  +- b (current)");
    });

    test("define refuses what is there, what is no image, and a format that is not the image's", async () => {
        await using machine = await Machine.make();
        const define = (name: string, ...args: string[]) => snaptree("--host", machine.uri, "define", name, ...args);
        expect((await define("web", "--disk", `vda=${machine.golden}`)).err).toMatch(/already/);
        expect(await define("new", "--disk", "vda=/nowhere.qcow2")).toMatchObject({ code: 2, err: expect.stringMatching(/nowhere/) as unknown });
        expect(await define("new", "--disk", "vda=/etc/passwd")).toMatchObject({ code: 2, err: expect.stringMatching(/qcow2/) as unknown });
        expect((await define("../up", "--disk", `vda=${machine.golden}`)).code).toBe(2);
        expect((await snaptree("--host", machine.uri, "list", "new")).code).toBe(1);
        expect((await define("new", "--disk", `vda=${machine.golden}`, "--json")).out).toMatch(/^\{"domain":"new","uuid":"[0-9a-f-]{36}"\}$/);
    });

    test("what define made is a libvirt <domain> on exactly that image", async () => {
        await using machine = await Machine.make();
        const xml = await readFile(`${machine.root}/web/domain.xml`, "utf8");
        expect(xml).toMatch(/<domain type='qemu'>/);
        expect(xml).toContain(`<source file='${machine.golden}'/>`);
        expect(xml).toMatch(/<driver name='qemu' type='qcow2'\/>/);
    });

    test("a host or a domain that is not there is exit code 1", async () => {
        await using machine = await Machine.make();
        expect(await snaptree("--host", machine.uri, "list", "nobody")).toMatchObject({ code: 1, err: expect.stringMatching(/no domain "nobody"/) as unknown });
        expect((await snaptree("--host", "qemu:///embed?root=/nowhere", "--json", "list", "web")).err).toMatch(/"name":"UnreachableError"/);
    });

    test("the executable runs", async () => {
        await using machine = await Machine.make();
        const { stdout } = await execa("bin/snaptree", ["list", "web"], { env: { SNAPTREE_HOST: machine.uri } });
        expect(stdout).toBe("web has no snapshots");
    });
});
