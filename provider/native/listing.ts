import { type Branch, type Hierarchy, listed, type PowerState, type Snapshot } from "../model";
import type { Step } from "../backends/backend";
import { type Draft, type NativeNode, stateOf } from "./draft";
import type { StoredBranch } from "./records";
import type { Ref } from "./steps";

/** Disk target to file. */
export type Files = Readonly<Record<string, string>>;

/** What a listing is made of. */
export interface NativeListing {
    readonly name: string;
    readonly uuid: string;
    readonly powerState: PowerState;
    readonly draft: Draft<Step>;
    readonly nodes: ReadonlyMap<string, NativeNode>;
    /** The tip differs from the current snapshot. */
    readonly dirty: boolean;
    /** It was decided to go elsewhere, and the machine is not there yet. */
    readonly pending: boolean;
    /** What holds a snapshot's contents. */
    readonly filesOf: (ref: Ref | null) => Files;
    /** What the machine writes to. */
    readonly currentFiles: () => Files;
    readonly bytesOf: (files: Files) => Promise<number | null>;
    /** Whether what is kept in one place holds anything else than another one. */
    readonly differs: (base: Ref | null, node: Ref | null) => Promise<boolean>;
}

async function snapshotOf({ draft, nodes, filesOf, bytesOf }: NativeListing, ref: Ref): Promise<Snapshot | null> {
    const node = nodes.get(ref);
    if (!node) return null;
    const about = draft.about.get(ref);
    const files = filesOf(ref);
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
        bytes: await bytesOf(files),
    };
}

async function branchOf(listing: NativeListing, branch: StoredBranch): Promise<Branch> {
    const { draft, pending, dirty } = listing;
    const active = branch.name === draft.active;
    const node = draft.tipOf(branch);
    const newest = draft.newestOn(branch);
    const files = active && !pending ? listing.currentFiles() : listing.filesOf(node);
    return {
        name: branch.name,
        from: draft.nameOf(draft.forkOf(branch)),
        tip: draft.nameOf(newest),
        active,
        dirty: active ? dirty : await listing.differs(newest, node),
        files,
        owner: branch.owner ?? null,
        bytes: await listing.bytesOf(files),
    };
}

/** The hierarchy over a host's own snapshots. */
export async function hierarchyOf(listing: NativeListing): Promise<Hierarchy> {
    const { name, uuid, draft, powerState, dirty } = listing;
    const snapshots = await Promise.all(draft.visible().map((ref) => snapshotOf(listing, ref)));
    const branches = [...draft.branches.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return {
        domain: name,
        uuid,
        powerState,
        current: draft.nameOf(draft.currentOf()),
        branch: draft.active,
        dirty,
        snapshots: listed(snapshots.filter((snapshot) => snapshot !== null)),
        branches: await Promise.all(branches.map((branch) => branchOf(listing, branch))),
    };
}
