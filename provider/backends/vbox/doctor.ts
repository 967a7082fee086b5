import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { quoted } from "../../model";
import type { Looked, NativeEntry } from "../../native";
import type { Diagnosis } from "../backend";
import { type MachineDocument, type Medium, type Node, unattached } from "./document";
import { VboxDraft } from "./draft";
import type { Host } from "./host";
import type { RewriteStep } from "./steps";

/** A machine that is examined. */
export interface Examined {
    readonly name: string;
    readonly uuid: string;
    readonly host: Host;
    readonly machine: MachineDocument;
    readonly looked: Looked<Node>;
    /** An operation that was interrupted. */
    readonly entry: NativeEntry<RewriteStep> | null;
    readonly decided: boolean;
}

function diagnosis(kind: Diagnosis["kind"], what: string, message: string, remedy: Diagnosis["remedy"] = null): Diagnosis {
    return { kind, what, message, remedy };
}

/** What helps where an image is not there depends on whether something needs it. */
async function missing({ machine, host }: Examined): Promise<Medium[]> {
    const media = [...machine.media.values()];
    const there = await Promise.all(media.map(({ file }) => host.site.exists(file)));
    return media.filter((_, i) => !there[i]);
}

/** Images that something stands on and that are not there. */
function broken(gone: readonly Medium[], unneeded: ReadonlySet<Medium>): Diagnosis[] {
    return gone
        .filter((medium) => !unneeded.has(medium))
        .map(({ file, uuid }) =>
            diagnosis("chain", file, `the image ${quoted(file)} {${uuid}} is not there, so what stands on it can't be read; put it back from a backup`),
        );
}

/** What keeps VirtualBox from unregistering the machine with all its files. */
function idle({ machine }: Examined, gone: readonly Medium[], unneeded: ReadonlySet<Medium>): Diagnosis[] {
    const why = "which keeps “VBoxManage unregistervm --delete” from removing the machine";
    return unattached(machine).flatMap((medium) => {
        const { file, uuid } = medium;
        const isGone = gone.includes(medium);
        if (isGone && !unneeded.has(medium)) return [];
        const what = isGone ? `no snapshot is on the image ${quoted(file)}, and it is not there` : `no snapshot is on the image ${quoted(file)}`;
        const close = `VBoxManage closemedium disk ${uuid}`;
        const how = isGone ? `have VirtualBox forget it with “${close}”` : `look at what it holds, and remove it with “${close} --delete”`;
        return diagnosis("orphan", file, `${what}, ${why}; ${unneeded.has(medium) ? how : "others stand on it, so it stays until they are gone"}`);
    });
}

/** Images that nothing needs: no snapshot is on them, and no other one stands on them. */
function unneeded({ machine }: Examined): ReadonlySet<Medium> {
    const parents = new Set([...machine.media.values()].map(({ parent }) => parent));
    return new Set(unattached(machine).filter(({ uuid }) => !parents.has(uuid)));
}

async function images(examined: Examined): Promise<Diagnosis[]> {
    const [gone, free] = [await missing(examined), unneeded(examined)];
    return [...broken(gone, free), ...idle(examined, gone, free)];
}

/** Images in the machine's snapshot folder that its document does not know. */
async function unknown({ machine, host }: Examined): Promise<Diagnosis[]> {
    if (!host.site.isLocal) return [];
    const known = new Set([...machine.media.values()].map(({ file }) => file));
    const folders = new Set([...known].map((file) => dirname(file)).filter((folder) => folder.startsWith(`${dirname(machine.file)}/`)));
    const found: Diagnosis[] = [];
    for (const folder of folders) {
        for (const name of await readdir(folder).catch(() => [])) {
            const file = join(folder, name);
            if (!/\.(vdi|vmdk|vhd)$/i.test(name) || known.has(file)) continue;
            found.push(
                diagnosis(
                    "orphan",
                    file,
                    `VirtualBox does not know the image ${quoted(file)}, which takes room; look at what it holds, and remove it if nobody needs it`,
                ),
            );
        }
    }
    return found;
}

/** Snapshots that are none of the hierarchy, and that nothing needs any more. */
function leftover({ host, uuid, looked }: Examined): Diagnosis[] {
    const draft = new VboxDraft(looked);
    if (looked.current.node !== null) draft.kept.add(looked.current.node); // It goes when the machine leaves it.
    draft.tidy(true);
    return draft.finish.flatMap((step) => {
        const node = step.kind === "delete" ? looked.nodes.get(step.node) : undefined;
        if (!node) return [];
        const message = `VirtualBox’s snapshot ${quoted(node.name)} {${node.uuid}} holds what one other thing stands on, and nobody names it; a repair merges it into that`;
        const mend = async () => void (await host.manage.run(["snapshot", uuid, "delete", node.uuid], { machine: uuid }));
        return diagnosis("leftover", node.name, message, { kind: "mend", mend });
    });
}

function kept({ looked }: Examined): Diagnosis[] {
    return looked.stored.forgotten.flatMap((uuid) => {
        const node = looked.nodes.get(uuid);
        if (!node) return [];
        return diagnosis(
            "kept",
            node.name,
            `the snapshot ${quoted(node.name)} {${uuid}} was only forgotten: it keeps its contents, which take room; redefine it to have it back`,
        );
    });
}

/** Tips of branches that somebody removed by hand. */
function lostTips({ looked }: Examined): Diagnosis[] {
    const { branches, active } = looked.stored;
    return branches.flatMap(({ name, node, on }) => {
        if (name === active || node === null || looked.nodes.has(node)) return [];
        const where = on === null ? "nothing" : `the snapshot {${on}}`;
        return diagnosis(
            "chain",
            name,
            `the tip of branch ${quoted(name)} was removed by hand, so it goes on from ${where}; put the machine’s folder back from a backup to have it again, or remove the branch`,
        );
    });
}

/** What is wrong with a machine. Changes nothing; the lock is held. */
export async function examine(examined: Examined): Promise<readonly Diagnosis[]> {
    const { entry, decided, name } = examined;
    if (entry) {
        const how = decided ? "finished" : "taken back";
        const message = `an operation was interrupted in “${entry.title}”; nothing is lost: a repair, or the next operation, sees that it is ${how}`;
        return [diagnosis("journal", name, message, { kind: "recover" })];
    }
    return [...(await images(examined)), ...(await unknown(examined)), ...lostTips(examined), ...leftover(examined), ...kept(examined)];
}
