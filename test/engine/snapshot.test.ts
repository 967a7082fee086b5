import { dirname } from "node:path";
import { rename } from "node:fs/promises";
import { needs, pulumi, qemu, suiteWith } from "../support/requires";
import { Machine, writes } from "./machine";
import { type Language, writeProgram } from "./program";
import { PulumiError, Stack } from "./stack";

const checkout = dirname(dirname(__dirname));

/** A program of Snapshots in CommonJS. */
const program = (body: string) => `const { Snapshot } = require("pulumi-snaptree");\nconst pulumi = require("@pulumi/pulumi");\n${body}`;

/** A stack that is gone, with what it made, at the end. */
async function withStack(
    source: string,
    work: (stack: Stack, machine: Machine, rewrite: (body: string) => Promise<void>) => Promise<void>,
    language?: Language,
): Promise<void> {
    await using machine = await Machine.make();
    await using written = await writeProgram(source, language ? { language } : {});
    await using stack = await Stack.create(written.folder, { env: { SNAPTREE_HOST: machine.uri } });
    await work(stack, machine, (body) => written.rewrite(program(body)));
}

const tree = { a: null, b: "a", c: "b", d: "c", e: "b" };

suiteWith(needs(qemu, pulumi), "Snapshot resources on the real engine and real disks", () => {
    test("the quickstart: built, changed, drifted, mended and destroyed, with each snapshot's own bytes at every step", async () => {
        await using machine = await Machine.make();
        await using stack = await Stack.create(checkout, { env: { SNAPTREE_HOST: machine.uri } });
        const golden = await machine.goldenHash();

        expect((await stack.up()).changes).toEqual({ create: 6 });
        expect(await machine.parents()).toEqual(tree);
        expect(await machine.contents()).toEqual({ a: "a", b: "b", c: "c", d: "d", e: "e" });
        expect((await stack.up()).changes).toEqual({ same: 6 });
        const before = await machine.hierarchy();

        const patched = ["--config", "snaptree-quickstart:c=patched"];
        const preview = await stack.preview({ args: patched });
        expect(preview.changes).toEqual({ replace: 2, same: 4 });
        expect(await machine.hierarchy()).toEqual(before);
        expect((await stack.up({ args: patched })).changes).toEqual({ replace: 2, same: 4 });
        expect(await machine.parents()).toEqual(tree);
        expect(await machine.contents()).toEqual({ a: "a", b: "b", c: "patched", d: "d", e: "e" });
        const idOf = (h: typeof before, name: string) => h.snapshots.find((s) => s.name === name)!.contentId;
        const after = await machine.hierarchy();
        for (const kept of ["a", "b", "e"]) expect(idOf(after, kept)).toBe(idOf(before, kept));
        for (const taken of ["c", "d"]) expect(idOf(after, taken)).not.toBe(idOf(before, taken));
        expect(after.branches).toEqual([]);

        await machine.library((vm) => vm.delete("e"));
        await stack.refresh();
        expect((await stack.resources()).map(({ urn }) => urn.split("::").at(-1))).not.toContain("e");
        expect((await stack.up({ args: patched })).changes).toEqual({ create: 1, same: 5 });
        expect(await machine.contents()).toEqual({ a: "a", b: "b", c: "patched", d: "d", e: "e" });

        expect((await stack.destroy()).changes).toEqual({ delete: 6 });
        expect((await machine.hierarchy()).snapshots).toEqual([]);
        expect(await machine.goldenHash()).toBe(golden);
    });

    test("description and name change in place, and what stands on a renamed snapshot stays", async () => {
        const body = (name: string, description: string) =>
            `const a = new Snapshot("a", { domain: "web", name: "${name}", description: "${description}" }); new Snapshot("b", { domain: "web", parent: a });`;
        await withStack(program(body("a", "old")), async (stack, machine, rewrite) => {
            await stack.up();
            const [a, b] = (await machine.hierarchy()).snapshots;
            await rewrite(body("first", "new"));
            expect((await stack.up()).changes).toMatchObject({ same: 1 });
            const now = (await machine.hierarchy()).snapshots;
            expect(now).toMatchObject([
                { name: "first", description: "new", contentId: a!.contentId },
                { name: "b", parent: "first", contentId: b!.contentId },
            ]);
            expect((await stack.up()).changes).toEqual({ same: 3 });
        });
    });

    test("a provision that fails says what the command said, without its secrets, and leaves nothing", async () => {
        const body = `
            const secret = pulumi.secret("hunter2-and-more");
            const a = new Snapshot("a", { domain: "web" });
            new Snapshot("b", { domain: "web", parent: a, provision: [{ command: ["sh", "-c", "echo token $TOKEN is no good; exit 3"], env: { TOKEN: secret } }] });`;
        await withStack(program(body), async (stack, machine) => {
            const error = await stack.up().then(
                () => null,
                (thrown: unknown) => thrown as PulumiError,
            );
            expect(error).toBeInstanceOf(PulumiError);
            expect(error!.message).toMatch(/exit code 3/);
            expect(error!.message).toMatch(/token \[secret\] is no good/);
            expect(error!.message).not.toContain("hunter2");
            expect(await machine.parents()).toEqual({ a: null });
            expect(await machine.images()).toHaveLength(1);
            expect(JSON.stringify(await stack.export())).not.toContain("hunter2");
        });
    });

    test("secrets stay secret in state and output, also when all goes well", async () => {
        const body = `new Snapshot("a", { domain: "web", password: pulumi.secret("open-sesame-42"), provision: [{ command: ["true"], env: { TOKEN: pulumi.secret("hunter2-and-more") } }] });`;
        await withStack(program(body), async (stack) => {
            const { stdout, stderr } = await stack.up();
            await stack.refresh();
            const shown = `${stdout}${stderr}${JSON.stringify(await stack.export())}`;
            expect(shown).not.toContain("open-sesame");
            expect(shown).not.toContain("hunter2");
        });
    });

    test("a host that can't be reached is an error of refresh, and every snapshot stays in state", async () => {
        await withStack(program(`new Snapshot("a", { domain: "web" });`), async (stack, machine) => {
            await stack.up();
            await rename(machine.root, `${machine.root}-away`);
            try {
                await expect(stack.refresh()).rejects.toThrow(/can't be reached/);
            } finally {
                await rename(`${machine.root}-away`, machine.root);
            }
            expect((await stack.resources()).map(({ urn }) => urn.split("::").at(-1))).toContain("a");
            expect((await stack.up()).changes).toEqual({ same: 2 });
        });
    });

    test("a mistake is told by its property before any host is asked", async () => {
        await withStack(program(`new Snapshot("a", { domain: "web", descripton: "x" });`), async (stack, machine) => {
            await expect(stack.up()).rejects.toThrow(/descripton/);
            expect((await machine.hierarchy()).snapshots).toEqual([]);
        });
    });

    test("siblings in any order, each of its parent's contents, and the state of each is small", async () => {
        const body = `
            const root = new Snapshot("root", { domain: "web", provision: ${writes("root")} });
            for (let i = 0; i < 6; i++) new Snapshot("s" + i, { domain: "web", parent: root });`;
        await withStack(program(body), async (stack, machine) => {
            await stack.up();
            const names = ["root", ...Array.from({ length: 6 }, (_, i) => `s${i}`)];
            expect(await machine.contents()).toEqual(Object.fromEntries(names.map((name) => [name, "root"])));
            for (const { type, inputs, outputs } of await stack.resources()) {
                if (!type.includes("Snapshot")) continue;
                expect(JSON.stringify(inputs!.__provider).length).toBeLessThan(150);
                expect(JSON.stringify(outputs!.__provider).length).toBeLessThan(150);
            }
            expect((await stack.destroy()).changes).toEqual({ delete: 8 });
            expect(await machine.images()).toHaveLength(1);
        });
    });

    test("an ES-module program works like a CommonJS one", async () => {
        const source = `import { Snapshot } from "pulumi-snaptree";\nconst a = new Snapshot("a", { domain: "web" });\nnew Snapshot("b", { domain: "web", parent: a });`;
        await withStack(
            source,
            async (stack, machine) => {
                await stack.up();
                expect(await machine.parents()).toEqual({ a: null, b: "a" });
            },
            "module",
        );
    });

    test("destroying refuses to lose a branch that stands on what goes, until that is accepted", async () => {
        const body = `const a = new Snapshot("a", { domain: "web", onDelete: "subtree" });`;
        await withStack(program(body), async (stack, machine) => {
            await stack.up();
            await machine.library(async (vm) => {
                await vm.create({ name: "inner" });
                await vm.revert("a", { keep: "work" });
            });
            await expect(stack.destroy()).rejects.toThrow(/DataLossError.*branch:work/s);
            expect((await machine.hierarchy()).snapshots.map(({ name }) => name)).toEqual(["a", "inner"]);
            await stack.destroy({ env: { SNAPTREE_FORCE: "1" } });
            expect(await machine.hierarchy()).toMatchObject({ snapshots: [], branches: [] });
        });
    });
});
