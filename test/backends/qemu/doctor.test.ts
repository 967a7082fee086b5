// Domains that are made broken by hand: what the doctor says of them, what it mends, and that no byte which a name still needs is other afterwards.
import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, truncate, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { type Finding, type Mode } from "../../../provider/engine";
import { holding } from "../../conformance/bench";
import { grow, writeAll } from "../../conformance/support";
import { needs, qemu, suiteWith } from "../../support/requires";
import { Crasher, look } from "./crash";
import { QemuMachine } from "./machine";
import { cases, scene } from "./scenarios";
import { checkImage, contentsOf, imageOf, qemuImg, sha256, writeSlot } from "./tools";

const MODES: readonly Mode[] = ["external", "internal"];

/** A tree in one mode, with a branch that was left and a tip that differs. */
async function machineIn(mode: Mode): Promise<QemuMachine> {
    const machine = await QemuMachine.make(["vda"]);
    await grow(machine, "a", null, 1, { mode });
    await grow(machine, "b", "a", 2);
    await writeAll(machine, 4, "w");
    await machine.vm.revert("a", { keep: "work" });
    await writeAll(machine, 5, "t");
    return machine;
}

async function fileOf(machine: QemuMachine, name: string): Promise<string> {
    const { snapshots, branches } = await machine.vm.hierarchy();
    return [...snapshots, ...branches].find((node) => node.name === name)?.files.vda ?? "";
}

const byWhat = (findings: readonly Finding[]) => [...findings].sort((a, b) => (a.what + a.message < b.what + b.message ? -1 : 1));
const told = (findings: readonly Finding[]) => byWhat(findings).map(({ kind, what, repairable, repaired }) => [kind, basename(what), repairable, repaired]);

/** Nothing of it is other than before, but for what somebody knowingly left out. */
async function unchanged(machine: QemuMachine, work: () => Promise<void>): Promise<void> {
    const before = await look(machine);
    await work();
    expect(await look(machine)).toEqual(before);
}

/** A repair leaves nothing to repair, and finds the rest again. */
async function repairedOnce(machine: QemuMachine): Promise<readonly Finding[]> {
    const said = await machine.vm.doctor();
    const findings = await machine.vm.doctor({ repair: true });
    expect(byWhat(findings).map(({ what, message }) => [what, message])).toEqual(byWhat(said).map(({ what, message }) => [what, message]));
    expect(findings.filter(({ repairable, repaired }) => repairable !== repaired)).toEqual([]);
    expect(await machine.vm.doctor()).toEqual(findings.filter(({ repaired }) => !repaired));
    return findings;
}

async function edit(file: string, change: (text: string) => string): Promise<void> {
    const before = await readFile(file, "utf8");
    expect(change(before)).not.toBe(before);
    await writeFile(file, change(before));
}

