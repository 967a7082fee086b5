import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";

/** What a daemon with this temporary folder has on the machine: the folder, processes that name it, and mounts of it in whichever namespace. */
export async function traces(folder: string): Promise<string[]> {
    const numbers = (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry));
    const files = numbers.flatMap((number) => [`/proc/${number}/cmdline`, `/proc/${number}/mountinfo`]);
    const naming = await Promise.all(files.map(async (file) => (await readFile(file, "utf8").catch(() => "")).includes(folder)));
    return [folder].filter(existsSync).concat(files.filter((_, index) => naming[index]));
}
