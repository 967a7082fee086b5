// What Snaptree did not make, or another domain stands on, is never written and never removed: byte for byte, through everything.
import { mkdir, readFile, realpath, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect, HostError } from "../../../provider/engine";
import { holding } from "../../conformance/bench";
import { grow, growSeed, refused, writeAll } from "../../conformance/support";
import { needs, qemu, suiteWith } from "../../support/requires";
import { disksOf, QemuMachine } from "./machine";
import { contentsOf, qemuImg, sha256 } from "./tools";

/** Everything that moves, merges and removes files. */
async function everything(machine: QemuMachine): Promise<void> {
    await writeAll(machine, 5, "x");
    await machine.vm.create({ name: "f" });
    await machine.vm.revert("a", { keep: true });
    await writeAll(machine, 6, "y");
    await machine.vm.create({ name: "g", parent: "d" });
    for (const name of ["c", "b", "f"]) await machine.vm.delete(name);
    await machine.vm.delete("a", { scope: "children", force: true });
    await machine.vm.delete("a");
}

/** Everything that forks, follows, empties and commits leaves. */
async function everythingOfBranches(machine: QemuMachine): Promise<void> {
    await machine.vm.branch("p", { from: "d" });
    await machine.vm.switch("p");
    await writeAll(machine, 5, "p");
    await machine.vm.create({ name: "q" });
    await writeAll(machine, 6, "p");
    await machine.vm.revert("q", { commit: true });
    await machine.vm.deactivate("q", { merge: true });
    await writeAll(machine, 7, "p");
    await machine.vm.resetBranch("p", { toFork: true, force: true });
    await machine.vm.revert("d", { follow: true, discard: true });
    await machine.vm.revert("e");
    await machine.vm.unbranch("p", { force: true });
}