suiteWith(needs(qemu), "a doctor", () => {
    describe.each(MODES)("of %s snapshots", (mode) => {
        test("has nothing to say of a healthy domain, and changes nothing of it", async () => {
            await using machine = await machineIn(mode);
            const files = await readdir(machine.folder);
            await unchanged(machine, async () => {
                expect(await machine.vm.doctor()).toEqual([]);
                expect(await machine.vm.doctor({ repair: true })).toEqual([]);
            });
            expect(await readdir(machine.folder)).toEqual(files);
            await machine.sound();
        });

        test("has nothing to say of a domain after everything was deleted", async () => {
            await using machine = await machineIn(mode);
            await machine.vm.unbranch("work", { force: true });
            await machine.vm.delete("a", { scope: "subtree", force: true });
            expect(await machine.vm.doctor()).toEqual([]);
        });

        test("tells what is only forgotten from what is wrong, and leaves it", async () => {
            await using machine = await machineIn(mode);
            await machine.vm.create({ name: "n", noMetadata: true });
            await machine.vm.unbranch("work", { force: true });
            await machine.vm.delete("b", { scope: "metadata" });
            const findings = await machine.vm.doctor({ repair: true });
            expect(new Set(findings.map(({ kind }) => kind))).toEqual(new Set(["kept"]));
            expect(findings.some(({ repairable }) => repairable)).toBe(false);
        });

        test("removes what a kill left of files that were being written", async () => {
            await using machine = await machineIn(mode);
            for (const name of [
                "hierarchy.json.new",
                "journal.json.new",
                "domain.xml.new",
                "journal.take0",
                "domain.xml.01234567-89ab-cdef-0123-456789abcdef",
            ]) {
                await writeFile(join(machine.folder, name), "half");
            }
            await writeFile(join(machine.folder, "notes.txt"), "mine");
            await unchanged(machine, async () => {
                const findings = await repairedOnce(machine);
                expect(findings.map(({ kind, repaired }) => [kind, repaired])).toEqual(Array.from({ length: 5 }, () => ["leftover", true]));
            });
            expect(await readFile(join(machine.folder, "notes.txt"), "utf8")).toBe("mine");
            await machine.sound();
        });

        test("writes documents again that are missing or damaged, and says what they then hold", async () => {
            await using machine = await machineIn(mode);
            const names = await readdir(machine.folder);
            const [first = "", second = ""] = names.filter((name) => /^snapshot.*xml$/.test(name)).sort();
            const [branch = ""] = names.filter((name) => /^branch.*xml$/.test(name));
            await rm(join(machine.folder, first));
            await truncate(join(machine.folder, second), 40);
            await rm(join(machine.folder, branch));
            const damaged = await readFile(join(machine.folder, second), "utf8");
            await unchanged(machine, async () => {
                const findings = await repairedOnce(machine);
                expect(told(findings)).toEqual([
                    ["document", branch, true, true],
                    ["document", first, true, true],
                    ["document", second, true, true],
                ]);
                expect(findings[0]?.message).toContain("configuration of today");
            });
            expect(await readFile(join(machine.folder, `${second}.damaged`), "utf8")).toBe(damaged);
            await machine.vm.revert("b", { force: true });
            expect(await machine.tip()).toEqual({ vda: holding("ab") });
            await machine.vm.switch("work");
            expect(await machine.tip()).toEqual({ vda: holding("ab.w") });
        });

        test("tells of documents that no record names, and leaves them", async () => {
            await using machine = await machineIn(mode);
            await writeFile(join(machine.folder, "snapshot.99.xml"), "<domainsnapshot/>");
            await writeFile(join(machine.folder, "nvram.98.fd"), "variables");
            const findings = await repairedOnce(machine);
            expect(told(findings)).toEqual([
                ["orphan", "nvram.98.fd", false, false],
                ["orphan", "snapshot.99.xml", false, false],
            ]);
            expect(existsSync(join(machine.folder, "snapshot.99.xml"))).toBe(true);
        });

        test("tells of a missing image who can't do without it", async () => {
            await using machine = await machineIn(mode);
            const file = await fileOf(machine, "b");
            await rename(file, `${file}.away`);
            const findings = await machine.vm.doctor({ repair: true });
            const [missing] = findings.filter(({ kind }) => kind === "chain");
            expect(missing).toMatchObject({ what: file, repairable: false, repaired: false });
            expect(missing?.message).toContain('snapshot "b"');
            expect(missing?.message).toContain("is not there");
            await rename(`${file}.away`, file);
            expect(await machine.vm.doctor()).toEqual([]);
        });

        test("tells of an image that is damaged, and does not touch it", async () => {
            await using machine = await machineIn(mode);
            const file = await fileOf(machine, "b");
            await truncate(file, (await stat(file)).size - 70_000);
            const before = await sha256(file);
            const findings = await machine.vm.doctor({ repair: true });
            expect(findings).toMatchObject([{ kind: "image", what: file, repairable: false }]);
            expect(findings[0]?.message).toMatch(/corruptions.*snapshot "b"/);
            expect(await sha256(file)).toBe(before);
        });

        test("gives back clusters that nothing refers to, in images that are Snaptree's to write", async () => {
            await using machine = await machineIn(mode);
            const file = await fileOf(machine, "b");
            await leak(file);
            await expect(checkImage(file)).rejects.toThrow();
            await unchanged(machine, async () => {
                expect(told(await repairedOnce(machine))).toEqual([["image", basename(file), true, true]]);
            });
            await machine.sound();
        });

        test("says where the domain's document has other disks than it was left with", async () => {
            await using machine = await machineIn(mode);
            const [disk] = await machine.disks();
            await copyFile(disk?.file ?? "", join(machine.folder, "elsewhere.img"));
            await edit(join(machine.folder, "domain.xml"), (xml) => xml.replace(disk?.file ?? "", join(machine.folder, "elsewhere.img")));
            const findings = await machine.vm.doctor({ repair: true });
            expect(findings.filter(({ kind }) => kind === "domain")).toMatchObject([{ what: join(machine.folder, "domain.xml"), repairable: false }]);
            expect(findings.find(({ kind }) => kind === "domain")?.message).toContain("point it back");
        });

        test("goes on as far as it can where the records, or the domain's document, can't be read", async () => {
            await using machine = await machineIn(mode);
            const records = join(machine.folder, "hierarchy.json");
            const kept = await readFile(records, "utf8");
            await truncate(records, 100);
            await writeFile(join(machine.folder, "domain.xml.new"), "half");
            const before = await readdir(machine.folder);
            expect(told(await machine.vm.doctor({ repair: true }))).toEqual([
                ["leftover", "domain.xml.new", true, true],
                ["records", "hierarchy.json", false, false],
            ]);
            expect(await readdir(machine.folder)).toEqual(before.filter((name) => name !== "domain.xml.new"));
            await writeFile(records, kept.replace('"parent":"a"', '"parent":"nobody"'));
            expect(told(await machine.vm.doctor())).toContainEqual(["records", "hierarchy.json", false, false]);
            await writeFile(records, kept);
            const document = join(machine.folder, "domain.xml");
            const xml = await readFile(document, "utf8");
            await truncate(document, 60);
            expect(told(await machine.vm.doctor({ repair: true }))).toEqual([["domain", "domain.xml", false, false]]);
            await writeFile(document, xml);
            expect(await machine.vm.doctor()).toEqual([]);
        });

        test("takes a domain beside this one that can't be read for a reason to remove nothing", async () => {
            await using machine = await machineIn(mode);
            await mkdir(join(machine.root, "other"));
            await writeFile(join(machine.root, "other", "domain.xml"), "<domain>");
            expect(told(await machine.vm.doctor())).toEqual([["neighbour", "other", false, false]]);
            const empty = join(machine.folder, "vda.1.qcow2");
            if (existsSync(empty)) return;
            await qemuImg("create", "-q", "-f", "qcow2", empty, "512k");
            expect(told(await machine.vm.doctor({ repair: true })).map(([kind]) => kind)).toContain("neighbour");
            expect(existsSync(empty)).toBe(true);
        });
    });

    /** Marks a free cluster at the end of an image as used. */
    async function leak(file: string): Promise<void> {
        const bytes = await readFile(file);
        const block = Number(bytes.readBigUInt64BE(Number(bytes.readBigUInt64BE(48))));
        const cluster = Math.ceil(bytes.length / 65536) + 1;
        bytes.writeUInt16BE(1, block + 2 * cluster);
        await writeFile(file, Buffer.concat([bytes, Buffer.alloc((cluster + 1) * 65536 - bytes.length)]));
    }

    describe("of overlays", () => {
        test("removes one that nothing was written to, and no other that it did not make", async () => {
            await using machine = await machineIn("external");
            const ours = join(machine.folder, "vda.0.qcow2");
            const notYet = join(machine.folder, "vda.999.qcow2");
            const prepared = join(machine.folder, "prepared.qcow2");
            const base = await fileOf(machine, "b");
            for (const file of [ours, notYet, prepared]) await qemuImg("create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", file);
            await unchanged(machine, async () => {
                expect(told(await repairedOnce(machine))).toEqual([
                    ["orphan", "prepared.qcow2", false, false],
                    ["leftover", "vda.0.qcow2", true, true],
                    ["orphan", "vda.999.qcow2", false, false],
                ]);
            });
            expect([ours, notYet, prepared].map((file) => existsSync(file))).toEqual([false, true, true]);
            await machine.vm.create({ name: "c", disks: { vda: { file: join(machine.folder, "mine.qcow2") } } });
            expect(told(await machine.vm.doctor()).map(([, what]) => what)).not.toContain("mine.qcow2");
        });

        test("keeps one that holds data as a branch of the snapshot that it stands on, with every byte", async () => {
            await using machine = await machineIn("external");
            const orphan = join(machine.folder, "vda.0.qcow2");
            await qemuImg("create", "-q", "-f", "qcow2", "-b", basename(await fileOf(machine, "b")), "-F", "qcow2", join(machine.folder, "inner.qcow2"));
            await qemuImg("create", "-q", "-f", "qcow2", "-b", join(machine.folder, "inner.qcow2"), "-F", "qcow2", orphan);
            await writeSlot(join(machine.folder, "inner.qcow2"), "qcow2", 5, "i");
            await writeSlot(orphan, "qcow2", 6, "o");
            expect(told(await repairedOnce(machine))).toEqual([["orphan", "vda.0.qcow2", true, true]]);
            const { branches } = await machine.vm.hierarchy();
            expect(branches.find(({ name }) => name === "auto-b-1")).toMatchObject({ from: "b", tip: "b", files: { vda: orphan }, dirty: true });
            expect(await machine.branch("auto-b-1")).toEqual({ vda: holding("ab..io") });
            await machine.vm.switch("auto-b-1", { keep: true });
            expect(await machine.tip()).toEqual({ vda: holding("ab..io") });
            await machine.vm.delete("b");
            expect(await machine.tip()).toEqual({ vda: holding("ab..io") });
            expect(await machine.vm.doctor()).toEqual([]);
        });

        test("tells of one that stands on what is written to, or on nothing that is known, and leaves it", async () => {
            await using machine = await machineIn("external");
            const onTip = join(machine.folder, "on-tip.qcow2");
            const alone = join(machine.folder, "alone.qcow2");
            await qemuImg("create", "-q", "-f", "qcow2", "-b", (await machine.files()).vda ?? "", "-F", "qcow2", onTip);
            await qemuImg("create", "-q", "-f", "qcow2", alone, "512k");
            for (const file of [onTip, alone]) await writeSlot(file, "qcow2", 6, "o");
            expect(told(await repairedOnce(machine))).toEqual([
                ["orphan", "alone.qcow2", false, false],
                ["orphan", "on-tip.qcow2", false, false],
            ]);
            expect(await contentsOf(alone, "qcow2")).toBe("......o.");
        });

        test("leaves what another domain uses", async () => {
            await using machine = await machineIn("external");
            const overlay = join(machine.folder, "vda.0.qcow2");
            await qemuImg("create", "-q", "-f", "qcow2", "-b", await fileOf(machine, "b"), "-F", "qcow2", overlay);
            await machine.host.define({ name: "other", disks: [{ target: "vda", file: overlay, format: "qcow2" }] });
            expect(await machine.vm.doctor({ repair: true })).toEqual([]);
            expect(existsSync(overlay)).toBe(true);
        });

        test("puts one back on the file that it was made on, where its own word for that is gone", async () => {
            await using machine = await machineIn("external");
            const file = await fileOf(machine, "work");
            const { backing } = await imageOf(file);
            await unchanged(machine, async () => {
                await qemuImg("rebase", "-u", "-f", "qcow2", "-b", join(machine.folder, "gone.qcow2"), "-F", "qcow2", file);
                expect(told(await repairedOnce(machine))).toEqual([["chain", basename(file), true, true]]);
                expect((await imageOf(file)).backing).toBe(backing);
            });
            await machine.sound();
        });

        test("tells of one that stands on another file than it was made on, and leaves it", async () => {
            await using machine = await machineIn("external");
            const file = await fileOf(machine, "work");
            const other = await fileOf(machine, "a");
            await qemuImg("rebase", "-u", "-f", "qcow2", "-b", other, "-F", "qcow2", file);
            const findings = await repairedOnce(machine);
            expect(told(findings)).toEqual([["chain", basename(file), false, false]]);
            expect(findings[0]?.message).toContain('branch "work"');
            expect((await imageOf(file)).backing).toBe(other);
        });

        test("tells of a chain that goes round, of a golden image that is gone, and of a raw one that was cut short", async () => {
            await using machine = await machineIn("external");
            const golden = join(machine.root, "..", "golden", "vda.raw");
            await rename(golden, `${golden}.away`);
            expect(told(await machine.vm.doctor({ repair: true }))).toEqual([["chain", "vda.raw", false, false]]);
            await rename(`${golden}.away`, golden);
            const base = join(machine.root, "..", "golden", "vda.qcow2");
            await qemuImg("rebase", "-u", "-f", "qcow2", "-b", await fileOf(machine, "b"), "-F", "qcow2", base);
            expect((await machine.vm.doctor()).some(({ kind, message }) => kind === "chain" && message.includes("stands on itself"))).toBe(true);
            await using raw = await QemuMachine.make(["vda"], { format: "raw" });
            await raw.vm.create({ name: "a", mode: "external" });
            expect(await raw.vm.doctor()).toEqual([]);
            await truncate(join(raw.root, "..", "golden", "vda.raw"), 65536);
            expect(told(await raw.vm.doctor())).toEqual([["chain", "vda.raw", false, false]]);
        });

        test("tells of leaks in a golden image, which is not Snaptree's to write", async () => {
            await using machine = await machineIn("external");
            const base = join(machine.root, "..", "golden", "vda.qcow2");
            await leak(base);
            const before = await sha256(base);
            expect(told(await repairedOnce(machine))).toEqual([["image", "vda.qcow2", false, false]]);
            expect(await sha256(base)).toBe(before);
        });

        test("tells of firmware variables that are gone", async () => {
            await using machine = await QemuMachine.make(["vda"]);
            const nvram = join(machine.root, "vars.fd");
            await edit(join(machine.folder, "domain.xml"), (xml) => xml.replace("</os>", `<nvram>${nvram}</nvram></os>`));
            await writeFile(nvram, "first");
            await machine.vm.create({ name: "a" });
            const [copy = ""] = (await readdir(machine.folder)).filter((name) => name.startsWith("nvram."));
            await rm(join(machine.folder, copy));
            expect(told(await repairedOnce(machine))).toEqual([["document", copy, false, false]]);
        });
    });

    describe("of internal snapshots", () => {
        test("tells which contents are gone, and which nobody names", async () => {
            await using machine = await machineIn("internal");
            const file = await fileOf(machine, "b");
            await qemuImg("snapshot", "-d", "b", file);
            await qemuImg("snapshot", "-c", "somebody's", file);
            await writeAll(machine, 6, "s");
            await qemuImg("snapshot", "-c", "snaptree-tip-lost", file);
            await writeAll(machine, 6, "r");
            const findings = await repairedOnce(machine);
            expect(findings.map(({ kind, message, repairable }) => [kind, /snapshot "(.*?)"/.exec(message)?.[1], repairable])).toEqual([
                ["image", "b", false],
                ["kept", "somebody's", false],
                ["orphan", "snaptree-tip-lost", false],
            ]);
            expect((await imageOf(file)).internal).toEqual(expect.arrayContaining(["somebody's", "snaptree-tip-lost"]));
            await machine.vm.delete("b", { scope: "metadata", force: true });
            expect((await machine.vm.doctor()).map(({ kind }) => kind)).toEqual(["kept", "orphan"]);
        });

        test("removes a tip snapshot that nobody names, where another one holds the same", async () => {
            await using machine = await machineIn("internal");
            const file = await fileOf(machine, "b");
            await unchanged(machine, async () => {
                await machine.vm.create({ name: "same" });
                await qemuImg("snapshot", "-c", "snaptree-tip-left", file);
                expect(told(await repairedOnce(machine))).toEqual([["orphan", basename(file), true, true]]);
                expect((await imageOf(file)).internal).not.toContain("snaptree-tip-left");
                expect(await machine.vm.doctor()).toEqual([]);
                await machine.vm.delete("same");
                await machine.vm.redefine({ name: "a", current: true });
            });
            await machine.sound();
        });
    });

    describe("of an operation that was interrupted", () => {
        let crasher: Crasher;
        beforeAll(async () => {
            crasher = await Crasher.make();
        });
        afterAll(() => crasher[Symbol.asyncDispose]());

        const some = cases.filter(([name]) => ["create, of the tip", "delete of an inner snapshot"].includes(name));
        test.each(some)("%s (%s): finishes it or takes it back as it says, at every step, and finds nothing else", async (_, mode, scenario) => {
            await using machine = await QemuMachine.make(scenario.targets);
            await scene(machine, mode);
            const work = await scenario.work(machine);
            const before = await look(machine);
            await using point = machine.save();
            const { points } = await crasher.run(machine, work, null);
            const after = await look(machine);
            for (let at = 0; at < (points ?? 0); at++) {
                await point.restore();
                await crasher.run(machine, work, at);
                await machine.connect();
                const said = await machine.vm.doctor();
                const isBegun = existsSync(join(machine.folder, "journal.json"));
                expect([at, said.map(({ kind, repairable }) => [kind, repairable])]).toEqual([at, isBegun ? [["journal", true]] : []]);
                const findings = await machine.vm.doctor({ repair: true });
                expect([at, findings.map(({ kind, repaired }) => [kind, repaired])]).toEqual([at, isBegun ? [["journal", true]] : []]);
                expect([at, await look(machine)]).toEqual([at, said[0]?.message.endsWith("finished") || (at > 0 && !isBegun) ? after : before]);
                expect(await machine.vm.doctor()).toEqual([]);
                await machine.sound();
            }
        });

        test("says of a journal that can't be read, or is older than the records, that nothing can be begun, and begins nothing", async () => {
            await using machine = await machineIn("external");
            const journal = join(machine.folder, "journal.json");
            const empty = join(machine.folder, "vda.0.qcow2");
            await qemuImg("create", "-q", "-f", "qcow2", "-b", await fileOf(machine, "b"), "-F", "qcow2", empty);
            for (const text of ["{", JSON.stringify({ title: "t", generation: 1, prepare: [], finish: [] })]) {
                await writeFile(journal, text);
                const findings = await machine.vm.doctor({ repair: true });
                expect(findings[0]).toMatchObject({ kind: "journal", what: journal, repairable: false });
                expect(findings.some(({ repaired }) => repaired)).toBe(false);
                expect(existsSync(empty)).toBe(true);
            }
        });

        test("asks for a commit that was interrupted to be run again", async () => {
            await using machine = await machineIn("external");
            await edit(join(machine.folder, "hierarchy.json"), (text) => text.replace('"name":"b",', '"name":"b","committing":true,'));
            const findings = await repairedOnce(machine);
            expect(findings).toMatchObject([{ kind: "commit", what: "b", repairable: false }]);
            expect(findings[0]?.message).toContain("run again");
        });
    });
});
