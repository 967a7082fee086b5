import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { quoted } from "../../model";
import { parseDomain } from "../../xml";
import { Case, diagnosis } from "../../disks/doctor/case";
import { chainFindings } from "../../disks/doctor/chains";
import { imageFindings } from "../../disks/doctor/images";
import { removeFile } from "../../disks/files";
import type { Images } from "../../disks/images";
import type { Records } from "../../disks/records";
import type { Diagnosis } from "../backend";
import type { Seen } from "./seen";

/** A domain that is examined. */
export interface Examined {
    readonly name: string;
    readonly uuid: string;
    /** Where its disks lie. */
    readonly folder: string;
    readonly seen: Seen;
    readonly records: Records;
    readonly foreign: ReadonlySet<string>;
    readonly images: Images;
}

/** An operation that was interrupted: the lock is held, so nobody is still at it. */
function journalFindings({ name, seen, records }: Examined): Diagnosis[] {
    if (!seen.journal) return [];
    const how = records.generation === seen.journal.generation ? "finished" : "taken back";
    const message = `an operation was interrupted in “${seen.journal.title}”; nothing is lost: a repair, or the next operation, sees that it is ${how}`;
    return [diagnosis("journal", name, message, { kind: "recover" })];
}

/** Notes of steps whose journal is gone. */
async function markFindings({ uuid, folder, seen }: Examined): Promise<Diagnosis[]> {
    const marks = seen.journal ? [] : (await readdir(folder)).filter((name) => name.startsWith(`.snaptree-${uuid}-`)).sort();
    return marks.map((mark) => {
        const file = join(folder, mark);
        const message = `${quoted(file)} is what an interrupted run noted of itself, and holds nothing that is needed; a repair removes it`;
        return diagnosis("leftover", file, message, { kind: "mend", mend: () => removeFile(file) });
    });
}

/** libvirt releases crash where they revert to an external snapshot, and none is current. */
function currentFindings({ name, seen, records }: Examined): Diagnosis[] {
    const isExternal = [...records.snapshots.values()].some(({ mode }) => mode === "external");
    if (seen.current !== null || !isExternal) return [];
    const message = `libvirt has no current snapshot of ${quoted(name)}, which ends libvirtd where virsh reverts to an external one; redefine one of them as current (virsh snapshot-create --redefine --current)`;
    return [diagnosis("domain", name, message)];
}

/** What is wrong with a domain. Changes nothing; the lock is held. */
export async function examine(domain: Examined, signal: AbortSignal | undefined): Promise<readonly Diagnosis[]> {
    const { seen, records, foreign, images } = domain;
    const examined = new Case(records, { config: seen.config, domain: parseDomain(seen.config) }, foreign, images);
    // What an interrupted operation leaves is only known once it is finished or taken back.
    if (seen.journal) return journalFindings(domain);
    return [...currentFindings(domain), ...(await chainFindings(examined)), ...(await imageFindings(examined, signal)), ...(await markFindings(domain))];
}
