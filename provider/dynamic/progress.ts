import type { Progress } from "../engine/requests";
import type { Address } from "../resources/resource";

/** What a user should see while it happens; Pulumi itself shows that a resource is being created. */
const shown: readonly Progress["kind"][] = ["output", "wait", "recover"];
/** What is one resource to Pulumi and many operations to the host also tells each of these. */
const shownOfMany: readonly Progress["kind"][] = [...shown, "begin"];

/** Prints what an operation tells. The engine shows what a provider prints, but not whose it is: each line says that. */
export function printProgress({ domain, name }: Address, { kind, message }: Progress): void {
    if ((name === undefined ? shownOfMany : shown).includes(kind)) console.log(`${name === undefined ? domain : `${domain}/${name}`}: ${message}`);
}
