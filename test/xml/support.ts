import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A document as libvirt writes it. */
export function fixture(name: string): string {
    return readFileSync(join(__dirname, "fixtures", name), "utf8");
}

/** Milliseconds that it takes. */
export function elapsed(work: () => void): number {
    const start = performance.now();
    work();
    return performance.now() - start;
}
