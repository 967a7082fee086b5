import { readFile } from "node:fs/promises";
import { snaptree } from "./run";

/** What a user can ask for. */
const VERBS = [
    ...["list", "show", "doctor", "create", "revert", "delete", "deactivate", "create-with-snapshot", "branch", "switch"],
    ...["plan", "apply", "define", "export", "import", "migrate", "completion"],
];

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

/** The verbs under the headings of a help. */
function verbsIn(help: string): string[] {
    const [, listed = ""] = /^Looking:\n([\s\S]*?)\nA snapshot is named/m.exec(help) ?? [];
    return [...listed.matchAll(/^ {2}([a-z-]+)/gm)].map(([, verb]) => verb ?? "");
}

test("--help shows the verbs, and each verb's says what it does and shows examples of it", async () => {
    const help = await snaptree("--help");
    expect(help).toMatchObject({ code: 0, err: "" });
    const verbs = verbsIn(help.out);
    expect([...verbs].sort()).toEqual([...VERBS].sort());
    for (const verb of verbs) {
        const { code, out, err } = await snaptree(verb, "--help");
        expect({ code, err }).toEqual({ code: 0, err: "" });
        const [, examples = ""] = /^Examples?:\n([\s\S]+)$/m.exec(out) ?? [];
        expect(out).toMatch(new RegExp(`^Usage: snaptree ${verb}`));
        expect(examples).toMatch(new RegExp(`^ {2}.*\\bsnaptree (--host \\S+ )?${verb} `, "m"));
    }
});

test("--version is the package's", async () => {
    const { version } = JSON.parse(await readFile("package.json", "utf8")) as { version: string };
    expect(await snaptree("--version")).toEqual({ code: 0, out: version, err: "" });
});
