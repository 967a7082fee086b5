import type { MoveRequest } from "../engine/requests";
import type { BranchRemoval, SnapshotBranchInputs } from "../generated/types";
import { type Branch, type Hierarchy, NotFoundError, SnaptreeError, UnsupportedError, quoted } from "../model";
import { branchFaults } from "./branch-check";
import { diffBranch, findForkDrift, forkError, isReset, isStuck } from "./branch-diff";
import type { Connections, Machine } from "./connections";
import { driftKey } from "./drift";
import { acceptedLosses } from "./force";
import { formatId, parseNamedId } from "./identity";
import { Access, type Resource, type ResourceCheck, type ResourceDiff, type ResourceState, type Running, defaultHost, failuresOf, ifThere } from "./resource";
import { type Properties, ownProperties } from "./unknown";

/** Inputs that `check` has been through: nothing is missing any more. */
type Checked = SnapshotBranchInputs & { readonly host: string; readonly name: string };

/** What a SnapshotBranch resource means. Check and diff contact no host. */
export class BranchResource implements Resource {
    private readonly access: Access;

    constructor(connections: Connections, running?: Running) {
        this.access = new Access(connections, running);
    }

    check(news: Properties, resourceName?: string): ResourceCheck {
        const inputs = withDefaults(ownProperties(news), resourceName);
        return { inputs, failures: failuresOf(branchFaults(inputs)) };
    }

    diff(_id: string, olds: Properties, news: Properties): Promise<ResourceDiff> {
        return Promise.resolve(diffBranch(olds, news));
    }

    /** Forks the branch and, where it is to be active, goes over to it. */
    async create(inputs: Properties): Promise<ResourceState> {
        const wanted = checked(inputs);
        await this.refusePower(wanted);
        await this.access.change(wanted, async (machine) => {
            await machine.branch(wanted.name, { from: wanted.from }, this.access.options(wanted));
            if (wanted.active) await this.enterNew(machine, wanted);
        });
        return { id: formatId(wanted), outputs: { ...ownProperties(inputs), active: wanted.active === true } };
    }

    async read(id: string, properties: Properties = {}): Promise<ResourceState | null> {
        const isImport = properties.domain === undefined;
        const stored: Properties = isImport ? { ...parseNamedId(id) } : properties;
        const hierarchy = await this.access.hierarchy(checked(stored));
        const branch = hierarchy && find(hierarchy, stored.name);
        if (!branch) return null;
        const { active } = branch;
        const from = branch.from ?? "";
        if (isImport) {
            const inputs = withDefaults({ ...stored, from });
            return { id, inputs, outputs: { ...inputs, active } };
        }
        const drift = findForkDrift(hierarchy, branch, stored);
        return { id, outputs: { ...ownProperties(stored), from, active, ...(drift.from === undefined ? {} : { [driftKey]: drift }) } };
    }

    /**
     * Resets the branch, goes over to it and renames it, as far as that is asked for; each can be done again where a later one failed.
     * @throws SnaptreeError for a fork that moved, which can't be mended; DataLossError
     */
    async update(_id: string, olds: Properties, news: Properties): Promise<{ outputs: Properties }> {
        await this.refusePower(checked(news));
        return this.access.change(checked(news), (machine) => this.alter(machine, olds, news));
    }

    private async alter(machine: Machine, olds: Properties, news: Properties): Promise<{ outputs: Properties }> {
        const wanted = checked(news);
        const hierarchy = await machine.hierarchy();
        // An update that was interrupted may have renamed it.
        const branch = find(hierarchy, olds.name) ?? find(hierarchy, wanted.name) ?? gone(wanted);
        if (isStuck(findForkDrift(hierarchy, branch, olds), branch.from ?? "", news)) throw forkError(branch.from, news);
        const options = this.access.options(wanted);
        if (isReset(olds, news)) await machine.resetBranch(branch.name, { toFork: true, force: acceptedLosses(wanted.force) }, options);
        if (wanted.active && !branch.active) await machine.switch(branch.name, arrival(wanted), options);
        if (branch.name !== wanted.name) await machine.renameBranch(branch.name, wanted.name, options);
        const stays = branch.active && wanted.activeElsewhere !== true;
        return { outputs: { ...ownProperties(news), active: wanted.active === true || stays } };
    }

    /** Removes the branch with what `onDelete` says. Where the domain is on it, the tip goes on without a name. */
    async delete(_id: string, properties: Properties): Promise<void> {
        const wanted = checked(properties);
        const { name, onDelete, force } = wanted;
        const remove = async (machine: Machine) => {
            if (!find(await machine.hierarchy(), name)) return;
            await machine.unbranch(name, { commit: onDelete === "commit", active: "leave", force: acceptedLosses(force) }, this.access.options(wanted));
        };
        await ifThere(() => this.access.change(wanted, remove));
    }

    /** Refuses what the host can't do before anything is forked or reset. */
    private async refusePower(wanted: Checked): Promise<void> {
        const { powerState = "shutoff" } = wanted;
        const { capabilities } = await this.access.connection(wanted);
        if (powerState === "shutoff" || capabilities.running) return;
        throw new UnsupportedError(capabilities.backend, `starting a domain (${powerState})`, "leave out “powerState” or set it to “shutoff”");
    }

    /** Goes over to a branch that was just forked. Where that is refused the fork goes again, which is empty: nothing is left behind. */
    private async enterNew(machine: Machine, wanted: Checked): Promise<void> {
        try {
            await machine.switch(wanted.name, arrival(wanted), this.access.options(wanted));
        } catch (error) {
            // Not with the options of the run: where that was ended, the fork has to go all the same.
            await machine.unbranch(wanted.name, { active: "leave" }).catch((cause: unknown) => leftBehind(wanted, error, cause));
            throw error;
        }
    }
}

function checked(properties: Properties): Checked {
    return properties as unknown as Checked;
}

function withDefaults(inputs: Properties, resourceName?: string): Properties {
    const onDelete: BranchRemoval = "discard";
    return { ...defaultHost(), ...(resourceName ? { name: resourceName } : {}), onDelete, ...inputs };
}

function find(hierarchy: Hierarchy, name: unknown): Branch | undefined {
    return hierarchy.branches.find((branch) => branch.name === name);
}

function arrival({ powerState, leave, force }: Checked): MoveRequest {
    return { ...(powerState === undefined ? {} : { powerState }), ...(leave === undefined ? {} : { leave }), force: acceptedLosses(force) };
}

function gone({ name, domain }: Checked): never {
    throw new NotFoundError(
        `branch ${quoted(name)} of domain ${quoted(domain)} is not there any more; run “pulumi refresh”, and the next “pulumi up” forks it again`,
    );
}

function leftBehind({ name, domain }: Checked, error: unknown, cause: unknown): never {
    const [why, whyNot] = [error, cause].map((one) => (one instanceof Error ? one.message : String(one)));
    throw new SnaptreeError(
        `${why}; branch ${quoted(name)} of domain ${quoted(domain)}, which was forked for that, could not be removed again (${whyNot}): remove it yourself before the next “pulumi up”`,
        {},
        { cause: error },
    );
}
