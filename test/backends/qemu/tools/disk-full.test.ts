import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, HostError, type Hierarchy, SnaptreeError, type VirtualMachine } from "../../../../provider/engine";
import { needs, qemu, suiteWith } from "../../../support/requires";
import { mounting, SmallDisk } from "./mounts";
import { qemuImg, qemuIo } from "./support";

const DISK = 16 * 1024 * 1024;

/** The file that the domain writes to. */
function leafOf(root: string): string {
    return /<source file=['"]([^'"]+)['"]/.exec(readFileSync(join(root, "web", "domain.xml"), "utf8"))?.[1] ?? "";
}

/** What must never change: every snapshot's bytes and the tip's, read by QEMU. */
function contents(root: string, { snapshots }: Hierarchy): Record<string, string> {
    const read = (file: string, tag?: string) => {
        const options = tag === undefined ? [] : ["-l", tag];
        const raw = join(tmpdir(), `snaptree-${process.pid}.raw`);
        qemuImg("convert", "-U", "-f", "qcow2", "-O", "raw", ...options, file, raw);
        const sum = execFileSync("sha256sum", [raw], { encoding: "utf8" }).slice(0, 64);
        rmSync(raw);
        return sum;
    };
    const bytes = snapshots.map((s) => [s.name, read(s.files.vda ?? "", s.mode === "internal" ? s.name : undefined)]);
    return Object.fromEntries([...bytes, ["the tip", read(leafOf(root))]]) as Record<string, string>;
}

suiteWith(needs(qemu, mounting), "a disk that is full", () => {
    let disk: SmallDisk;
    beforeEach(() => (disk = new SmallDisk(DISK)));
    afterEach(() => disk.remove());

    async function machine(mode: "external" | "internal"): Promise<VirtualMachine> {
        const file = join(disk.path, "vda.qcow2");
        qemuImg("create", "-q", "-f", "qcow2", "-o", "cluster_size=4k", file, "1M");
        qemuIo(file, "write -q -P 17 0 64k");
        const host = await connect(`qemu:///embed?root=${disk.path}`);
        const vm = await host.define({ name: "web", disks: [{ target: "vda", file, format: "qcow2" }] });
        await vm.create({ name: "a", mode });
        qemuIo(leafOf(disk.path), "write -q -P 34 32k 64k");
        await vm.create({ name: "b" });
        qemuIo(leafOf(disk.path), "write -q -P 51 64k 64k");
        return vm;
    }

    const tries: [string, (vm: VirtualMachine, n: number) => Promise<unknown>][] = [
        ["creating", (vm, n) => vm.create({ name: `c${n}` })],
        ["creating elsewhere", (vm, n) => vm.create({ name: `d${n}`, parent: "a" })],
        [
            "provisioning",
            (vm, n) => vm.create({ name: `p${n}`, provision: [{ command: ["sh", "-c", 'qemu-io -f qcow2 -c "write -q -P 9 0 256k" "$SNAPTREE_DISK_VDA"'] }] }),
        ],
        ["redefining", (vm, n) => vm.redefine({ name: "a", description: `${n}`.repeat(5000) })],
        ["deleting", (vm) => vm.delete("b")],
    ];
    const cases = (["external", "internal"] as const).flatMap((mode) => tries.map(([what, act]) => [what, mode, act] as const));

    test.each(cases)("fails %s in the %s model with one clear error, loses nothing, and the next run goes right", async (_, mode, act) => {
        const vm = await machine(mode);
        const before = await vm.hierarchy();
        const bytes = contents(disk.path, before);
        const files = () =>
            execFileSync("find", [join(disk.path, "web"), "-type", "f", "!", "-name", "lock"], { encoding: "utf8" })
                .split("\n")
                .sort();
        const filesBefore = files();
        let failures = 0;
        for (const [n, leave] of [0, 4, 8, 12, 20, 36, 68, 132, 260, 300, 340, 400, 520, 800].entries()) {
            disk.fill(leave * 1024);
            const error: unknown = await act(vm, n).then(
                () => null,
                (e: unknown) => e,
            );
            if (error === null) break;
            failures++;
            expect(error).toBeInstanceOf(SnaptreeError);
            expect((error as Error).message).toMatch(/No space left|ENOSPC|disk is (too )?full/i);
            if ((error as Error).message.includes("is decided but not finished")) break;
            if (/taking .*back .*failed/.test((error as Error).message)) {
                // What was begun is still in the way: the next run, here one that asks for what is there already, takes it back first.
                disk.empty();
                await expect(vm.create({ name: "b" })).rejects.toThrow(/already/);
            }
            const now = await vm.hierarchy();
            expect({ leave, ...now }).toEqual({ leave, ...before });
            expect({ leave, ...contents(disk.path, now) }).toEqual({ leave, ...bytes });
            expect({ leave, files: files() }).toEqual({ leave, files: filesBefore });
        }
        expect(failures).toBeGreaterThan(0);
        disk.empty();
        await vm.create({ name: "after" });
        const after = await vm.hierarchy();
        const { "the tip": __, ...kept } = bytes;
        const there = contents(disk.path, after);
        for (const { name } of after.snapshots) if (kept[name] !== undefined) expect({ name, bytes: there[name] }).toEqual({ name, bytes: kept[name] });
        for (const { files: of } of after.snapshots) qemuImg("check", "-q", "-f", "qcow2", of.vda ?? "");
    });

    test("that is read-only is one clear error, and a listing still works", async () => {
        const vm = await machine("external");
        const before = await vm.hierarchy();
        disk.readonly(true);
        await expect(vm.create({ name: "c" })).rejects.toThrow(HostError);
        await expect(vm.create({ name: "c" })).rejects.toThrow(/EROFS|read-only/);
        expect(await vm.hierarchy()).toEqual(before);
        disk.readonly(false);
        await vm.create({ name: "c" });
    });
});

