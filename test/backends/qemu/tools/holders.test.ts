import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, linkSync, mkdirSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BusyError } from "../../../../provider/model";
import { refuseOpenImages, type Use } from "../../../../provider/disks/holders";
import { needs, qemu, suiteWith } from "../../../support/requires";
import { eventually, qemuImg, workFolder } from "./support";

/** A process that has a file open: `sh` with it as its descriptor 3 or 4. */
const READS = (file: string) => ["sh", "-c", 'exec 3< "$0"; echo ready; exec sleep 60', file];
const LISTS = (file: string) => [
    process.execPath,
    "--eval",
    'fs.openSync(process.argv[2]); console.log("ready"); setInterval(() => undefined, 1000)',
    "qemu:///embed",
    file,
];
const WRITES = (file: string) => ["sh", "-c", 'exec 3<> "$0"; echo ready; exec sleep 60', file];
const APPENDS = (file: string) => ["sh", "-c", 'exec 3>> "$0"; echo ready; exec sleep 60', file];

suiteWith(needs(qemu), "an image that another process has open", () => {
    const folder = workFolder();
    const started: ChildProcess[] = [];
    let number = 0;
    const image = () => {
        const file = join(folder, `image-${number++}.qcow2`);
        qemuImg("create", "-q", "-f", "qcow2", file, "1M");
        return file;
    };
    const start = async ([program = "", ...args]: string[], options: { uid?: number } = {}) => {
        const child = spawn(program, args, { stdio: ["pipe", "pipe", "ignore"], ...options });
        started.push(child);
        await Promise.race([once(child.stdout, "data"), new Promise((resolve) => setTimeout(resolve, 300))]);
        return child;
    };
    afterEach(async () => {
        for (const child of started.splice(0)) {
            if (child.exitCode === null && child.kill("SIGKILL")) await once(child, "close");
        }
    });

    const isOpen = ({ pid }: ChildProcess, file: string) => execFileSync("ls", ["-l", `/proc/${pid}/fd`], { encoding: "utf8" }).includes(file);
    const frozen = (...files: string[]): Use => ({ frozen: files, altered: [] });
    const altered = (...files: string[]): Use => ({ frozen: [], altered: files });

    test("by nobody is free for everything", async () => {
        await refuseOpenImages(frozen(image()));
        await refuseOpenImages(altered(image()));
        await refuseOpenImages(frozen());
        await refuseOpenImages(altered(join(folder, "nowhere")));
    });

    test.each([
        ["writing", WRITES],
        ["appending", APPENDS],
    ])("for %s may neither be frozen nor altered, and who has it is named", async (_, program) => {
        const file = image();
        const { pid } = await start(program(file));
        for (const use of [frozen(file), altered(file), frozen(image(), file)]) {
            const refused = refuseOpenImages(use);
            await expect(refused).rejects.toThrow(BusyError);
            await expect(refused).rejects.toThrow(
                `the image "${file}" is open in sleep (process ${pid}), so nothing was done; shut that down, or manage a running domain through libvirt (qemu:///system)`,
            );
            await expect(refused).rejects.toMatchObject({ holder: `sleep (process ${pid})` });
        }
    });

    test("for reading may be frozen, as a golden image under many is, and not altered", async () => {
        const file = image();
        const { pid } = await start(READS(file));
        await refuseOpenImages(frozen(file));
        await expect(refuseOpenImages(altered(file), 3)).rejects.toThrow(`is open in sleep (process ${pid})`);
    });

    test.each([
        ["any program", READS],
        ["a listing, which is told of QEMU,", LISTS],
    ])("in %s for reading is waited for, for longer than a listing takes on a busy machine", async (_, program) => {
        const file = image();
        const reader = await start(program(file));
        await eventually(() => isOpen(reader, file));
        setTimeout(() => reader.kill("SIGKILL"), 4000);
        await refuseOpenImages(altered(file));
        expect(reader.killed).toBe(true);
    });

    test("in QEMU for reading is refused, whoever else reads it", async () => {
        const file = image();
        await start(READS(file));
        const child = await start(["qemu-io", "-r", "-f", "qcow2", file]);
        await start(READS(file));
        await eventually(() => isOpen(child, file));
        await expect(refuseOpenImages(altered(file))).rejects.toThrow(`is open in qemu-io (process ${child.pid})`);
    });

    test("by a writer beside a reader is refused because of the writer, who is named", async () => {
        const file = image();
        await start(READS(file));
        const writer = await start(WRITES(file));
        await start(READS(file));
        await expect(refuseOpenImages(frozen(file))).rejects.toThrow(`(process ${writer.pid})`);
    });

    test.each([
        ["qemu-io", (file: string) => ["qemu-io", "-f", "qcow2", file]],
        ["qemu-nbd", (file: string) => ["qemu-nbd", "-f", "qcow2", "-k", join(folder, `nbd-${number++}.sock`), file]],
        [
            "qemu-storage-daemon",
            (file: string) => [
                "qemu-storage-daemon",
                "--blockdev",
                `driver=file,node-name=f,filename=${file}`,
                "--nbd-server",
                `addr.type=unix,addr.path=${join(folder, `nbd-${number++}.sock`)}`,
                "--export",
                "type=nbd,id=e,node-name=f,writable=on",
            ],
        ],
    ])("in %s for writing is refused", async (name, program) => {
        const file = image();
        const child = await start(program(file));
        await eventually(() => isOpen(child, file));
        const comm = name.slice(0, 15);
        for (const use of [frozen(file), altered(file)]) await expect(refuseOpenImages(use)).rejects.toThrow(`is open in ${comm} (process ${child.pid})`);
    });

    test("in qemu-io for reading only may be frozen", async () => {
        const file = image();
        await start(["qemu-io", "-r", "-f", "qcow2", file]);
        await refuseOpenImages(frozen(file));
        await expect(refuseOpenImages(altered(file))).rejects.toThrow(/is open in qemu-io/);
    });

    test("is found behind other names of it", async () => {
        const file = image();
        const [symlink, hard, elsewhere] = [join(folder, "symlink"), join(folder, "hard-link"), join(folder, "elsewhere")];
        symlinkSync(file, symlink);
        linkSync(file, hard);
        symlinkSync(folder, elsewhere);
        const { pid } = await start(WRITES(hard));
        for (const name of [file, symlink, hard, join(elsewhere, "hard-link")])
            await expect(refuseOpenImages(frozen(name))).rejects.toThrow(`(process ${pid})`);
    });

    test("is not mistaken for another one that took its name", async () => {
        const file = image();
        await start(WRITES(file));
        unlinkSync(file);
        writeFileSync(file, "new");
        await refuseOpenImages(altered(file));
    });

    test("with a name of any characters is found", async () => {
        for (const name of ["new\nline", "ünï 🖥", "with (deleted)", "a b"]) {
            const file = join(folder, name);
            writeFileSync(file, "");
            const { pid } = await start(WRITES(file));
            await expect(refuseOpenImages(frozen(file))).rejects.toThrow(`(process ${pid})`);
        }
    });

    test("by ourselves is none of others", async () => {
        const file = image();
        const { open } = await import("node:fs/promises");
        await using handle = await open(file, "r+");
        expect(handle.fd).toBeGreaterThan(0);
        await refuseOpenImages(altered(file));
    });

    test("among many others is found", async () => {
        const files = Array.from({ length: 200 }, (_, i) => join(folder, `many-${i}`));
        for (const file of files) writeFileSync(file, "");
        const { pid } = await start(WRITES(files[150] ?? ""));
        await expect(refuseOpenImages(altered(...files))).rejects.toThrow(`(process ${pid})`);
    });

    const root = process.getuid?.() === 0 ? null : "only root can start a process of somebody else";
    suiteWith(root, "of somebody whose processes can't be looked into", () => {
        test("is still found by QEMU's own lock", async () => {
            const place = join(folder, "open-to-all");
            mkdirSync(place);
            chmodSync(folder, 0o755);
            chmodSync(place, 0o777);
            const file = join(place, "image.qcow2");
            qemuImg("create", "-q", "-f", "qcow2", file, "1M");
            chmodSync(file, 0o666);
            const child = await start(["qemu-io", "-f", "qcow2", file]);
            await eventually(() => isOpen(child, file));
            const script = join(folder, "look.mts");
            const checkout = join(__dirname, "../../../..");
            writeFileSync(
                script,
                `import { refuseOpenImages } from ${JSON.stringify(join(checkout, "provider/disks/holders"))};
                 await refuseOpenImages({ frozen: [${JSON.stringify(file)}], altered: [] }).then(() => console.log("free"), (e) => console.log(e.name, e.message));`,
            );
            const as = [
                "setpriv",
                "--reuid",
                "65534",
                "--regid",
                "65534",
                "--clear-groups",
                process.execPath,
                "--conditions=import",
                "--import",
                join(checkout, "node_modules/tsx/dist/loader.mjs"),
                script,
            ];
            const [program = "", ...args] = as;
            const said = execFileSync(program, args, { encoding: "utf8", cwd: checkout, env: { ...process.env, HOME: place, TMPDIR: place } });
            expect(said).toMatch(/BusyError the image ".*" is open in another process, so nothing was done/);
        });
    });
});
