import { setTimeout as sleep } from "node:timers/promises";
import { HostError, quoted } from "../../model";
import { isInTheWay } from "../../native";
import type { Guest } from "../backend";
import type { EsxMachine } from "./machine";
import type { TaskOptions, Vim } from "./vim";

/** What a machine's guest is controlled by. */
export interface Controlled {
    readonly vim: Vim;
    readonly ref: string;
    readonly name: string;
    readonly machine: () => Promise<EsxMachine>;
}

/** Milliseconds that a guest has to shut down. */
const SHUTDOWN_TIMEOUT = 120_000;

/** Milliseconds between two looks at a guest that is to end. */
const LOOK_AGAIN = 250;

/** Asks the guest to shut down, and waits until it has. @throws HostError where it can't be asked, or does not in time: it runs on, and has lost nothing */
async function shutDown({ vim, ref, name, machine }: Controlled, signal: AbortSignal | undefined): Promise<void> {
    const { powerState, read } = await machine();
    if (powerState === "paused")
        throw new HostError(`${quoted(name)} is suspended, so its guest can't shut down; power it on and shut it down, or leave it with destroy`);
    if (powerState === "running" && !read.toolsRunning)
        throw new HostError(
            `no VMware Tools run in the guest of ${quoted(name)}, so it can't be asked to shut down; shut it down from inside, or leave it with checkpoint or destroy`,
        );
    if (powerState === "running") await vim.shutdownGuest(ref, { title: `shut down the guest of ${quoted(name)}` });
    const began = performance.now();
    while ((await machine()).powerState !== "shutoff") {
        if (performance.now() - began >= SHUTDOWN_TIMEOUT)
            throw new HostError(
                `the guest of ${quoted(name)} did not shut down within ${SHUTDOWN_TIMEOUT / 1000} s of being asked, and runs on; shut it down from inside, or leave it with checkpoint or destroy`,
            );
        await sleep(LOOK_AGAIN, undefined, { signal });
    }
}

/** What runs in a machine on a vSphere host. */
export function guestOf(controlled: Controlled): Guest {
    const { vim, ref, name, machine } = controlled;
    const doing = (what: string): TaskOptions => ({ title: `${what} ${quoted(name)}` });
    return {
        mustLeave: (operations) => operations.some(isInTheWay),
        async leave(how, { signal }) {
            if (how === "shutdown") return shutDown(controlled, signal);
            if ((await machine()).powerState !== "shutoff") await vim.powerOff(ref, { ...doing("power off"), signal });
        },
        wake: () => Promise.resolve(), // What a suspended machine's memory holds is on the host, and a snapshot keeps it.
        async arrive(operation, { signal }) {
            if (operation.kind !== "revert" && operation.kind !== "switch") return;
            const { powerState } = operation;
            const now = (await machine()).powerState;
            // Back at a checkpoint the machine is suspended with its memory: it goes on from there unless something else is wanted.
            if (powerState === "running" || (powerState === undefined && now === "paused" && operation.kind === "revert")) {
                if (now !== "running") await vim.powerOn(ref, { ...doing("power on"), signal });
            } else if (powerState === "paused" && now === "shutoff") {
                await vim.powerOn(ref, { ...doing("power on"), signal });
                await vim.suspend(ref, { ...doing("suspend"), signal });
            } else if (powerState !== "paused" && now === "paused") await vim.powerOff(ref, { ...doing("power off"), signal });
        },
    };
}
