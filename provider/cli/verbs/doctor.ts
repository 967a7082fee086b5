import type { Finding } from "../../engine";
import { domainArgument } from "../arguments";
import { coloursOf, type Output } from "../output";
import { printable } from "../text";
import { type Verb, verb } from "../verb";

const isNote = ({ kind }: Finding) => kind === "kept";

function line(finding: Finding, output: Output): string {
    const { message, repairable, repaired } = finding;
    const colours = coloursOf(output);
    if (isNote(finding)) return `${colours.dim("note")}: ${printable(message)}`;
    const mark = repaired ? colours.green("repaired") : repairable ? colours.yellow("repairable") : colours.red("needs you");
    return `${mark}: ${printable(message)}`;
}

function report(domain: string, findings: readonly Finding[], output: Output): string {
    const [notes, faults] = [findings.filter(isNote), findings.filter((finding) => !isNote(finding))];
    const verdict = faults.length === 0 ? [`nothing is wrong with ${printable(domain)}`] : [];
    const left = findings.filter(({ repairable, repaired }) => repairable && !repaired).length;
    const advice = left > 0 ? [`“snaptree doctor --repair” mends what is repairable (${left}); nothing is lost by that`] : [];
    return [...verdict, ...[...faults, ...notes].map((finding) => line(finding, output)), ...advice].join("\n");
}

export const doctor: Verb = (program, session) => {
    verb(program, "doctor", {
        summary: "look for what is wrong with a domain's files and records",
        details: "It finds orphan files, broken chains, damaged images and half-done operations. --repair mends what can be mended without losing anything.",
        examples: ["snaptree doctor web", "snaptree doctor web --repair"],
    })
        .addArgument(domainArgument())
        .option("--repair", "mend what can be mended without losing anything")
        .action(async (domain: string, { repair = false }: { repair?: boolean }) => {
            await session.change(domain, async (vm, run) => {
                const findings = await vm.doctor({ repair }, run);
                return { words: report(domain, findings, session.output), value: { domain, findings } };
            });
        });
};
