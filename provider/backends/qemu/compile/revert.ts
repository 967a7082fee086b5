import { HostError, quoted, type RevertOperation, UnsupportedError } from "../../../model";
import { BACKEND } from "../capabilities";
import type { Draft } from "../draft";
import type { BranchRecord, SnapshotRecord } from "../records";
import { overlaysOn } from "./external";
import { holdTip, tagOf } from "./internal";
import { keepTip } from "./tip";
import { adopt, nvramOf, snapshotOf, type World } from "./world";

const ONLINE = new Set(["running", "paused", "blocked", "pmsuspended"]);

function check(snapshot: SnapshotRecord): void {
    if (!ONLINE.has(snapshot.state)) return;
    throw new UnsupportedError(
        BACKEND,
        `a revert to ${quoted(snapshot.name)}, which holds a running guest`,
        "manage the domain through libvirt (qemu:///system)",
    );
}

/** The running branch goes on from this snapshot: its leaf stands directly on it. */
function standsOn(branch: BranchRecord | undefined, snapshot: SnapshotRecord): boolean {
    return branch?.tip === snapshot.name;
}

/** The branch or the name that keeps the tip which is left; null: nobody does, and it goes. */
function keeper(branch: BranchRecord | undefined, snapshot: SnapshotRecord, operation: RevertOperation): string | null {
    if (branch && !standsOn(branch, snapshot)) return branch.name;
    return operation.keepTip;
}

async function revertExternal(draft: Draft, world: World, snapshot: SnapshotRecord, operation: RevertOperation): Promise<void> {
    // A domain that somebody runs would go on writing where it is no more.
    draft.freeze(Object.values(draft.tip()));
    const active = draft.activeBranch();
    const kept = keeper(active, snapshot, operation);
    if (kept !== null) keepTip(draft, kept, Object.keys(snapshot.files), await nvramOf(draft, world, draft.domain()));
    const leaves = await overlaysOn(draft, world, snapshot.files);
    await adopt(draft, world, snapshot, leaves);
    if (active && kept === null) draft.branches.set(active.name, { ...active, files: leaves });
    else draft.branch = null;
    draft.current = snapshot.name;
}

async function revertInternal(draft: Draft, world: World, snapshot: SnapshotRecord, operation: RevertOperation): Promise<void> {
    const images = Object.values(snapshot.files);
    const tag = tagOf(snapshot.tag, snapshot.name);
    for (const file of images) {
        if ((await world.tags(file)).some(({ name }) => name === tag)) continue;
        throw new HostError(
            `the image ${quoted(file)} holds no internal snapshot ${quoted(tag)} any more; somebody deleted it outside Snaptree, so delete it here with “metadata”`,
            { file },
        );
    }
    draft.alter(images);
    const active = draft.activeBranch();
    const kept = keeper(active, snapshot, operation);
    if (kept !== null)
        keepTip(draft, kept, Object.keys(snapshot.files), await nvramOf(draft, world, draft.domain()), await holdTip(draft, world, images, kept));
    await adopt(draft, world, snapshot, snapshot.files);
    const from: Record<string, string> = {};
    for (const file of images) from[file] = await world.mapping(file);
    draft.after({ kind: "apply", files: images, tag, undo: null, from });
    if (kept !== null) draft.branch = null;
    draft.current = snapshot.name;
}

/** The tip becomes the snapshot's state again (reset). */
export async function compileRevert(draft: Draft, world: World, operation: RevertOperation): Promise<void> {
    const snapshot = snapshotOf(draft, operation.name);
    check(snapshot);
    await (snapshot.mode === "external" ? revertExternal : revertInternal)(draft, world, snapshot, operation);
}
