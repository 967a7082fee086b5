import { HostError, quoted } from "../model";
import type { ImageTool, NewOverlay, OpenImage } from "./image-tool";
import { run } from "./process";
import { readQcow2 } from "./qcow2";

/** A process for each overlay and each snapshot: where qemu-storage-daemon is not installed (Debian has it in another package than qemu-img). */
export class QemuImg implements ImageTool {
    async createOverlay({ file, size, backing, backingFormat }: NewOverlay): Promise<void> {
        await run("qemu-img", ["create", "-q", "-f", "qcow2", "-u", "-b", backing, "-F", backingFormat, "--", file, String(size)]);
    }

    async withImage<T>(file: string, work: (image: OpenImage) => Promise<T>): Promise<T> {
        // JSON, so that no character of a path means anything, and the backing files are left alone.
        const image = `json:${JSON.stringify({ driver: "qcow2", backing: null, file: { driver: "file", filename: file } })}`;
        return await work({
            takeSnapshot: async (name) => {
                // qemu-img would take a second one of the same name without a word.
                const taken = (await readQcow2(file)).snapshots.some((snapshot) => snapshot.name === name);
                if (taken) throw new HostError(`the image ${quoted(file)} has an internal snapshot ${quoted(name)} already`, { file });
                await run("qemu-img", ["snapshot", "-q", "-c", name, "--", image]);
            },
            deleteSnapshot: async (name) => void (await run("qemu-img", ["snapshot", "-q", "-d", name, "--", image])),
        });
    }

    async [Symbol.asyncDispose](): Promise<void> {}
}
