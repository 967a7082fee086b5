import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { connect, type Host } from "../provider/engine";
import { startVirtualBox, type VirtualBox, virtualboxObstacle } from "../test/hosts/virtualbox";
import { createMachine } from "../test/hosts/virtualbox-machine";
import { chain } from "./disks";
import { compare, type Figure, median, time } from "./measure";

const URI = "vbox:///session";

/** A VirtualBox as a user has it: on PATH, in a folder of its own, and with its home where they keep it. */
function asUsers({ home }: VirtualBox, folder: string): Disposable {
    const { PATH, VBOX_USER_HOME } = process.env;
    Object.assign(process.env, { PATH: `${folder}${delimiter}${PATH}`, VBOX_USER_HOME: home });
    return {
        [Symbol.dispose]() {
            process.env.PATH = PATH;
            if (VBOX_USER_HOME === undefined) delete process.env.VBOX_USER_HOME;
            else process.env.VBOX_USER_HOME = VBOX_USER_HOME;
        },
    };
}

const SNAPSHOTS = 50;
const ROUNDS = 3;

let count = 0;

/** A machine of one empty disk, powered off. */
async function machine(virtualbox: VirtualBox): Promise<string> {
    const name = `bench-${++count}`;
    await createMachine(virtualbox, name, ["vda"]);
    return name;
}

async function planned(virtualbox: VirtualBox): Promise<number> {
    const name = await machine(virtualbox);
    return time(async () => {
        await using host = await connect(URI);
        const vm = await host.domain(name);
        await vm.apply(await vm.plan(chain(SNAPSHOTS)));
    });
}

async function oneByOne(virtualbox: VirtualBox, branch: boolean): Promise<number> {
    const name = await machine(virtualbox);
    await using host = await connect(URI);
    const vm = await host.domain(name);
    if (branch) {
        await vm.create({ name: "base" });
        await vm.branch("work", { from: "base" });
        await vm.switch("work");
    }
    return await time(async () => {
        for (let i = 0; i < SNAPSHOTS; i++) await vm.create({ name: `s${i}` });
    });
}

/** A program that waits for none of them. */
async function together(virtualbox: VirtualBox): Promise<number> {
    const name = await machine(virtualbox);
    const { snapshots } = chain(SNAPSHOTS);
    return time(async () => {
        await using host = await connect(URI);
        const vm = await host.domain(name);
        await Promise.all(Object.entries(snapshots).map(([name, { parent = null }]) => vm.create({ name, ...(parent !== null && { parent }) })));
    });
}

async function takeLoop(virtualbox: VirtualBox): Promise<number> {
    const name = await machine(virtualbox);
    return time(async () => {
        for (let i = 0; i < SNAPSHOTS; i++) await virtualbox.run("snapshot", name, "take", `s${i}`);
    });
}

async function creation(virtualbox: VirtualBox): Promise<Figure[]> {
    const theirs = () => takeLoop(virtualbox);
    const [plan, loop] = await compare(ROUNDS, () => planned(virtualbox), theirs);
    const [atOnce, beside] = await compare(ROUNDS, () => together(virtualbox), theirs);
    const against = { what: "VBoxManage snapshot take loop", milliseconds: loop };
    return [
        { what: `VirtualBox: ${SNAPSHOTS} snapshots, one plan`, ours: plan, against, limit: 1.1 },
        { what: `VirtualBox: ${SNAPSHOTS} snapshots, asked for at once`, ours: atOnce, against: { ...against, milliseconds: beside } },
        { what: `VirtualBox: ${SNAPSHOTS} snapshots, one by one`, ours: await oneByOne(virtualbox, false), against },
        { what: `VirtualBox: ${SNAPSHOTS} on an active branch, one by one`, ours: await oneByOne(virtualbox, true), against },
    ];
}

const LISTED = 100;
const LISTINGS = 15;

async function read(name: string): Promise<void> {
    await using host = await connect(URI);
    const { snapshots } = await (await host.domain(name)).hierarchy();
    if (snapshots.length !== LISTED) throw new Error(`listed ${snapshots.length} snapshots`);
}

/** How often VBoxManage is called for that. */
async function callsToRead(virtualbox: VirtualBox, name: string): Promise<number> {
    const folder = await mkdtemp(join(virtualbox.folder, "counted-"));
    const log = join(folder, "calls");
    await writeFile(join(folder, "VBoxManage"), `#!/bin/sh\necho call >>'${log}'\nexec '${virtualbox.vboxmanage}' "$@"\n`, { mode: 0o755 });
    await writeFile(log, "");
    using _users = asUsers(virtualbox, folder);
    await read(name);
    return (await readFile(log, "utf8")).split("\n").length - 1;
}

async function listing(virtualbox: VirtualBox): Promise<Figure> {
    const name = await machine(virtualbox);
    for (let i = 0; i < LISTED; i++) await virtualbox.run("snapshot", name, "take", `s${i}`);
    const calls = await callsToRead(virtualbox, name);
    if (calls > 1) throw new Error(`reading ${LISTED} snapshots took ${calls} calls of VBoxManage`);
    const [ours, milliseconds] = await compare(
        LISTINGS,
        () => time(() => read(name)),
        () => time(async () => void (await virtualbox.run("snapshot", name, "list", "--machinereadable"))),
    );
    const against = { what: "VBoxManage snapshot list", milliseconds };
    return { what: `VirtualBox: connecting and reading ${LISTED} snapshots`, ours, against, note: `calls besides the document: ${calls}` };
}

const MACHINES = 4;
const EACH = 10;

/** Work on several machines of one host, one after another or all at once. */
async function fleet(host: Host, names: readonly string[], isAtOnce: boolean): Promise<number> {
    const work = async (name: string) => {
        const vm = await host.domain(name);
        for (let i = 0; i < EACH; i++) await vm.create({ name: `s${i}` });
    };
    return await time(async () => {
        if (isAtOnce) await Promise.all(names.map(work));
        else for (const name of names) await work(name);
    });
}

async function overlap(virtualbox: VirtualBox): Promise<Figure> {
    await using host = await connect(URI);
    const times: Record<"serial" | "atOnce", number[]> = { serial: [], atOnce: [] };
    for (let round = 0; round < ROUNDS; round++) {
        for (const how of ["serial", "atOnce"] as const) {
            const names: string[] = [];
            for (let i = 0; i < MACHINES; i++) names.push(await machine(virtualbox));
            times[how].push(await fleet(host, names, how === "atOnce"));
        }
    }
    const against = { what: "one machine after another", milliseconds: median(times.serial) };
    return { what: `VirtualBox: ${EACH} snapshots of each of ${MACHINES} machines, at once`, ours: median(times.atOnce), against, limit: 0.75 };
}

/** @throws Error where VirtualBox can't be called: a figure that is missing would not be noticed. */
export async function virtualboxFigures(): Promise<Figure[]> {
    const obstacle = virtualboxObstacle();
    if (obstacle !== null) throw new Error(`no figures of VirtualBox: ${obstacle}`);
    await using virtualbox = await startVirtualBox();
    using _users = asUsers(virtualbox, virtualbox.folder);
    return [...(await creation(virtualbox)), await listing(virtualbox), await overlap(virtualbox)];
}
