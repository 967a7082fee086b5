import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** This package's version, from its own package.json, which stands above this file whether it is compiled or not. */
export function packageVersion(): string {
    for (let folder = __dirname; folder !== dirname(folder); folder = dirname(folder)) {
        const file = join(folder, "package.json");
        if (existsSync(file)) return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
    }
    return "unknown";
}
