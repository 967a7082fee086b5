import { type Branch, type Hierarchy, listed, type PowerState, type Snapshot } from "../../model";
import { filesOf } from "./documents";
import type { MachineDocument } from "./document";
import { type Draft, stateOf } from "./draft";
import { differs } from "./look";
import type { StoredBranch } from "./records";
import type { Ref } from "./steps";
import type { ReadPart } from "./written";

/** What a listing is made of. */
export interface Listing {
    readonly name: string;
    readonly machine: MachineDocument;
    readonly draft: Draft;
    readonly powerState: PowerState;
    readonly read: ReadPart;
    /** Bytes that a file takes on the disk; absent: that was not asked for. */
    readonly size?: ((file: string) => Promise<number | null>) | undefined;
    /** It was decided to go elsewhere, and the machine is not there yet. */
    readonly pending: boolean;
    /** What the tip is known to be, where it can't be looked at. */
    readonly dirty?: boolean | undefined;
}

function contentsOf({ machine }: Listing, ref: Ref | null): Record<string, string> {
    const node = ref === null ? undefined : machine.nodes.get(ref);
    return node ? filesOf(node.disks, machine.media) : {};
}

async function bytesOf(listing: Listing, files: Readonly<Record<string, string>>): Promise<number | null> {
    const { size } = listing;
    if (!size) return null;
    const sizes = await Promise.all(Object.values(files).map((file) => size(file)));
    return sizes.includes(null) ? null : sizes.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0);
}

async function snapshotOf(listing: Listing, ref: Ref): Promise<Snapshot | null> {
    const { machine, draft } = listing;
    const node = machine.nodes.get(ref);
    if (!node) return null;
    const about = draft.about.get(ref);
    const files = contentsOf(listing, ref);
    return {
        name: draft.nameOf(ref) ?? node.name,
        parent: draft.nameOf(draft.parentOf(ref)),
        description: node.description,
        creationTime: node.time,
        state: stateOf(node, about),
        mode: null,
        memory: node.memory !== null,
        files,
        made: about?.made ?? false,
        contentId: ref,
        committing: false,
        owner: about?.owner ?? null,
        bytes: await bytesOf(listing, files),
    };
}

/** Whether the tip holds something else than the current snapshot. */
export async function tipDiffers({ machine, draft, read, powerState, pending, dirty }: Listing): Promise<boolean> {
    if (dirty !== undefined) return dirty;
    if (powerState !== "shutoff" && !pending) return true;
    return differs(machine, read, { base: draft.currentOf(), node: pending ? draft.current.node : machine.current, withCurrent: !pending });
}

async function branchOf(listing: Listing, branch: StoredBranch, dirty: boolean): Promise<Branch> {
    const { machine, draft, read, pending } = listing;
    const active = branch.name === draft.active;
    const node = draft.tipOf(branch);
    const newest = draft.newestOn(branch);
    const files = active && !pending ? filesOf(machine.disks, machine.media) : contentsOf(listing, node);
    return {
        name: branch.name,
        from: draft.nameOf(draft.forkOf(branch)),
        tip: draft.nameOf(newest),
        active,
        dirty: active ? dirty : await differs(machine, read, { base: newest, node, withCurrent: false }),
        files,
        owner: branch.owner ?? null,
        bytes: await bytesOf(listing, files),
    };
}

/** The hierarchy that the machine's document tells. */
export async function hierarchyOf(listing: Listing): Promise<Hierarchy> {
    const { name, machine, draft, powerState } = listing;
    const dirty = await tipDiffers(listing);
    const snapshots = await Promise.all(draft.visible().map((ref) => snapshotOf(listing, ref)));
    const branches = [...draft.branches.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return {
        domain: name,
        uuid: machine.uuid,
        powerState,
        current: draft.nameOf(draft.currentOf()),
        branch: draft.active,
        dirty,
        snapshots: listed(snapshots.filter((snapshot) => snapshot !== null)),
        branches: await Promise.all(branches.map((branch) => branchOf(listing, branch, dirty))),
    };
}
