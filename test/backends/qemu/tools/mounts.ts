import { execFileSync } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Requirement } from "../../../support/requires";

/** A file system of its own, in memory. */
export class SmallDisk {
    readonly path: string;

    /** @param within the folder that it is mounted in. Default: the temporary folder */
    constructor(bytes: number, within = tmpdir()) {
        this.path = realpathSync(mkdtempSync(join(within, "snaptree-disk-")));
        execFileSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "snaptree-test", this.path]);
    }

    get free(): number {
        const { bavail, bsize } = statfsSync(this.path);
        return bavail * bsize;
    }

    /** Leaves so many bytes free. */
    fill(leave: number): void {
        this.empty();
        const bytes = this.free - leave;
        if (bytes > 0) writeFileSync(join(this.path, "ballast"), Buffer.alloc(bytes));
    }

    empty(): void {
        rmSync(join(this.path, "ballast"), { force: true });
    }

    readonly(on: boolean): void {
        execFileSync("mount", ["-o", `remount,${on ? "ro" : "rw"}`, this.path]);
    }

    remove(): void {
        execFileSync("umount", ["--lazy", this.path]);
        rmSync(this.path, { recursive: true });
    }
}

/** Mounting a file system, which needs root and is refused in most containers. */
export const mounting: Requirement = () => {
    try {
        new SmallDisk(1 << 20).remove();
        return null;
    } catch {
        return "file systems can't be mounted here (that needs root)";
    }
};
