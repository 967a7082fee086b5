import { readdir, readFile } from "node:fs/promises";
import type { PowerState } from "../../model";
import type { Manage } from "./manage";
import type { Site } from "./site";

/** Programs of VirtualBox's in which no machine runs. */
const OTHERS = /^VBox(SVC|Manage|XPCOMIPCD|Client|Service|NetDHCP|NetNAT|DRMClient|Autostart|BalloonCtrl)/;

/** Whether any machine could be running here; null: that can't be told. Only where none does is nobody asked. */
async function mayRun(): Promise<boolean> {
    const all = await readdir("/proc").catch(() => null);
    if (all === null || !all.includes("self")) return true;
    const pids = all.filter((name) => /^\d+$/.test(name));
    const names = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/comm`, "utf8").catch(() => "")));
    return names.some((name) => /^(VBox|VirtualBox)/.test(name) && !OTHERS.test(name));
}

/** VirtualBox's words (`VMState`) for what a machine that runs does. */
const STATES: Readonly<Record<string, PowerState>> = { paused: "paused", stopping: "in shutdown", gurumeditation: "crashed" };

/**
 * What a machine without a saved state does. Listing those that run disturbs none: only of one that does is more asked, since that would stop a snapshot from
 * being taken of another.
 */
export async function powerStateOf(site: Site, manage: Manage, uuid: string): Promise<PowerState> {
    if (site.isLocal && !(await mayRun())) return "shutoff";
    const running = await manage.run(["list", "runningvms"]);
    if (!running.split("\n").some((line) => line.endsWith(`{${uuid}}`))) return "shutoff";
    const told = await manage.run(["showvminfo", uuid, "--machinereadable"], { machine: uuid });
    const state = /^VMState="(\w+)"$/m.exec(told)?.[1] ?? "running";
    return STATES[state] ?? "running";
}
