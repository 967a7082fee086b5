import { vimHostOf } from "../provider/backends/esx/credentials";
import { parseEsxUri } from "../provider/backends/esx/uri";
import { connectVim } from "../provider/backends/esx/vim";
import { connect, type Host } from "../provider/engine";
import { startVsphere, type Vsphere, vsphereObstacle } from "../test/hosts/vsphere";
import { chain } from "./disks";
import { compare, type Figure, time } from "./measure";

const MACHINES = 20;
const EACH = 10;
const ROUNDS = 3;

let count = 0;

async function machines(vsphere: Vsphere): Promise<string[]> {
    const names = Array.from({ length: MACHINES }, () => `bench-${++count}`);
    for (const name of names) await vsphere.createMachine(name);
    return names;
}

function open(vsphere: Vsphere): Promise<Host> {
    return connect(vsphere.uri, { password: vsphere.password });
}

async function applied(vsphere: Vsphere): Promise<number> {
    const names = await machines(vsphere);
    return time(async () => {
        await using host = await open(vsphere);
        await Promise.all(
            names.map(async (name) => {
                const vm = await host.domain(name);
                await vm.apply(await vm.plan(chain(EACH)));
            }),
        );
    });
}

async function govcLoop(vsphere: Vsphere): Promise<number> {
    const names = await machines(vsphere);
    return time(async () => {
        for (const name of names) for (let i = 0; i < EACH; i++) await vsphere.govc("snapshot.create", "-vm", name, "-m=false", `s${i}`);
    });
}

async function creation(vsphere: Vsphere): Promise<Figure> {
    const [ours, milliseconds] = await compare(
        ROUNDS,
        () => applied(vsphere),
        () => govcLoop(vsphere),
    );
    const against = { what: "govc snapshot.create loop", milliseconds };
    return { what: `vSphere: ${EACH} snapshots of each of ${MACHINES} machines, applied`, ours, against, limit: 0.3 };
}

const LISTED = 1000;

/** How often the host is called for one work. */
async function callsOf(vsphere: Vsphere, work: () => Promise<unknown>): Promise<number> {
    const before = await vsphere.calls();
    await work();
    return (await vsphere.calls()) - before;
}

async function reading(vsphere: Vsphere): Promise<Figure> {
    const name = `bench-${++count}`;
    await vsphere.createMachine(name);
    for (let i = 0; i < EACH; i++) await vsphere.govc("snapshot.create", "-vm", name, "-m=false", `s${i}`);
    await using host = await open(vsphere);
    const vm = await host.domain(name);
    const calls = await callsOf(vsphere, () => vm.hierarchy());
    if (calls > 1) throw new Error(`reading a hierarchy took ${calls} calls`);
    const [ours, milliseconds] = await compare(
        ROUNDS,
        () => time(async () => void (await vm.hierarchy())),
        () => time(async () => void (await vsphere.govc("snapshot.tree", "-vm", name))),
    );
    const against = { what: "govc snapshot.tree", milliseconds };
    return { what: `vSphere: reading ${EACH} snapshots in a session`, ours, against, note: `calls: ${calls}` };
}

/** Every machine has a snapshot, so that its tree is read too. */
async function listing(vsphere: Vsphere): Promise<Figure> {
    await using vim = await connectVim(vimHostOf(parseEsxUri(new URL(vsphere.uri)), vsphere.password));
    for (const { ref, name } of await vim.machines())
        await vim.createSnapshot(ref, { name: "s0", description: "", memory: false, quiesce: false }, { title: `take a snapshot of ${name}` });
    let read = 0;
    const ours = async () => void (read = (await vim.machines()).filter(({ snapshots }) => snapshots.length === 1).length);
    const calls = await callsOf(vsphere, ours);
    if (read !== LISTED) throw new Error(`${read} of ${LISTED} machines were listed with their trees`);
    const theirs = () => time(async () => void (await vsphere.govc("object.collect", "-json", "-type=VirtualMachine", "/", "name", "snapshot")));
    const [listed, milliseconds] = await compare(ROUNDS, () => time(ours), theirs);
    const against = { what: "govc object.collect of names and trees", milliseconds };
    return { what: `vSphere: ${LISTED} machines listed with their trees`, ours: listed, against, note: `calls: ${calls} (pages of one traversal)` };
}

/** @throws Error where no vSphere host can be started: a figure that is missing would not be noticed. */
export async function esxFigures(): Promise<Figure[]> {
    const obstacle = vsphereObstacle();
    if (obstacle !== null) throw new Error(`no figures of vSphere: ${obstacle}`);
    await using vsphere = await startVsphere({ kind: "vpx" });
    process.env.XDG_STATE_HOME = vsphere.folder;
    const figures = [await creation(vsphere), await reading(vsphere)];
    await using large = await startVsphere({ kind: "vpx", machines: LISTED });
    return [...figures, await listing(large)];
}
