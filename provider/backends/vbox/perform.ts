import { HostError, quoted } from "../../model";
import {
    type ArriveStep,
    type DeleteStep,
    type EditStep,
    type FreshProvisionStep,
    type NativeEntry,
    type RecordsStep,
    type Ref,
    resolve,
    resolved,
    type RestoreStep,
    type Stored,
    takenBy,
    type TakeStep,
} from "../../native";
import type { StepContext } from "../backend";
import { type MachineDocument, parseMachine, unattached } from "./document";
import type { Host } from "./host";
import { isPending, isUntouched } from "./look";
import { mergedAway, withoutMerged } from "./merged";
import { unpack } from "./records";
import { rewritten, type Rewriting } from "./rewrite";
import type { RewriteStep, VboxStep } from "./steps";

/** What carrying out a step needs. */
export interface Work {
    readonly host: Host;
    readonly uuid: string;
    readonly entry: NativeEntry<RewriteStep>;
    /** As it is now. */
    readonly machine: () => Promise<MachineDocument>;
    readonly write: (stored: Stored) => Promise<void>;
}

/** Runs `VBoxManage snapshot`. Whatever it says, the machine's document tells what came of it: what failed may have happened all the same. */
async function snapshot(work: Work, args: readonly string[], context: Partial<StepContext>, happened: (machine: MachineDocument) => boolean): Promise<void> {
    const [verb = "", ...rest] = args;
    const options = { machine: work.uuid, onProgress: context.onProgress };
    try {
        await work.host.manage.run(["snapshot", work.uuid, verb, ...rest], options);
    } catch (error) {
        if (!happened(await work.machine())) throw error;
    }
}

async function take(work: Work, step: TakeStep, context: Partial<StepContext>): Promise<void> {
    const { name, description, running } = step;
    if (context.again && takenBy(await work.machine(), step, work.entry) !== undefined) return;
    const args = ["take", name, ...(description === null ? [] : [`--description=${description}`]), ...(running?.live ? ["--live"] : [])];
    await snapshot(work, args, context, (machine) => takenBy(machine, step, work.entry) !== undefined);
}

async function needed(work: Work, ref: Ref): Promise<string> {
    const found = resolve(await work.machine(), work.entry, ref);
    if (found === undefined)
        throw new HostError(`the snapshot {${ref}} of the machine {${work.uuid}} is gone; somebody removed it: look at what is there, and run again`);
    return found;
}

async function restore(work: Work, ref: Ref, context: Partial<StepContext>): Promise<void> {
    const [to, before] = [await needed(work, ref), Object.values((await work.machine()).disks)];
    await snapshot(work, ["restore", to], context, (machine) => machine.current === to && !Object.values(machine.disks).some((uuid) => before.includes(uuid)));
}

/** Done once: from then on the machine has other media than those that it is to leave. */
async function arrive(work: Work, { to, clean }: ArriveStep, context: Partial<StepContext>): Promise<void> {
    const machine = await work.machine();
    if (!isPending(machine, unpack(machine.extra, machine.name))) return;
    if (clean) await rescue(work);
    await restore(work, to, context);
}

/** Commands are to change the disks of a machine that was saved: its memory would go on with others. It is in the snapshot still. */
async function discardState(work: Work): Promise<void> {
    if ((await work.machine()).saved !== null) await work.host.manage.run(["discardstate", work.uuid], { machine: work.uuid });
}

async function edit(work: Work, { node, name, description }: EditStep): Promise<void> {
    const machine = await work.machine();
    const uuid = resolve(machine, work.entry, node);
    const now = uuid === undefined ? undefined : machine.nodes.get(uuid);
    if (!now) return;
    const changes = [
        ...(name === undefined || name === now.name ? [] : [`--name=${name}`]),
        ...(description === undefined || description === now.description ? [] : [`--description=${description ?? ""}`]),
    ];
    if (changes.length > 0) await work.host.manage.run(["snapshot", work.uuid, "edit", now.uuid, ...changes], { machine: work.uuid });
}

/** Several things stand on it, which somebody made meanwhile: VirtualBox can't merge it, and it stays. */
function isShared({ nodes, current }: MachineDocument, uuid: string): boolean {
    const above = [...nodes.values()].filter(({ parent }) => parent === uuid).length;
    return above + (current === uuid ? 1 : 0) > 1;
}

async function remove(work: Work, ref: Ref, context: Partial<StepContext>): Promise<void> {
    const machine = await work.machine();
    const uuid = resolve(machine, work.entry, ref);
    if (uuid === undefined || isShared(machine, uuid)) return;
    const merged = await mergedAway(machine, uuid, work.host);
    if (merged.length > 0)
        await rewrite(
            work,
            (text) => withoutMerged(text, merged),
            ({ media }) => merged.some((image) => media.has(image)),
        );
    await snapshot(work, ["delete", uuid], context, (machine) => !machine.nodes.has(uuid));
}

