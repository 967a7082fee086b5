import { setTimeout as sleep } from "node:timers/promises";
import { HostError, type PowerState } from "../../model";
import { isInTheWay } from "../../native";
import type { Guest } from "../backend";
import type { MachineDocument } from "./document";
import type { Host } from "./host";

/** What a machine's guest is controlled by. */
export interface Controlled {
    readonly host: Host;
    readonly uuid: string;
    readonly machine: () => Promise<MachineDocument>;
}

/** Milliseconds that a guest has to shut down. */
const SHUTDOWN_TIMEOUT = 120_000;

/** A guest that is still booting hears nothing yet: it is asked again, in milliseconds. */
const ASK_AGAIN = 10_000;

/** Milliseconds between two looks at a guest that is to end. */
const LOOK_AGAIN = 250;

/** Presses the power button; a guest that stands still goes on first. */
async function press({ host, uuid }: Controlled, state: PowerState): Promise<void> {
    if (state === "paused") await host.manage.run(["controlvm", uuid, "resume"], { machine: uuid });
    await host.manage.run(["controlvm", uuid, "acpipowerbutton"], { machine: uuid });
}

/** Asks the guest to shut down by ACPI, and waits until it has. @throws HostError where it does not in time: it runs on, and has lost nothing */
async function shutDown(controlled: Controlled, signal: AbortSignal | undefined): Promise<void> {
    const { host, uuid } = controlled;
    const began = performance.now();
    for (let asked = -Infinity; ;) {
        const state = await host.powerState(uuid);
        const passed = performance.now() - began;
        if (state === "shutoff") return;
        if (passed >= SHUTDOWN_TIMEOUT)
            throw new HostError(
                `the guest of {${uuid}} did not shut down within ${SHUTDOWN_TIMEOUT / 1000} s of being asked by ACPI, and runs on; shut it down from inside, or leave it with checkpoint or destroy`,
            );
        if (passed - asked >= ASK_AGAIN) {
            asked = passed;
            await press(controlled, state).catch(async (error: unknown) => {
                if ((await host.powerState(uuid)) !== "shutoff") throw error; // What is asked in the moment in which it ends matters no more.
            });
        } else await sleep(LOOK_AGAIN, undefined, { signal });
    }
}

/** What runs in a machine of VirtualBox's. */
export function guestOf(controlled: Controlled): Guest {
    const { host, uuid, machine } = controlled;
    const run = (...args: string[]) => host.manage.run(args, { machine: uuid });
    return {
        mustLeave: (operations) => operations.some(isInTheWay),
        async leave(how, { signal }) {
            if ((await machine()).saved !== null) {
                if (how === "shutdown")
                    throw new HostError(`the machine {${uuid}} is saved, so its guest can't shut down; start it and shut it down, or leave it with destroy`);
                return void (await run("discardstate", uuid));
            }
            if (how === "shutdown") return shutDown(controlled, signal);
            await run("controlvm", uuid, "poweroff");
        },
        wake: () => Promise.resolve(), // A saved machine's snapshot holds its memory.
        async arrive(operation) {
            if (operation.kind !== "revert" && operation.kind !== "switch") return;
            const { powerState } = operation;
            const { saved } = await machine();
            if (powerState === "shutoff" && saved !== null) return void (await run("discardstate", uuid));
            if (powerState === undefined || powerState === "shutoff") return;
            await run("startvm", uuid, "--type", "headless");
            if (powerState === "paused") await run("controlvm", uuid, "pause");
        },
    };
}
