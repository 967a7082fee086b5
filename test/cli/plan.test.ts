import { chmod, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { QemuMachine } from "../backends/qemu/machine";
import { holding } from "../conformance/bench";
import { needs, qemu, suiteWith } from "../support/requires";
import { json, on, type Outcome, snaptree as hostless } from "./run";

/** A machine, the command line on it, and files beside it. */
async function bench(): Promise<{
    readonly machine: QemuMachine;
    readonly snaptree: (...argv: string[]) => Promise<Outcome>;
    readonly file: (name: string, text: string | object) => Promise<string>;
}> {
    const machine = await QemuMachine.make(["vda"]);
    const file = async (name: string, text: string | object) => {
        const path = join(machine.temporary, name);
        await writeFile(path, typeof text === "string" ? text : JSON.stringify(text));
        return path;
    };
    return { machine, snaptree: on(machine.uri), file };
}

const TREE = `
snapshots:
  base:
  tools:
    parent: base
    description: base and tools
    provision:
      - command: [sh, -c, 'qemu-io -f qcow2 -c "write -P $LETTER 65536 64k" "$SNAPTREE_DISK_VDA"']
        env: { LETTER: "0x74", TOKEN: hunter2 }
branches:
  work: { from: tools }
current: work
`;

suiteWith(needs(qemu), "whole hierarchies by the command line", () => {
    test("a file of YAML is planned, applied, and then there is nothing to do", async () => {
        const { machine, snaptree, file } = await bench();
        await using _ = machine;
        const tree = await file("tree.yaml", TREE);
        const text = ["+ create base as the root", "+ create tools under base, provisioned", "+ branch work at tools", "> switch to branch work"].join("\n");
        expect(await snaptree("plan", "vm", tree)).toEqual({ code: 0, out: text, err: "" });
        expect((await snaptree("list", "vm")).out).toBe("vm has no snapshots");
        const planned = json(await snaptree("plan", "vm", tree, "--json"));
        expect(planned).toMatchObject({
            domain: "vm",
            losses: [],
            operations: [{ kind: "create", name: "base", owner: "snaptree" }, {}, {}, { kind: "switch" }],
        });
        expect(JSON.stringify(planned)).not.toContain("hunter2");

        const applied = await snaptree("apply", "vm", tree);
        expect(applied).toMatchObject({ code: 0, out: `${text}\ndone: 4 operations` });
        expect(applied.err).not.toContain("hunter2");
        expect(await machine.tip()).toEqual({ vda: holding("t") });
        expect(await machine.snapshot("base")).toEqual({ vda: holding("") });
        expect(json(await snaptree("show", "vm", "tools", "--json"))).toMatchObject({ description: "base and tools", parent: "base" });
        expect(await snaptree("apply", "vm", tree)).toMatchObject({ code: 0, out: "nothing to do" });
        await machine.sound();
    });

    test("JSON is YAML too, and the file may name the domain and the host; the command line comes first", async () => {
        const { machine, snaptree, file } = await bench();
        await using _ = machine;
        const elsewhere = await file("tree.json", { host: "qemu:///embed?root=/nowhere", domain: "nobody", snapshots: { a: {} } });
        expect((await snaptree("plan", "vm", elsewhere)).out).toBe("+ create a as the root");
        expect((await snaptree("plan", elsewhere)).err).toMatch(/no domain "nobody"/);
        const here = await file("here.json", { domain: "vm", snapshots: { a: {} } });
        expect((await snaptree("plan", here)).out).toBe("+ create a as the root");
    });

    test("prune takes what the same owner made and no longer lists, and nobody else's", async () => {
        const { machine, snaptree, file } = await bench();
        await using _ = machine;
        const both = await file("both.yaml", "snapshots: {a: {}, b: {parent: a}}");
        const one = await file("one.yaml", "snapshots: {a: {}}");
        await snaptree("apply", "vm", both, "--owner", "me");
        expect((await snaptree("plan", "vm", one)).out).toBe("nothing to do");
        expect((await snaptree("plan", "vm", one, "--owner", "me")).out).toBe("- delete b");
        expect((await snaptree("plan", "vm", await file("all.yaml", "snapshots: {a: {}}\nprune: all"))).out).toMatch(/^- delete b\nwarning: /);
    });

    test("a plan in a file is for its owner's eyes, and is carried out as it was shown, on this host or over another way to it", async () => {
        const { machine, snaptree, file } = await bench();
        await using _ = machine;
        const tree = await file("tree.yaml", TREE);
        const out = join(machine.temporary, "a.plan");
        await writeFile(out, JSON.stringify({ plan: "an older one" }));
        await chmod(out, 0o644);
        const planned = await snaptree("plan", "vm", tree, "--out", out);
        expect(planned.code).toBe(0);
        expect((await stat(out)).mode & 0o777).toBe(0o600);
        expect(await readFile(out, "utf8")).not.toContain(machine.root);
        expect((await snaptree("apply", out, "--owner", "me")).err).toMatch(/the plan has the owner/);
        expect((await snaptree("apply", "vm", out)).code).toBe(0);
        expect(await machine.snapshot("tools")).toEqual({ vda: holding("t") });
        const stale = await snaptree("apply", "vm", out, "--json");
        expect(stale).toMatchObject({ code: 1, out: "" });
        expect(JSON.parse(stale.err)).toMatchObject({ error: { name: "StalePlanError", message: expect.stringMatching(/plan again/) as unknown } });
        expect((await snaptree("plan", "vm", out)).err).toMatch(/is a plan already/);
    });

    test("--out writes over no file but a plan", async () => {
        const { machine, snaptree, file } = await bench();
        await using _ = machine;
        const tree = await file("tree.yaml", TREE);
        expect(await snaptree("plan", "vm", tree, "--out", tree)).toMatchObject({
            code: 2,
            err: expect.stringMatching(/is no plan; choose another file/) as unknown,
        });
        expect(await readFile(tree, "utf8")).toBe(TREE);
    });

    test("losses are shown, refused with exit code 3, and accepted by --force or by the file", async () => {
        const { machine, snaptree, file } = await bench();
        await using _ = machine;
        await snaptree("create", "vm", "base");
        await snaptree("create", "vm", "next");
        await machine.write("vda", 1, "a");
        const wanted = "snapshots: {base: {}, next: {parent: base}}\ncurrent: base\n";
        const back = await file("back.yaml", wanted);
        const planned = await snaptree("plan", "vm", back);
        expect(planned.out).toMatch(/^> revert to base\nwould lose tip/);
        expect(await snaptree("apply", "vm", back)).toMatchObject({ code: 3, err: expect.stringMatching(/would lose tip/) as unknown });
        expect(await machine.tip()).toEqual({ vda: holding("a") });
        expect((await snaptree("apply", "vm", back, "--force")).code).toBe(0);
        expect(await machine.tip()).toEqual({ vda: holding("") });
        await machine.write("vda", 1, "b");
        await snaptree("create", "vm", "third");
        await machine.write("vda", 1, "c");
        const accepting = await file("accepting.yaml", `${wanted}force: [tip]\n`);
        expect((await snaptree("apply", "vm", accepting)).code).toBe(0);
    });

    test.each<[what: string, text: string, message: RegExp]>([
        ["an unknown key", "snapshots:\n  a:\n    parnet: b\n", /, line 3: snapshots\.a\.parnet is not known; did you mean “parent”\?$/],
        ["an unknown key at the top", "snapshots: {}\nbranchs: {}\n", /, line 2: branchs is not known; did you mean “branches”\?$/],
        ["several faults", "snapshots:\n  a: {b: 1, c: 2}\n", /, line 2: .* \(and 1 more to correct\)$/],
        ["a value of another kind", "snapshots:\n  a:\n    description: [1]\n", /, line 3: snapshots\.a\.description takes text/],
        [
            "a name with a dot and a space",
            'snapshots:\n  "a.b c":\n    provision:\n      - comand: [x]\n',
            /, line 4: snapshots\["a\.b c"\]\.provision\[0\]\.command is missing; .* \(and 1 more/,
        ],
        ["a parent that is nowhere", "snapshots:\n  a: {}\n  b:\n    parent: c\n", /, line 4: snapshot "b" has the parent "c"/],
        ["a current that is nowhere", "snapshots:\n  a: {}\ncurrent: c\n", /, line 3: current "c"/],
        ["broken YAML", "snapshots:\n  a: {}\n b: [\n", /, line 3: .*; correct it, as YAML or JSON$/],
        ["a key twice", "snapshots:\n  a: {}\n  a: {}\n", /, line 3: Map keys must be unique/],
        ["a list", "- a\n", /is a list; write what a SnapshotTree takes/],
        ["nothing", "", /is empty/],
        ["no snapshots", "prune: all\n", /, line 1: snapshots is missing/],
        ["a password in the host", "host: esx://root:hunter2@machine/\nsnapshots: {}\n", /host has a password in it/],
    ])("%s in a file is told by its line: %#", async (_, text, message) => {
        const { machine, file, snaptree } = await bench();
        await using _machine = machine;
        const { code, out, err } = await (text.startsWith("host") ? hostless : snaptree)("plan", "vm", await file("tree.yaml", text));
        expect(err).toMatch(message);
        expect(err).not.toContain("hunter2");
        expect({ code, out, lines: err.split("\n").length }).toEqual({ code: 2, out: "", lines: 1 });
    });

    test("a file that is not there, is none, or is a broken plan, and no file at all", async () => {
        const { machine, snaptree, file } = await bench();
        await using _ = machine;
        expect(await snaptree("plan", "vm", "/nowhere.yaml")).toMatchObject({
            code: 2,
            err: 'snaptree: "/nowhere.yaml" can\'t be read: it is not there; correct the path',
        });
        expect(await snaptree("apply", "vm", "/tmp")).toMatchObject({ code: 2, err: expect.stringMatching(/it is a folder/) as unknown });
        expect(await snaptree("apply")).toMatchObject({ code: 2, err: expect.stringMatching(/no file is given/) as unknown });
        expect((await snaptree("apply", "vm", await file("x.plan", { plan: { version: 1 } }))).code).toBe(2);
        const command = await file("y.plan", { domain: "vm", plan: { version: 1, operations: [] }, provision: { a: [{ command: "rm" }] } });
        expect((await snaptree("apply", "vm", command)).err).toMatch(/command takes a list/);
        expect((await snaptree("apply", await file("z.yaml", "snapshots: {}"))).err).toMatch(/no domain is named/);
    });
});
