import { gunzipSync, gzipSync } from "node:zlib";
import { HostError, quoted } from "../../model";

/** A branch, as it is kept. Snapshots are named by their UUIDs. */
export interface StoredBranch {
    readonly name: string;
    /** The snapshot that it forks from; null: from before the first. */
    readonly from: string | null;
    /** Where its tip is kept while the machine is elsewhere: a snapshot as it is, or the hidden one that was taken when it was left. Null while the machine is on it. */
    readonly node: string | null;
    /** The newest snapshot on it, to go on from where somebody removed the hidden one. */
    readonly on: string | null;
    readonly owner?: string;
}

/** What is kept of a snapshot besides what VirtualBox knows. */
export interface StoredSnapshot {
    /** Commands made its contents, or they are its parent's. */
    readonly made?: boolean;
    readonly owner?: string;
    /** Where it was redefined. */
    readonly state?: string;
    /** Where its parent is another one than that on which it stands. */
    readonly parent?: string | null;
}

/** What Snaptree keeps of a machine besides its snapshots: in its extra data, which no restore brings back. */
export interface Stored {
    readonly version: typeof VERSION;
    readonly generation: number;
    /** The transaction that wrote it. */
    readonly transaction: string | null;
    /** The branch that the machine is on. */
    readonly active: string | null;
    /** The snapshot that the current state stood on when this was written: from there on, what somebody did by hand can be told. */
    readonly at: string | null;
    /** While the current state stands on `of`, the current snapshot is `is`. */
    readonly current: { readonly of: string | null; readonly is: string } | null;
    /** Snapshots of VirtualBox that are none of Snaptree's hierarchy, and go when they can: tips of branches, and what others stand on still. */
    readonly hidden: readonly string[];
    /** Those that were only forgotten: they stay. */
    readonly forgotten: readonly string[];
    readonly branches: readonly StoredBranch[];
    readonly snapshots: Readonly<Record<string, StoredSnapshot>>;
    /** It was decided to go to this snapshot, and for as long as the machine has these media that is not done. */
    readonly pending: { readonly node: string; readonly over: readonly string[] } | null;
}

export const VERSION = 1;

/** What is kept where nothing is. */
export const NOTHING: Stored = {
    version: VERSION,
    generation: 0,
    transaction: null,
    active: null,
    at: null,
    current: null,
    hidden: [],
    forgotten: [],
    branches: [],
    snapshots: {},
    pending: null,
};

/**
 * Where it is kept: `snaptree/records`, and for what does not fit `snaptree/records/0/1` and on, or `snaptree/records/1/1` and on: in turns, so that those which
 * count are never written over.
 */
const KEY = "snaptree/records";
/** Characters of one item: the kernel takes no argument above 128 KiB. */
const PIECE = 100_000;

function keyOf(turn: number, piece: number): string {
    return piece === 0 ? KEY : `${KEY}/${turn}/${piece}`;
}

/** Reads what is kept in a machine's extra data. @throws HostError where it is damaged, or of a newer Snaptree */
export function unpack(extra: ReadonlyMap<string, string>, machine: string): Stored {
    const [count, turn, first] = /^(\d+):([01]):([^]*)$/.exec(extra.get(KEY) ?? "")?.slice(1) ?? [];
    if (!extra.get(KEY)) return NOTHING;
    const unreadable = (why: string) =>
        new HostError(
            `what Snaptree keeps with the machine ${quoted(machine)} (extra data ${quoted(KEY)}) ${why}; nothing was changed: put it back from a backup of the machine's document`,
        );
    if (count === undefined || first === undefined) throw unreadable("is damaged");
    const pieces = [first];
    for (let i = 1; i < Number(count); i++) pieces.push(extra.get(keyOf(Number(turn), i)) ?? "");
    let stored: Omit<Stored, "version"> & { readonly version: number };
    try {
        stored = JSON.parse(gunzipSync(Buffer.from(pieces.join(""), "base64")).toString()) as typeof stored;
    } catch {
        throw unreadable("is damaged");
    }
    if (stored.version !== VERSION) throw unreadable(`was written by a newer Snaptree (version ${stored.version})`);
    return { ...stored, version: VERSION };
}

/** Extra data to set, in this order: the last one makes the others count, and it alone is there where one is enough. */
export function pack(stored: Stored): (readonly [key: string, value: string])[] {
    const text = gzipSync(JSON.stringify(stored)).toString("base64");
    const pieces = text.match(new RegExp(`.{1,${PIECE}}`, "g")) ?? [""];
    const turn = stored.generation % 2;
    const items = pieces.map((piece, i) => [keyOf(turn, i), i === 0 ? `${pieces.length}:${turn}:${piece}` : piece] as const);
    return [...items.slice(1), ...items.slice(0, 1)];
}
