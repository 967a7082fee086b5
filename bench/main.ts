import Table from "cli-table3";
import { creationFigures, listingFigures, switchFigures } from "./disks";
import { documentFigures } from "./documents";
import { esxFigures } from "./esx";
import { libvirtFigures } from "./libvirt";
import type { Figure } from "./measure";
import { planningFigures } from "./planning";
import { pulumiFigures } from "./pulumi";
import { virtualboxFigures } from "./virtualbox";

const milliseconds = (value: number) => (value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`);

function row({ what, ours, against, limit, note }: Figure): string[] {
    const ratio = against ? (ours / against.milliseconds).toFixed(3) : "";
    const wanted = limit === undefined ? "" : against ? `≤ ${limit}` : `< ${limit} ms`;
    const met = limit === undefined ? "" : (against ? ours / against.milliseconds : ours) <= limit ? "yes" : "NO";
    return [what, milliseconds(ours), against ? `${against.what}: ${milliseconds(against.milliseconds)}` : "", ratio, wanted, met, note ?? ""];
}

/** All figures, each the median of several runs; those with something to hold them against run in turn with it. */
async function main(): Promise<void> {
    const sections = [
        () => creationFigures(5),
        () => listingFigures(5),
        () => switchFigures(101),
        () => planningFigures(5),
        () => documentFigures(5),
        () => pulumiFigures(3),
        () => libvirtFigures(),
        () => virtualboxFigures(),
        () => esxFigures(),
    ];
    const table = new Table({ head: ["what", "ours", "against", "ratio", "wanted", "met", "note"], style: { head: [], border: [] } });
    for (const section of sections) table.push(...(await section()).map(row));
    console.log(table.toString());
    if (table.some((cells) => Array.isArray(cells) && cells.includes("NO"))) process.exitCode = 1;
}

void main();
