import { execa } from "execa";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type Hierarchy } from "../../provider/engine";

/** A real machine of one qcow2 disk in a temporary folder, for programs of the engine tests. */
export class Machine implements AsyncDisposable {
    private constructor(
        readonly root: string,
        readonly golden: string,
    ) {}

    static async make(): Promise<Machine> {
        const root = await mkdtemp(join(tmpdir(), "snaptree-vms-"));
        const machine = new Machine(root, join(root, "golden.qcow2"));
        await execa("qemu-img", ["create", "-q", "-f", "qcow2", machine.golden, "64M"]);
        await execa("qemu-io", ["-f", "qcow2", "-c", "write -P 0x67 0 64k", machine.golden]);
        await using host = await connect(machine.uri);
        await host.define({ name: "web", disks: [{ target: "vda", file: machine.golden, format: "qcow2" }] });
        return machine;
    }

    get uri(): string {
        return `qemu:///embed?root=${this.root}`;
    }

    /** What stands behind the program's back: the library, in this process. */
    async library<T>(work: (vm: Awaited<ReturnType<Awaited<ReturnType<typeof connect>>["domain"]>>) => Promise<T>): Promise<T> {
        await using host = await connect(this.uri);
        return await work(await host.domain("web"));
    }

    hierarchy(): Promise<Hierarchy> {
        return this.library((vm) => vm.hierarchy());
    }

    /** Each snapshot under its parent: `{ a: null, b: "a" }`. */
    async parents(): Promise<Record<string, string | null>> {
        return Object.fromEntries((await this.hierarchy()).snapshots.map(({ name, parent }) => [name, parent]));
    }

    /** The text at the start of each snapshot's disk, as qemu-io reads it. */
    async contents(): Promise<Record<string, string>> {
        const texts: Record<string, string> = {};
        for (const { name, files } of (await this.hierarchy()).snapshots) texts[name] = await readText(files.vda!);
        return texts;
    }

    /** The file that the domain writes to, as its own document says. */
    async disk(): Promise<string> {
        const [, file] = /<source file=["']([^"']+)["']/.exec(await readFile(join(this.root, "web/domain.xml"), "utf8")) ?? [];
        if (file === undefined) throw new Error("the domain has no disk");
        return file;
    }

    /** The guest writes a text to the start of its disk. */
    async write(text: string): Promise<void> {
        const source = join(this.root, "text");
        await writeFile(source, text.padEnd(512, "\0"));
        await execa("qemu-io", ["-f", "qcow2", "-c", `write -s ${source} 0 512`, await this.disk()]);
    }

    /** Somebody holds the domain's disk open to write, until this is disposed of. */
    async inUse(): Promise<AsyncDisposable> {
        const writer = execa("qemu-io", ["-f", "qcow2", await this.disk()], { reject: false });
        writer.stdin.write("write -P 0 1M 512\n");
        for await (const line of writer) if (line.includes("wrote")) break;
        return {
            async [Symbol.asyncDispose]() {
                writer.kill();
                await writer;
            },
        };
    }

    async goldenHash(): Promise<string> {
        return createHash("sha256")
            .update(await readFile(this.golden))
            .digest("hex");
    }

    /** Images in the domain's folder. */
    async images(): Promise<string[]> {
        return (await readdir(join(this.root, "web"))).filter((name) => name.endsWith(".qcow2"));
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await rm(this.root, { recursive: true, force: true });
    }
}

/** The printable text at the start of a disk. */
export async function readText(file: string): Promise<string> {
    const { stdout } = await execa("qemu-io", ["-r", "-f", "qcow2", "-c", "read -v 0 16", file]);
    return stdout.split("\n")[0]!.slice(-16).replace(/\.+$/, "");
}

/** Program text: commands that write a text to the start of disk vda. */
export function writes(text: string): string {
    const script = `require("fs").writeFileSync("/dev/shm/t" + process.pid, ${JSON.stringify(text)}.padEnd(512, "\\0"));
        try { require("child_process").execFileSync("qemu-io", ["-f", "qcow2", "-c", "write -s /dev/shm/t" + process.pid + " 0 512", process.env.SNAPTREE_DISK_VDA], { stdio: "ignore" }); }
        finally { require("fs").unlinkSync("/dev/shm/t" + process.pid); }`;
    return `[{ command: ["node", "-e", ${JSON.stringify(script)}] }]`;
}
