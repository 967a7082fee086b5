import { NotFoundError } from "../../model";
import { child, childrenOf, parseXml, type XmlElement } from "../../xml";
import { guestState } from "./guest";
import { openFiles, readOpenDisks } from "./open-disks";
import { option, type Virsh, VirshError } from "./virsh";

/*
 * What other domains of the host have: nobody may write or remove that for this one.
 */

/** The volumes of storage pools that a domain's disks are. */
function volumesOf(domain: XmlElement): { readonly pool: string; readonly volume: string }[] {
    const devices = child(domain, "devices");
    return (devices ? childrenOf(devices, "disk") : []).flatMap((disk) => {
        const { pool, volume } = child(disk, "source")?.attributes ?? {};
        return pool === undefined || volume === undefined ? [] : [{ pool, volume }];
    });
}

async function pathOf(virsh: Virsh, pool: string, volume: string): Promise<string[]> {
    try {
        return [await virsh.run(["vol-path", option("vol", volume), option("pool", pool)])];
    } catch (error) {
        if (error instanceof VirshError) return []; // A pool that is not active: the domain can't be on it.
        throw error;
    }
}

/** The files that a domain's own XML names: as it runs, and as it would start. */
async function named(virsh: Virsh, uuid: string): Promise<string[]> {
    const texts = [await virsh.run(["dumpxml", option("domain", uuid)]), await virsh.run(["dumpxml", option("domain", uuid), "--inactive"])];
    const files: string[] = [];
    for (const domain of texts.map((text) => parseXml(text, "another domain's XML"))) {
        files.push(...openFiles(readOpenDisks(domain)));
        for (const { pool, volume } of volumesOf(domain)) files.push(...(await pathOf(virsh, pool, volume)));
    }
    return files;
}

/** Whether libvirt knows the domain no more. */
async function isGone(virsh: Virsh, uuid: string): Promise<boolean> {
    return guestState(virsh, uuid).then(
        () => false,
        (error: unknown) => error instanceof NotFoundError,
    );
}

/**
 * The files that other domains name, without what these stand on.
 *
 * @param kept the files of what Snaptree and libvirt keep of a domain besides: its snapshots and branches
 */
export async function filesOfOthers(virsh: Virsh, uuid: string, kept: (uuid: string) => Promise<Iterable<string>>): Promise<Set<string>> {
    const files = new Set<string>();
    const others = (await virsh.run(["list", "--all", "--uuid"])).split("\n").filter((other) => other !== "" && other !== uuid);
    for (const other of others) {
        try {
            for (const file of [...(await named(virsh, other)), ...(await kept(other))]) files.add(file);
        } catch (error) {
            if (!(await isGone(virsh, other))) throw error;
        }
    }
    return files;
}
