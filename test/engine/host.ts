import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type Host, type VirtualMachine } from "../../provider/engine";

/** A host in a temporary folder, with QEMU's own tools as the eye on it. */
export class TestHost {
    readonly root = realpathSync(mkdtempSync(join(tmpdir(), "snaptree-engine-")));
    readonly uri = `qemu:///embed?root=${this.root}`;
    private readonly open: Host[] = [];

    /** A connection of its own; closed at the end. */
    async connect(): Promise<Host> {
        const host = await connect(this.uri);
        this.open.push(host);
        return host;
    }

    /** A domain with one disk of 1 MiB, which holds 0x11 in its first 4 KiB. */
    async machine(name: string): Promise<VirtualMachine> {
        const disk = join(this.root, `${name}.qcow2`);
        execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", disk, "1M"]);
        execFileSync("qemu-io", ["-f", "qcow2", "-c", "write -q -P 0x11 0 4k", disk]);
        return (await this.connect()).define({ name, disks: [{ target: "vda", file: disk, format: "qcow2" }] });
    }

    /** The files in a domain's folder. */
    files(domain: string): string[] {
        return readdirSync(join(this.root, domain)).sort();
    }

    /** The file that the domain writes to, as its document says. */
    leaf(domain: string): string {
        const xml = execFileSync("cat", [join(this.root, domain, "domain.xml")], { encoding: "utf8" });
        return /<source file=['"]([^'"]+)['"]/.exec(xml)?.[1] ?? "";
    }

    async close(): Promise<void> {
        for (const host of this.open) await host[Symbol.asyncDispose]();
        rmSync(this.root, { recursive: true, force: true });
    }
}

/** Whether an image has a byte everywhere in a range of 4 KiB. */
export function holds(file: string, byte: number, offset = 0): boolean {
    return !execFileSync("qemu-io", ["-r", "-f", "qcow2", "-c", `read -P ${byte} ${offset} 4k`, file], { encoding: "utf8" }).includes("verification failed");
}