const root = process.getuid?.() === 0 ? null : "only root can become somebody else";
suiteWith(
    needs(qemu, () => root),
    "a folder that this user may not write",
    () => {
        test("is one clear error that says so, and everything can still be read", () => {
            const disk = execFileSync("mktemp", ["-d"], { encoding: "utf8" }).trim();
            chmodSync(disk, 0o755);
            mkdirSync(join(disk, "web"));
            const file = join(disk, "vda.qcow2");
            qemuImg("create", "-q", "-f", "qcow2", file, "1M");
            const checkout = join(__dirname, "../../../..");
            const script = (body: string) => {
                const path = join(disk, "script.mts");
                writeFileSync(
                    path,
                    `import { connect } from ${JSON.stringify(join(checkout, "provider/engine"))}; const host = await connect("qemu:///embed?root=${disk}");\n${body}`,
                );
                return [process.execPath, "--conditions=import", "--import", join(checkout, "node_modules/tsx/dist/loader.mjs"), path];
            };
            const run = (as: string[], body: string) => {
                const [program = "", ...args] = [...as, ...script(body)];
                return execFileSync(program, args, { encoding: "utf8", cwd: checkout, env: { ...process.env, HOME: "/", TMPDIR: "/tmp" } });
            };
            run(
                [],
                `const vm = await host.define({ name: "web", disks: [{ target: "vda", file: ${JSON.stringify(file)}, format: "qcow2" }] }); await vm.create({ name: "a" });`,
            );
            const nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
            const said = run(
                nobody,
                'const vm = await host.domain("web"); console.log((await vm.hierarchy()).current); await vm.create({ name: "b" }).catch((e) => console.log(e.name, e.message));',
            );
            expect(said).toMatch(/^a\nHostError the lock ".*" can't be opened: EACCES: permission denied.*; check the folder's permissions and run again\n$/);
            expect(existsSync(join(disk, "web", "journal.json"))).toBe(false);
            execFileSync("rm", ["-r", disk]);
        });
    },
);
