import { HostError, InvalidInputError, quoted } from "../../model";
import { Draft, type Looked, type Nature, type Ref, type RunningTake } from "../../native";
import { capabilities } from "./capabilities";
import type { EsxNode } from "./machine";

/** vSphere keeps what each child holds, however many there are. */
const NATURE: Nature = { removesShared: true, longestName: capabilities.longestName };

/** The hierarchy over a machine's snapshots on a vSphere host. */
export class EsxDraft extends Draft {
    constructor(looked: Looked<EsxNode>) {
        super(looked, NATURE);
    }

    /** What is described only with whose it is has its own description in the end. */
    override take(name: string, description: string | null, running: RunningTake | null = null): Ref {
        const ref = super.take(name, description, running);
        this.edit(ref, { description });
        return ref;
    }

    /** @throws InvalidInputError for a name of which the host would keep a part */
    refuseLong(): void {
        for (const step of [...this.prepare, ...this.editSteps()]) {
            if ((step.kind !== "take" && step.kind !== "edit") || Buffer.byteLength(step.name ?? "") <= capabilities.longestName) continue;
            throw new InvalidInputError(
                `name ${quoted(step.name ?? "")} is longer than the ${capabilities.longestName} bytes that vSphere keeps of a snapshot's name; choose a shorter one`,
                "name",
            );
        }
    }

    /** @throws HostError where a snapshot that is to be taken would be deeper than the host allows */
    refuseDeep(deepest: number): void {
        const depths = new Map<Ref, number>();
        const depthOf = (ref: Ref | null): number => {
            if (ref === null) return 0;
            const depth = depths.get(ref) ?? depthOf(this.nodes.get(ref)?.parent ?? null) + 1;
            depths.set(ref, depth);
            return depth;
        };
        for (const { ref, name, there } of this.nodes.values()) {
            if (there !== null || depthOf(ref) <= deepest) continue;
            throw new HostError(
                `the snapshot ${quoted(name)} would be number ${depthOf(ref)} in its chain, and the host keeps at most ${deepest}; nothing was changed: delete some above it, or take it on another branch (a host that keeps more can be told by depth=N in its URI)`,
            );
        }
    }
}
