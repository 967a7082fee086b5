import type { Branch, Snapshot } from "../../provider/model";

/** A snapshot of whose facts only those matter that are given. */
export function aSnapshot(facts: Partial<Snapshot> & { readonly name: string }): Snapshot {
    return {
        ...{ parent: null, description: null, creationTime: 0, state: "shutoff", mode: "external", memory: false, files: {}, made: false },
        ...{ contentId: null, committing: false, owner: null, bytes: null },
        ...facts,
    };
}

/** A branch of whose facts only those matter that are given. */
export function aBranch(facts: Partial<Branch> & { readonly name: string }): Branch {
    return { from: null, tip: null, active: false, dirty: false, files: {}, owner: null, bytes: null, ...facts };
}
