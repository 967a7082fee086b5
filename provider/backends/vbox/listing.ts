import type { PowerState } from "../../model";
import type { NativeListing, Ref } from "../../native";
import { filesOf } from "./documents";
import type { MachineDocument } from "./document";
import type { VboxDraft } from "./draft";
import { differs } from "./look";
import type { ReadPart } from "./written";

/** What a machine was looked at for. */
export interface Listing {
    readonly name: string;
    readonly machine: MachineDocument;
    readonly draft: VboxDraft;
    readonly powerState: PowerState;
    readonly read: ReadPart;
    /** Bytes that a file takes on the disk; absent: that was not asked for. */
    readonly size?: ((file: string) => Promise<number | null>) | undefined;
    /** It was decided to go elsewhere, and the machine is not there yet. */
    readonly pending: boolean;
    /** What the tip is known to be, where it can't be looked at. */
    readonly dirty?: boolean | undefined;
}

async function bytesOf({ size }: Listing, files: Readonly<Record<string, string>>): Promise<number | null> {
    if (!size) return null;
    const sizes = await Promise.all(Object.values(files).map((file) => size(file)));
    return sizes.includes(null) ? null : sizes.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0);
}

/** Whether the tip holds something else than the current snapshot. */
export async function tipDiffers({ machine, draft, read, powerState, pending, dirty }: Listing): Promise<boolean> {
    if (dirty !== undefined) return dirty;
    if (powerState !== "shutoff" && !pending) return true;
    return differs(machine, read, { base: draft.currentOf(), node: pending ? draft.current.node : machine.current, withCurrent: !pending });
}

/** What the machine's document tells. */
export async function listingOf(listing: Listing): Promise<NativeListing> {
    const { name, machine, draft, powerState, pending, read } = listing;
    const node = (ref: Ref | null) => (ref === null ? undefined : machine.nodes.get(ref));
    return {
        ...{ name, uuid: machine.uuid, powerState, draft, nodes: machine.nodes, pending },
        dirty: await tipDiffers(listing),
        filesOf: (ref) => filesOf(node(ref)?.disks ?? {}, machine.media),
        currentFiles: () => filesOf(machine.disks, machine.media),
        bytesOf: (files) => bytesOf(listing, files),
        differs: (base, ref) => differs(machine, read, { base, node: ref, withCurrent: false }),
    };
}
