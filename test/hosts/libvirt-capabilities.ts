import { copyFile, mkdir, readdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "./cache";

/** Where libvirtd keeps what it found out about QEMU in a second or more; where that is no longer true, it finds out again. */
const foundIn = (cache: string): string => join(cache, "qemu/capabilities");
const keptOf = (release: string): string => join(cacheFolder(), `libvirt-capabilities-${release}`);

/** Gives a new libvirtd, whose cache is the folder `cache`, what an earlier one of this release found out. */
export async function takeCapabilities(release: string, cache: string): Promise<void> {
    await copyChanged(keptOf(release), foundIn(cache));
}

/** Keeps what a libvirtd has found out for the next one. */
export async function keepCapabilities(release: string, cache: string): Promise<void> {
    await copyChanged(foundIn(cache), keptOf(release));
}

/** Each file appears whole or not at all: several tests start at once. */
async function copyChanged(from: string, to: string): Promise<void> {
    const files = await readdir(from).catch(() => []);
    await mkdir(to, { recursive: true });
    for (const file of files.filter((name) => name.endsWith(".xml"))) {
        const [there, here] = await Promise.all([from, to].map((folder) => readFile(join(folder, file), "utf8").catch(() => null)));
        if (there === here) continue;
        const unfinished = join(to, `${file}.${process.pid}`);
        await copyFile(join(from, file), unfinished);
        await rename(unfinished, join(to, file));
    }
}
