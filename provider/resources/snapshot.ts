import type { CreateRequest, RedefineRequest } from "../engine/requests";
import type { DeleteScope, LeavePolicy, ProvisionPowerState, SnapshotInputs, SnapshotState } from "../generated/types";
import { DataLossError, type Hierarchy, NotFoundError, type Snapshot, UnsupportedError, quoted } from "../model";
import type { Connections, Machine } from "./connections";
import { declared, driftError, driftKey, findDrift, isStranger, locate, unmendable } from "./drift";
import { accepts, acceptedLosses } from "./force";
import { formatId, parseNamedId } from "./identity";
import { Access, type Resource, type ResourceCheck, type ResourceDiff, type ResourceState, type Running, defaultHost, failuresOf, ifThere } from "./resource";
import { snapshotFaults } from "./snapshot-check";
import { diffSnapshot } from "./snapshot-diff";
import { type Properties, ownProperties } from "./unknown";

/** Inputs that `check` has been through: nothing is missing any more. */
type Checked = SnapshotInputs & { readonly host: string; readonly name: string };

/** What the host tells of a snapshot besides its inputs. */
interface Facts {
    readonly creationTime: number;
    readonly state: SnapshotState;
    readonly contentId: string;
}

/** What a snapshot resource asks of the engine besides the request's own fields; an engine that can't start domains knows nothing of it. */
type ProvisionedRequest = CreateRequest & { readonly powerState?: ProvisionPowerState; readonly leave?: LeavePolicy };

/**
 * What a Snapshot resource means, whichever face asks: Pulumi's check, diff, create, read, update and delete on plain properties.
 * Check and diff contact no host, but for a changed name, which asks whether the host can rename.
 */
export class SnapshotResource implements Resource {
    private readonly access: Access;

    constructor(connections: Connections, running?: Running) {
        this.access = new Access(connections, running);
    }

    check(news: Properties, resourceName?: string): ResourceCheck {
        const inputs = withDefaults(ownProperties(news), resourceName);
        return { inputs, failures: failuresOf(snapshotFaults(inputs)) };
    }

    diff(_id: string, olds: Properties, news: Properties): Promise<ResourceDiff> {
        return diffSnapshot(olds, news, async () => (await this.access.connection(checked(news))).capabilities.rename);
    }

    /** Takes the snapshot, or redefines it. @throws SnaptreeError, having left nothing behind. */
    async create(inputs: Properties): Promise<ResourceState> {
        const wanted = checked(inputs);
        const facts = await this.access.change(wanted, async (machine) =>
            wanted.redefine ? this.redefine(machine, wanted.name, wanted) : factsOf(await this.take(machine, wanted)),
        );
        return { id: formatId(wanted), outputs: { ...ownProperties(inputs), ...facts } };
    }

    async read(id: string, properties: Properties = {}): Promise<ResourceState | null> {
        const isImport = properties.domain === undefined;
        const stored: Properties = isImport ? { ...parseNamedId(id) } : properties;
        if (stored.noMetadata === true) return { id, outputs: ownProperties(stored) };
        const hierarchy = await this.access.hierarchy(checked(stored));
        const snapshot = hierarchy && locate(hierarchy, stored);
        if (!snapshot) return null;
        if (isImport) {
            const inputs = withDefaults({ ...stored, ...placeOf(snapshot) });
            return { id, inputs, outputs: { ...inputs, ...factsOf(snapshot) } };
        }
        const { parent: _parent, description: _description, ...kept } = ownProperties(stored);
        const drift = findDrift(hierarchy, snapshot, stored);
        const outputs = { ...kept, ...placeOf(snapshot), ...factsOf(snapshot, stored), ...(Object.keys(drift).length > 0 ? { [driftKey]: drift } : {}) };
        return { id, outputs };
    }

    /** Changes what can be changed in place, and mends what somebody else changed. @throws SnaptreeError for drift that can't be mended. */
    async update(_id: string, olds: Properties, news: Properties): Promise<{ outputs: Properties }> {
        const wanted = checked(news);
        const known = { creationTime: olds.creationTime, state: olds.state, contentId: olds.contentId };
        if (wanted.noMetadata) return { outputs: { ...known, ...ownProperties(news) } };
        const facts = await this.access.change(wanted, async (machine) => {
            const hierarchy = await machine.hierarchy();
            const snapshot = locate(hierarchy, olds) ?? this.gone(wanted);
            const [stuck] = unmendable(findDrift(hierarchy, snapshot, olds), snapshot.parent, news);
            if (stuck) throw driftError(stuck, snapshot.parent, news);
            return wanted.redefine ? this.redefine(machine, snapshot.name, wanted, declared(olds)) : this.alter(machine, snapshot, wanted);
        });
        return { outputs: { ...ownProperties(news), ...facts, contentId: olds.contentId || facts.contentId } };
    }

    /** Deletes the snapshot with what `onDelete` says; what is gone already needs no deleting. @throws DataLossError */
    async delete(_id: string, properties: Properties): Promise<void> {
        const wanted = checked(properties);
        if (wanted.noMetadata) return;
        await ifThere(() => this.access.change(wanted, (machine) => this.remove(machine, wanted, properties)));
    }

