import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A document as libvirt writes it. */
export function fixture(name: string): string {
    return readFileSync(join(__dirname, "fixtures", name), "utf8");
}
