import { gunzipSync, gzipSync } from "node:zlib";
import { HostError, quoted } from "../model";

/** A branch, as it is kept. Snapshots are named by what the host knows them by. */
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

/** What is kept of a snapshot besides what the host knows. */
export interface StoredSnapshot {
    /** Commands made its contents, or they are its parent's. */
    readonly made?: boolean;
    readonly owner?: string;
    /** Where it was redefined. */
    readonly state?: string;
    /** Where its parent is another one than that on which it stands. */
    readonly parent?: string | null;
}

/** What Snaptree keeps of a machine besides its snapshots, with the machine itself. */
export interface Stored {
    readonly version: typeof VERSION;
    readonly generation: number;
    /** The transaction that wrote it. */
    readonly transaction: string | null;
    /** Those before it, the last first, where several may write without knowing of each other; absent: one alone does. */
    readonly earlier?: readonly string[];
    /** The branch that the machine is on. */
    readonly active: string | null;
    /** The snapshot that the current state stood on when this was written: from there on, what somebody did by hand can be told. */
    readonly at: string | null;
    /** While the current state stands on `of`, the current snapshot is `is`. */
    readonly current: { readonly of: string | null; readonly is: string } | null;
    /** Snapshots of the host that are none of Snaptree's hierarchy, and go when they can: tips of branches, and what others stand on still. */
    readonly hidden: readonly string[];
    /** Those that were only forgotten: they stay. */
    readonly forgotten: readonly string[];
    readonly branches: readonly StoredBranch[];
    readonly snapshots: Readonly<Record<string, StoredSnapshot>>;
    /** It was decided to go to this snapshot, and that is not done; where the machine's media tell, for as long as it has these. */
    readonly pending: { readonly node: string; readonly over: readonly string[] } | null;
    /** What the host showed of how often the machine was started, when this was written; absent: nothing. */
    readonly starts?: string;
    /** The current state held just what the snapshot `at` does, when this was written; absent: that is looked at. */
    readonly clean?: boolean;
    /** Where the host counts snapshots: the highest number that there was, and how many up to it there were; absent: it does not. */
    readonly seen?: { readonly highest: number; readonly count: number };
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

/** Where and how it is kept. */
export interface Keeping {
    /** The item that makes all others count. */
    readonly key: string;
    /** Between that and what numbers the others. */
    readonly separator: string;
    /** Characters that an item can have. */
    readonly piece: number;
    /** How messages name such items: `extra data`. */
    readonly called: string;
    /** How to have it back. */
    readonly remedy: string;
}

/** What does not fit goes to `KEY/0/1` and on, or `KEY/1/1` and on: in turns, so that those which count are never written over. */
function keyOf({ key, separator }: Keeping, turn: number, piece: number): string {
    return piece === 0 ? key : [key, turn, piece].join(separator);
}

/** Reads what is kept with a machine. @throws HostError where it is damaged, or of a newer Snaptree */
export function unpack(keeping: Keeping, extra: ReadonlyMap<string, string>, machine: string): Stored {
    const { key, called, remedy } = keeping;
    const text = extra.get(key);
    if (!text) return NOTHING;
    const [count, turn, first] = /^(\d+):([01]):([^]*)$/.exec(text)?.slice(1) ?? [];
    const unreadable = (why: string) =>
        new HostError(`what Snaptree keeps with the machine ${quoted(machine)} (${called} ${quoted(key)}) ${why}; nothing was changed: ${remedy}`);
    if (count === undefined || first === undefined) throw unreadable("is damaged");
    const pieces = [first];
    for (let i = 1; i < Number(count); i++) pieces.push(extra.get(keyOf(keeping, Number(turn), i)) ?? "");
    let stored: Omit<Stored, "version"> & { readonly version: number };
    try {
        stored = JSON.parse(gunzipSync(Buffer.from(pieces.join(""), "base64")).toString()) as typeof stored;
    } catch {
        throw unreadable("is damaged");
    }
    if (stored.version !== VERSION) throw unreadable(`was written by a newer Snaptree (version ${stored.version})`);
    return { ...stored, version: VERSION };
}

/** Items to set, in this order: the last one makes the others count, and it alone is there where one is enough. */
export function pack(keeping: Keeping, stored: Stored): (readonly [key: string, value: string])[] {
    const text = gzipSync(JSON.stringify(stored)).toString("base64");
    const pieces = text.match(new RegExp(`.{1,${keeping.piece}}`, "g")) ?? [""];
    const turn = stored.generation % 2;
    const items = pieces.map((piece, i) => [keyOf(keeping, turn, i), i === 0 ? `${pieces.length}:${turn}:${piece}` : piece] as const);
    return [...items.slice(1), ...items.slice(0, 1)];
}