/** Something is not yet as it is to be. */
function isWanted(machine: MachineDocument, { times, insert }: Rewriting): boolean {
    const otherTime = Object.entries(times).some(([uuid, time]) => machine.nodes.has(uuid) && machine.nodes.get(uuid)?.time !== time);
    return otherTime || insert.some(({ uuid }) => !machine.nodes.has(uuid));
}

/** Unregistered or registered with such an image, the machine would have its list of images no more: VirtualBox moves it to its own. */
function refuseUnattached(machine: MachineDocument): void {
    const [image] = unattached(machine);
    if (!image) return;
    const { file, uuid } = image;
    throw new HostError(
        `no snapshot is on the image ${quoted(file)}, and while it is there the machine’s document can't be changed; have VirtualBox forget it with “VBoxManage closemedium disk ${uuid}”, which leaves the file, and run again`,
        { file },
    );
}

/**
 * Only what is registered anew is read anew: an edit under a machine that VirtualBox has open would be written over.
 *
 * @param isWanted whether a machine is not yet as it is to be
 */
async function rewrite({ host, uuid, machine }: Work, change: (text: string) => string, isWanted: (machine: MachineDocument) => boolean): Promise<void> {
    const before = await machine();
    if (!isWanted(before)) return;
    const listed = await host.manage.run(["list", "vms"]);
    const text = await host.site.readText(before.file);
    if (text === null) throw new HostError(`the machine’s document ${quoted(before.file)} is not there; put it back and run again`, { file: before.file });
    const wanted = change(text);
    for (const each of [before, parseMachine(wanted, before.file)]) refuseUnattached(each);
    const register = () => host.manage.run(["registervm", before.file], { machine: uuid });
    if (listed.includes(`{${uuid}}`)) await host.manage.run(["unregistervm", uuid], { machine: uuid });
    try {
        await host.site.writeText(before.file, wanted);
        await register();
        if (isWanted(await machine())) throw new HostError("VirtualBox did not take it");
    } catch (error) {
        await host.site.writeText(before.file, text);
        await register().catch(() => undefined); // It may be there, with what it had.
        throw new HostError(`the machine’s document can't be changed: ${(error as Error).message}; it is as it was`, { file: before.file }, { cause: error });
    }
}

/** Gives snapshots other times, and puts back those that VirtualBox was made to forget. */
function redefine(work: Work, rewriting: Rewriting): Promise<void> {
    return rewrite(
        work,
        (text) => rewritten(text, rewriting),
        (machine) => isWanted(machine, rewriting),
    );
}

async function records(work: Work, { stored }: RecordsStep): Promise<void> {
    const machine = await work.machine();
    const wanted = resolved(stored, machine, work.entry);
    if (unpack(machine.extra, machine.name).transaction !== wanted.transaction) await work.write(wanted);
}

/** Carries out a step. It may have been carried out already. */
export async function performStep(work: Work, step: VboxStep, context: StepContext): Promise<void> {
    switch (step.kind) {
        case "take":
            return take(work, step, context);
        case "restore":
            await rescue(work); // What it holds was taken, but for what somebody wrote since.
            return restore(work, step.to, context);
        case "arrive":
            return arrive(work, step, context);
        case "edit":
            return edit(work, step);
        case "delete":
            return remove(work, (step satisfies DeleteStep).node, context);
        case "records":
            return records(work, step);
        case "halt":
            return work.host.powerOff(work.uuid);
        case "discardState":
            return discardState(work);
        case "rewrite":
            return redefine(work, step.rewriting);
        case "provision":
            return;
    }
}

/** What somebody wrote there meanwhile is kept, under a name that says so. */
async function rescue(work: Work): Promise<void> {
    if (await isUntouched(await work.machine(), work.host.read)) return;
    const name = `rescued-${Math.floor(Date.now() / 1000)}`;
    await snapshot(work, ["take", name, "--description=Written while Snaptree was at work here, and kept when that was taken back."], {}, (after) =>
        [...after.nodes.values()].some((node) => node.name === name),
    );
}

async function takeBackRestore(work: Work, { to, back }: RestoreStep): Promise<void> {
    const machine = await work.machine();
    const [there, home] = [resolve(machine, work.entry, to), resolve(machine, work.entry, back)];
    if (home === undefined || machine.current !== there) return;
    await rescue(work);
    await restore(work, home, {});
}

/** What commands wrote goes. */
async function takeBackProvision(work: Work, { on }: FreshProvisionStep): Promise<void> {
    const machine = await work.machine();
    const node = resolve(machine, work.entry, on);
    if (node !== undefined && machine.current === node) await restore(work, node, {});
}

/** Takes a step back. It may not have been carried out, or only half. */
export async function undoStep(work: Work, step: VboxStep): Promise<void> {
    switch (step.kind) {
        case "take":
            return remove(work, step.ref, {});
        case "restore":
            return takeBackRestore(work, step);
        case "provision":
            return takeBackProvision(work, step);
        case "rewrite":
            return redefine(work, { times: step.before, insert: [] });
        case "discardState": // It comes back with what commands changed there.
            return;
        default:
            throw new HostError(`a step ${quoted(step.kind)} can't be taken back`);
    }
}
