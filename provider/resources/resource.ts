import type { Progress, RunOptions } from "../engine/requests";
import { type Hierarchy, NotFoundError } from "../model";
import type { Connection, Connections, Machine } from "./connections";
import type { Properties } from "./unknown";
import type { Fault } from "./validate";

/** Inputs with their defaults, and everything that is wrong with them. */
export interface ResourceCheck {
    readonly inputs: Properties;
    readonly failures: readonly { readonly property: string; readonly reason: string }[];
}

/** What a change of inputs means, as Pulumi asks for it. */
export interface ResourceDiff {
    readonly changes: boolean;
    /** Inputs because of which the resource is deleted and created again; empty: it changes in place. */
    readonly replaces: string[];
    /** Names are unique within a domain, so the old one has to go first. */
    readonly deleteBeforeReplace: boolean;
    /** Outputs that stay as they are whatever the update does. */
    readonly stables: string[];
    /** Drift at which an update will fail, as a sentence for the user. */
    readonly warnings: string[];
}

/** What the host has of a resource; `inputs` only for an import. */
export interface ResourceState {
    readonly id: string;
    readonly outputs: Properties;
    readonly inputs?: Properties;
}

/** What a resource means, whichever face asks: Pulumi's calls on plain properties. Check and diff contact no host unless the resource says when. */
export interface Resource {
    /** Fills in defaults and reports everything that is wrong with the inputs. `resourceName` is the name's default where the face knows it. */
    check(news: Properties, resourceName?: string): ResourceCheck;
    /** Compares stored outputs with checked inputs. */
    diff(id: string, olds: Properties, news: Properties): Promise<ResourceDiff>;
    /** @throws SnaptreeError, having left nothing behind. */
    create(inputs: Properties): Promise<ResourceState>;
    /**
     * What the host has now; null: it or its domain is gone. Without properties this is an import, and the id says what to read.
     * @throws UnreachableError, which says nothing about the resource.
     */
    read(id: string, properties?: Properties): Promise<ResourceState | null>;
    /** Changes what can be changed in place, and mends what somebody else changed. */
    update(id: string, olds: Properties, news: Properties): Promise<{ readonly outputs: Properties }>;
    /** What is gone already needs no deleting. @throws DataLossError */
    delete(id: string, properties: Properties): Promise<void>;
}

/** What a resource stands for within its host; what is the whole domain's has no name. */
export interface Address {
    readonly domain: string;
    readonly name?: string | undefined;
}

/** Where a resource lives, and what it may show the host to get there. */
export interface Place extends Address {
    readonly host: string;
    readonly password?: string | undefined;
}

/** How operations run: what they tell meanwhile, and what ends them. */
export interface Running {
    readonly onProgress?: (address: Address, progress: Progress) => void;
    readonly signal?: AbortSignal;
}

/** The way from a resource's properties to the machine that it is about. */
export class Access {
    constructor(
        private readonly connections: Connections,
        private readonly running: Running = {},
    ) {}

    connection({ host, password }: Place): Promise<Connection> {
        return this.connections.to(host, password);
    }

    /** What the domain has, for whoever only looks; null: it is not there. @throws UnreachableError */
    hierarchy(place: Place): Promise<Hierarchy | null> {
        return this.connections.listings.read(keyOf(place), () => ifThere(async () => (await this.machine(place)).hierarchy()));
    }

    /**
     * Runs an operation that changes the machine.
     *
     * @throws NotFoundError where the host is there and the domain is not; UnreachableError where the host is not.
     */
    change<T>(place: Place, operation: (machine: Machine) => Promise<T>): Promise<T> {
        return this.connections.listings.around(keyOf(place), async () => operation(await this.machine(place)));
    }

    private async machine(place: Place): Promise<Machine> {
        return (await this.connection(place)).domain(place.domain);
    }

    options({ domain, name }: Place): RunOptions {
        const { onProgress, signal } = this.running;
        return { ...(onProgress ? { onProgress: (progress) => onProgress({ domain, name }, progress) } : {}), ...(signal ? { signal } : {}) };
    }
}

function keyOf({ host, password, domain }: Place): string {
    return JSON.stringify([host, password, domain]);
}

/** Faults as Pulumi wants to hear of them. */
export function failuresOf(faults: readonly Fault[]): ResourceCheck["failures"] {
    return faults.map(({ property, error }) => ({ property, reason: `${error.name}: ${error.message}` }));
}

/** The host that the environment names, for a program that names none. */
export function defaultHost(): { readonly host?: string } {
    const host = process.env.SNAPTREE_HOST;
    return host ? { host } : {};
}

/** Runs what may find that the domain or what is looked for on it is gone; null then. */
export async function ifThere<T>(run: () => Promise<T>): Promise<T | null> {
    try {
        return await run();
    } catch (error) {
        if (error instanceof NotFoundError) return null;
        throw error;
    }
}