    private async remove(machine: Machine, wanted: Checked, properties: Properties): Promise<void> {
        const { name, onDelete, force } = wanted;
        const snapshot = locate(await machine.hierarchy(), properties);
        if (!snapshot) return;
        if (isStranger(snapshot, properties) && onDelete !== "metadata" && !accepts(force, `snapshot:${name}`)) {
            throw new DataLossError(`deleting snapshot ${quoted(name)}, which somebody took in place of the one that this resource took,`, [
                `snapshot:${name}`,
            ]);
        }
        const request = { scope: onDelete ?? "keepChildren", tip: "parent", force: acceptedLosses(force) } as const;
        await machine.delete(snapshot.name, request, this.access.options(wanted));
    }

    private async take(machine: Machine, wanted: Checked): Promise<Snapshot> {
        const { capabilities } = await this.access.connection(wanted);
        if (wanted.powerState === "running" && !capabilities.running) {
            throw new UnsupportedError(capabilities.backend, "snapshots of a running domain", "leave out “powerState” or set it to “shutoff”");
        }
        if (wanted.powerState !== undefined) refusePower(wanted, capabilities.backend, (await machine.hierarchy()).powerState);
        return machine.create(createRequest(wanted), this.access.options(wanted));
    }

    /** @returns what the host says of it afterwards. `before` is what was asked for the last time: what is the same is not asked again. */
    private async redefine(machine: Machine, name: string, wanted: Checked, before: Properties = {}): Promise<Facts> {
        await machine.redefine(redefineRequest(name, wanted, before), this.access.options(wanted));
        const snapshot = (await machine.hierarchy()).snapshots.find((other) => other.name === wanted.name) ?? this.gone(wanted);
        if (wanted.parent !== undefined && snapshot.parent !== wanted.parent) throw driftError("parent", snapshot.parent, { ...wanted });
        return factsOf(snapshot);
    }

    /** Sets the name and the description where the host has others. */
    private async alter(machine: Machine, snapshot: Snapshot, wanted: Checked): Promise<Facts> {
        const description = wanted.description ?? "";
        const request: RedefineRequest = {
            name: snapshot.name,
            ...(wanted.name === snapshot.name ? {} : { rename: wanted.name }),
            ...(description === (snapshot.description ?? "") ? {} : { description: description || null }),
        };
        if (Object.keys(request).length > 1) await machine.redefine(request, this.access.options(wanted));
        return factsOf(snapshot);
    }

    private gone({ name, domain }: Checked): never {
        throw new NotFoundError(
            `snapshot ${quoted(name)} of domain ${quoted(domain)} is not there any more; run “pulumi refresh”, and the next “pulumi up” takes it again`,
        );
    }
}

function checked(properties: Properties): Checked {
    return properties as unknown as Checked;
}

/** No domain is started or shut down for a snapshot: it is taken of one that is as it is to be already. */
function refusePower({ powerState, provision, domain }: Checked, backend: string, now: Hierarchy["powerState"]): void {
    if (powerState === "running" && provision && provision.length > 0)
        throw new UnsupportedError(
            backend,
            "“provision” while the guest runs",
            "leave out “powerState”: the commands change the disks of a domain that is shut off",
        );
    if (powerState === "running" && now === "shutoff")
        throw new UnsupportedError(backend, "starting a domain for a snapshot", `start ${quoted(domain)} first, or leave out “powerState”`);
    if (powerState === "shutoff" && now !== "shutoff")
        throw new UnsupportedError(
            backend,
            `shutting a domain down for a snapshot (it is ${now})`,
            `shut ${quoted(domain)} down first, or leave out “powerState”`,
        );
}

function withDefaults(inputs: Properties, resourceName?: string): Properties {
    const onDelete: DeleteScope = inputs.redefine === true ? "metadata" : "keepChildren";
    return { ...defaultHost(), ...(resourceName ? { name: resourceName } : {}), onDelete, ...inputs };
}

function placeOf({ name, parent, description }: Snapshot): Properties {
    return { name, ...(parent === null ? {} : { parent }), ...(description ? { description } : {}) };
}

/** The contents stay those that were taken, whatever the host has in their place: what stands on them must not be taken again for that. */
function factsOf({ creationTime, state, contentId }: Snapshot, stored: Properties = {}): Facts {
    return { creationTime, state, contentId: (stored.contentId as string | undefined) || (contentId ?? "") };
}

function createRequest(wanted: Checked): ProvisionedRequest {
    const { name, parent, description, provision, powerState, leave, diskOnly, memoryFile, mode } = wanted;
    const { quiesce, compression, disks, halt, atomic, live, reuseExternal, noMetadata } = wanted;
    const settings = {
        description,
        provision,
        powerState,
        leave,
        diskOnly,
        memoryFile,
        mode,
        quiesce,
        compression,
        disks,
        halt,
        atomic,
        live,
        reuseExternal,
        noMetadata,
    };
    return { ...(ownProperties(settings) as ProvisionedRequest), name, parent: parent ?? null, force: acceptedLosses(wanted.force) };
}

function redefineRequest(name: string, wanted: Checked, before: Properties): RedefineRequest {
    const { xml, creationTime, state, current, force } = wanted;
    const description = wanted.description ?? (before.description === undefined ? undefined : null);
    return {
        name,
        ...(wanted.name === name ? {} : { rename: wanted.name }),
        ...(description === undefined ? {} : { description }),
        ...(xml === undefined || xml === before.xml ? {} : { xml }),
        ...(creationTime === undefined ? {} : { creationTime }),
        ...(state === undefined ? {} : { state }),
        ...(current ? { current } : {}),
        ...(acceptedLosses(force) === true ? { force: true } : {}),
    };
}
