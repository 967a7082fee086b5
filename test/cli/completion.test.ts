import { execa } from "execa";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { splitLine } from "../../provider/cli/completion";
import { Machine } from "../engine/machine";
import { onPath } from "../hosts/commands";
import { needs, qemu, suiteWith } from "../support/requires";
import { snaptree } from "./run";

const BIN = join(__dirname, "../../bin");

test.each([
    ["snaptree list ", ["snaptree", "list"], "", ""],
    ["snaptree  show web ba", ["snaptree", "show", "web"], "ba", ""],
    ['snaptree show "my vm" "with s', ["snaptree", "show", "my vm"], "with s", '"'],
    ["snaptree show web 'it is", ["snaptree", "show", "web"], "it is", "'"],
    ["snaptree show web with\\ s", ["snaptree", "show", "web"], "with s", ""],
    ['a "b\\"c" d', ["a", 'b"c'], "d", ""],
    ["", [], "", ""],
    ["a\\", [], "a", ""],
])("the line %j is split as a shell splits it", (line, words, current, quote) => {
    expect(splitLine(line)).toEqual({ words, current, quote });
});

test("a shell that is not known is wrong usage", async () => {
    expect(await snaptree("completion", "fish")).toMatchObject({ code: 2, err: expect.stringMatching(/bash, zsh/) as unknown });
});

test("the script of each shell is what that shell can read", async () => {
    for (const shell of ["bash", "zsh"]) {
        const { out } = await snaptree("completion", shell);
        expect(out).toContain("__complete");
        if (onPath(shell) !== null) await execa(shell, ["-n"], { input: out });
    }
});

/** What real bash offers at the end of a line: the function that the script registers, called as readline calls it. */
async function offered(line: string, host: string): Promise<string[]> {
    const script = `
        eval "$2"
        COMP_LINE=$1 COMP_POINT=\${#1}
        $(complete -p snaptree | sed 's/.*-F \\([^ ]*\\).*/\\1/') snaptree
        printf '%s\\n' "\${COMPREPLY[@]}"`;
    const env = { SNAPTREE_HOST: host, PATH: `${BIN}:${process.env.PATH ?? ""}`, LC_ALL: "C.UTF-8" };
    const { stdout } = await execa("bash", ["--norc", "-c", script, "bash", line, (await snaptree("completion", "bash")).out], { env });
    return stdout.split("\n").filter(Boolean);
}

suiteWith(needs(qemu), "in real bash", () => {
    let machine: Machine;
    beforeAll(async () => {
        machine = await Machine.make();
        await machine.library(async (vm) => {
            await vm.create({ name: "base" });
            await vm.create({ name: "with space 🙂" });
            await vm.create({ name: "a:b" });
            await vm.branch("work", { from: "base" });
        });
    });
    afterAll(() => machine[Symbol.asyncDispose]());

    test.each<[line: string, words: string[]]>([
        ["snaptree li", ["list"]],
        ["snaptree --json sho", ["show"]],
        ["snaptree list ", ["web"]],
        ["snaptree list w", ["web"]],
        ["snaptree list x", []],
        ["snaptree list web --tr", ["--tree"]],
        ["snaptree delete web b", ["base"]],
        ["snaptree delete web w", ["with\\ space\\ 🙂"]],
        ['snaptree delete web "with', ["with space 🙂"]],
        ["snaptree delete web with\\ sp", ["with\\ space\\ 🙂"]],
        ["snaptree delete web a:", ["b"]],
        ["snaptree show web w", ["with\\ space\\ 🙂", "work"]],
        ["snaptree switch web ", ["work"]],
        ["snaptree branch web new --from b", ["base"]],
        ["snaptree branch web new --from=b", ["base"]],
        ["snaptree revert web base --leave ", ["refuse", "shutdown", "checkpoint", "destroy"]],
        ["snaptree revert web base --leave=ch", ["checkpoint"]],
        ["snaptree create web ", []],
        ["snaptree completion ", ["bash", "zsh"]],
        ["snaptree __comp", []],
    ])("%s", async (line, words) => {
        expect(await offered(line, machine.uri)).toEqual(words);
    });

    test("--host on the line comes before SNAPTREE_HOST, and one that can't be reached offers nothing", async () => {
        expect(await offered(`snaptree --host '${machine.uri}' list `, "qemu:///embed?root=/nowhere")).toEqual(["web"]);
        expect(await offered("snaptree --host qemu:///embed?root=/nowhere list ", machine.uri)).toEqual([]);
    });

    test("every verb of the help is offered", async () => {
        const { out } = await snaptree("--help");
        for (const verb of await offered("snaptree ", machine.uri)) expect(out).toMatch(new RegExp(`^  ${verb} `, "m"));
        expect((await offered("snaptree ", machine.uri)).length).toBeGreaterThanOrEqual(12);
    });
});

test("the executable that completion calls is the package's own", async () => {
    expect(JSON.parse(await readFile("package.json", "utf8"))).toMatchObject({ bin: { snaptree: "./bin/snaptree" } });
});
