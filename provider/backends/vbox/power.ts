import { readdirSync, readFileSync } from "node:fs";
import type { PowerState } from "../../model";
import type { Manage } from "./manage";
import type { Site } from "./site";

/** Programs of VirtualBox's in which no machine runs. */
const OTHERS = /^VBox(SVC|Manage|XPCOMIPCD|Client|Service|NetDHCP|NetNAT|DRMClient|Autostart|BalloonCtrl)/;

function inProc(): string[] | null {
    try {
        return readdirSync("/proc");
    } catch {
        return null;
    }
}

function nameOf(pid: string): string {
    try {
        return readFileSync(`/proc/${pid}/comm`, "utf8");
    } catch {
        return ""; // It has ended.
    }
}

/** Whether any machine could be running here, also where that can't be told: only where none is, nobody is asked. No disk is read for that, so waiting would take longer. */
function mayRun(): boolean {
    const all = inProc();
    if (!all?.includes("self")) return true;
    const names = all.filter((name) => /^\d+$/.test(name)).map(nameOf);
    return names.some((name) => /^(VBox|VirtualBox)/.test(name) && !OTHERS.test(name));
}

/** VirtualBox's words (`VMState`) for what a machine that runs does. */
const STATES: Readonly<Record<string, PowerState>> = { paused: "paused", stopping: "in shutdown", gurumeditation: "crashed" };

/**
 * What a machine without a saved state does. Listing those that run disturbs none: only of one that does is more asked, since that would stop a snapshot from
 * being taken of another.
 */
export async function powerStateOf(site: Site, manage: Manage, uuid: string): Promise<PowerState> {
    if (site.isLocal && !mayRun()) return "shutoff";
    const running = await manage.run(["list", "runningvms"]);
    if (!running.split("\n").some((line) => line.endsWith(`{${uuid}}`))) return "shutoff";
    const told = await manage.run(["showvminfo", uuid, "--machinereadable"], { machine: uuid });
    const state = /^VMState="(\w+)"$/m.exec(told)?.[1] ?? "running";
    return STATES[state] ?? "running";
}
