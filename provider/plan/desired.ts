import type { CreateSettings } from "../model";

/** A snapshot that a hierarchy should have. */
export interface DesiredSnapshot extends Omit<CreateSettings, "noMetadata" | "owner"> {
    /** Name of the parent; null or absent: a root. */
    readonly parent?: string | null;
    /** Commands change its contents before it is taken. */
    readonly provisioned?: boolean;
    /** The name that it had: where that is there and this is not, it is renamed; otherwise this means nothing. */
    readonly renamedFrom?: string;
}

/** A branch that a hierarchy should have. */
export interface DesiredBranch {
    /** The snapshot that it forks from. */
    readonly from: string;
}

/** The hierarchy that a program wants. */
export interface Desired {
    /** Name to snapshot. */
    readonly snapshots: Readonly<Record<string, DesiredSnapshot>>;
    /** Name to branch. */
    readonly branches?: Readonly<Record<string, DesiredBranch>>;
    /**
     * Where the domain should be afterwards: on this branch, or with this snapshot current. What was written since a snapshot does not take the domain away
     * from it: where it is current already, nothing is done. Absent: wherever the domain ends.
     */
    readonly current?: string;
    /** What is not listed is deleted: `all` of it, what `owner` once made (`managed`), or nothing (`none`, the default). */
    readonly prune?: "all" | "managed" | "none";
    /** Who manages what is made, as the records mark it. */
    readonly owner?: string;
}

/** What is to be remembered for a description: an empty one is none. */
export function described(description: string | null): string | null {
    return description === "" ? null : description;
}

/** The branches that are wanted; none where nothing is said. */
export function wantedBranches({ branches = {} }: Desired): Readonly<Record<string, DesiredBranch>> {
    return branches;
}
