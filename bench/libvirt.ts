import { execa } from "execa";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "../provider/engine";
import { defineGuest } from "../test/hosts/guest";
import { type Libvirt, libvirtObstacle, startLibvirt } from "../test/hosts/libvirt";
import { binary, chain } from "./disks";
import { compare, type Figure, median, time } from "./measure";

const SNAPSHOTS = 100;
const LISTED = 1000;
/** One-shot processes that are timed of a loop over {@link LISTED}: the rest is reckoned. */
const DUMPED = 100;

let count = 0;

/** A domain of one empty disk, shut off. */
async function domain(libvirt: Libvirt): Promise<string> {
    const { name } = await defineGuest(libvirt, { name: `bench-${++count}` });
    return name;
}

async function planned(libvirt: Libvirt): Promise<number> {
    const name = await domain(libvirt);
    return time(async () => {
        await using host = await connect(libvirt.uri);
        const vm = await host.domain(name);
        await vm.apply(await vm.plan(chain(SNAPSHOTS, "external")));
    });
}

async function oneByOne(libvirt: Libvirt, branch: boolean): Promise<number> {
    const name = await domain(libvirt);
    await using host = await connect(libvirt.uri);
    const vm = await host.domain(name);
    if (branch) {
        await vm.create({ name: "base", mode: "external" });
        await vm.branch("work", { from: "base" });
        await vm.switch("work");
    }
    return await time(async () => {
        for (let i = 0; i < SNAPSHOTS; i++) await vm.create({ name: `s${i}`, mode: "external" });
    });
}

async function virshLoop(libvirt: Libvirt): Promise<number> {
    const name = await domain(libvirt);
    return time(async () => {
        for (let i = 0; i < SNAPSHOTS; i++) await libvirt.virsh("snapshot-create-as", name, `s${i}`, "--disk-only");
    });
}

async function creation(libvirt: Libvirt): Promise<Figure[]> {
    const [plan, loop] = await compare(
        1,
        () => planned(libvirt),
        () => virshLoop(libvirt),
    );
    const against = { what: "virsh snapshot-create-as loop", milliseconds: loop };
    return [
        { what: `libvirt: ${SNAPSHOTS} external snapshots, one plan`, ours: plan, against, limit: 1 },
        { what: `libvirt: ${SNAPSHOTS} external snapshots, one by one`, ours: await oneByOne(libvirt, false), against },
        { what: `libvirt: ${SNAPSHOTS} on an active branch, one by one`, ours: await oneByOne(libvirt, true), against },
    ];
}

/** Snapshots that libvirt is told of, as a hierarchy that was carried there. */
async function redefined(libvirt: Libvirt, parents: readonly (string | null)[]): Promise<string> {
    const name = await domain(libvirt);
    const folder = await mkdtemp(join(tmpdir(), "snaptree-bench-"));
    try {
        await libvirt.virsh("snapshot-create-as", name, "s0", "--disk-only");
        const first = await libvirt.virsh("snapshot-dumpxml", name, "s0", "--security-info");
        const files: string[] = [];
        for (const [i, parent] of parents.entries()) {
            if (parent === null) continue;
            const file = join(folder, `${i}.xml`);
            await writeFile(file, first.replace("<name>s0</name>", `<name>s${i}</name><parent><name>${parent}</name></parent>`));
            files.push(file);
        }
        // One virsh for all of them: only their number matters here.
        const commands = files.map((file) => `snapshot-create ${name} ${file} --redefine\n`).join("");
        await execa("virsh", ["--connect", libvirt.uri], { input: commands, env: { TERM: "dumb", INPUTRC: "/dev/null" } });
        return name;
    } finally {
        await rm(folder, { recursive: true });
    }
}

async function listing(libvirt: Libvirt, what: string, tree: ReturnType<typeof binary>): Promise<Figure> {
    const name = await redefined(
        libvirt,
        Object.values(tree.snapshots).map(({ parent }) => parent ?? null),
    );
    const ours = () =>
        time(async () => {
            await using host = await connect(libvirt.uri);
            const { snapshots } = await (await host.domain(name)).hierarchy();
            if (snapshots.length !== LISTED) throw new Error(`listed ${snapshots.length} snapshots`);
        });
    const theirs = async () =>
        (LISTED / DUMPED) *
        (await time(async () => {
            for (let i = 0; i < DUMPED; i++) await libvirt.virsh("snapshot-dumpxml", name, `s${i}`);
        }));
    const [read, loop] = await compare(3, ours, theirs);
    const against = { what: "virsh snapshot-dumpxml loop", milliseconds: loop };
    return { what: `libvirt: reading ${LISTED} snapshots, ${what}`, ours: read, against, limit: 0.15, note: `loop: ${DUMPED} timed, times ${LISTED / DUMPED}` };
}

const DOMAINS = 20;
const EACH = 3;

/** Work on many domains of one host, one after another or all at once. */
async function fleet(libvirt: Libvirt, names: readonly string[], isAtOnce: boolean): Promise<number> {
    await using host = await connect(libvirt.uri);
    const work = async (name: string) => {
        const vm = await host.domain(name);
        for (let i = 0; i < EACH; i++) await vm.create({ name: `s${Date.now()}-${i}`, mode: "external" });
    };
    return await time(async () => {
        if (isAtOnce) await Promise.all(names.map(work));
        else for (const name of names) await work(name);
    });
}

async function overlap(libvirt: Libvirt): Promise<Figure> {
    const names: string[] = [];
    for (let i = 0; i < DOMAINS; i++) names.push(await domain(libvirt));
    const serial: number[] = [];
    const atOnce: number[] = [];
    for (let round = 0; round < 3; round++) {
        serial.push(await fleet(libvirt, names, false));
        atOnce.push(await fleet(libvirt, names, true));
    }
    const against = { what: "one domain after another", milliseconds: median(serial) };
    return {
        what: `libvirt: ${EACH} snapshots on each of ${DOMAINS} domains, at once`,
        ours: median(atOnce),
        against,
        limit: 0.65,
        note: "two cores: 1.3 / 2",
    };
}

/** @throws Error where no libvirt can be started: a figure that is missing would not be noticed. */
export async function libvirtFigures(): Promise<Figure[]> {
    const obstacle = libvirtObstacle("installed");
    if (obstacle !== null) throw new Error(`no figures of libvirt: ${obstacle}`);
    await using libvirt = await startLibvirt({ release: "installed" });
    return [
        await listing(libvirt, "a chain", chain(LISTED)),
        await listing(libvirt, "a binary tree", binary(LISTED)),
        ...(await creation(libvirt)),
        await overlap(libvirt),
    ];
}
