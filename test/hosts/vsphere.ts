import { execa } from "execa";
import { once } from "node:events";
import { mkdtemp } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
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
    // In a process group of its own: an interrupt from the terminal ends the tests, and their end ends this in good order.
    const child = execa(programs.host, args, { stdin: "pipe", detached: true, cleanup: false, reject: false, env: { VSPHERE_PASSWORD: password } });
    const said = once(createInterface({ input: child.stdout }), "line") as Promise<[string]>;
    const first = await Promise.race([said, child]);
    if (!Array.isArray(first)) throw new Error(`the vSphere host ended: ${first.stderr}`);
    const { port } = JSON.parse(first[0]) as { port: string };
    return new Vsphere(child, programs, kind, folder, Number(port), user);
}

export class Vsphere implements AsyncDisposable {
    /** The certificate of the authority that the host's own is by, a PEM file. */
    readonly cacert: string;
    readonly password = password;

    constructor(
        private readonly child: Promise<unknown> & { readonly stdin: NodeJS.WritableStream; readonly pid?: number },
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
    async createMachine(name: string, disks = 1): Promise<void> {
        await this.control("POST", "/machine", { name, disks: `${disks}` });
    }

    async destroyMachine(name: string): Promise<void> {
        await this.control("DELETE", "/machine", { name });
    }

    /** Ends every session, as a host does with those that nobody uses. */
    async expireSessions(): Promise<void> {
        await this.control("POST", "/expire");
    }

    /** Ends the host, and removes all that was its. */
    async stop(): Promise<void> {
        this.child.stdin.end();
        await this.child;
    }

    [Symbol.asyncDispose](): Promise<void> {
        return this.stop();
    }

    /** Does what control.go lists. */
    private async control(method: string, path: string, query: Record<string, string> = {}): Promise<Buffer> {
        const call = request({ socketPath: this.socket, method, path: `${path}?${new URLSearchParams(query).toString()}`, agent: false });
        call.end();
        const [response] = (await once(call, "response")) as [NodeJS.ReadableStream & { statusCode: number }];
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk as Buffer);
        const body = Buffer.concat(chunks);
        if (response.statusCode !== 200) throw new Error(`${method} ${path}: ${body.toString().trimEnd()}`);
        return body;
    }
}
