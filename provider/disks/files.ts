import { randomUUID } from "node:crypto";
import { access, type FileHandle, link, open, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";

/** Waits until what stands in a folder (names, not contents) is on the disk. */
export async function syncFolder(folder: string): Promise<void> {
    await using handle = await open(folder, "r");
    await handle.sync();
}

/** Waits until a file's contents are on the disk. */
export async function syncFile(path: string): Promise<void> {
    await using handle = await open(path, "r");
    await handle.sync();
}

async function writeThrough(handle: FileHandle, contents: string | Uint8Array): Promise<void> {
    await handle.writeFile(contents);
    await handle.sync();
}

/**
 * Makes or replaces a file so that a reader, or a kill, sees the old contents or the new ones: write, fsync, rename, fsync.
 *
 * @param mode who may do what with it; default: as a new file of ours has it
 */
export async function replaceFile(path: string, contents: string | Uint8Array, mode?: number): Promise<void> {
    const temporary = `${path}.new`;
    try {
        await using handle = await open(temporary, "w", mode);
        if (mode !== undefined) await handle.chmod(mode); // Neither the umask's nor that of one that a kill left.
        await writeThrough(handle, contents);
    } catch (error) {
        await removeFile(temporary);
        throw error;
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
}

/** Makes a file so that a reader, or a kill, sees all of it or nothing. @throws EEXIST where there is one already, which stays. */
export async function createFile(path: string, contents: string): Promise<void> {
    const temporary = `${path}.${randomUUID()}`; // Others may be making it at the same time.
    try {
        await writeNewFile(temporary, contents);
        await link(temporary, path);
    } finally {
        await removeFile(temporary);
    }
    await syncFolder(dirname(path));
}

/** Writes a file that nothing refers to yet; the caller syncs its folder. */
export async function writeNewFile(path: string, contents: string | Uint8Array): Promise<void> {
    await using handle = await open(path, "w");
    await writeThrough(handle, contents);
}

/** Removes a file; one that is gone already is as good. */
export async function removeFile(path: string): Promise<void> {
    try {
        await unlink(path);
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
}

/** Null where there is no such file. */
export async function readIfThere(path: string): Promise<string | null> {
    try {
        await using handle = await open(path, "r");
        return await handle.readFile("utf8");
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
        throw error;
    }
}

export function isThere(path: string): Promise<boolean> {
    return access(path).then(
        () => true,
        () => false,
    );
}
