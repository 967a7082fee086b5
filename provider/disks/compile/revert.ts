import { quoted, type RevertOperation, UnsupportedError } from "../../model";
import type { Draft } from "../draft";
import type { SnapshotRecord } from "../records";
import { arrivalAt, holdAs, startFrom } from "./branch";
import { configOf, snapshotOf, type World } from "./world";

const ONLINE = new Set(["running", "paused", "blocked", "pmsuspended"]);

function check({ place }: Draft, snapshot: SnapshotRecord): void {
    if (place.guests || !ONLINE.has(snapshot.state)) return;
    throw new UnsupportedError(
        place.backend,
        `a revert to ${quoted(snapshot.name)}, which holds a running guest`,
        "manage the domain through libvirt (qemu:///system)",
    );
}

/** Where the running branch's leaf stands directly on the snapshot, it is emptied; any other keeps what it has. */
async function leave(draft: Draft, world: World, snapshot: SnapshotRecord, { keepTip }: RevertOperation): Promise<void> {
    const { name, files, tag } = snapshot;
    const stays = draft.branch !== null && draft.current === name;
    const keeper = stays ? keepTip : (draft.branch ?? keepTip);
    if (keeper !== null) await holdAs(draft, world, keeper, arrivalAt((await configOf(draft, world, snapshot)) ?? draft.config, files), tag);
    if (!stays) draft.branch = null;
}

/** The template of a domain's firmware variables, to start from again. */
function templateOf(draft: Draft, snapshot: SnapshotRecord): string | null {
    const { nvram, nvramTemplate } = draft.domain();
    if (nvram === null) return null;
    if (nvramTemplate !== null) return nvramTemplate;
    throw new UnsupportedError(
        draft.place.backend,
        `resetting the NVRAM of ${quoted(snapshot.name)}, whose domain names no template`,
        "say in <nvram template='…'> what it starts from, or revert without that",
    );
}

/** The tip becomes the snapshot's state again (reset). */
export async function compileRevert(draft: Draft, world: World, operation: RevertOperation): Promise<void> {
    const snapshot = snapshotOf(draft, operation.name);
    check(draft, snapshot);
    // A domain that somebody runs would go on writing where it is no more.
    draft.freeze(Object.values(draft.tip()));
    await leave(draft, world, snapshot, operation);
    await startFrom(draft, world, snapshot);
    const template = operation.resetNvram ? templateOf(draft, snapshot) : null;
    if (template !== null) draft.restore(template, draft.domain().nvram ?? "");
}
