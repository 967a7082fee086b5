import { execa } from "execa";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type Desired, type Host, type Mode, type VirtualMachine } from "../provider/engine";
import { compare, type Figure, median, time } from "./measure";

const SNAPSHOTS = 100;
const SIZE = "10G";

async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(join(tmpdir(), "snaptree-bench-"));
    try {
        return await work(folder);
    } finally {
        await rm(folder, { recursive: true });
    }
}

/** A chain of snapshots, each under the one before. */
export function chain(count: number, mode?: Mode): Desired {
    const names = Array.from({ length: count }, (_, i) => `s${i}`);
    return { snapshots: Object.fromEntries(names.map((name, i) => [name, { parent: names[i - 1] ?? null, ...(mode && { mode }) }])) };
}

/** A tree in which each snapshot has two children. */
export function binary(count: number): Desired {
    return { snapshots: Object.fromEntries(Array.from({ length: count }, (_, i) => [`s${i}`, { parent: i === 0 ? null : `s${(i - 1) >> 1}` }])) };
}

/** A domain of one empty disk in a folder, which is a host. */
export async function emptyDomain(folder: string, domain = "vm"): Promise<{ readonly uri: string; readonly domain: string }> {
    const disk = join(folder, `${domain}.qcow2`);
    await execa("qemu-img", ["create", "-q", "-f", "qcow2", disk, SIZE]);
    const uri = `qemu:///embed?root=${folder}`;
    await using host = await connect(uri);
    await host.define({ name: domain, disks: [{ target: "vda", file: disk, format: "qcow2" }] });
    return { uri, domain };
}

/** Connecting, planning, applying and disconnecting, as a program that does nothing else. */
export async function applied(desired: Desired): Promise<number> {
    return withFolder(async (folder) => {
        const { uri, domain } = await emptyDomain(folder);
        return time(async () => {
            await using host = await connect(uri);
            const vm = await host.domain(domain);
            await vm.apply(await vm.plan(desired));
        });
    });
}

async function overlayLoop(): Promise<number> {
    return withFolder(async (folder) => {
        let under = join(folder, "base.qcow2");
        await execa("qemu-img", ["create", "-q", "-f", "qcow2", under, SIZE]);
        return time(async () => {
            for (let i = 0; i < SNAPSHOTS; i++) {
                const overlay = join(folder, `overlay${i}.qcow2`);
                await execa("qemu-img", ["create", "-q", "-f", "qcow2", "-b", under, "-F", "qcow2", overlay]);
                under = overlay;
            }
        });
    });
}

async function snapshotLoop(): Promise<number> {
    return withFolder(async (folder) => {
        const disk = join(folder, "base.qcow2");
        await execa("qemu-img", ["create", "-q", "-f", "qcow2", disk, SIZE]);
        return time(async () => {
            for (let i = 0; i < SNAPSHOTS; i++) await execa("qemu-img", ["snapshot", "-c", `s${i}`, disk]);
        });
    });
}

export async function creationFigures(rounds: number): Promise<Figure[]> {
    const [external, overlays] = await compare(rounds, () => applied(chain(SNAPSHOTS)), overlayLoop);
    const [internal, snapshots] = await compare(rounds, () => applied(chain(SNAPSHOTS, "internal")), snapshotLoop);
    return [
        {
            what: `${SNAPSHOTS} external snapshots, one plan, durable`,
            ours: external,
            against: { what: "qemu-img create loop", milliseconds: overlays },
            limit: 0.35,
        },
        { what: `${SNAPSHOTS} internal snapshots, one plan, durable`, ours: internal, against: { what: "qemu-img snapshot -c loop", milliseconds: snapshots } },
    ];
}

const LISTED = 1000;

async function listed(desired: Desired, rounds: number): Promise<number> {
    return withFolder(async (folder) => {
        const { uri, domain } = await emptyDomain(folder);
        await using host = await connect(uri);
        const vm = await host.domain(domain);
        await vm.apply(await vm.plan(desired));
        const times: number[] = [];
        for (let round = 0; round < rounds; round++) {
            times.push(
                await time(async () => {
                    await using fresh = await connect(uri);
                    const { snapshots } = await (await fresh.domain(domain)).hierarchy();
                    if (snapshots.length !== LISTED) throw new Error(`listed ${snapshots.length} snapshots`);
                }),
            );
        }
        return median(times);
    });
}

export async function listingFigures(rounds: number): Promise<Figure[]> {
    return [
        { what: `listing ${LISTED} snapshots, a chain`, ours: await listed(chain(LISTED), rounds), limit: 300 },
        { what: `listing ${LISTED} snapshots, a binary tree`, ours: await listed(binary(LISTED), rounds), limit: 300 },
    ];
}

/** Fills a leaf as a guest would that wrote a little. */
async function writeMegabyte(leaf: string): Promise<void> {
    await execa("qemu-io", ["-f", "qcow2", "-c", "write -q -P 1 0 1M", leaf]);
}

/**
 * Makes a leaf one of 10 GB, each cluster of which is allocated and mapped, in the time of one of 1 MB: the clusters themselves are holes in the file.
 * Whoever reads or copies the leaf has 10 GB to do, and whoever looks at what it maps has all of it to look at.
 */
async function allocateAll(leaf: string): Promise<void> {
    const [{ "full-backing-filename": backing = "" } = {}] = JSON.parse(
        (await execa("qemu-img", ["info", "--output=json", "--backing-chain", leaf])).stdout,
    ) as { "full-backing-filename"?: string }[];
    const full = `${leaf}.full`;
    await execa("qemu-img", ["create", "-q", "-f", "qcow2", "-o", "preallocation=metadata", full, SIZE]);
    await execa("qemu-img", ["rebase", "-u", "-f", "qcow2", "-b", backing, "-F", "qcow2", full]);
    await rename(full, leaf);
}

/** A domain with two branches, whose leaves are filled. */
async function branched(host: Host, folder: string, domain: string, fill: (leaf: string) => Promise<void>): Promise<VirtualMachine> {
    await emptyDomain(folder, domain);
    const vm = await host.domain(domain);
    await vm.create({ name: "base" });
    for (const name of ["one", "two"]) {
        await fill((await vm.branch(name, { from: "base" })).files.vda ?? "");
        await vm.switch(name);
    }
    return vm;
}

async function switched(vm: VirtualMachine): Promise<number> {
    const { branch } = await vm.hierarchy();
    return time(() => vm.switch(branch === "one" ? "two" : "one"));
}

export async function switchFigures(rounds: number): Promise<Figure[]> {
    return withFolder(async (folder) => {
        await using host = await connect(`qemu:///embed?root=${folder}`);
        const large = await branched(host, folder, "large", allocateAll);
        const small = await branched(host, folder, "small", writeMegabyte);
        const [ours, milliseconds] = await compare(
            rounds,
            () => switched(large),
            () => switched(small),
        );
        return [{ what: "switch between external branches, leaves of 10 GB", ours, against: { what: "leaves of 1 MB", milliseconds }, limit: 1.2 }];
    });
}
