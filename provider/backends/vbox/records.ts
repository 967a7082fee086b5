import type { Keeping, Stored } from "../../native";
import * as native from "../../native";

/** In the machine's extra data, which no restore brings back. */
const EXTRA_DATA: Keeping = {
    key: "snaptree/records",
    separator: "/",
    // The kernel takes no argument above 128 KiB.
    piece: 100_000,
    called: "extra data",
    remedy: "put it back from a backup of the machine's document",
};

/** Reads what is kept in a machine's extra data. @throws HostError where it is damaged, or of a newer Snaptree */
export function unpack(extra: ReadonlyMap<string, string>, machine: string): Stored {
    return native.unpack(EXTRA_DATA, extra, machine);
}

/** Extra data to set, in this order. */
export function pack(stored: Stored): (readonly [key: string, value: string])[] {
    return native.pack(EXTRA_DATA, stored);
}
