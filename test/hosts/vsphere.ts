import { execa, execaSync } from "execa";
import { once } from "node:events";
import { mkdtemp } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { findVsphere, type VspherePrograms } from "./vsphere-build";

/** Why a vSphere host can't be started here, or null. */
export function vsphereObstacle(): string | null {
    return findVsphere() === null ? "the simulated vSphere host is not in the cache (make hosts)" : null;
}

export interface VsphereOptions {
    /** `vpx`: a vCenter with the datacenter DC0; `esx`: an ESX host. */
    readonly kind: "vpx" | "esx";
    /** How many machines there are at first: vm-0, vm-1, …, of one disk, switched off. Default: none. */
    readonly machines?: number;
    /** The simulator as it is published, without what our program corrects. */
    readonly plain?: boolean;
    /** How long a session lives that is not used; default: 1800. */
    readonly sessionSeconds?: number;
}

export interface MachineOptions {
    /** Its inventory path (`/DC0/vm/web`); default: that of all machines. */
    readonly folder?: string;
    /** Of its disks' controller; default: scsi. */
    readonly bus?: "scsi" | "nvme";
}

export interface VsphereDisk {
    readonly target: string;
    /** The one that is written, `[datastore] folder/name.vmdk`. */
    readonly file: string;
}

export interface VsphereSnapshot {
    /** Managed object id. */
    readonly id: string;
    readonly name: string;
    /** “”: none. */
    readonly parent: string;
    readonly disks: readonly VsphereDisk[];
}

export interface VsphereMachine {
    readonly state: "poweredOn" | "poweredOff" | "suspended";
    readonly annotation: string;
    /** “”: none. */
    readonly current: string;
    readonly disks: readonly VsphereDisk[];
    readonly snapshots: readonly VsphereSnapshot[];
    /** What the files hold: a character for each slot, “.” for zeros. */
    readonly files: Readonly<Record<string, string>>;
}

/** A program that posts to the socket and prints what it says. */
const CONTROL = `
    const [socketPath, path] = process.argv.slice(1);
    require("node:http").request({ socketPath, method: "POST", path }, (response) => response.pipe(process.stdout)).end();
`;

/** All of it has to be escaped somewhere: in XML, in a URI, or in both. */
const password = `p&<"'%> wörd/?#@:`;
const users = { vpx: "administrator@vsphere.local", esx: "root" } as const;

/**
 * A vCenter or an ESX host on loopback: govmomi's simulator over TLS with an authority of its own. It ends with the process that started it at the latest.
 * @example
 * await using vsphere = await startVsphere({ kind: "vpx" });
 * await vsphere.createMachine("vm", 2);
 * await vsphere.govc("snapshot.tree", "-vm", "vm");
 */
export async function startVsphere(options: VsphereOptions): Promise<Vsphere> {
    const programs = findVsphere();
    if (!programs) throw new Error(vsphereObstacle() ?? "");
    const folder = await mkdtemp(join(tmpdir(), "snaptree-vsphere-"));
    const user = users[options.kind];
    const { kind, machines = 0, sessionSeconds = 1800, plain = false } = options;
    const args = [`-kind=${kind}`, `-folder=${folder}`, `-user=${user}`, `-machines=${machines}`, `-session=${sessionSeconds}s`, `-plain=${plain}`];
    const child = spawn(programs.host, args);
    const said = once(createInterface({ input: child.stdout }), "line") as Promise<[string]>;
    const first = await Promise.race([said, child]);
    if (!Array.isArray(first)) throw new Error(`the vSphere host ended: ${first.stderr}`);
    const { port } = JSON.parse(first[0]) as { port: string };
    return new Vsphere(child, programs, kind, folder, Number(port), user);
}

/** In a process group of its own: an interrupt from the terminal ends the tests, and their end ends this in good order. */
function spawn(program: string, args: readonly string[]) {
    return execa(program, args, { stdin: "pipe", detached: true, cleanup: false, reject: false, env: { VSPHERE_PASSWORD: password } });
}

export class Vsphere implements AsyncDisposable {
    /** The certificate of the authority that the host's own is by, a PEM file. */
    readonly cacert: string;
    readonly password = password;

    constructor(
        private readonly child: ReturnType<typeof spawn>,
        private readonly programs: VspherePrograms,
        readonly kind: "vpx" | "esx",
        /** Of all that it has, gone after `stop`. */
        readonly folder: string,
        readonly port: number,
        readonly user: string,
    ) {
        this.cacert = join(folder, "ca.pem");
    }

    /** `vpx://administrator%40vsphere.local@127.0.0.1:…/DC0?cacert=…` or `esx://root@127.0.0.1:…/?cacert=…`. */
    get uri(): string {
        const place = `${encodeURIComponent(this.user)}@127.0.0.1:${this.port}/${this.kind === "vpx" ? "DC0" : ""}`;
        return `${this.kind}://${place}?cacert=${encodeURIComponent(this.cacert)}`;
    }

