import { join } from "node:path";
import { needs, pulumi, qemu, suiteWith } from "../support/requires";
import { Machine, readText, writes } from "./machine";
import { writeProgram } from "./program";
import { type Outcome, Stack } from "./stack";

const checkout = join(__dirname, "../..");

/** A program of Snapshots and SnapshotBranches in CommonJS; `base` holds “base”. */
const program = (body: string, base = "base") => `const { Snapshot, SnapshotBranch } = require("pulumi-snaptree");
const domain = "web";
const base = new Snapshot("base", { domain, provision: ${writes(base)} });
${body}`;

/** A stack of such a program on a machine of its own; both are gone at the end. */
async function withStack(body: string, work: (stack: Stack, machine: Machine, rewrite: (body: string, base?: string) => Promise<void>) => Promise<void>) {
    await using machine = await Machine.make();
    await using written = await writeProgram(program(body));
    await using stack = await Stack.create(written.folder, { env: { SNAPTREE_HOST: machine.uri } });
    await work(stack, machine, (...said) => written.rewrite(program(...said)));
}

const nameOf = (urn: string): string => urn.slice(urn.lastIndexOf("::") + 2);

/** The fate of each resource that met one, without the stack itself. */
const fates = ({ steps }: Outcome) => Object.fromEntries(steps.filter(({ urn }) => !urn.includes("pulumi:Stack")).map(({ urn, op }) => [nameOf(urn), op]));

/** What the state says of where the domain is. */
async function activeIn(stack: Stack): Promise<Record<string, unknown>> {
    const branches = (await stack.resources()).filter(({ type }) => type.endsWith(":SnapshotBranch"));
    return Object.fromEntries(branches.map(({ urn, outputs }) => [nameOf(urn), outputs?.active]));
}

