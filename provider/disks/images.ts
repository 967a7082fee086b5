import { randomUUID } from "node:crypto";
import { open, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { HostError, quoted, tipSnapshotName } from "../model";
import type { StepContext } from "../backends/backend";
import { takenBytes } from "./clusters";
import { removeFile, syncFile } from "./files";
import { refuseOpenImages } from "./holders";
import type { ImageTool, NewOverlay } from "./image-tool";
import { onPath, run } from "./process";
import { readQcow2 } from "./qcow2";
import { QemuImg } from "./qemu-img";
import { StorageDaemon } from "./storage-daemon";
import { renameInTable } from "./table";

/** What is known of an image before it is worked on. */
export interface ImageInfo {
    /** Bytes that the guest sees. */
    readonly virtualSize: number;
    /** Absolute path; null where it stands on nothing, or on what is no file. */
    readonly backing: string | null;
}

/** Overlays that are made at the same time: more is not faster, and each is an open file. */
const AT_ONCE = 16;

/** A piece of a running `qemu-img -p`: `(12.34/100%)`. */
function percentages(onProgress: (fraction: number) => void): (text: string) => void {
    return (text) => {
        const last = [...text.matchAll(/\((\d+\.\d+)\/100%\)/g)].pop()?.[1];
        if (last) onProgress(Number(last) / 100);
    };
}

/** Bytes that a file takes on its disk. */
export async function allocatedBytes(file: string): Promise<number> {
    return (await stat(file)).blocks * 512;
}

/**
 * Everything that is done to disk images, by QEMU's own tools. Paths are absolute, so none can be read as an option or a protocol, and the
 * format is always said, so none is guessed from what a guest wrote.
 */
export class Images implements AsyncDisposable {
    private chosen: ImageTool | null = null;

    /** Chosen at the first use; the daemon needs setpriv, so that it never outlives us. */
    private get tool(): ImageTool {
        return (this.chosen ??= onPath("qemu-storage-daemon") && onPath("setpriv") ? new StorageDaemon() : new QemuImg());
    }

    async info(file: string, format: string): Promise<ImageInfo> {
        if (format === "qcow2") {
            const header = await readQcow2(file);
            return { virtualSize: header.virtualSize, backing: header.backing === null ? null : resolve(dirname(file), header.backing) };
        }
        const answer = await run("qemu-img", ["info", "--output=json", "-f", format, "--", file]);
        return { virtualSize: (JSON.parse(answer) as { "virtual-size": number })["virtual-size"], backing: null };
    }

    /** Makes empty overlays, all at once; on the disk when it returns. A file that is there already is an error, and stays. */
    async createOverlays(overlays: readonly NewOverlay[]): Promise<void> {
        const queue = overlays.values();
        await settled(
            Array.from({ length: AT_ONCE }, async () => {
                for (const overlay of queue) await this.createOverlay(overlay);
            }),
        );
    }

    private async createOverlay(overlay: NewOverlay): Promise<void> {
        await (await open(overlay.file, "wx")).close();
        try {
            await this.tool.createOverlay(overlay);
            await syncFile(overlay.file);
        } catch (error) {
            await removeFile(overlay.file);
            throw error;
        }
    }

    /** Takes internal snapshots of one image, in order. A name that is there already is an error. */
    async takeSnapshots(file: string, names: readonly string[]): Promise<void> {
        await this.tool.withImage(file, async (image) => {
            for (const name of names) await image.takeSnapshot(name);
        });
        await syncFile(file);
    }

    /** Deletes internal snapshots by their exact names; those that are gone are as good. */
    async deleteSnapshots(file: string, names: readonly string[]): Promise<void> {
        const there = new Set((await readQcow2(file)).snapshots.map(({ name }) => name));
        const present = names.filter((name) => there.has(name));
        if (present.length === 0) return;
        await this.tool.withImage(file, async (image) => {
            for (const name of present) await image.deleteSnapshot(name);
        });
        await syncFile(file);
    }

    /** Gives internal snapshots other names, all at once or not at all. Those that are not there have theirs already. */
    async renameSnapshots(file: string, names: Readonly<Record<string, string>>): Promise<void> {
        const there = new Set((await readQcow2(file)).snapshots.map(({ name }) => name));
        const wanted = new Map(Object.entries(names).filter(([from]) => there.has(from)));
        if (wanted.size === 0) return;
        await refuseOpenImages({ frozen: [], altered: [file] });
        await this.repairLeaks(file); // Says what is wrong with an image before anything is written there.
        if (!(await renameInTable(file, wanted))) {
            await this.makeRoom(file);
            if (!(await renameInTable(file, wanted)))
                throw new HostError(`the image ${quoted(file)} has no room for another table of its internal snapshots; convert it with qemu-img`, { file });
        }
        await this.repairLeaks(file);
    }

    /** QEMU has the refcounts of an image grow with what it writes there; what it gives back is free for others. */
    private async makeRoom(file: string): Promise<void> {
        const name = tipSnapshotName(randomUUID());
        await this.takeSnapshots(file, [name]);
        await this.deleteSnapshots(file, [name]);
    }

    /** The tip becomes what the internal snapshot holds. By ID, because qemu-img takes a number for an ID before a name. */
    async applySnapshot(file: string, name: string): Promise<void> {
        const found = (await readQcow2(file)).snapshots.find((snapshot) => snapshot.name === name);
        if (!found) throw new HostError(`the image ${quoted(file)} holds no internal snapshot ${quoted(name)}; somebody deleted it outside Snaptree`, { file });
        await run("qemu-img", ["snapshot", "-q", "-a", found.id, "--", file]);
        await syncFile(file);
    }

    /** Copies into an overlay what stands between it and another backing file, and puts it there. Its contents never change meanwhile. */
    async pull(overlay: string, backing: string | null, backingFormat: string | null, context: StepContext): Promise<void> {
        await run("qemu-img", ["rebase", "-p", "-f", "qcow2", ...onto(backing, backingFormat), "--", overlay], {
            signal: context.signal,
            onOutput: percentages(context.onProgress),
        });
        await syncFile(overlay);
    }

    /** Puts an overlay on a backing file that holds the same contents as the one it stood on. */
    async point(overlay: string, backing: string | null, backingFormat: string | null): Promise<void> {
        await run("qemu-img", ["rebase", "-q", "-u", "-f", "qcow2", ...onto(backing, backingFormat), "--", overlay]);
        await syncFile(overlay);
    }

    /** Writes what an overlay holds into the file directly under it; the overlay stays as it is. */
    async commit(overlay: string, context: StepContext): Promise<void> {
        const under = (await this.info(overlay, "qcow2")).backing;
        if (under === null) throw new HostError(`the image ${quoted(overlay)} stands on no file to commit to`, { file: overlay });
        await run("qemu-img", ["commit", "-p", "-d", "-f", "qcow2", "--", overlay], { signal: context.signal, onOutput: percentages(context.onProgress) });
        await syncFile(under);
    }

    /** Writes a compressed copy of what one overlay holds, on the same backing file. */
    async compress(from: string, to: string, type: string, backing: string, backingFormat: string, context: StepContext): Promise<void> {
        const args = ["convert", "-p", "-c", "-f", "qcow2", "-O", "qcow2", "-o", `compression_type=${type}`, "-B", backing, "-F", backingFormat];
        await run("qemu-img", [...args, "--", from, to], { signal: context.signal, onOutput: percentages(context.onProgress) });
        await syncFile(to);
    }

    /**
     * Gives back clusters that an interrupted operation left without an owner. Loses nothing. qemu-img looks no further than to the file's end, and what
     * was taken last was perhaps never written: the file is made to reach that far, as it would with the next clusters that are written.
     */
    async repairLeaks(file: string): Promise<void> {
        await repairWithin(file);
        const taken = await takenBytes(file);
        if (taken <= (await stat(file)).size) return;
        await run("qemu-img", ["resize", "-q", "-f", "raw", "--", file, String(taken)]);
        await repairWithin(file);
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.chosen?.[Symbol.asyncDispose]();
    }
}

async function repairWithin(file: string): Promise<void> {
    await run("qemu-img", ["check", "-q", "-r", "leaks", "-f", "qcow2", "--", file]);
}

function onto(backing: string | null, format: string | null): string[] {
    return backing === null ? ["-b", ""] : ["-b", backing, "-F", format ?? "qcow2"];
}

/** Waits for all, also when one fails: nothing goes on behind the caller's back. */
export async function settled(work: readonly Promise<void>[]): Promise<void> {
    const results = await Promise.allSettled(work);
    const failed = results.find((result) => result.status === "rejected");
    if (failed) throw failed.reason;
}
