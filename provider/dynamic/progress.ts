import type { Progress } from "../engine/requests";
import type { Address } from "../resources/resource";

/** What a user should see while it happens; Pulumi itself shows that a resource is being created. */
const shown: readonly Progress["kind"][] = ["output", "wait", "recover"];

/** Prints what an operation tells. The engine shows what a provider prints, but not whose it is: each line says that. */
export function printProgress({ domain, name }: Address, { kind, message }: Progress): void {
    if (shown.includes(kind)) console.log(`${name === undefined ? domain : `${domain}/${name}`}: ${message}`);
}
