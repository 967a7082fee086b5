import type { Diagnosis, ManagedDomain } from "../backends/backend";
import type { Finding } from "../model";
import { execute, type Execution, recover } from "./transaction";

function finding({ kind, what, message, remedy }: Diagnosis, repaired = false): Finding {
    return { kind, what, message, repairable: remedy !== null, repaired };
}

async function mend(domain: ManagedDomain, { remedy }: Diagnosis, execution: Execution): Promise<void> {
    switch (remedy?.kind) {
        case "recover":
            return recover(domain, execution);
        case "operation":
            return execute(domain, await domain.compile([remedy.operation]), execution);
        case "mend":
            return remedy.mend();
    }
}

/** What can't be mended after all is reported with the reason, and keeps nobody from mending the rest. */
async function mended(domain: ManagedDomain, diagnosis: Diagnosis, execution: Execution): Promise<Finding> {
    try {
        await mend(domain, diagnosis, execution);
        return finding(diagnosis, true);
    } catch (error) {
        execution.signal?.throwIfAborted();
        const message = `${diagnosis.message}; repairing that failed: ${(error as Error).message}`;
        return { ...finding(diagnosis), message };
    }
}

/** As long as an operation is half-done, nothing else is begun. */
function mendable(found: readonly Diagnosis[]): readonly Diagnosis[] {
    const interrupted = found.filter(({ kind }) => kind === "journal");
    return (interrupted.length > 0 ? interrupted : found).filter(({ remedy }) => remedy !== null);
}

function identity({ kind, what, message }: Diagnosis): string {
    return [kind, what, message].join("\0");
}

/**
 * Looks for what is wrong with a domain, and with `repair` mends what can be mended without losing anything: first what an interrupted operation left,
 * since the rest is only known after that, then everything else, until nothing more turns up. The domain's lock is held.
 */
export async function doctor(domain: ManagedDomain, repair: boolean, execution: Execution): Promise<readonly Finding[]> {
    const findings: Finding[] = [];
    const tried = new Set<string>();
    for (;;) {
        const found = await domain.examine(execution.signal);
        const untried = found.filter((diagnosis) => !tried.has(identity(diagnosis)));
        const next = repair ? mendable(found).filter((diagnosis) => untried.includes(diagnosis)) : [];
        if (next.length === 0) return [...findings, ...untried.map((diagnosis) => finding(diagnosis))];
        for (const diagnosis of next) {
            tried.add(identity(diagnosis));
            findings.push(await mended(domain, diagnosis, execution));
        }
    }
}
