import { setTimeout as sleep } from "node:timers/promises";
import { HostError, type Operation } from "../../model";
import type { Guest } from "../backend";
import type { MachineDocument } from "./document";
import type { Host } from "./host";

/** What a machine's guest is controlled by. */
export interface Controlled {
    readonly host: Host;
    readonly uuid: string;
    readonly machine: () => Promise<MachineDocument>;
}

/** Seconds for which a guest may take to shut down. */
const PATIENCE = 180;

/** VirtualBox restores nothing under a machine that runs, and merges only what is under it. */
function isInTheWay(operation: Operation): boolean {
    switch (operation.kind) {
        case "revert":
        case "switch":
        case "commit":
        case "merge":
        case "reset":
            return true;
        case "create":
            return operation.source === "parent";
        default:
            return false;
    }
}

async function shutDown({ host, uuid }: Controlled, signal: AbortSignal | undefined): Promise<void> {
    await host.manage.run(["controlvm", uuid, "acpipowerbutton"], { machine: uuid });
    for (let waited = 0; waited < PATIENCE; waited++) {
        if ((await host.powerState(uuid)) === "shutoff") return;
        await sleep(1000, undefined, { signal });
    }
    throw new HostError(
        `the guest of {${uuid}} did not shut down within ${PATIENCE} s, and runs on; shut it down there, or leave it with checkpoint or destroy`,
    );
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
