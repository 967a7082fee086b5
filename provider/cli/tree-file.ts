import { type Command, desiredOf, type DesiredTree, type Force, Plan, type TreeInputs } from "../engine";
import { InvalidInputError } from "../model";
import { treeFaults } from "../resources/tree-check";
import type { Fault } from "../resources/validate";
import { readSource, type Source } from "./source";

/** What a file asks for: a tree that is still to be planned, or a plan that `--out` wrote. */
export type Wish = WantedTree | WrittenPlan;

interface Where {
    readonly domain: string;
    /** Names the line of the file that an error is about. */
    readonly located: <T>(work: () => Promise<T>) => Promise<T>;
    /** Where the file names one. */
    readonly host?: string;
    readonly password?: string;
}

export interface WantedTree extends Where, DesiredTree {
    readonly kind: "tree";
    /** Losses that the file accepts. */
    readonly force: Force;
}

export interface WrittenPlan extends Where {
    readonly kind: "plan";
    readonly plan: Plan;
    readonly provision: Provision;
}

/** Snapshot name to the commands that make its contents. They may hold secrets. */
export type Provision = Readonly<Record<string, readonly Command[]>>;

/** What the command line says besides the file. */
export interface Given {
    /** Comes before the file's own. */
    readonly domain?: string | undefined;
    readonly host?: string | undefined;
    readonly owner?: string | undefined;
}

/** Who manages what a file makes, where neither it nor the command line says. */
const OWNER = "snaptree";

/** A host that a check can be told of where it does not matter which one it is. */
const SOMEWHERE = "qemu:///embed?root=/";

type Inputs = TreeInputs & { readonly host?: string; readonly password?: string; readonly domain: string; readonly force?: Force };

function faultAt(place: Source["place"], property: string, error: Error, others = ""): InvalidInputError {
    return new InvalidInputError(`${place(property)}: ${error.message}${others}`, property, { cause: error });
}

function refuseFaults(faults: readonly Fault[], { place }: Source): void {
    const [first, ...more] = faults;
    if (first) throw faultAt(place, first.property, first.error, more.length === 0 ? "" : ` (and ${more.length} more to correct)`);
}

/** What only the hierarchy shows to be wrong is told with its line too. */
function locating({ place }: Source): Where["located"] {
    return async (work) => {
        try {
            return await work();
        } catch (error) {
            throw error instanceof InvalidInputError && error.property !== "" ? faultAt(place, error.property, error) : error;
        }
    };
}

/** “base:” with nothing after it is null in YAML: a field that has its default, or a snapshot of which there is no more to say. */
function withoutNulls(value: unknown, empty?: object): unknown {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).flatMap(([key, field]) => (field !== null ? [[key, field]] : empty ? [[key, empty]] : [])));
}

function filledIn(value: Source["value"]): Readonly<Record<string, unknown>> {
    const inputs = withoutNulls(value) as Record<string, unknown>;
    const snapshots = withoutNulls(inputs.snapshots, {});
    if (typeof snapshots !== "object" || snapshots === null || Array.isArray(snapshots)) return inputs;
    return { ...inputs, snapshots: Object.fromEntries(Object.entries(snapshots).map(([name, fields]) => [name, withoutNulls(fields)])) };
}

function domainOf({ value, file }: Source, domain = value.domain): unknown {
    if (domain != null) return domain;
    throw new InvalidInputError(`no domain is named; name it before the file, or as “domain:” in ${file}`, "domain");
}

function tree(source: Source, { domain, host, owner }: Given): WantedTree {
    const inputs = {
        owner: OWNER,
        ...filledIn(source.value),
        ...(owner === undefined ? {} : { owner }),
        ...(host === undefined ? {} : { host }),
        domain: domainOf(source, domain),
    };
    // Where no host is known at all, connecting says so.
    refuseFaults(treeFaults({ host: process.env.SNAPTREE_HOST ?? SOMEWHERE, ...inputs }), source);
    const wanted = inputs as unknown as Inputs;
    return {
        kind: "tree",
        domain: wanted.domain,
        ...(wanted.host === undefined ? {} : { host: wanted.host }),
        ...(wanted.password === undefined ? {} : { password: wanted.password }),
        located: locating(source),
        force: wanted.force ?? false,
        ...desiredOf(wanted),
    };
}

/** What `plan --out` writes: no host, so that it can be carried out over another way to the same one. */
export function storedPlan(domain: string, plan: Plan, provision: Provision): object {
    return { domain, plan, provision };
}

function written(source: Source, given: Given): WrittenPlan {
    const domain = domainOf(source, given.domain);
    const provision = (source.value.provision ?? {}) as Provision;
    const snapshots = Object.fromEntries(Object.entries(provision).map(([name, commands]) => [name, { provision: commands }]));
    refuseFaults(treeFaults({ host: SOMEWHERE, domain, snapshots, prune: "none" }), source);
    return { kind: "plan", domain: domain as string, located: locating(source), plan: Plan.fromJSON(source.value.plan), provision };
}

/** Whether that is what `plan --out` writes. */
export function isPlan({ value }: Source): boolean {
    return Object.hasOwn(value, "plan");
}

/** Reads what a file asks for, and refuses what can't be, without contacting a host. @throws InvalidInputError with the file and the line. */
export async function readWish(file: string, given: Given): Promise<Wish> {
    const source = await readSource(file);
    return isPlan(source) ? written(source, given) : tree(source, given);
}
