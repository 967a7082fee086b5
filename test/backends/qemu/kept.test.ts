// What is easily lost on the way between branches, with several disks, in the firmware variables, and between a kill and the next run.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { QemuDomain } from "../../../provider/backends/qemu/domain";
import type { Step } from "../../../provider/backends/backend";
import { BusyError, type DataLossError } from "../../../provider/engine";
import { holding, PRISTINE } from "../../conformance/bench";
import { refused, writeAll } from "../../conformance/support";
import { needs, qemu, suiteWith } from "../../support/requires";
import { QemuMachine } from "./machine";
import { contentsOf } from "./tools";

const both = ["vda", "vdb"];
const losses = async (work: Promise<unknown>) => ((await refused(work)) as DataLossError).losses;

function editDomain(machine: QemuMachine, edit: (xml: string) => string): void {
    const file = join(machine.folder, "domain.xml");
    const before = readFileSync(file, "utf8");
    expect(edit(before)).not.toBe(before);
    writeFileSync(file, edit(before));
}

/** Runs work until a call of the engine's, and leaves everything as it is then, as a kill would. */
async function stopAt(where: (method: string, step: Step) => boolean, work: () => Promise<unknown>): Promise<void> {
    const methods = ["perform", "undo", "commit", "clearJournal"] as const;
    const prototype = QemuDomain.prototype as unknown as Record<string, unknown>;
    const real = Object.fromEntries(methods.map((name) => [name, prototype[name]]));
    let isDead = false;
    for (const name of methods) {
        prototype[name] = async function (this: QemuDomain, ...args: unknown[]) {
            isDead ||= where(name, (args[0] ?? {}) as Step);
            if (isDead) throw new Error("killed");
            return (real[name] as (...all: unknown[]) => Promise<unknown>).apply(this, args);
        };
    }
    try {
        await expect(work()).rejects.toThrow(/killed/);
    } finally {
        Object.assign(prototype, real);
    }
    expect(isDead).toBe(true);
}

