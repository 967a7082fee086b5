import type { dynamic } from "@pulumi/pulumi";
import { SnaptreeError } from "../model";
import type { Resource, ResourceCheck } from "../resources/resource";
import type { Properties } from "../resources/unknown";

/** Runs one operation of a resource; the face that owns the process uses it to know what is under way. */
export type Run = <T>(operation: () => Promise<T>) => Promise<T>;

/** A resource in the shape that Pulumi's dynamic provider calls. */
export function adapt(resource: Resource, run: Run = (operation) => operation()): dynamic.ResourceProvider<Properties, Properties> {
    const told = <T>(operation: () => Promise<T>): Promise<T> => run(() => telling(operation));
    return {
        check: (_olds, news) => told(() => Promise.resolve(withoutProperties(resource.check(news)))),
        diff: (id, olds, news) =>
            told(async () => {
                const { warnings, ...diff } = await resource.diff(id, olds, news);
                for (const warning of warnings) console.warn(`warning: ${warning}`);
                return diff;
            }),
        create: (inputs) =>
            told(async () => {
                const { id, outputs } = await resource.create(inputs);
                return { id, outs: outputs };
            }),
        read: (id, properties) =>
            told(async () => {
                const found = await resource.read(id, properties);
                // An empty id tells Pulumi that the resource is gone.
                return found ? { id: found.id, props: found.outputs } : { id: "", props: {} };
            }),
        update: (id, olds, news) => told(async () => ({ outs: (await resource.update(id, olds, news)).outputs })),
        delete: (id, properties) => told(() => resource.delete(id, properties)),
    };
}

/** Pulumi prints the value of a property that a failure names, also where that is a password; each reason says which property it is about. */
function withoutProperties({ inputs, failures }: ResourceCheck): dynamic.CheckResult<Properties> {
    return { inputs, failures: failures.map(({ reason }) => ({ property: "", reason })) };
}

/**
 * An error as Pulumi shows it. Pulumi prints its stack as well, which would bury the one sentence that a user needs; errors that nobody
 * foresaw keep theirs.
 */
class ToldError extends Error {
    override readonly name = "";
    constructor(error: SnaptreeError) {
        super(error.name === "SnaptreeError" ? error.message : `${error.name}: ${error.message}`, { cause: error });
        this.stack = "";
    }
}

async function telling<T>(operation: () => Promise<T>): Promise<T> {
    try {
        return await operation();
    } catch (error) {
        throw error instanceof SnaptreeError ? new ToldError(error) : error;
    }
}