    /** Where the API is. */
    get address(): string {
        return `https://127.0.0.1:${this.port}/sdk`;
    }

    /** The file of the socket over which tests do what no client can. */
    get socket(): string {
        return join(this.folder, "control");
    }

    /** The process. */
    get pid(): number {
        return this.child.pid ?? 0;
    }

    /** What one govc of its own prints, without the newlines at its end: an eye that knows nothing of the code under test. */
    async govc(...args: string[]): Promise<string> {
        const { stdout } = await execa(this.programs.govc, args, {
            stdin: "ignore",
            env: {
                GOVC_URL: `https://${encodeURIComponent(this.user)}:${encodeURIComponent(this.password)}@127.0.0.1:${this.port}`,
                GOVC_TLS_CA_CERTS: this.cacert,
                GOVC_PERSIST_SESSION: "false",
                GOVMOMI_HOME: this.folder,
            },
        });
        return stdout.trimEnd();
    }

    /** A machine that is switched off, with disks of 512 KiB of zeros: vda, vdb, …. */
    async createMachine(name: string, disks = 1, { folder = "", bus = "scsi" }: MachineOptions = {}): Promise<void> {
        await this.control("POST", "/machine", { name, disks: `${disks}`, folder, bus });
    }

    /** @param vm here and below: its name or its managed object id */
    async destroyMachine(vm: string): Promise<void> {
        await this.control("DELETE", "/machine", { vm });
    }

    /** The guest writes 64 KiB of one character. A machine that is off is switched on for it, and off again. */
    async write(vm: string, target: string, slot: number, character: string): Promise<void> {
        await this.control("PUT", "/disk", { vm, target, slot: `${slot}`, char: character });
    }

    /** What a machine is, and what its disks hold: an eye that looks past every session. */
    async look(vm: string): Promise<VsphereMachine> {
        return JSON.parse(await this.control("GET", "/machine", { vm })) as VsphereMachine;
    }

    /** Whether VMware Tools run in the guest. */
    async setTools(vm: string, running: boolean): Promise<void> {
        await this.control("POST", "/tools", { vm, running: `${running}` });
    }

    /** The next call of a method (`CreateSnapshot_Task`) fails with a fault (`TooManySnapshotLevels`): a task's when it has begun. */
    async failNext(method: string, fault: string, fields: object = {}): Promise<void> {
        await this.control("POST", "/fault", { method, fault }, JSON.stringify(fields));
    }

    /** The next call of a method takes so much longer; a task says how far it is. */
    async delayNext(method: string, milliseconds: number): Promise<void> {
        await this.control("POST", "/delay", { method, ms: `${milliseconds}` });
    }

    /** The next removal of snapshots leaves their disks as they are: the machine needs consolidation then. */
    async leaveDisks(): Promise<void> {
        await this.control("POST", "/leave-disks");
    }

    /** From now on the machine's layout is told as it was, until somebody has it refreshed. */
    async tellLayoutLate(vm: string): Promise<void> {
        await this.control("POST", "/late", { vm });
    }

    /** At once, waiting for nobody: all of a machine as it is in this moment. @returns what {@link restore} takes */
    save(vm: string): number {
        const { stdout } = execaSync(process.execPath, ["-e", CONTROL, this.socket, `/save?${new URLSearchParams({ vm }).toString()}`]);
        return Number(stdout);
    }

    async restore(vm: string, saved: number): Promise<void> {
        await this.control("POST", "/restore", { vm, saved: `${saved}` });
    }

    /** How often the API was called, by whomever. */
    async calls(): Promise<number> {
        return JSON.parse(await this.control("GET", "/calls")) as number;
    }

    /** Ends every session, as a host does with those that nobody uses. */
    async expireSessions(): Promise<void> {
        await this.control("POST", "/expire");
    }

    /** Ends the host, and removes all that was its. */
    async stop(): Promise<void> {
        this.child.stdin.end();
        const { exitCode, stderr } = await this.child;
        if (exitCode !== 0) throw new Error(`the vSphere host failed: ${stderr}`);
    }

    [Symbol.asyncDispose](): Promise<void> {
        return this.stop();
    }

    /** Does what control.go lists. */
    private async control(method: string, path: string, query: Record<string, string> = {}, body = ""): Promise<string> {
        const call = request({ socketPath: this.socket, method, path: `${path}?${new URLSearchParams(query).toString()}`, agent: false });
        call.end(body);
        const [response] = (await once(call, "response")) as [IncomingMessage];
        const said = await text(response);
        if (response.statusCode !== 200) throw new Error(`${method} ${path}: ${said.trimEnd()}`);
        return said;
    }
}
