import { type Keeping, type Stored, unpack } from "../../native";

/** In the machine's configuration, which going back to a snapshot brings back too: it is written again after each. */
export const EXTRA_CONFIG: Keeping = {
    key: "snaptree.records",
    separator: ".",
    piece: 30_000,
    called: "extraConfig",
    remedy: "put it back as a newer snapshot's configuration has it, or remove it and have the branches made again",
};

/** What is kept in a configuration. @throws HostError where it is damaged, or of a newer Snaptree */
export function keptIn(extra: ReadonlyMap<string, string>, machine: string): Stored {
    return unpack(EXTRA_CONFIG, extra, machine);
}
