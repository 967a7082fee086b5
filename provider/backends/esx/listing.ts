import type { NativeListing, Ref } from "../../native";
import type { EsxDraft } from "./draft";
import { isUntouched } from "./look";
import type { EsxMachine } from "./machine";

/** What a machine was looked at for. */
export interface Listing {
    readonly name: string;
    readonly machine: EsxMachine;
    readonly draft: EsxDraft;
    /** Fill in bytes. */
    readonly sizes: boolean;
    /** What the tip is known to be, where it can't be looked at. */
    readonly dirty?: boolean | undefined;
    /** It was decided to go elsewhere, and the machine is not there yet. */
    readonly pending: boolean;
}

/** A snapshot between the two holds something of its own: none is taken of what holds nothing. */
function differs({ nodes }: EsxMachine, base: Ref | null, node: Ref | null): boolean {
    return base === null || base !== node || !nodes.has(base);
}

/** Whether the tip holds something else than the current snapshot. */
export function tipDiffers({ machine, draft, dirty, pending }: Listing): boolean {
    if (dirty !== undefined) return dirty;
    const node = pending ? draft.current.node : machine.current;
    return differs(machine, draft.currentOf(), node) || (!pending && !isUntouched(machine, draft.looked.stored));
}

/** Bytes of a machine's own files, by name. */
function sizesOf({ read }: EsxMachine): ReadonlyMap<string, number> {
    const all = [...read.chains, ...read.snapshotFiles.flatMap(({ disks }) => disks)].flatMap(({ files }) => files);
    // A link of a chain is its descriptor and what holds its data.
    return new Map(all.flatMap((link) => (link[0] ? [[link[0].name, link.reduce((sum, { size }) => sum + size, 0)]] : [])));
}

/** What one read of the machine tells. */
export function listingOf(listing: Listing): NativeListing {
    const { name, machine, draft, sizes, pending } = listing;
    const bytes = sizes ? sizesOf(machine) : null;
    return {
        ...{ name, uuid: machine.read.config.uuid ?? machine.read.instanceUuid ?? "", powerState: machine.powerState, draft, nodes: machine.nodes, pending },
        dirty: tipDiffers(listing),
        filesOf: (ref) => machine.nodes.get(ref ?? "")?.files ?? {},
        currentFiles: () => machine.files,
        bytesOf: (files) => {
            const found = Object.values(files).map((file) => bytes?.get(file));
            return Promise.resolve(found.includes(undefined) ? null : found.reduce<number>((sum, size) => sum + (size ?? 0), 0));
        },
        differs: (base, node) => Promise.resolve(differs(machine, base, node)),
    };
}
