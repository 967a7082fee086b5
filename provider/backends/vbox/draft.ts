import { Draft, type Looked, type Nature, type Ref } from "../../native";
import type { Node } from "./document";
import type { Insertion } from "./rewrite";
import type { RewriteStep } from "./steps";

/** VirtualBox merges a snapshot into the one thing that stands on it, and refuses where there are several. */
const NATURE: Nature = { removesShared: false, longestName: 300 };

/** The hierarchy over VirtualBox's snapshots, and what is to be other in the machine's document. */
export class VboxDraft extends Draft<RewriteStep> {
    readonly times = new Map<Ref, number>();
    readonly insertions: Insertion[] = [];

    constructor(looked: Looked<Node>) {
        super(looked, NATURE);
    }

    /** A snapshot that VirtualBox knows no more is put back. */
    insert(insertion: Insertion): Ref {
        const { uuid: ref, parent, name, description } = insertion;
        this.insertions.push(insertion);
        this.nodes.set(ref, { ref, parent, name, description, there: null });
        return ref;
    }
}
