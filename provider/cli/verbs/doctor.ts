import type { Finding } from "../../engine";
import { domainArgument } from "../arguments";
import { coloursOf, type Output } from "../output";
import { printable } from "../text";
import { type Verb, verb } from "../verb";

function line({ message, repairable, repaired }: Finding, output: Output): string {
    const colours = coloursOf(output);
    const mark = repaired ? colours.green("repaired") : repairable ? colours.yellow("repairable") : colours.red("needs you");
    return `${mark}: ${printable(message)}`;
}

function report(domain: string, findings: readonly Finding[], output: Output): string {
    if (findings.length === 0) return `nothing is wrong with ${printable(domain)}`;
    const left = findings.filter(({ repairable, repaired }) => repairable && !repaired).length;
    const advice = left > 0 ? [`“snaptree doctor --repair” mends what is repairable (${left}); nothing is lost by that`] : [];
    return [...findings.map((finding) => line(finding, output)), ...advice].join("\n");
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
