import { InvalidInputError, quoted } from "../../model";
import type { VboxStep } from "./steps";

/** Bytes of a name and a description: the kernel takes no argument above 128 KiB, and by ssh a whole call is one. */
const MOST = 120 * 1024;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What VBoxManage can't be given is refused before anything is decided. @throws InvalidInputError */
export function refuseUngivable(steps: readonly VboxStep[]): void {
    for (const step of steps) {
        if (step.kind !== "take" && step.kind !== "edit") continue;
        const { name = "", description } = step;
        const bytes = Buffer.byteLength(name) + Buffer.byteLength(description ?? "");
        if (bytes > MOST)
            throw new InvalidInputError(
                `name and description of a snapshot are ${bytes} bytes long, and VBoxManage can be given ${MOST / 1024} KiB; shorten them`,
            );
        if (step.kind === "edit" && UUID.test(name))
            throw new InvalidInputError(`VirtualBox lets no snapshot be renamed to a UUID; choose another name than ${quoted(name)}`, "name");
    }
}
