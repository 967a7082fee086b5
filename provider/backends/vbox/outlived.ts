import { readdir, readFile } from "node:fs/promises";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BusyError } from "../../model";

/** Milliseconds between two looks, and seconds after which nobody waits any longer. */
const EVERY = 50;
const PATIENCE = 600;

/** Whether a process is VBoxManage, called about a machine. */
async function isAbout(uuid: string, pid: string): Promise<boolean> {
    const args = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).split("\0");
    return args.includes(uuid) && args.some((arg) => /^VBoxManage\b/i.test(basename(arg)));
}

async function goesOn(uuid: string): Promise<boolean> {
    const pids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
    return (await Promise.all(pids.map((pid) => isAbout(uuid, pid)))).includes(true);
}

/**
 * Waits for calls of VBoxManage about a machine that outlived the run that made them. Where there is no /proc to tell, for none.
 *
 * @throws BusyError where they go on for too long
 */
export async function outlived(uuid: string): Promise<void> {
    for (let waited = 0; await goesOn(uuid); waited += EVERY) {
        if (waited >= PATIENCE * 1000)
            throw new BusyError(
                `VBoxManage is still at work on the machine {${uuid}} after ${PATIENCE} s, for a run that was interrupted; wait for it, or end it, and run again`,
            );
        await sleep(EVERY);
    }
}
