import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { cached, exclusively } from "./cache";

let folder: string;
const before = process.env.SNAPTREE_CACHE;
beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "snaptree-cache-"));
    process.env.SNAPTREE_CACHE = join(folder, "cache");
});
afterEach(async () => {
    if (before === undefined) delete process.env.SNAPTREE_CACHE;
    else process.env.SNAPTREE_CACHE = before;
    await rm(folder, { recursive: true, force: true });
});
const quiet = (): void => {};

test("of several that ask at once one fills the folder, and all get it whole", async () => {
    let fills = 0;
    const fill = async (into: string): Promise<void> => {
        fills++;
        await setTimeout(200);
        await writeFile(join(into, "tool"), "");
    };
    const folders = await Promise.all([1, 2, 3].map(() => cached("tool-v1", quiet, fill)));
    expect(fills).toBe(1);
    for (const made of folders) expect(await readdir(made)).toEqual(["tool"]);
    expect(await readdir(join(folder, "cache"))).toEqual(["tool-v1"]);
});

test("a fill that failed leaves nothing that would be taken for the whole, and is tried again", async () => {
    const torn = async (into: string): Promise<void> => {
        await writeFile(join(into, "half"), "");
        throw new Error("no space left");
    };
    await expect(cached("tool-v1", quiet, torn)).rejects.toThrow("no space left");
    expect(existsSync(join(folder, "cache", "tool-v1"))).toBe(false);
    const made = await cached("tool-v1", quiet, (into) => writeFile(join(into, "tool"), ""));
    expect(await readdir(made)).toEqual(["tool"]);
    expect(await readdir(join(folder, "cache"))).toEqual(["tool-v1"]);
});

test("the lock of a process that was killed is taken over", async () => {
    const lock = join(folder, "cache", "apt.lock");
    await mkdir(lock, { recursive: true });
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(lock, longAgo, longAgo);
    expect(await exclusively("apt", quiet, () => Promise.resolve("done"))).toBe("done");
    expect(existsSync(lock)).toBe(false);
});
