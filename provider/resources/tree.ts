import type { Again, Desired, Wanted } from "../engine";
import { desiredOf } from "../engine/desired";
import type { SnapshotTreeInputs } from "../generated/types";
import type { Hierarchy, Snapshot } from "../model";
import type { Connections } from "./connections";
import { driftError } from "./drift";
import { acceptedLosses, accepts } from "./force";
import { formatId, parseDomainId } from "./identity";
import { Access, defaultHost, failuresOf, ifThere, type Resource, type ResourceCheck, type ResourceDiff, type ResourceState, type Running } from "./resource";
import { treeFaults } from "./tree-check";
import { compareTrees, diffTree } from "./tree-diff";
import { declaredTree, locateAll, type Nodes, nodesOf, refreshed, stateOf, strangers } from "./tree-drift";
import { ownProperties, type Properties } from "./unknown";

/** Inputs that `check` has been through: nothing is missing any more. */
type Checked = SnapshotTreeInputs & { readonly host: string };

/**
 * What a SnapshotTree means, whichever face asks. The whole hierarchy is planned as one, under the domain's lock, and carried out at once. Check and diff
 * contact no host.
 *
 * **Taken again.** A snapshot whose contents are to be made otherwise (its commands, `mode`, `disks`, `triggers`, …) goes with all that stands on it, and both
 * are made anew in the same update. That the program's own contents go is agreed to by changing the program; everything else below is a loss that has
 * to be accepted: snapshots of others, those that froze what the domain once held, branches and tips that were written to. Another parent means the same,
 * unless the snapshot comes to stand there by itself because what was between is no longer listed: then it keeps its contents.
 *
 * **Drift** never takes anything again, but for `force`: what is missing is made, what was renamed or described otherwise is set right, the domain goes
 * where `current` says; a snapshot that stands elsewhere or holds something else is an error that says what to do.
 *
 * **A run that fails** in the middle leaves each snapshot whole. The state stays as it was, and the next run goes on from what is there.
 */
export class TreeResource implements Resource {
    private readonly access: Access;

    constructor(connections: Connections, running?: Running) {
        this.access = new Access(connections, running);
    }

    check(news: Properties): ResourceCheck {
        const inputs = { ...defaultHost(), prune: "managed", ...ownProperties(news) };
        return { inputs, failures: failuresOf(treeFaults(inputs)) };
    }

    diff(_id: string, olds: Properties, news: Properties): Promise<ResourceDiff> {
        return Promise.resolve(diffTree(olds, news));
    }

    async create(inputs: Properties): Promise<ResourceState> {
        const { desired } = desiredOf(inputs);
        const hierarchy = await this.converge(inputs, () => ({ desired }));
        return { id: formatId({ host: checked(inputs).host, domain: checked(inputs).domain }), outputs: outputsOf(ownProperties(inputs), hierarchy) };
    }

    async read(id: string, properties: Properties = {}): Promise<ResourceState | null> {
        const isImport = properties.domain === undefined;
        const stored = isImport ? parseDomainId(id) : checked(properties);
        const hierarchy = await this.access.hierarchy({ host: stored.host, domain: stored.domain, password: checked(properties).password });
        if (!hierarchy) return null;
        if (!isImport) return { id, outputs: refreshed(withoutProvider(properties), hierarchy) };
        const inputs = { ...defaultHost(), ...stored, prune: "managed", ...importOf(hierarchy) };
        return { id, inputs, outputs: outputsOf(inputs, hierarchy) };
    }

    async update(_id: string, olds: Properties, news: Properties): Promise<{ outputs: Properties }> {
        const before = declaredTree(olds);
        // A tree keeps its owner: what is marked with that would be nobody's otherwise.
        const inputs = { ...ownProperties(news), ...(before.owner === undefined ? {} : { owner: before.owner }) };
        const hierarchy = await this.converge(inputs, (there) => wantedOf(there, before, inputs));
        return { outputs: outputsOf(inputs, hierarchy) };
    }

    /** Removes what this tree's owner manages, listed or not. What is gone already needs no deleting. @throws DataLossError */
    async delete(_id: string, properties: Properties): Promise<void> {
        const { owner, force } = checked(properties);
        if (owner === undefined) return;
        const place = placeOf(properties);
        const options = { ...this.access.options(place), force: acceptedLosses(force) };
        await ifThere(() => this.access.change(place, (machine) => machine.removeManaged(owner, options)));
    }