suiteWith(needs(qemu), "files of others", () => {
    test.each(["qcow2", "raw"] as const)("the images that a domain was made of (%s) stay as they are", async (format) => {
        await using machine = await QemuMachine.make(["vda"], { format });
        const base = (await machine.files()).vda ?? "";
        await machine.vm.create({ name: "base", mode: "external" });
        await machine.seal(base);
        for (const [name, parent, slot] of [
            ["a", "base", 1],
            ["b", "a", 2],
            ["c", "b", 3],
            ["d", "c", 4],
            ["e", "b", 3],
        ] as const)
            await grow(machine, name, parent, slot);
        await everythingOfBranches(machine);
        await grow(machine, "d", "c", 4);
        await everything(machine);
        await machine.vm.delete("base", { scope: "subtree", force: true });
        await machine.sound();
    });

    test.each(["qcow2", "raw"] as const)(
        "an image that the domain was made of (%s) is not written by a commit into its snapshot, which holds the new contents",
        async (format) => {
            await using machine = await QemuMachine.make(["vda"], { format });
            const base = (await machine.files()).vda ?? "";
            await machine.vm.create({ name: "base", mode: "external" });
            await machine.seal(base);
            for (const [slot, how] of [
                [1, { commit: true }],
                [2, { commit: true }],
                [3, { commit: true, discard: true }],
            ] as const) {
                await writeAll(machine, slot, "x");
                await machine.vm.revert("base", how);
                expect(await machine.tip()).toEqual({ vda: holding("x".repeat(slot)) });
                if (!("discard" in how)) expect(await machine.snapshot("base")).toEqual({ vda: holding("x".repeat(slot)) });
                await machine.sound();
            }
            expect((await machine.vm.hierarchy()).snapshots).toEqual([]);
        },
    );

    /** A second domain, whose disk the test puts on the first one's snapshot. */
    async function other(machine: QemuMachine, overlay: string): Promise<void> {
        await machine.host.define({ name: "other", disks: [{ target: "vda", file: overlay, format: "qcow2" }] });
    }

    test.each<[string, (machine: QemuMachine, file: string) => Promise<string>]>([
        ["by its path", (_, file) => Promise.resolve(file)],
        [
            "through a symbolic link",
            async (machine, file) => {
                await symlink(machine.folder, join(machine.root, "..", "link"));
                return join(machine.root, "..", "link", file.slice(machine.folder.length + 1));
            },
        ],
        [
            "by its real path, where the domain's folder is a link",
            async (machine, file) => {
                const real = join(machine.root, "..", "real");
                await rename(machine.folder, real);
                await symlink(real, machine.folder);
                return join(await realpath(real), file.slice(machine.folder.length + 1));
            },
        ],
        ["as json:", (_, file) => Promise.resolve(`json:${JSON.stringify({ driver: "qcow2", file: { driver: "file", filename: file } })}`)],
        ["as file:", (_, file) => Promise.resolve(`file:${file}`)],
    ])("what another domain stands on (%s) stays, and so do its bytes", async (_, name) => {
        await using machine = await QemuMachine.make(["vda"]);
        await growSeed(machine);
        const file = (await machine.vm.hierarchy()).snapshots.find((s) => s.name === "c")?.files.vda ?? "";
        const overlay = join(machine.root, "other.qcow2");
        await qemuImg("create", "-q", "-f", "qcow2", "-b", await name(machine, file), "-F", "qcow2", "--", overlay);
        await other(machine, overlay);
        const before = await sha256(file);
        await everything(machine);
        expect(await contentsOf(overlay, "qcow2")).toBe(holding("abc"));
        expect(await sha256(file)).toBe(before);
    });

    test("what another domain stands on is neither committed to nor merged into", async () => {
        await using machine = await QemuMachine.make(["vda"]);
        await growSeed(machine);
        const file = (await machine.vm.hierarchy()).snapshots.find((s) => s.name === "c")?.files.vda ?? "";
        const overlay = join(machine.root, "other.qcow2");
        await qemuImg("create", "-q", "-f", "qcow2", "-b", file, "-F", "qcow2", "--", overlay);
        await other(machine, overlay);
        const before = await sha256(file);
        await machine.vm.branch("p", { from: "c" });
        await machine.vm.switch("p");
        await writeAll(machine, 7, "p");
        expect(await refused(machine.vm.revert("c", { commit: true, force: true }))).toBeInstanceOf(HostError);
        await machine.vm.revert("e");
        for (const work of [() => machine.vm.unbranch("p", { commit: true, force: true }), () => machine.vm.deactivate("d", { mergeForce: true })])
            expect(await refused(work())).toBeInstanceOf(HostError);
        await machine.vm.unbranch("p", { force: true });
        await everythingOfBranches(machine);
        await grow(machine, "d", "c", 4);
        await everything(machine);
        expect(await contentsOf(overlay, "qcow2")).toBe(holding("abc"));
        expect(await sha256(file)).toBe(before);
    });

    test("an image that two domains use is not written by an internal snapshot", async () => {
        await using machine = await QemuMachine.make(["vda"]);
        const base = (await machine.files()).vda ?? "";
        await other(machine, base);
        expect(await refused(machine.vm.create({ name: "a", mode: "internal" }))).toBeInstanceOf(HostError);
        await machine.seal(base);
        await machine.vm.create({ name: "a", mode: "external" });
        await machine.write("vda", 1, "x");
        await machine.vm.delete("a");
        await machine.sound();
    });

    test("firmware variables are kept with each snapshot and branch, and never lost unasked", async () => {
        await using machine = await QemuMachine.make(["vda"]);
        const nvram = join(machine.root, "vars.fd");
        const document = join(machine.folder, "domain.xml");
        await writeFile(document, (await readFile(document, "utf8")).replace("</os>", `<nvram>${nvram}</nvram></os>`));
        await writeFile(nvram, "first");
        await machine.vm.create({ name: "a" });
        await writeFile(nvram, "second");
        expect((await machine.vm.hierarchy()).dirty).toBe(true);
        expect((await refused(machine.vm.revert("a"))).message).toContain("would lose tip");
        await machine.vm.create({ name: "b" });
        await writeFile(nvram, "third");
        await machine.vm.revert("a", { keep: "work" });
        expect(await readFile(nvram, "utf8")).toBe("first");
        const { branches } = JSON.parse(await readFile(join(machine.folder, "hierarchy.json"), "utf8")) as { branches: { nvram: string }[] };
        expect(await readFile(join(machine.folder, branches[0]?.nvram ?? ""), "utf8")).toBe("third");
        await machine.vm.revert("b");
        expect(await readFile(nvram, "utf8")).toBe("second");
        await machine.vm.delete("b", { scope: "subtree", force: true });
        await machine.vm.delete("a");
        expect(await readFile(nvram, "utf8")).toBe("second");
    });

    describe("paths are data", () => {
        const folders = [
            "with spaces",
            'quote\'s "here" `$x`',
            "ünïcödé 快照",
            "new\nline",
            "a,b,,c=d",
            "a:b",
            "json:{}",
            "nbd:unix:x",
            "-dash",
            "fat:rw:x",
            "%2e%s<&>",
        ];

        test.each(folders)("a folder and a domain called %j", async (folder) => {
            const domain = /^[-]|\n/.test(folder) ? "vm" : folder;
            await using machine = await QemuMachine.make(["vda"], { folder, domain });
            await growSeed(machine);
            await machine.write("vda", 7, "x");
            await machine.vm.revert("d", { keep: "work" });
            for (const name of ["b", "c"]) await machine.vm.delete(name);
            expect(await machine.snapshot("d")).toEqual({ vda: holding("abcd") });
            expect(await machine.snapshot("e")).toEqual({ vda: holding("abe") });
            expect(await machine.branch("work")).toEqual({ vda: holding("abe...x") });
            await machine.write("vda", 6, "y");
            await machine.vm.create({ name: "f", compression: "zlib" });
            expect(await machine.snapshot("f")).toEqual({ vda: holding("abcd.y") });
            await machine.sound();
        });

        test.each(folders)("internal snapshots of an image in %j", async (folder) => {
            await using machine = await QemuMachine.make(["vda"], { folder });
            await grow(machine, "a", null, 1, { mode: "internal" });
            await machine.write("vda", 7, "x");
            await machine.vm.create({ name: "b" });
            await machine.vm.revert("a");
            await machine.vm.delete("b");
            expect(await machine.tip()).toEqual({ vda: holding("a") });
            await machine.sound();
        });

        test("a host's folder may be moved: what lies in it is found again", async () => {
            await using machine = await QemuMachine.make(["vda"]);
            await growSeed(machine);
            const moved = `${machine.root}-moved`;
            await mkdir(moved);
            await rename(machine.folder, join(moved, "vm"));
            const document = join(moved, "vm", "domain.xml");
            const xml = (await readFile(document, "utf8")).replaceAll(machine.folder, join(moved, "vm"));
            await writeFile(document, xml);
            await using host = await connect(`qemu:///embed?root=${encodeURIComponent(moved)}`);
            const vm = await host.domain("vm");
            expect(await vm.hierarchy()).toMatchObject({ current: "e", dirty: false });
            for (const { files } of (await vm.hierarchy()).snapshots) expect(files.vda).toContain(moved);
            await vm.revert("d");
            await vm.delete("c");
            const [disk] = disksOf(await readFile(document, "utf8"));
            expect(await contentsOf(disk?.file ?? "", "qcow2")).toBe(holding("abcd"));
            await rename(join(moved, "vm"), machine.folder);
        });
    });
});
