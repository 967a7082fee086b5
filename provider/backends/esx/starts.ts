import type { MachineRead } from "./vim";

/** Settings with which a machine's log tells nothing. */
const LOGLESS: readonly (readonly [key: string, tells: (value: string) => boolean])[] = [
    ["logging", (value) => !/^\s*(false|0|no)\s*$/i.test(value)],
    ["log.filename", () => false],
    ["vmx.log.filename", () => false],
    // Without those of earlier starts, a start changes no name.
    ["log.keepold", (value) => Number(value) > 0],
    ["vmx.log.keepold", (value) => Number(value) > 0],
];

/**
 * What a machine's logs show of how often it was started: vSphere tells nobody whether something was written to a disk, but nothing writes to that of a machine
 * which was not started, and each start takes the log before to another name. Null: they show nothing.
 */
export function startsOf({ files, config }: Pick<MachineRead, "files" | "config">): string | null {
    const settings = new Map([...config.extra].map(([key, value]) => [key.toLowerCase(), value]));
    for (const [key, tells] of LOGLESS) {
        const value = settings.get(key);
        if (value !== undefined && !tells(value)) return null;
    }
    // Only the names: that of the last run grows also while a machine is off.
    const logs = files.filter(({ type }) => type === "log").map(({ name }) => name);
    if (logs.length > 0) return logs.toSorted().join("\n");
    // Firmware variables are made at the first start, so a machine that has neither was never started.
    return files.length > 0 && !files.some(({ type }) => type === "nvram") ? "" : null;
}