    private async converge(inputs: Properties, decide: (there: Hierarchy) => Wanted): Promise<Hierarchy> {
        const place = placeOf(inputs);
        const options = { ...this.access.options(place), provision: desiredOf(inputs).provision, force: acceptedLosses(checked(inputs).force) };
        return this.access.change(place, (machine) => machine.converge(decide, options));
    }
}

function checked(properties: Properties): Checked {
    return properties as unknown as Checked;
}

function placeOf(properties: Properties) {
    const { host, domain, password } = checked(properties);
    return { host, domain, password };
}

function withoutProvider({ __provider: _provider, ...properties }: Properties): Properties {
    return properties;
}

/** What a program would say of what is there. */
function importOf({ snapshots, branches }: Hierarchy): Properties {
    const nodes = snapshots.map(({ name, parent, description }) => [name, { ...(parent === null ? {} : { parent }), ...(description ? { description } : {}) }]);
    const forks = branches.flatMap(({ name, from }) => (from === null ? [] : [[name, { from }]]));
    return { snapshots: Object.fromEntries(nodes) as Properties, ...(forks.length > 0 ? { branches: Object.fromEntries(forks) as Properties } : {}) };
}

/** The inputs, and of each snapshot what the host says. */
function outputsOf(inputs: Properties, hierarchy: Hierarchy): Properties {
    const there = new Map(hierarchy.snapshots.map((snapshot) => [snapshot.name, snapshot]));
    const snapshots = Object.entries(nodesOf(inputs.snapshots)).flatMap(([name, node]) => {
        const snapshot = there.get(name);
        return snapshot ? [[name, stateOf(node, snapshot, snapshot.parent)]] : [];
    });
    return { ...inputs, snapshots: Object.fromEntries(snapshots) as Properties };
}

/**
 * What an update wants of what is there: what the program changed since, and what somebody else did, as far as that can be mended.
 *
 * @throws SnaptreeError for contents that somebody else put in the place of ours.
 */
function wantedOf(there: Hierarchy, before: Properties, inputs: Properties): Wanted {
    const nodesBefore = nodesOf(before.snapshots);
    const located = locateAll(there, nodesBefore);
    const change = compareTrees(before, inputs);
    const listed = nodesOf(inputs.snapshots);
    const strange = [...strangers(located, nodesBefore), ...displaced(there, located, listed)];
    const replaced = strange.filter((name) => Object.hasOwn(listed, name) && !change.again.has(name));
    for (const name of replaced) {
        if (accepts(inputs.force, `snapshot:${name}`)) continue;
        throw driftError("contentId", null, { name, domain: inputs.domain });
    }
    return { desired: mending(there, nodesBefore, inputs), again: { snapshots: new Set([...change.again, ...replaced]), moved: movable(change, inputs) } };
}

/** Ours that have a name now which the program does not list, while somebody else's have theirs: they can't be renamed back, and would be pruned. */
function displaced({ snapshots }: Hierarchy, located: ReadonlyMap<string, Snapshot>, listed: Nodes): string[] {
    const names = new Set(snapshots.map(({ name }) => name));
    return [...located].filter(([name, there]) => there.name !== name && names.has(name) && !Object.hasOwn(listed, there.name)).map(([name]) => name);
}

/** What may stand elsewhere and be made again for that: what the program moved, and what may go anyway. */
function movable({ moved }: { readonly moved: ReadonlySet<string> }, { snapshots, branches, force }: Properties): Again["moved"] {
    const accepted = [
        ...Object.keys(nodesOf(snapshots)).filter((name) => accepts(force, `snapshot:${name}`)),
        ...Object.keys(nodesOf(branches)).filter((name) => accepts(force, `branch:${name}`)),
    ];
    return new Set([...moved, ...accepted]);
}

/** The hierarchy that is wanted, with what it takes to set right what was renamed, or is no longer described. */
function mending(there: Hierarchy, before: ReturnType<typeof nodesOf>, inputs: Properties): Desired {
    const { desired } = desiredOf(inputs);
    const located = locateAll(there, before);
    const names = new Set(there.snapshots.map(({ name }) => name));
    const snapshots = Object.entries(desired.snapshots).map(([name, node]) => {
        const snapshot = located.get(name);
        const isRenamed = snapshot !== undefined && !names.has(name) && !Object.hasOwn(desired.snapshots, snapshot.name);
        const isUndescribed = node.description === undefined && Boolean(before[name]?.description) && Boolean(snapshot?.description);
        return [name, { ...node, ...(isRenamed ? { renamedFrom: snapshot.name } : {}), ...(isUndescribed ? { description: "" } : {}) }] as const;
    });
    return { ...desired, snapshots: Object.fromEntries(snapshots) };
}
