import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { QemuMachine } from "../backends/qemu/machine";
import { chainOf, imageOf } from "../backends/qemu/tools";
import { holding } from "../conformance/bench";
import { needs, qemu, suiteWith } from "../support/requires";
import { json, on, type Outcome } from "./run";

/** A machine under the command line: whatever changes on it, was asked for by words. */
async function withMachine(work: (snaptree: (...argv: string[]) => Promise<Outcome>, machine: QemuMachine) => Promise<void>): Promise<void> {
    await using machine = await QemuMachine.make(["vda"]);
    await work(on(machine.uri), machine);
    await machine.connect();
    await machine.sound();
}

suiteWith(needs(qemu), "snapshots by the command line", () => {
    test("create freezes what the disk holds, show tells of it, and revert brings exactly that back", async () => {
        await withMachine(async (snaptree, machine) => {
            await machine.write("vda", 1, "a");
            expect(await snaptree("create", "vm", "first", "--description", "one 🙂")).toMatchObject({ code: 0, out: "created snapshot first" });
            await machine.write("vda", 1, "b");
            expect(await machine.snapshot("first")).toEqual({ vda: holding("a") });

            const shown = await snaptree("show", "vm", "first");
            expect(shown.out).toMatch(/^Snapshot: +first\nCurrent: +yes\nParent: +-\nChildren: +-\nDescription: +one 🙂\nCreation time: +\d{4}-/);
            expect(json(await snaptree("--json", "show", "vm", "--current"))).toMatchObject({
                ...{ name: "first", parent: null, description: "one 🙂", state: "shutoff", mode: "external", memory: false, current: true, children: [] },
                bytes: expect.any(Number) as unknown,
            });

            const refused = await snaptree("revert", "vm", "first");
            expect(refused).toMatchObject({ code: 3, out: "", err: expect.stringMatching(/would lose tip/) as unknown });
            expect(await machine.tip()).toEqual({ vda: holding("b") });
            expect(json(await snaptree("revert", "vm", "first", "--force", "--json"))).toEqual({
                ...{ domain: "vm", powerState: "shutoff", current: "first", branch: null, dirty: false },
            });
            expect(await machine.tip()).toEqual({ vda: holding("a") });
        });
    });

    test("show --xml shows no password, which the host keeps", async () => {
        await withMachine(async (snaptree, machine) => {
            const document = join(machine.folder, "domain.xml");
            const graphics = "<graphics type='vnc' port='-1' passwd='hunter2'/>";
            await writeFile(document, (await readFile(document, "utf8")).replace("</devices>", `${graphics}</devices>`));
            await snaptree("create", "vm", "base");
            const { code, out } = await snaptree("show", "vm", "base", "--xml");
            expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/<graphics type='vnc'/) as unknown });
            expect(out).not.toContain("hunter2");
            expect((await snaptree("show", "vm", "base", "--xml", "--json")).out).not.toContain("hunter2");
            expect((await snaptree("export", "vm")).out).toContain("hunter2");
        });
    });

    test("--keep keeps what a revert would lose as a branch, named or automatic", async () => {
        await withMachine(async (snaptree, machine) => {
            await snaptree("create", "vm", "base");
            await machine.write("vda", 1, "a");
            expect((await snaptree("revert", "vm", "base", "--keep", "mine")).code).toBe(0);
            await machine.write("vda", 1, "b");
            expect((await snaptree("revert", "vm", "base", "--keep")).code).toBe(0);
            expect(await machine.branch("mine")).toEqual({ vda: holding("a") });
            expect(await machine.branch("auto-base-1")).toEqual({ vda: holding("b") });
            expect(await machine.tip()).toEqual({ vda: holding("") });
            expect((await snaptree("list", "vm", "--tree")).out).toMatch(/auto-base-1 \[branch, dirty, .*\n.*mine \[branch, dirty, /);
        });
    });

    test("--commit merges what was written into the snapshot, and --discard takes its name away besides", async () => {
        await withMachine(async (snaptree, machine) => {
            await snaptree("create", "vm", "base");
            await snaptree("create", "vm", "next");
            await machine.write("vda", 1, "a");
            expect((await snaptree("revert", "vm", "--current", "--commit")).out).toBe("committed into next");
            expect(await machine.snapshot("next")).toEqual({ vda: holding("a") });
            expect(await machine.snapshot("base")).toEqual({ vda: holding("") });
            await machine.write("vda", 2, "b");
            expect((await snaptree("revert", "vm", "next", "--commit", "--discard")).code).toBe(0);
            expect(await machine.tip()).toEqual({ vda: holding("ab") });
            expect(json(await snaptree("list", "vm", "--json"))).toMatchObject({ current: "base", dirty: true, snapshots: [{ name: "base" }] });
        });
    });

    test("--follow goes on from the disks as they were left, and names the choice where there are several", async () => {
        await withMachine(async (snaptree, machine) => {
            await snaptree("create", "vm", "base");
            await snaptree("branch", "vm", "left", "--from", "base");
            await snaptree("switch", "vm", "left");
            await machine.write("vda", 1, "a");
            await snaptree("create", "vm", "on-left");
            await machine.write("vda", 2, "b");
            expect((await snaptree("revert", "vm", "base")).code).toBe(0);
            expect((await snaptree("revert", "vm", "on-left", "--follow")).code).toBe(0);
            expect(await machine.tip()).toEqual({ vda: holding("ab") });
            await snaptree("branch", "vm", "right", "--from", "on-left");
            expect(await snaptree("revert", "vm", "on-left", "--follow")).toMatchObject({
                code: 2,
                err: expect.stringMatching(/"left", "right".*switch/) as unknown,
            });
        });
    });

    test("delete takes a name and nothing else; --children and --children-only take what they say", async () => {
        await withMachine(async (snaptree, machine) => {
            for (const [i, name] of ["a", "b", "c", "d"].entries()) {
                await machine.write("vda", 1, name);
                await machine.write("vda", 2 + i, name);
                await snaptree("create", "vm", name);
            }
            expect((await snaptree("delete", "vm", "b")).out).toBe("deleted b");
            expect(await machine.snapshot("c")).toEqual({ vda: holding("cabc") });
            expect((await snaptree("revert", "vm", "a")).code).toBe(0);
            await snaptree("branch", "vm", "work", "--from", "d");
            const refused = await snaptree("delete", "vm", "c", "--children", "--json");
            expect(refused.code).toBe(3);
            expect(JSON.parse(refused.err)).toMatchObject({ error: { name: "DataLossError", losses: ["branch:work"] } });
            expect(await machine.branch("work")).toEqual({ vda: holding("dabcd") });
            expect((await snaptree("delete", "vm", "c", "--children-only", "--force")).out).toBe("deleted everything below c");
            expect((await snaptree("delete", "vm", "c", "--children")).code).toBe(0);
            expect(json(await snaptree("list", "vm", "--json"))).toMatchObject({ snapshots: [{ name: "a", children: [] }] });
        });
    });

    test("deactivate goes to the parent and keeps what was written as a branch; --merge puts the contents into the parent", async () => {
        await withMachine(async (snaptree, machine) => {
            await snaptree("create", "vm", "base");
            await machine.write("vda", 1, "a");
            await snaptree("create", "vm", "next");
            await machine.write("vda", 2, "b");
            expect((await snaptree("deactivate", "vm", "next")).out).toBe("deactivated next");
            expect(await machine.tip()).toEqual({ vda: holding("") });
            expect(await machine.branch("auto-next-1")).toEqual({ vda: holding("ab") });
            expect((await snaptree("deactivate", "vm", "next")).out).toBe("nothing to do: the domain does not use next");
            expect(await machine.branch("auto-next-1")).toEqual({ vda: holding("ab") });
            expect((await snaptree("switch", "vm", "auto-next-1")).code).toBe(0);
            expect((await snaptree("deactivate", "vm", "next", "--merge")).code).toBe(0);
            expect(await machine.snapshot("base")).toEqual({ vda: holding("a") });
            expect(await machine.tip()).toEqual({ vda: holding("ab") });
        });
    });

    test("--internal keeps a snapshot within the image, where qemu-img finds it", async () => {
        await withMachine(async (snaptree, machine) => {
            expect((await snaptree("create", "vm", "inside", "--internal")).code).toBe(0);
            expect((await imageOf((await machine.files()).vda!)).internal).toEqual(["inside"]);
            expect(await snaptree("create", "vm", "outside", "--external")).toMatchObject({ code: 4, out: "" });
        });
    });

    test("--redefine alters what is remembered, --xml says it in a document, and no disk is touched", async () => {
        await withMachine(async (snaptree, machine) => {
            await snaptree("create", "vm", "base", "--description", "before");
            const chain = await chainOf((await machine.files()).vda!);
            expect((await snaptree("create", "vm", "base", "--redefine", "--description", "after")).out).toBe("redefined snapshot base");
            const { out: xml } = await snaptree("show", "vm", "base", "--xml");
            expect(xml).toContain("<description>after</description>");
            const file = join(machine.temporary, "base.xml");
            await writeFile(file, xml.replace("after", "by document"));
            expect((await snaptree("create", "vm", "--xml", file, "--redefine", "--current")).code).toBe(0);
            expect(json(await snaptree("show", "vm", "base", "--json"))).toMatchObject({ description: "by document", current: true });
            expect(await chainOf((await machine.files()).vda!)).toEqual(chain);
            await writeFile(file, "<domainsnapshot><name>from a document</name></domainsnapshot>");
            expect((await snaptree("create", "vm", "--xml", file)).out).toBe("created snapshot from a document");
        });
    });

    test("a snapshot that was taken and forgotten is not listed, and one without a name is called after the seconds", async () => {
        await withMachine(async (snaptree) => {
            const taken = await snaptree("create", "vm", "ghost", "--no-metadata");
            expect(taken).toMatchObject({ code: 0, out: "took snapshot ghost, and forgot it" });
            expect((await snaptree("list", "vm")).out).toBe("vm has no snapshots");
            expect((json(await snaptree("create", "vm", "--json")) as { name: string }).name).toMatch(/^\d{10}$/);
        });
    });

    test.each<[exit: number, words: string, argv: string[], message: RegExp]>([
        [1, "a snapshot that is not there", ["delete", "vm", "nobody"], /no snapshot "nobody"/],
        [1, "no current snapshot", ["revert", "vm", "--current"], /has no current snapshot/],
        [1, "a branch that is not there", ["switch", "vm", "nobody"], /no branch "nobody"/],
        [2, "a name that can't be given", ["create", "vm", "a/b"], /“\/”/],
        [2, "a reserved name", ["create", "vm", "auto-1"], /auto-/],
        [2, "a name with a leading dash", ["create", "vm", "--", "-x"], /begins with “-”/],
        [2, "redefine without a name", ["create", "vm", "--redefine"], /needs the name/],
        [2, "a document that is not there", ["create", "vm", "--xml", "/nowhere.xml"], /"\/nowhere.xml" can't be read: it is not there/],
        [2, "a folder as document", ["create", "vm", "--xml", "/tmp"], /it is a folder/],
        [4, "starting a domain", ["create-with-snapshot", "vm", "base"], /can't do/],
        [4, "quiesce of a domain that is shut off", ["create", "vm", "b", "--disk-only", "--quiesce"], /can't do/],
        [4, "another compression", ["create", "vm", "b", "--compress", "lzo"], /can't do/],
    ])("exit code %i: %s", async (code, _, argv, message) => {
        await using machine = await QemuMachine.make(["vda"]);
        const outcome = await on(machine.uri)(...argv);
        expect(outcome).toMatchObject({ code, out: "", err: expect.stringMatching(message) as unknown });
        expect(outcome.err.split("\n")).toHaveLength(1);
    });

    test("names with spaces, quotes and emoji go through every verb", async () => {
        await withMachine(async (snaptree, machine) => {
            const [name, branch] = ['it\'s a "test" 🙂', "the branch; rm -rf $HOME"];
            await machine.write("vda", 1, "a");
            expect((await snaptree("create", "vm", name)).out).toBe(`created snapshot ${name}`);
            expect((await snaptree("branch", "vm", branch, "--from", name)).code).toBe(0);
            expect((await snaptree("switch", "vm", branch)).out).toBe(`on branch ${branch}`);
            expect((await snaptree("show", "vm", branch)).out).toMatch(new RegExp(`^Branch: +${branch.replace("$", "\\$")}\nActive: +yes\nFrom: +${name}\n`));
            expect((await snaptree("list", "vm", "--tree")).out).toContain(`+- ${branch} [branch, active`);
            expect(await machine.snapshot(name)).toEqual({ vda: holding("a") });
        });
    });
});
