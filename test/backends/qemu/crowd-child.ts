// One of many processes that work on one domain at the same time. Started by crowd.test.ts, bundled into one file.
import { connect, type Hierarchy, type Progress, Tree, type VirtualMachine } from "../../../provider/engine";

export interface Errand {
    readonly uri: string;
    readonly domain: string;
    /** `hold`: takes the lock and keeps it; `work`: does a little of everything; `read`: looks until its standard input ends. */
    readonly role: "hold" | "work" | "read";
    /** Its part of the names. */
    readonly number: number;
    /** Commands that write slot 1 of the disk, or never end. */
    readonly command: readonly string[];
}

/** What it has to tell, a line each. */
export interface Told {
    readonly kind: Progress["kind"] | "read";
    readonly message: string;
}

const tell = (told: Told) => console.log(JSON.stringify(told));
const options = { onProgress: ({ kind, message }: Progress) => tell({ kind, message }) };

/** Fails where a hierarchy names what is not in it. */
function check({ snapshots, branches, current, branch }: Hierarchy): void {
    const tree = new Tree(snapshots);
    for (const name of [current, ...branches.flatMap(({ from, tip }) => [from, tip])]) if (name !== null) tree.need(name);
    if (branch !== null && !branches.some(({ name, active }) => name === branch && active)) throw new Error(`${branch} is active, and not there`);
}

/** Fails where the own names are not those that were made. */
async function expectOwn(vm: VirtualMachine, number: number, names: readonly string[]): Promise<void> {
    const hierarchy = await vm.hierarchy();
    check(hierarchy);
    const own = [...hierarchy.snapshots, ...hierarchy.branches].map(({ name }) => name).filter((name) => name.endsWith(`-${number}`));
    if (own.join() !== names.join()) throw new Error(`${own.join()} is there instead of ${names.join()}`);
}

async function work(vm: VirtualMachine, number: number, command: readonly string[]): Promise<void> {
    const [a, b, gone, branch] = ["a", "b", "gone", "branch"].map((stem) => `${stem}-${number}`) as [string, string, string, string];
    await vm.create({ name: a, parent: "base" }, options);
    await expectOwn(vm, number, [a]);
    await vm.create({ name: gone, parent: a }, options);
    await vm.branch(branch, { from: a }, options);
    await expectOwn(vm, number, [a, gone, branch]);
    await vm.switch(branch, {}, options);
    await vm.create({ name: b, parent: a, provision: [{ command }] }, options);
    await vm.delete(gone, {}, options);
    await expectOwn(vm, number, [a, b, branch]);
    await vm.revert(b, {}, options);
    if (!(await vm.document(b)).includes(`<name>${b}</name>`)) throw new Error("its document is another one");
}

async function read(vm: VirtualMachine): Promise<void> {
    const stdin = process.stdin.resume();
    let readings = 0;
    for (; !stdin.readableEnded; readings++) check(await vm.hierarchy());
    tell({ kind: "read", message: String(readings) });
}

async function main({ uri, domain, role, number, command }: Errand): Promise<void> {
    await using host = await connect(uri);
    const vm = await host.domain(domain);
    if (role === "read") await read(vm);
    else if (role === "work") await work(vm, number, command);
    else await vm.create({ name: "held", parent: "base", provision: [{ command }] }, options);
}

main(JSON.parse(process.argv[2] ?? "") as Errand).catch((error: unknown) => {
    console.error((error as Error).stack);
    process.exitCode = 1;
});