suiteWith(needs(qemu, pulumi), "SnapshotBranch resources on the real engine and real disks", () => {
    test("the example: the machine moves between two cases with the configuration, and each keeps what was written on it", async () => {
        await using machine = await Machine.make();
        await using stack = await Stack.create(join(checkout, "examples/branches"), { env: { SNAPTREE_HOST: machine.uri } });
        const golden = await machine.goldenHash();
        await stack.configure({ domain: "web" });
        expect((await stack.up()).changes).toEqual({ create: 5 });
        expect(await machine.hierarchy()).toMatchObject({ branch: null, branches: [{ name: "case-17" }, { name: "case-42" }] });

        const texts: Record<string, string> = { "case-17": "tools", "case-42": "tools" };
        for (const [round, name] of ["case-17", "case-42", "case-17"].entries()) {
            await stack.configure({ case: name });
            await stack.up();
            const other = name === "case-17" ? "case-42" : "case-17";
            expect((await machine.hierarchy()).branch).toBe(name);
            expect(await activeIn(stack)).toEqual({ [name]: true, [other]: false });
            // Whichever of the two the program declares first, each has been left for the other now.
            if (round > 0) {
                expect((await stack.preview()).changes).toEqual({ same: 5 });
                expect((await stack.refresh()).changes).toEqual({ same: 5 });
            }
            expect(await readText(await machine.disk())).toBe(texts[name]);
            texts[name] = `${name.replace("-", "")}round${round}`;
            await machine.write(texts[name]);
        }
        const branches = [
            { name: "case-17", active: true },
            { name: "case-42", active: false },
        ];
        expect(await stack.outputs()).toEqual({ branches });

        await expect(stack.destroy()).rejects.toThrow(/DataLossError: .*would lose branch:case-/);
        await stack.destroy({ env: { SNAPTREE_FORCE: "1" } });
        expect(await machine.hierarchy()).toMatchObject({ snapshots: [], branches: [] });
        expect(await machine.goldenHash()).toBe(golden);
    });

    test("what somebody does on the host: a machine that was moved is moved back; a fork that moved is an error until the program says so, and keeps its bytes", async () => {
        const mid = `const mid = new Snapshot("mid", { domain, parent: base, description: "d" });`;
        const body = `${mid} new SnapshotBranch("work", { domain, from: mid, active: true }); new SnapshotBranch("other", { domain, from: base });`;
        await withStack(body, async (stack, machine, rewrite) => {
            await stack.up();
            await machine.write("work");
            await machine.library((vm) => vm.switch("other"));
            await stack.refresh();
            expect(await activeIn(stack)).toEqual({ work: false, other: true });
            expect(fates(await stack.up())).toMatchObject({ work: "update", other: "update" });
            expect(await readText(await machine.disk())).toBe("work");
            expect((await stack.refresh()).changes).toEqual({ same: 5 });

            await machine.library((vm) => vm.delete("mid"));
            await stack.refresh();
            await expect(stack.up()).rejects.toThrow(/branch "work" of domain "web" forks from "base" now and not from "mid".*let the program say so/);
            await rewrite(`${mid} new SnapshotBranch("work", { domain, from: base, active: true }); new SnapshotBranch("other", { domain, from: base });`);
            expect(fates(await stack.up())).toMatchObject({ work: "update" });
            expect(await readText(await machine.disk())).toBe("work");
            expect((await stack.preview()).changes).toEqual({ same: 5 });
        });
    });

    test("a branch that can't be gone over to when it is made is not there afterwards, and the next up makes it", async () => {
        const body = `new SnapshotBranch("work", { domain, from: base, active: true });`;
        await withStack("", async (stack, machine, rewrite) => {
            await stack.up();
            await machine.write("before");
            await rewrite(body);
            {
                await using _busy = await machine.inUse();
                await expect(stack.up()).rejects.toThrow(/BusyError/);
            }
            expect((await machine.hierarchy()).branches).toEqual([]);
            expect((await stack.up()).changes).toMatchObject({ create: 1 });
            const { branch, branches } = await machine.hierarchy();
            expect(branch).toBe("work");
            const kept = branches.find(({ name }) => name === "auto-base-1");
            expect(await readText(kept!.files.vda!)).toBe("before");
            expect(await readText(await machine.disk())).toBe("base");
        });
    });

    test("renamed and reset in place, and committed when it goes; a loss that nobody accepted is refused each time", async () => {
        const work = (more: string) => `new SnapshotBranch("work", { domain, from: base, active: true, ${more} });`;
        await withStack(work("resetOn: 1"), async (stack, machine, rewrite) => {
            await stack.up();
            await machine.write("first");
            await rewrite(work(`resetOn: 2, name: "renamed"`));
            await expect(stack.up()).rejects.toThrow(/DataLossError: .*would lose branch:work/);
            expect(await readText(await machine.disk())).toBe("first");
            await rewrite(work(`resetOn: 2, name: "renamed", force: ["branch:work"], onDelete: "commit"`));
            expect(fates(await stack.up())).toMatchObject({ work: "update" });
            expect((await machine.hierarchy()).branch).toBe("renamed");
            expect(await readText(await machine.disk())).toBe("base");

            await machine.write("second");
            await rewrite("");
            await stack.up();
            expect(await machine.hierarchy()).toMatchObject({ branch: null, branches: [] });
            expect(await machine.contents()).toEqual({ base: "second" });
        });
    });

    test("a snapshot that is taken again has its branches forked again, unless they hold something", async () => {
        const body = `
            const mid = new Snapshot("mid", { domain, parent: base, provision: ${writes("mid")} });
            new SnapshotBranch("work", { domain, from: mid, active: true });`;
        await withStack(body, async (stack, machine, rewrite) => {
            await stack.up();
            await rewrite(body, "newbase");
            expect((await stack.up()).changes).toEqual({ replace: 3, same: 1 });
            expect(await machine.hierarchy()).toMatchObject({ branch: "work", branches: [{ name: "work", from: "mid" }] });
            await machine.write("mine");
            await rewrite(body, "newer");
            await expect(stack.up()).rejects.toThrow(/DataLossError: .*would lose branch:work/);
            expect(await readText(await machine.disk())).toBe("mine");
            expect(await machine.contents()).toEqual({ base: "newbase", mid: "mid" });
        });
    });
});
