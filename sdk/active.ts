import * as pulumi from "@pulumi/pulumi";
import { InvalidInputError, quoted } from "../provider/model";
import type { Properties } from "../provider/resources/unknown";

/** What the branches of one run of a program have said so far: by domain, the one that is to be active. */
type Run = Map<string, string>;

/**
 * By the stack of the run, which is another object in each: the automation API runs several programs in one process, and a preview and its update are two
 * runs of one program.
 */
const runs = new WeakMap<pulumi.Resource, Run>();

/** Which domain a branch is of; null where that is known only later. */
function domainOf({ host, domain }: Properties): string | null {
    return typeof host === "string" && typeof domain === "string" ? JSON.stringify([host, domain]) : null;
}

/** What has been said in this run; null outside of one, as in the tests of a program that run it without a stack. */
function thisRun(): Run | null {
    const stack = pulumi.runtime.getStackResource();
    if (!stack) return null;
    const run: Run = runs.get(stack) ?? new Map<string, string>();
    runs.set(stack, run);
    return run;
}

/**
 * What the others of its domain mean for a branch that is being declared: whether the program wants the domain on another one. Those that are declared later
 * in the same go count too, so it is known only once the program has gone on.
 *
 * @throws InvalidInputError where two branches are both known to be active, naming both.
 */
export function amongOthers(inputs: Properties): Properties {
    const run = thisRun();
    const domain = domainOf(inputs);
    if (run === null || domain === null) return {};
    if (inputs.active === true) {
        declareActive(run, domain, inputs);
        return {};
    }
    return { activeElsewhere: new Promise<true | undefined>((resolve) => setImmediate(() => resolve(run.has(domain) || undefined))) };
}

function declareActive(run: Run, domain: string, inputs: Properties): void {
    const name = typeof inputs.name === "string" ? quoted(inputs.name) : "another one";
    const other = run.get(domain);
    if (other !== undefined) {
        throw new InvalidInputError(
            `branches ${other} and ${name} of domain ${quoted(String(inputs.domain))} are both declared active, and a domain is on one branch; leave “active” out of one of them`,
            "active",
        );
    }
    run.set(domain, name);
}
