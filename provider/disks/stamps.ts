import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";

/** What tells a file that was written from one that was left alone, or copied whole with its times, without reading it; null where there is none. */
export async function stampOf(file: string): Promise<string | null> {
    try {
        const { size, mtimeNs } = await stat(file, { bigint: true });
        return `${size}:${mtimeNs}`;
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
        throw error;
    }
}

/** File to stamp, of those that are there. */
export async function stampsOf(files: readonly string[]): Promise<Record<string, string>> {
    const stamps: Record<string, string> = {};
    for (const file of files) {
        const stamp = await stampOf(file);
        if (stamp !== null) stamps[file] = stamp;
    }
    return stamps;
}

export function checksum(text: string): string {
    return createHash("sha256").update(text).digest("hex");
}
