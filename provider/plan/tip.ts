import { AlreadyExistsError, automaticName, type CreateOperation, type CreateSettings, type Hierarchy, InvalidInputError, quoted } from "../model";

/** Where the domain's live state is while a plan is walked through. */
export interface Tip {
    current: string | null;
    branch: string | null;
    dirty: boolean;
    /** All names that are taken. */
    readonly names: Set<string>;
    roots: boolean;
    /** Snapshots into which a commit was interrupted: only the leaf on them still knows what they are to hold. */
    readonly committing: ReadonlySet<string>;
}

export function tipOf(hierarchy: Hierarchy): Tip {
    const { current, branch, dirty, snapshots, branches } = hierarchy;
    const names = new Set([...snapshots, ...branches].map(({ name }) => name));
    const committing = new Set(snapshots.filter((snapshot) => snapshot.committing).map(({ name }) => name));
    return { current, branch, dirty, names, roots: snapshots.length > 0, committing };
}

/** The snapshot that goes with a leaf on it, because its own contents are only half committed. */
export function goesToo({ committing }: Tip, under: string | null): string[] {
    return under !== null && committing.has(under) ? [`snapshot:${under}`] : [];
}

/** The name of the automatic branch that keeps a tip. */
export function automaticBranch({ current, names }: Tip): string {
    return automaticName(current, names);
}

/** Snapshots and branches share one name space. @throws AlreadyExistsError */
export function refuseTaken({ names }: Pick<Tip, "names">, name: string): void {
    if (names.has(name)) throw new AlreadyExistsError(`there is a snapshot or branch ${quoted(name)} already; choose another name`);
}

/** Where a creation leaves the tip. What is forgotten becomes nobody's current snapshot: the tip still stands on what was current, or on the parent. */
function land(tip: Tip, wanted: NewSnapshot, source: CreateOperation["source"]): void {
    if (!wanted.noMetadata) Object.assign(tip, { current: wanted.name, dirty: false });
    else if (source === "parent") Object.assign(tip, { current: wanted.parent, dirty: wanted.parent === null || wanted.provisioned });
}

/** What a new snapshot is to be. */
export interface NewSnapshot extends CreateSettings {
    readonly name: string;
    readonly parent: string | null;
    readonly provisioned: boolean;
}

/**
 * Plans one creation, and moves the tip as it will move. Where the parent is current and nothing is provisioned, the tip as it is is frozen; elsewhere the
 * parent's contents. A tip that is left only because of that, and holds something, is kept as an automatic branch; at a root the file of an external one
 * keeps it, and commands write over it for an internal one.
 *
 * @param property of the parent, for an error.
 * @throws InvalidInputError for a second root.
 */
export function planNewSnapshot(tip: Tip, wanted: NewSnapshot, property = "parent"): CreateOperation {
    if (wanted.parent === null && tip.roots) {
        throw new InvalidInputError(
            `${quoted(wanted.name)} has no parent, and the domain has snapshots already; only a domain without any can take a root: name a parent`,
            property,
        );
    }
    const source = !wanted.provisioned && wanted.parent === tip.current ? "tip" : "parent";
    const moveTip = source === "tip" || tip.branch === null;
    const leavesTip = source === "parent" && moveTip && tip.dirty && (wanted.parent !== null || wanted.mode === "internal");
    const keepTip = leavesTip ? automaticBranch(tip) : null;
    tip.names.add(wanted.name);
    tip.roots = true;
    if (keepTip !== null) tip.names.add(keepTip);
    if (moveTip) land(tip, wanted, source);
    const { description, ...rest } = wanted;
    return { kind: "create", ...rest, ...(description ? { description } : {}), source, moveTip, keepTip };
}

/** Losses of leaving a tip that no branch keeps. */
export function tipLoss(tip: Tip): string[] {
    return tip.dirty && tip.branch === null ? ["tip"] : [];
}
