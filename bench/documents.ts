import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSnapshot } from "../provider/xml";
import { type Figure, median, time } from "./measure";

const DOCUMENTS = 1000;

/** Reading documents as libvirt writes them. */
export async function documentFigures(rounds: number): Promise<Figure[]> {
    const xml = readFileSync(join(__dirname, "../test/xml/fixtures/disk-snapshot.xml"), "utf8");
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
        times.push(
            await time(async () => {
                for (let i = 0; i < DOCUMENTS; i++) parseSnapshot(xml);
                return Promise.resolve();
            }),
        );
    }
    return [{ what: `reading ${DOCUMENTS} <domainsnapshot> documents of ${(xml.length / 1000).toFixed(1)} kB`, ours: median(times) }];
}
