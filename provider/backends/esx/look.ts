import { bounded } from "../../model";
import { FORGOTTEN, INNER, type Looked, sinceByHand, type Stored, type StoredBranch, TIP } from "../../native";
import { capabilities } from "./capabilities";
import { keptIn } from "./keeping";
import type { EsxMachine, EsxNode } from "./machine";
import type { MachineConfig } from "./vim";

/** The highest number of a snapshot that there is. */
export function highestIn({ nodes }: EsxMachine): number {
    return Math.max(0, ...[...nodes.values()].map(({ id }) => id));
}

/** How often a machine was started that is off: while it runs, that tells nothing of what it writes from then on. */
export function startsOff({ powerState, starts }: EsxMachine): string | null {
    return powerState === "shutoff" ? starts : null;
}

/** Every snapshot is there still that was when this was written. */
export function hasAll({ nodes }: EsxMachine, { seen }: Stored): boolean {
    if (!seen) return false;
    return [...nodes.values()].filter(({ id }) => id <= seen.highest).length === seen.count;
}

/**
 * The disks hold just what the snapshot does on which the machine stands: it was not started since that was known, and no snapshot was removed whose contents would
 * be the machine's now. Where that can't be told, they do not.
 */
export function isUntouched(machine: EsxMachine, stored: Stored): boolean {
    const { current, powerState, starts } = machine;
    if (current === null || powerState !== "shutoff" || starts === null || starts !== stored.starts || !hasAll(machine, stored)) return false;
    if (stored.at !== null && !machine.nodes.has(stored.at)) return false;
    return stored.at !== current || stored.clean === true;
}

/** The configuration is the same but for what snapshots change themselves. */
export function isConfiguredAs(one: MachineConfig, other: MachineConfig): boolean {
    const bare = ({ changeVersion: _version, extra: _extra, name: _name, disks, ...rest }: MachineConfig) =>
        JSON.stringify([rest, disks.map(({ file: _file, parents: _parents, uuid: _uuid, ...disk }) => disk)]);
    return bare(one) === bare(other);
}

/** Somebody may have gone back to a snapshot, which brings back what was kept when that was taken: there are newer ones than it. */
export function mayBeOld(machine: EsxMachine, { at }: Stored): boolean {
    const { current, nodes } = machine;
    if (current === null || current === at) return false;
    return (nodes.get(current)?.id ?? 0) < highestIn(machine);
}

/** The newest that is kept anywhere. @param held configurations that snapshots hold, by their managed object ids */
export function newest(machine: EsxMachine, held: ReadonlyMap<string, MachineConfig>): Stored {
    const { config, name } = machine.read;
    let found = keptIn(config.extra, name);
    for (const node of machine.nodes.values()) {
        const theirs = keptIn(held.get(node.shown)?.extra ?? new Map(), name);
        if (theirs.generation > found.generation) found = asTaken(machine, node, theirs);
    }
    return found;
}

/** A snapshot holds what was kept before it was taken: where it was taken of the branch that the machine was on, that stands on it. */
function asTaken({ nodes }: EsxMachine, { uuid, name, parent }: EsxNode, stored: Stored): Stored {
    const { active, at } = stored;
    if (active === null || name.startsWith(TIP) || name.startsWith(INNER)) return stored;
    const isNext = at === null || at === parent || !nodes.has(at);
    return isNext ? { ...stored, at: uuid } : stored;
}

function visibleFrom({ nodes }: EsxMachine, hidden: ReadonlySet<string>, from: string | null): string | null {
    for (let at = from; at !== null; at = nodes.get(at)?.parent ?? null) if (!hidden.has(at)) return at;
    return null;
}

/** Snapshots of Snaptree's that what is kept does not know, since somebody brought back an older one: their names say what they are. */
function withNamed(machine: EsxMachine, stored: Stored): Stored {
    const known = new Set([...stored.hidden, ...stored.forgotten]);
    const unknown = [...machine.nodes.values()].filter(({ uuid, id }) => !known.has(uuid) && id > (stored.seen?.highest ?? 0));
    const forgotten = unknown.filter(({ name }) => name.startsWith(FORGOTTEN)).map(({ uuid }) => uuid);
    const own = unknown.filter(({ name }) => name.startsWith(TIP) || name.startsWith(INNER));
    if (own.length + forgotten.length === 0) return stored;
    const hidden = [...stored.hidden, ...own.map(({ uuid }) => uuid)];
    const all: Stored = { ...stored, hidden, forgotten: [...stored.forgotten, ...forgotten] };
    const tips = own.filter(({ name, uuid }) => name.startsWith(TIP) && uuid !== machine.current);
    return tips.reduce<Stored>((kept, node) => withTip(machine, kept, node), all);
}

function withTip(machine: EsxMachine, stored: Stored, { uuid, name, parent }: EsxNode): Stored {
    const branch = stored.branches.find((each) => bounded(`${TIP}${each.name}`, capabilities.longestName) === name)?.name ?? name.slice(TIP.length);
    const hidden = new Set([...stored.hidden, ...stored.forgotten]);
    const on = visibleFrom(machine, hidden, parent);
    const before = stored.branches.find((each) => each.name === branch);
    const found: StoredBranch = { ...(before ?? { name: branch, from: on }), node: uuid, on };
    return {
        ...stored,
        active: stored.active === branch ? null : stored.active,
        branches: [...stored.branches.filter((each) => each !== before), found],
    };
}

/** What a read of a machine tells, where what is kept is just what is true. */
export function lookAt(machine: EsxMachine, stored: Stored, sameConfiguration: boolean): Looked<EsxNode> {
    return { nodes: machine.nodes, stored, current: { node: machine.current, clean: sameConfiguration && isUntouched(machine, stored), moved: false } };
}

/** What a read of a machine tells, where others may have been at work on it since that was kept. */
export function look(machine: EsxMachine, kept: Stored, sameConfiguration: boolean): Looked<EsxNode> {
    return { ...lookAt(machine, kept, sameConfiguration), stored: withNamed(machine, sinceByHand(machine, kept)) };
}
