import { ExecaError } from "execa";
import { BusyError, HostError, quoted } from "../../model";
import type { Diagnosis } from "../../backends/backend";
import { type Case, diagnosis } from "./case";
import { refuseOpenImages } from "../holders";
import { run } from "../process";

/** Images that are checked at the same time. */
const AT_ONCE = 4;

interface Report {
    readonly corruptions?: number;
    readonly leaks?: number;
}

/** Exit codes of `qemu-img check` with which it has something to say: corruptions, and leaks alone. */
const CORRUPT = 2;
const LEAKS = 3;

/** What `qemu-img check` has against an image, without its backing files; null: nothing, or somebody runs on it, so that it can't be told. */
async function check(file: string, signal: AbortSignal | undefined): Promise<Report | null> {
    const image = `json:${JSON.stringify({ driver: "qcow2", backing: null, file: { driver: "file", filename: file } })}`;
    try {
        await run("qemu-img", ["check", "--output=json", image], { signal });
        return null;
    } catch (error) {
        if (error instanceof BusyError) return null;
        const code = error instanceof HostError ? error.details.exitCode : undefined;
        if ((code !== CORRUPT && code !== LEAKS) || !(error instanceof HostError) || !(error.cause instanceof ExecaError)) throw error;
        return JSON.parse(String(error.cause.stdout)) as Report;
    }
}

/** Clusters without an owner cost room and nothing else; what is corrupt is for whoever has a copy. */
async function imageFinding(examined: Case, file: string, signal: AbortSignal | undefined): Promise<Diagnosis | null> {
    const report = await check(file, signal);
    if (!report) return null;
    const { corruptions = 0, leaks = 0 } = report;
    if (corruptions > 0) {
        const message = `the image ${quoted(file)} is damaged (qemu-img check finds ${corruptions} corruptions), and ${examined.neededBy(file)} may be too; keep a copy of it as it is, and put it back from a backup`;
        return diagnosis("image", file, message);
    }
    const lost = `the image ${quoted(file)} has ${leaks} clusters that nothing refers to, which cost room and lose nothing`;
    if (!(await examined.isOurs(file)))
        return diagnosis("image", file, `${lost}; it is not Snaptree's alone, so give them back yourself (qemu-img check -r leaks)`);
    const mend = async () => {
        await refuseOpenImages({ frozen: [], altered: [file] });
        await examined.images.repairLeaks(file);
    };
    return diagnosis("image", file, `${lost}; a repair gives them back`, { kind: "mend", mend });
}

/** What is wrong inside the images that are needed and can be read. */
export async function imageFindings(examined: Case, signal: AbortSignal | undefined): Promise<Diagnosis[]> {
    const found: Diagnosis[] = [];
    const files = examined
        .needed()
        .filter((file) => examined.formatOf(file) === "qcow2")
        .values();
    const work = async () => {
        for (const file of files) {
            if ((await examined.header(file)) instanceof Error) continue;
            const finding = await imageFinding(examined, file, signal);
            if (finding) found.push(finding);
        }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return found.sort((a, b) => (a.what < b.what ? -1 : 1));
}
