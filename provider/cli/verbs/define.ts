import { InvalidArgumentError } from "commander";
import { domainArgument } from "../arguments";
import { tell } from "../output";
import { type Verb, verb } from "../verb";

interface DiskOption {
    readonly target: string;
    readonly file: string;
}

function parseDisk(text: string, before: readonly DiskOption[] = []): DiskOption[] {
    const at = text.indexOf("=");
    if (at < 1 || at === text.length - 1) throw new InvalidArgumentError("write TARGET=FILE, for example vda=/images/web.qcow2.");
    return [...before, { target: text.slice(0, at), file: text.slice(at + 1) }];
}

export const define: Verb = (program, session) => {
    verb(program, "define", {
        summary: "make a domain of disk images that are there already",
        details: "The images stay where they are, and are never written once an external snapshot stands on them.",
        examples: ["snaptree --host 'qemu:///embed?root=/srv/vms' define web --disk vda=/images/web.qcow2"],
    })
        .addArgument(domainArgument())
        .requiredOption("--disk <target=file>", "a disk and its image; give it once for each disk", parseDisk)
        .option("--format <format>", "the images' format: qcow2, raw", "qcow2")
        .action(async (name: string, { disk, format }: { disk: DiskOption[]; format: string }) => {
            const { uuid } = await session.connected(async (host) => {
                const vm = await host.define({ name, disks: disk.map((each) => ({ ...each, format })) });
                return vm.hierarchy();
            });
            tell(session.output, `defined ${name} (${uuid})`, { domain: name, uuid });
        });
};
