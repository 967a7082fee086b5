import type { Progress } from "../engine/requests";

/** What a user should see while it happens; Pulumi itself shows that a resource is being created. */
const shown: readonly Progress["kind"][] = ["output", "wait", "recover"];

/** Prints what a snapshot's operation tells. The engine shows what a provider prints, but not whose it is: each line says that. */
export function snapshotProgress({ domain, name }: { domain: string; name: string }, { kind, message }: Progress): void {
    if (shown.includes(kind)) console.log(`${domain}/${name}: ${message}`);
}
