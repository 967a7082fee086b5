import { ensureLibvirt } from "./libvirt";
import { ensureNewerLibvirt } from "./libvirt-newer";
import { ensurePulumi } from "./pulumi";
import { ensureQemu } from "./qemu";
import { ensureSsh } from "./ssh";
import { ensureVirtualBox } from "./virtualbox-debian";
import { ensureVsphere } from "./vsphere-build";

const hosts: Record<string, (options: { log: (line: string) => void }) => Promise<unknown>> = {
    qemu: ensureQemu,
    libvirt: ensureLibvirt,
    "libvirt-newer": ensureNewerLibvirt,
    virtualbox: ensureVirtualBox,
    ssh: ensureSsh,
    vsphere: ensureVsphere,
    pulumi: ensurePulumi,
};

/** `tsx test/hosts/ensure.ts qemu libvirt`: makes real hosts available to tests, demo and benchmarks. */
async function main(names: string[]): Promise<void> {
    for (const name of names) {
        const ensure = hosts[name];
        if (!ensure) throw new Error(`there is no host called ${name}: ${Object.keys(hosts).join(", ")}`);
        await ensure({ log: (line) => console.log(`${name}: ${line}`) });
        console.log(`${name}: ready`);
    }
}

main(process.argv.slice(2)).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
});
