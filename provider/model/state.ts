import { InvalidInputError } from "./errors";
import type { Snapshot, SnapshotState } from "./snapshot";
import { quoted } from "./text";

const STATES: readonly SnapshotState[] = ["nostate", "running", "blocked", "paused", "shutdown", "shutoff", "crashed", "pmsuspended", "disk-snapshot"];

/** The three kinds between which libvirt lets no redefinition move a snapshot. */
export function kindOf(state: SnapshotState): "online" | "offline" | "disk-only" {
    if (state === "disk-snapshot") return "disk-only";
    return state === "shutoff" || state === "shutdown" || state === "crashed" || state === "nostate" ? "offline" : "online";
}

/**
 * The state that a redefinition gives a snapshot.
 *
 * @param before as it is remembered; undefined: it is not
 * @throws InvalidInputError for a state that there is none of, or of another kind than it has.
 */
export function checkState(before: Pick<Snapshot, "name" | "state"> | undefined, state: string): SnapshotState {
    const known = STATES.find((word) => word === state);
    if (!known) throw new InvalidInputError(`state ${quoted(state)} is none of ${STATES.join(", ")}`, "state");
    if (before && kindOf(before.state) !== kindOf(known)) {
        throw new InvalidInputError(
            `snapshot ${quoted(before.name)} is ${before.state}, and a redefinition can't make it ${known}: it would not hold what that needs`,
            "state",
        );
    }
    return known;
}
