import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HostError } from "../../../../provider/model";
import { Images } from "../../../../provider/disks/images";
import { StorageDaemon } from "../../../../provider/disks/storage-daemon";
import { needs, qemu, suiteWith } from "../../../support/requires";
import { alive, eventually, pathOf, Program, qemuImg, withPath, workFolder } from "./support";

/** The daemons that a process has started. */
function daemonsOf(parent: number): number[] {
    return readdirSync("/proc")
        .filter((pid) => {
            if (!/^\d+$/.test(pid) || !existsSync(`/proc/${pid}/stat`)) return false;
            try {
                return (
                    readFileSync(`/proc/${pid}/comm`, "utf8").startsWith("qemu-storage-da") &&
                    new RegExp(`\\) \\S ${parent} `).test(readFileSync(`/proc/${pid}/stat`, "utf8"))
                );
            } catch {
                return false;
            }
        })
        .map(Number);
}

suiteWith(needs(qemu), "QEMU's tools", () => {
    /** Those of this test; others of the same process may be idle. */
    const ours = () => daemonsOf(process.pid).filter((pid) => !before.includes(pid));
    let before: number[] = [];
    beforeEach(() => (before = daemonsOf(process.pid)));

    const folder = workFolder();
    const base = join(folder, "base.qcow2");
    let number = 0;
    const overlay = (rest: object = {}) => ({ file: join(folder, `overlay-${number++}.qcow2`), size: 1 << 20, backing: base, backingFormat: "qcow2", ...rest });
    beforeAll(() => qemuImg("create", "-q", "-f", "qcow2", base, "1M"));

    describe("one qemu-storage-daemon", () => {
        test("makes any number of overlays, sound ones, with few files open at a time", async () => {
            const overlays = Array.from({ length: 300 }, () => overlay());
            const program = new Program(
                folder,
                `import { execFileSync } from "node:child_process";
                 import { Images } from "provider/disks/images";
                 execFileSync("prlimit", ["--pid", String(process.pid), "--nofile=100:100"]);
                 await new Images().createOverlays(${JSON.stringify(overlays)});`,
            );
            expect(await program.ended).toBe(0);
            for (const { file } of [overlays[0], overlays[299]].filter((o) => o !== undefined)) {
                qemuImg("check", "-q", "-f", "qcow2", file);
                expect(JSON.parse(qemuImg("info", "--output=json", file))).toMatchObject({
                    "backing-filename": base,
                    "backing-filename-format": "qcow2",
                    "virtual-size": 1 << 20,
                });
            }
        });

        test("is one, and ends with the connection", async () => {
            await using images = new Images();
            await Promise.all([images.createOverlays([overlay(), overlay()]), images.createOverlays([overlay()])]);
            const started = ours();
            expect(started).toHaveLength(1);
            await images[Symbol.asyncDispose]();
            expect(started.filter(alive)).toEqual([]);
        });

        test("makes overlays and takes internal snapshots of several domains at a time", async () => {
            await using images = new Images();
            const other = join(folder, "other.qcow2");
            qemuImg("create", "-q", "-f", "qcow2", other, "1M");
            const names = Array.from({ length: 10 }, (_, i) => `at-once-${i}`);
            await Promise.all(
                names.flatMap((name) => [
                    images.createOverlays(Array.from({ length: 20 }, () => overlay())),
                    ...[base, other].map((file) => images.takeSnapshots(file, [name])),
                ]),
            );
            for (const file of [base, other])
                expect((JSON.parse(qemuImg("info", "--output=json", file)) as { snapshots: { name: string }[] }).snapshots.map((s) => s.name)).toEqual(names);
            expect(ours()).toHaveLength(1);
        });

        test("leaves a file that is there alone", async () => {
            await using images = new Images();
            const wanted = overlay();
            writeFileSync(wanted.file, "precious");
            await expect(images.createOverlays([wanted, overlay()])).rejects.toThrow(/EEXIST/);
            expect(readFileSync(wanted.file, "utf8")).toBe("precious");
        });

        test("that is killed in the middle fails what it was doing with one clear error, and the next use starts another", async () => {
            await using images = new Images();
            await images.createOverlays([overlay()]);
            const [pid = 0] = ours();
            process.kill(pid, "SIGSTOP");
            const overlays = [overlay(), overlay(), overlay()];
            const work = images.createOverlays(overlays);
            setTimeout(() => process.kill(pid, "SIGKILL"), 200);
            await expect(work).rejects.toThrow(/^qemu-storage-daemon ended by itself \(SIGKILL\): it said nothing; run again$/);
            await expect(work).rejects.toThrow(HostError);
            expect(overlays.map(({ file }) => existsSync(file))).toEqual([false, false, false]);
            await images.createOverlays([overlay()]);
            expect(ours()).toHaveLength(1);
            const [second = 0] = ours();
            process.kill(second, "SIGSTOP");
            const snapshot = images.takeSnapshots(base, ["s"]);
            setTimeout(() => process.kill(second, "SIGKILL"), 200);
            await expect(snapshot).rejects.toThrow(/ended by itself \(SIGKILL\)/);
            await images.takeSnapshots(base, ["s"]);
            expect(qemuImg("snapshot", "-l", base)).toMatch(/ s /);
        });

        test("that is closed while it works fails that, and leaves nobody waiting", async () => {
            const images = new Images();
            await images.createOverlays([overlay()]);
            const work = images.createOverlays(Array.from({ length: 50 }, () => overlay()));
            const refused = expect(work).rejects.toThrow(/was stopped before it was through|was closed meanwhile/);
            await images[Symbol.asyncDispose]();
            await refused;
            await images[Symbol.asyncDispose]();
        });

        test("dies with us when we are killed", async () => {
            const program = new Program(
                folder,
                `import { Images } from "provider/disks/images";
                 const images = new Images();
                 await images.createOverlays([${JSON.stringify(overlay())}]);
                 console.log("ready"); setInterval(() => undefined, 1000);`,
            );
            await program.says(/ready/);
            const started = daemonsOf(program.pid);
            expect(started).toHaveLength(1);
            program.kill();
            await program.ended;
            await eventually(() => started.every((pid) => !alive(pid)));
        });

        test("keeps no program from ending that closed nothing", async () => {
            const root = mkdtempSync(join(folder, "root-"));
            const program = new Program(
                folder,
                `import { connect } from "provider/engine";
                 const host = await connect("qemu:///embed?root=${root}");
                 const vm = await host.define({ name: "web", disks: [{ target: "vda", file: ${JSON.stringify(base)}, format: "qcow2" }] });
                 await vm.create({ name: "a" });
                 await vm.create({ name: "b", provision: [{ command: ["true"] }] });
                 console.log("through", (await vm.hierarchy()).snapshots.length);`,
            );
            const { pid } = program;
            await program.says(/through 2/);
            expect(await program.ended).toBe(0);
            await eventually(() => daemonsOf(pid).length === 0);
        });

        test.each([
            ["no QMP", "echo hello; cat > /dev/null", /answered what is no QMP \(hello\)/],
            ["a line without an end", "head -c 40000000 /dev/zero; cat > /dev/null", /answered what is no QMP \(a line without an end\)/],
            ["an end with words", "echo 'no such luck' >&2; exit 7", /ended by itself \(exit code 7\): no such luck/],
            ["an end without a word", "exit 0", /ended by itself \(exit code 0\): it said nothing/],
            [
                "a refusal without an id",
                `echo '{"QMP": {}}'; read line; echo '{"error": {"class": "GenericError", "desc": "not today"}}'; cat > /dev/null`,
                /no QMP \(not today\)/,
            ],
        ])("that answers with %s is one clear error, every time", async (_, script, message) => {
            const bin = pathOf(folder, "setpriv", "qemu-img", "sh", "cat", "head");
            writeFileSync(join(bin, "qemu-storage-daemon"), `#!${execFileSync("which", ["sh"], { encoding: "utf8" }).trim()}\n${script}\n`);
            chmodSync(join(bin, "qemu-storage-daemon"), 0o755);
            await withPath(bin, async () => {
                await using images = new Images();
                for (const wanted of [overlay(), overlay()]) {
                    const work = images.createOverlays([wanted]);
                    await expect(work).rejects.toThrow(message);
                    await expect(work).rejects.toThrow(HostError);
                    expect(existsSync(wanted.file)).toBe(false);
                }
            });
        });

        test("passes names and paths as they are", async () => {
            await using images = new Images();
            for (const name of ["a,b=c.qcow2", "json:{}.qcow2", 'quo"te.qcow2', "new\nline.qcow2", "ünï.qcow2"]) {
                const file = join(folder, name);
                await images.createOverlays([overlay({ file })]);
                await images.takeSnapshots(file, ["-d", "2", "json:{}", "ünï 🖥"]);
                await images.deleteSnapshots(file, ["2", "nobody"]);
                expect(readFileSync(file).subarray(0, 4)).toEqual(Buffer.from("QFI\u00fb", "latin1"));
                const said = JSON.parse(
                    qemuImg("info", "--output=json", `json:${JSON.stringify({ driver: "qcow2", file: { driver: "file", filename: file } })}`),
                ) as { snapshots: { name: string }[] };
                expect(said.snapshots.map((s) => s.name)).toEqual(["-d", "json:{}", "ünï 🖥"]);
            }
        });
    });

    describe.each([
        ["qemu-img alone", ["qemu-img"]],
        ["without setpriv", ["qemu-img", "qemu-storage-daemon"]],
    ])("%s", (_, tools) => {
        const only = <T>(work: () => Promise<T>) => withPath(pathOf(folder, ...tools), work);

        test("does what the daemon does", async () => {
            const odd = overlay({ file: join(folder, `a,b:c ${number++}\n.qcow2`) });
            const plain = overlay();
            await only(async () => {
                await using images = new Images();
                await images.createOverlays([odd, plain]);
                await images.takeSnapshots(odd.file, ["-d", "2", "json:{}"]);
                await images.deleteSnapshots(odd.file, ["2", "nobody"]);
                await expect(images.takeSnapshots(odd.file, ["-d"])).rejects.toThrow(/has an internal snapshot "-d" already/);
                expect(ours()).toEqual([]);
            });
            const info = JSON.parse(
                qemuImg("info", "--output=json", `json:${JSON.stringify({ driver: "qcow2", file: { driver: "file", filename: odd.file } })}`),
            ) as { snapshots: { name: string }[] };
            expect(info).toMatchObject({ "backing-filename": base, "backing-filename-format": "qcow2", "virtual-size": 1 << 20 });
            expect(info.snapshots.map(({ name }) => name)).toEqual(["-d", "json:{}"]);
            qemuImg("check", "-q", "-f", "qcow2", plain.file);
        });

        test("opens no backing file to make an overlay", async () => {
            const wanted = overlay({ backing: "/nowhere/at all.qcow2" });
            await only(async () => new Images().createOverlays([wanted]));
            expect(existsSync(wanted.file)).toBe(true);
        });
    });

    test("that are all missing are one clear sentence that says what to install", async () => {
        const wanted = overlay();
        await withPath(pathOf(folder), async () => {
            await expect(new Images().createOverlays([wanted])).rejects.toThrow(
                "qemu-img is not on PATH; install qemu-utils (qemu-img on Fedora) and run again",
            );
            await expect(new StorageDaemon().createOverlay(wanted)).rejects.toThrow("setpriv is not on PATH; install util-linux and run again");
        });
        await withPath(pathOf(folder, "setpriv"), async () => {
            await expect(new StorageDaemon().createOverlay(wanted)).rejects.toThrow(/^qemu-storage-daemon is not on PATH; install /);
        });
        expect(existsSync(wanted.file)).toBe(false);
    });
});
