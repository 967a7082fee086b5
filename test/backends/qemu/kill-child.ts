// A process that carries out one operation and is killed at a given point of it. Started by crash.ts, bundled into one file so that it starts fast.
import { connect, type Progress } from "../../../provider/engine";
import { LibvirtDomain } from "../../../provider/backends/libvirt/domain";
import { Virsh } from "../../../provider/backends/libvirt/virsh";
import { EsxDomain } from "../../../provider/backends/esx/domain";
import { Vim } from "../../../provider/backends/esx/vim/vim";
import { QemuDomain } from "../../../provider/backends/qemu/domain";
import { VboxDomain } from "../../../provider/backends/vbox/domain";
import { Manage } from "../../../provider/backends/vbox/manage";
import { carryOut, type Work } from "./work";

export interface Order {
    readonly uri: string;
    readonly domain: string;
    readonly work: Work;
    /** Killed when this many points were passed; null: never. */
    readonly killAt: number | null;
    /**
     * What counts as a point: a call of the engine's to the embedded backend; a step, a command or a call that changes something in libvirt,
     * VirtualBox or vSphere; whatever changes a file or
     * starts a process; or news of how far a step is.
     */
    readonly grain: "step" | "command" | "call" | "progress";
}

type Call = (...args: unknown[]) => unknown;

/** Everything below the engine that can leave half of something: Node's own calls, which are looked up at each use. */
function hookCalls(point: () => void): void {
    const before = (holder: object, name: string) => {
        const real = Reflect.get(holder, name) as Call;
        Reflect.set(holder, name, (...args: unknown[]) => {
            point();
            return real(...args);
        });
    };
    const promises = process.getBuiltinModule("node:fs/promises");
    const processes = process.getBuiltinModule("node:child_process");
    for (const name of ["open", "rename", "unlink", "copyFile", "writeFile"]) before(promises, name);
    before(processes, "spawn");
}

/** Before each of these methods is a point, and after the journal's end. */
function hookMethods(prototype: object, names: readonly string[], point: () => void): void {
    for (const name of names) {
        const real = Reflect.get(prototype, name) as (...args: unknown[]) => Promise<unknown>;
        Object.assign(prototype, {
            async [name](this: object, ...args: unknown[]) {
                point();
                const result = await real.apply(this, args);
                if (name === "clearJournal") point();
                return result;
            },
        });
    }
}

/** Between two of these calls nothing changes on the disk: to be killed before each, and after the last, is to be killed everywhere that matters. */
const POINTS = ["writeJournal", "perform", "undo", "commit", "clearJournal"];

const CHANGES = new Set(["define", "metadata", "snapshot-create", "snapshot-delete"]);

/** Between two of these nothing changes, neither on the disk nor in libvirt. */
function hookVirsh(point: () => void): void {
    const real: unknown = Reflect.get(Virsh.prototype, "run");
    const run = real as Virsh["run"];
    Virsh.prototype.run = function (this: Virsh, command, options) {
        if (CHANGES.has(command[0])) point();
        return run.call(this, command, options);
    };
}

/** Between two of these nothing changes in VirtualBox: all of them are about a machine, and what is not changes nothing. */
function hookVBoxManage(point: () => void): void {
    const real: unknown = Reflect.get(Manage.prototype, "run");
    const run = real as Manage["run"];
    Manage.prototype.run = function (this: Manage, args, options) {
        if (options?.machine !== undefined) point();
        return run.call(this, args, options);
    };
}

/** Between two of these nothing changes on a vSphere host. */
const VIM_CHANGES = ["createSnapshot", "revert", "rename", "remove", "consolidate", "reconfigure", "powerOn", "powerOff", "suspend"];

async function main({ uri, domain, work, killAt, grain }: Order): Promise<void> {
    let passed = 0;
    const point = () => {
        if (passed++ === killAt) process.kill(process.pid, "SIGKILL");
    };
    if (grain === "call") hookCalls(point);
    if (grain === "step") hookMethods(QemuDomain.prototype, POINTS, point);
    if (grain === "command") {
        hookMethods(LibvirtDomain.prototype, ["perform", "undo"], point);
        hookVirsh(point);
        hookMethods(VboxDomain.prototype, POINTS, point);
        hookVBoxManage(point);
        hookMethods(EsxDomain.prototype, POINTS, point);
        hookMethods(Vim.prototype, VIM_CHANGES, point);
    }
    // A step begins with its title and its kind; what follows has the title alone.
    const onProgress = ({ kind, message }: Progress) => void (grain === "progress" && kind === "step" && !/: \w+$/.test(message) && point());
    await using host = await connect(uri);
    await carryOut(await host.domain(domain), work, { onProgress });
    console.log(passed);
}

main(JSON.parse(process.argv[2] ?? "") as Order).catch((error: unknown) => {
    console.error((error as Error).message);
    process.exitCode = 1;
});
