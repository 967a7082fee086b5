import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cached, cacheFolder } from "./cache";
import { onPath } from "./commands";
import { buildGoModule } from "./go";
import type { Log } from "./progress";

/** Where the Go programs are: a vCenter or an ESX host for tests, and govc. */
const sources = join(__dirname, "vsphere");

/** The programs' full paths. */
export interface VspherePrograms {
    readonly host: string;
    readonly govc: string;
}

/** Each is built once for what its source is: another checkout's programs are another folder of the cache. */
const programs = { host: ".", govc: "./govc" } as const;

/** The simulated vSphere host and govc, built with Go if they are not in the cache (two minutes, once). */
export async function ensureVsphere({ log }: { log: Log }): Promise<void> {
    for (const [name, source] of Object.entries(programs)) {
        if (existsSync(join(cacheFolder(), folderOf(source)))) continue;
        if (!onPath("go")) throw new Error("Go is not on PATH: install it (https://go.dev/doc/install) to have a vSphere host and govc built");
        await cached(folderOf(source), log, (folder) => buildGoModule(sources, source, join(folder, name), log));
    }
}

/** The programs as far as they are there at once: nothing is built. */
export function findVsphere(): VspherePrograms | null {
    const found = { host: join(cacheFolder(), folderOf(programs.host), "host"), govc: join(cacheFolder(), folderOf(programs.govc), "govc") };
    return Object.values(found).every(existsSync) ? found : null;
}

function folderOf(source: string): string {
    const files = readdirSync(join(sources, source)).filter((name) => name.endsWith(".go"));
    const hash = createHash("sha256");
    for (const file of ["go.mod", "go.sum", ...files.sort().map((name) => join(source, name))]) {
        hash.update(`${file}\0`)
            .update(readFileSync(join(sources, file)))
            .update("\0");
    }
    return `vsphere-${source === "." ? "host" : "govc"}-${hash.digest("hex").slice(0, 16)}`;
}