suiteWith(needs(qemu), "nothing is lost", () => {
    describe.each(["external", "internal"] as const)("%s", (mode) => {
        test("of a disk that the branch in between leaves out: each branch comes back with its own", async () => {
            await using machine = await QemuMachine.make(both);
            const { vm } = machine;
            await vm.create({ name: "a", mode });
            await vm.create({ name: "b", disks: { vdb: { snapshot: "no" } } });
            for (const [name, from] of Object.entries({ x: "a", y: "b", z: "a" })) await vm.branch(name, { from });
            await vm.switch("x");
            await writeAll(machine, 1, "x");
            await vm.switch("y");
            await machine.write("vdb", 2, "y");
            await vm.switch("z");
            await machine.write("vdb", 3, "z");
            for (let round = 0; round < 2; round++) {
                await vm.switch("x");
                expect(await machine.tip()).toEqual({ vda: holding("x"), vdb: holding("x") });
                await vm.switch("z");
                expect(await machine.tip()).toEqual({ vda: PRISTINE, vdb: holding("..z") });
                await vm.switch("y");
                expect((await machine.tip()).vdb?.[2]).toBe("y");
            }
            await vm.switch("z");
            expect(await losses(vm.unbranch("y"))).toEqual(["branch:y"]);
            expect(await losses(vm.unbranch("x"))).toEqual(["branch:x"]);
            await machine.sound();
        });

        test("of a disk that was added on the way, and is not in the configuration of another branch", async () => {
            await using machine = await QemuMachine.make(["vda"]);
            const { vm } = machine;
            await vm.create({ name: "a", mode });
            await vm.branch("y", { from: "a" });
            const extra = await machine.image("vdb", "qcow2");
            const disk = `<disk type="file" device="disk"><driver name="qemu" type="qcow2"/><source file="${extra}"/><target dev="vdb" bus="virtio"/></disk>`;
            editDomain(machine, (xml) => xml.replace("</devices>", `${disk}</devices>`));
            await vm.create({ name: "b" });
            for (const name of ["x", "z"]) await vm.branch(name, { from: "b" });
            await vm.switch("x");
            await writeAll(machine, 1, "x");
            await machine.write("vdb", 2, "x");
            await vm.switch("y");
            expect(Object.keys(await machine.tip())).toEqual(["vda"]);
            await vm.switch("z");
            await machine.write("vdb", 3, "z");
            await vm.switch("x");
            expect((await machine.tip()).vdb).toBe(holding(".x"));
            await vm.switch("y");
            await vm.switch("z");
            expect((await machine.tip()).vdb).toBe(holding("..z"));
        });

        test("of what the parent holds of a disk that a snapshot leaves out, when it is merged", async () => {
            await using machine = await QemuMachine.make(both);
            const { vm } = machine;
            await machine.write("vdb", 1, "a");
            await vm.create({ name: "a", mode });
            await writeAll(machine, 2, "b");
            await vm.create({ name: "b", disks: { vdb: { snapshot: "no" } } });
            // One name in all images holds an internal snapshot.
            if (mode === "internal") expect(await refused(vm.deactivate("b", { merge: true }))).toMatchObject({ name: "UnsupportedError" });
            else await vm.deactivate("b", { merge: true });
            expect((await machine.snapshot("a")).vdb).toBe(holding("a"));
            await vm.revert("a", { keep: true });
            expect((await machine.tip()).vdb).toBe(holding("a"));
        });

        test("of firmware variables that only one branch has, and none of them shows on another", async () => {
            await using machine = await QemuMachine.make(["vda"]);
            const { vm } = machine;
            const variables = join(machine.temporary, "vars.fd");
            editDomain(machine, (xml) => xml.replace("</os>", `<nvram>${variables}</nvram></os>`));
            await vm.create({ name: "a", mode });
            for (const name of ["x", "y"]) await vm.branch(name, { from: "a" });
            await vm.switch("x");
            writeFileSync(variables, "X");
            await vm.switch("y");
            expect(existsSync(variables)).toBe(false);
            expect((await vm.hierarchy()).dirty).toBe(false);
            await vm.switch("x");
            expect(readFileSync(variables, "utf8")).toBe("X");
            expect((await vm.hierarchy()).dirty).toBe(true);
        });

        test("of firmware variables that the guest wrote between the end of a switch and the next run", async () => {
            await using machine = await QemuMachine.make(["vda"]);
            const { vm } = machine;
            const variables = join(machine.temporary, "vars.fd");
            editDomain(machine, (xml) => xml.replace("</os>", `<nvram>${variables}</nvram></os>`));
            writeFileSync(variables, "A");
            await vm.create({ name: "a", mode });
            for (const name of ["x", "y"]) await vm.branch(name, { from: "a" });
            await vm.switch("x");
            await machine.write("vda", 1, "x");
            await stopAt(
                (method) => method === "clearJournal",
                () => vm.switch("y"),
            );
            await machine.write("vda", 2, "y");
            writeFileSync(variables, "WRITTEN ON Y");
            await machine.connect();
            await machine.vm.create({ name: "c" });
            expect(readFileSync(variables, "utf8")).toBe("WRITTEN ON Y");
            expect(await machine.snapshot("c")).toEqual({ vda: holding(".y") });
            expect((await machine.vm.hierarchy()).branches.map(({ name }) => name)).toEqual(["x", "y"]);
            expect(await machine.branch("x")).toEqual({ vda: holding("x") });
            await machine.sound();
        });

        test("by an interrupted commit: nothing can stand on its snapshot or forget it, and giving up its leaf gives up both", async () => {
            await using machine = await QemuMachine.make(["vda"]);
            const { vm } = machine;
            await vm.create({ name: "g", mode });
            await vm.create({ name: "a", parent: "g", provision: machine.provision([{ target: "vda", slot: 1, character: "a" }]) });
            await machine.write("vda", 2, "t");
            if (mode === "internal") {
                // Nothing is half written there: it has happened or not.
                await stopAt(
                    (method) => method === "commit",
                    () => vm.revert("a", { commit: true }),
                );
                await machine.connect();
                await machine.vm.revert("a", { commit: true });
                expect(await machine.snapshot("a")).toEqual({ vda: holding("at") });
                return;
            }
            await stopAt(
                (method) => method === "commit",
                () => vm.revert("a", { commit: true }),
            );
            await machine.connect();
            await machine.vm.redefine({ name: "g", description: "the next run" });
            expect((await machine.vm.hierarchy()).snapshots.filter(({ committing }) => committing).map(({ name }) => name)).toEqual(["a"]);
            for (const work of [
                () => machine.vm.create({ name: "n" }),
                () => machine.vm.branch("n", { from: "a" }),
                () => machine.vm.revert("a", { force: true }),
                () => machine.vm.delete("a", { scope: "metadata", force: true }),
            ])
                expect(await refused(work())).toBeInstanceOf(BusyError);
            expect(await losses(machine.vm.revert("g"))).toEqual(["tip", "snapshot:a"]);
            expect(await machine.tip()).toEqual({ vda: holding("at") });
            await machine.vm.delete("a");
            expect(await machine.tip()).toEqual({ vda: holding("at") });
            await machine.sound();
        });
    });

    test("of a domain whose document is gone: none is defined over its snapshots, and it is whole again with its own", async () => {
        await using machine = await QemuMachine.make(["vda"]);
        const { vda = "" } = await machine.files();
        await machine.vm.create({ name: "a" });
        await machine.vm.branch("x", { from: "a" });
        const document = join(machine.folder, "domain.xml");
        renameSync(document, `${document}.away`);
        const define = () => machine.host.define({ name: machine.domain, disks: [{ target: "vda", file: vda, format: "qcow2" }] });
        expect((await refused(define())).message).toMatch(/holds snapshots of a domain whose "domain.xml" is gone/);
        expect(existsSync(document)).toBe(false);
        renameSync(`${document}.away`, document);
        await machine.connect();
        await machine.vm.switch("x");
        await machine.sound();
    });

    test("by going to a branch whose leaf is gone: the domain stays where it can start", async () => {
        await using machine = await QemuMachine.make(["vda"]);
        await machine.vm.create({ name: "a" });
        const { files } = await machine.vm.branch("x", { from: "a" });
        renameSync(files.vda ?? "", `${files.vda}.away`);
        const before = await machine.files();
        expect((await refused(machine.vm.switch("x"))).message).toMatch(/the leaf of branch "x" for disk vda, .* is not there/);
        expect(await machine.files()).toEqual(before);
        renameSync(`${files.vda}.away`, files.vda ?? "");
        await machine.vm.switch("x");
        await machine.sound();
    });

    test("of a branch that stands on no snapshot, when a root is provisioned under it", async () => {
        await using machine = await QemuMachine.make(["vda"]);
        const { vm } = machine;
        await vm.create({ name: "a" });
        await vm.branch("x", { from: "a" });
        await vm.switch("x");
        await machine.write("vda", 1, "x");
        await vm.delete("a");
        await vm.create({ name: "r", parent: null, provision: machine.provision([{ target: "vda", slot: 2, character: "r" }]) });
        await machine.write("vda", 3, "w");
        expect(await machine.snapshot("r")).toEqual({ vda: holding("xr") });
        expect(await machine.tip()).toEqual({ vda: holding("x.w") });
        await machine.sound();
    });

    test("of an internal disk that somebody took out of the domain: going back is refused, and a switch keeps it", async () => {
        await using machine = await QemuMachine.make(both);
        const { vm } = machine;
        await vm.create({ name: "a", mode: "internal" });
        for (const name of ["x", "y"]) await vm.branch(name, { from: "a" });
        await machine.write("vdb", 2, "d");
        const { vdb = "" } = await machine.files();
        editDomain(machine, (xml) => xml.replace(/<disk\b(?:(?!<\/disk>)[\s\S])*vdb[\s\S]*?<\/disk>\s*/, ""));
        expect(await losses(vm.revert("a"))).toEqual(["tip"]);
        await vm.switch("x");
        await vm.switch("y");
        const tags = execFileSync("qemu-img", ["snapshot", "-l", "--", vdb], { encoding: "utf8" }).match(/snaptree-tip-\S+/g) ?? [];
        const held = await Promise.all(tags.map((tag) => contentsOf(vdb, "qcow2", tag)));
        expect(held).toContain(holding(".d"));
    });

    test("of an internal snapshot that was only forgotten, though the branch that runs was forked from it", async () => {
        await using machine = await QemuMachine.make(["vda"]);
        const { vm } = machine;
        await machine.write("vda", 1, "r");
        await vm.create({ name: "r", mode: "internal" });
        await machine.write("vda", 2, "s");
        await vm.create({ name: "s" });
        await vm.branch("x", { from: "s" });
        await vm.branch("y", { from: "r" });
        await vm.switch("x");
        const xml = await vm.getXMLDesc("s", { secure: true });
        await vm.delete("s", { scope: "metadata" });
        await machine.write("vda", 3, "x");
        expect((await vm.doctor()).filter(({ kind }) => kind !== "kept")).toEqual([]);
        await vm.switch("y");
        await vm.createXML(xml, { redefine: true });
        expect(await machine.snapshot("s")).toEqual({ vda: holding("rs") });
        expect(await machine.branch("x")).toEqual({ vda: holding("rsx") });
    });

    test("of others that a forced commit gives up, while it can still be taken back", async () => {
        await using machine = await QemuMachine.make(["vda"]);
        const { vm } = machine;
        await vm.create({ name: "g" });
        await machine.write("vda", 1, "a");
        await vm.create({ name: "a" });
        await vm.branch("o", { from: "a" });
        await vm.switch("o");
        await machine.write("vda", 2, "o");
        await vm.create({ name: "c" });
        await vm.branch("x", { from: "a" });
        await vm.switch("x");
        await writeAll(machine, 1, "x");
        await stopAt(
            (method) => method === "commit",
            () => vm.revert("a", { commit: true, force: true }),
        );
        await machine.connect();
        await machine.vm.redefine({ name: "g", description: "the next run" });
        expect(await machine.snapshot("a")).toEqual({ vda: holding("a") });
        expect(await machine.snapshot("c")).toEqual({ vda: holding("ao") });
        await machine.vm.revert("a", { commit: true, force: ["snapshot:c", "branch:o"] });
        expect(await machine.snapshot("a")).toEqual({ vda: holding("x") });
        expect((await machine.vm.hierarchy()).branches.map(({ name }) => name)).toEqual(["x"]);
        await machine.sound();
    });

    test("of what is written to an internal disk between a kill and the next run, where the tip is its own again", async () => {
        await using machine = await QemuMachine.make(["vda"]);
        const { vm } = machine;
        await vm.create({ name: "a", mode: "internal" });
        await vm.branch("x", { from: "a" });
        await vm.switch("x");
        await vm.create({ name: "b" });
        await machine.write("vda", 2, "x");
        await stopAt(
            (method) => method === "commit",
            () => vm.create({ name: "s", parent: "a" }),
        );
        await machine.write("vda", 3, "w");
        await machine.connect();
        await machine.vm.create({ name: "n", parent: "a" });
        const { branches } = await machine.vm.hierarchy();
        const kept = await Promise.all(branches.map(({ name }) => machine.branch(name)));
        expect([await machine.tip(), ...kept]).toContainEqual({ vda: holding(".xw") });
    });
});
