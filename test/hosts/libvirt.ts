import { execa } from "execa";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { ensureCommands, isRoot, needsRoot, onPath } from "./commands";
import { isolated } from "./isolated";
import { keepCapabilities, takeCapabilities } from "./libvirt-capabilities";
import { findNewerLibvirt } from "./libvirt-newer";
import type { Log } from "./progress";

/** What real libvirt needs of the machine → the Debian package that holds it. */
export const libvirtCommands = {
    libvirtd: "libvirt-daemon-system",
    virsh: "libvirt-clients",
    "qemu-system-x86_64": "qemu-system-x86",
    unshare: "util-linux",
};

/** libvirt as the machine's own system has it, installed if need be and possible. */
export async function ensureLibvirt({ log }: { log: Log }): Promise<void> {
    if (isRoot()) await ensureCommands(libvirtCommands, log);
    else log(`${needsRoot}: tests with it are skipped`);
}

/** `installed`: as the machine's own system has it (9.0 on Debian 12); `newer`: of a Debian that is kept in the cache (11.3). */
export type LibvirtRelease = "installed" | "newer";

/** Why libvirt of this release can't be started here, or null. */
export function libvirtObstacle(release: LibvirtRelease): string | null {
    if (!isRoot()) return needsRoot;
    const missing = Object.keys(libvirtCommands).filter((command) => onPath(command) === null);
    if (missing.length > 0) return `${missing.join(", ")} not on PATH (make hosts)`;
    return release === "newer" && findNewerLibvirt() === null ? "the newer libvirt is not in the cache (make hosts)" : null;
}

/**
 * A libvirtd that has nothing to do with the machine's own: state, sockets, mounts and processes are all its own, and go with it, even if
 * the process that started it is killed.
 * @param within where its folder is made. Default: the temporary folder
 * @example
 * await using libvirt = await startLibvirt({ release: "newer" });
 * await libvirt.virsh("list", "--all", "--name");
 */
export async function startLibvirt({ release, within = tmpdir() }: { release: LibvirtRelease; within?: string }): Promise<Libvirt> {
    const obstacle = libvirtObstacle(release);
    if (obstacle) throw new Error(obstacle);
    const system = release === "newer" ? (findNewerLibvirt() as string) : "/";
    const folder = await mkdtemp(join(within, `snaptree-libvirt-${release}-`));
    await layOut(folder);
    await takeCapabilities(release, join(folder, "cache"));
    const libvirt = new Libvirt(release, folder, system);
    try {
        await libvirt.restart();
        await libvirt.virsh("domcapabilities", "--virttype", "qemu");
        await keepCapabilities(release, join(folder, "cache"));
        return libvirt;
    } catch (error) {
        await libvirt.stop();
        throw error;
    }
}

async function layOut(folder: string): Promise<void> {
    for (const each of ["etc", "lib", "cache", "log", "sock", "images"]) await mkdir(join(folder, each));
    // Nothing of the machine is needed, changed, or waited for: no other user, no security labels, no cgroups, no virtlogd.
    const qemu = { user: "root", group: "root", stdio_handler: "file", security_driver: "none", namespaces: [], cgroup_controllers: [] };
    await writeConfig(join(folder, "etc/qemu.conf"), { ...qemu, dynamic_ownership: 0, remember_owner: 0 });
    // Two hosts of one UUID are one to a migration.
    await writeConfig(join(folder, "etc/libvirtd.conf"), { unix_sock_dir: join(folder, "sock"), auth_unix_rw: "none", host_uuid: randomUUID() });
}

async function writeConfig(file: string, settings: Record<string, string | number | string[]>): Promise<void> {
    const lines = Object.entries(settings).map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`);
    await writeFile(file, lines.join(""));
}

/** No test fails on time: this is for a daemon that hangs. */
const patience = 120_000;

export class Libvirt implements AsyncDisposable {
    /** The socket that virsh connects to. */
    readonly socket: string;
    /** `qemu+unix:///system?socket=…`: real guests. */
    readonly uri: string;
    /** `test+unix:///default?socket=…`: libvirt's test driver in the same daemon; what is there lives while one connection is open. */
    readonly testUri: string;
    /** Where tests put disks. It is the same for them and for libvirt, as is each temporary folder, with what was mounted there before libvirt started. */
    readonly images: string;
    private readonly supervisor: ReturnType<typeof isolated>;
    private readonly answers: AsyncIterator<string>;
    private running: string | null = null;

    /** @param folder of all that it has, gone after `stop` @param system where its programs are: `/` or the folder of another Debian */
    constructor(
        readonly release: LibvirtRelease,
        readonly folder: string,
        readonly system: string,
    ) {
        this.socket = join(folder, "sock/libvirt-sock");
        const query = `?socket=${encodeURIComponent(this.socket).replaceAll("%2F", "/")}`;
        this.uri = `qemu+unix:///system${query}`;
        this.testUri = `test+unix:///default${query}`;
        this.images = join(folder, "images");
        this.supervisor = isolated(folder, "libvirt.sh", system);
        this.answers = createInterface({ input: this.supervisor.stdout })[Symbol.asyncIterator]();
    }

    /** What libvirtd says that it is, “9.0.0”. */
    get version(): string {
        if (!this.running) throw new Error("libvirtd does not run");
        return this.running;
    }

    /** Kills libvirtd in the middle of whatever it does. Its guests run on. */
    async kill(): Promise<void> {
        this.running = null;
        await this.tell("kill");
    }

    /** Starts libvirtd on the state that is there, once it was killed: it finds its domains, snapshots and running guests again. */
    async restart(): Promise<void> {
        await this.tell("start");
        this.running = await this.answered();
    }

    /** Ends libvirtd and its guests, and removes all that was theirs. */
    async stop(): Promise<void> {
        this.running = null;
        this.supervisor.stdin.end();
        await this.supervisor;
    }

    [Symbol.asyncDispose](): Promise<void> {
        return this.stop();
    }

    /** What one virsh of its own prints, without the newlines at its end: an eye that knows nothing of the code under test. */
    async virsh(...args: string[]): Promise<string> {
        const { stdout } = await execa("virsh", ["--connect", this.uri, ...args], { stdin: "ignore", env: { LC_ALL: "C.UTF-8" } });
        return stdout.trimEnd();
    }

    private async tell(verb: "start" | "kill"): Promise<void> {
        this.supervisor.stdin.write(`${verb}\n`);
        const { value } = await this.answers.next();
        if (value !== verb) throw new Error(`libvirtd's supervisor ended: ${(await this.supervisor).stderr}`);
    }

    /** The version, as soon as libvirtd answers. */
    private async answered(): Promise<string> {
        const since = Date.now();
        while (Date.now() - since < patience) {
            const said = existsSync(this.socket) ? await this.virsh("version", "--daemon").catch(() => "") : "";
            const version = /Running against daemon: (\S+)/.exec(said)?.[1];
            if (version) return version;
            await setTimeout(20);
        }
        throw new Error(`libvirtd does not answer: ${await readFile(join(this.folder, "log/libvirtd.log"), "utf8")}`);
    }
}
