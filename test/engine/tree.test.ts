import { execFileSync } from "node:child_process";
import { needs, pulumi, qemu, suiteWith } from "../support/requires";
import { Machine, readText, writes } from "./machine";
import { writeProgram } from "./program";
import { Stack } from "./stack";

/** Program text: a tree of 30, two nodes of it with contents of their own, and two branches. */
const lab = ({ text = "second", current = "main", more = "", without = "" } = {}) => `
const { SnapshotTree } = require("pulumi-snaptree");
const snapshots = { s0: { provision: ${writes("first")} } };
for (let i = 1; i < 30; i++) snapshots["s" + i] = { parent: "s" + ((i - 1) >> 1) };
snapshots.s2.provision = ${writes(text)};
${more}
delete snapshots[${JSON.stringify(without)}];
const tree = new SnapshotTree("lab", { domain: "web", snapshots, branches: { main: { from: "s29" }, side: { from: "s28" } }, current: "${current}" });
exports.ids = tree.snapshots.apply((all) => Object.keys(all).length);
`;

async function withLab(work: (stack: Stack, machine: Machine, rewrite: (source: string) => Promise<void>) => Promise<void>): Promise<void> {
    await using machine = await Machine.make();
    await using program = await writeProgram(lab());
    await using stack = await Stack.create(program.folder, { env: { SNAPTREE_HOST: machine.uri } });
    await work(stack, machine, (source) => program.rewrite(source));
}

/** What each snapshot holds where the second one says `text`: the nearest contents above it. */
function expected(text: string): Record<string, string> {
    const contents: Record<string, string> = { s0: "first" };
    for (let i = 1; i < 30; i++) contents[`s${i}`] = i === 2 ? text : contents[`s${(i - 1) >> 1}`]!;
    return contents;
}

const leaf = async (machine: Machine, name: string) => (await machine.hierarchy()).branches.find((branch) => branch.name === name)!.files.vda!;
const write = (file: string, letter: string) => execFileSync("qemu-io", ["-f", "qcow2", "-c", `write -P ${letter.charCodeAt(0)} 0 4`, file]);

suiteWith(needs(qemu, pulumi), "a SnapshotTree on the real engine and real disks", () => {
    test("is built, kept, changed, moved between branches, mended and destroyed, with every snapshot's and branch's own bytes", async () => {
        await withLab(async (stack, machine, rewrite) => {
            const golden = await machine.goldenHash();
            expect((await stack.up()).changes).toEqual({ create: 2 });
            expect(await machine.contents()).toEqual(expected("second"));
            expect((await machine.hierarchy()).branch).toBe("main");
            expect((await stack.up()).changes).toEqual({ same: 2 });
            expect((await stack.refresh()).changes).toEqual({ same: 2 });
            expect((await stack.preview()).changes).toEqual({ same: 2 });

            await rewrite(lab({ text: "other" }));
            const preview = await stack.preview();
            expect(preview.diagnostics.map(({ message }) => message).join("\n")).toMatch(/taken again.*"s2"/);
            expect(await machine.contents()).toEqual(expected("second"));
            const up = await stack.up();
            expect(up.changes).toEqual({ same: 1, update: 1 });
            expect(up.diagnostics.map(({ message }) => message)).toContain("web: + create s2 under s0, provisioned");
            expect(await machine.contents()).toEqual(expected("other"));

            write(await leaf(machine, "main"), "m");
            await rewrite(lab({ text: "other", current: "side" }));
            await stack.up();
            write(await leaf(machine, "side"), "s");
            await rewrite(lab({ text: "other" }));
            await stack.up();
            expect((await machine.hierarchy()).branch).toBe("main");
            expect(await readText(await leaf(machine, "main"))).toBe("mmmmr");
            expect(await readText(await leaf(machine, "side"))).toBe("ssssr");

            await machine.library(async (vm) => {
                await vm.create({ name: "theirs", parent: "s5" });
                await vm.delete("s20");
            });
            await stack.refresh();
            const more = `snapshots.s0.description = "the first"; snapshots.renamed = { ...snapshots.s19, renamedFrom: "s19" }; delete snapshots.s19;`;
            await rewrite(lab({ text: "other", more, without: "s18" }));
            expect((await stack.up()).changes).toEqual({ same: 1, update: 1 });
            const names = Object.keys(await machine.parents());
            expect(names).toEqual(expect.arrayContaining(["s20", "renamed", "theirs"]));
            for (const gone of ["s18", "s19"]) expect(names).not.toContain(gone);
            expect((await machine.hierarchy()).snapshots[0]!.description).toBe("the first");

            await expect(stack.destroy()).rejects.toThrow(/DataLossError.*branch:main/s);
            await stack.destroy({ env: { SNAPTREE_FORCE: "1" } });
            expect(Object.keys(await machine.parents())).toEqual(["theirs"]);
            expect((await machine.hierarchy()).branches).toEqual([]);
            expect(await machine.goldenHash()).toBe(golden);
        });
    });

    test("of a thousand is one resource", async () => {
        await withLab(async (stack, machine, rewrite) => {
            await rewrite(`
                const { SnapshotTree } = require("pulumi-snaptree");
                const snapshots = { s0: {} };
                for (let i = 1; i < 1000; i++) snapshots["s" + i] = { parent: "s" + ((i - 1) >> 1) };
                new SnapshotTree("lab", { domain: "web", snapshots });
            `);
            expect((await stack.up({ timeout: 600_000 })).changes).toEqual({ create: 2 });
            expect(Object.keys(await machine.parents())).toHaveLength(1000);
            expect((await stack.up()).changes).toEqual({ same: 2 });
        });
    });
});
