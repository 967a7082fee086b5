import { execa } from "execa";
import { once } from "node:events";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { ensureCommands, isRoot, needsRoot, onPath } from "./commands";
import { isolated } from "./isolated";
import type { Libvirt } from "./libvirt";
import type { Log } from "./progress";

const netcat = "nc.openbsd";
/** What a way to libvirt over SSH needs of the machine → the Debian package that holds it. */
const sshCommands = { sshd: "openssh-server", ssh: "openssh-client", "ssh-keygen": "openssh-client", [netcat]: "netcat-openbsd" };

/** OpenSSH's server and a netcat, installed if need be and possible; the machine starts no server for that, neither now nor when it boots. */
export async function ensureSsh({ log }: { log: Log }): Promise<void> {
    if (!isRoot()) return void log(`${needsRoot}: tests with it are skipped`);
    const isNew = onPath("sshd") === null;
    await ensureCommands(sshCommands, log);
    if (isNew && onPath("systemctl")) await execa("systemctl", ["disable", "ssh.service", "ssh.socket"], { reject: false });
}

/** Why `startSsh` can't be used here, or null. */
export function sshObstacle(): string | null {
    if (!isRoot()) return needsRoot;
    const missing = Object.keys(sshCommands).filter((command) => onPath(command) === null);
    return missing.length > 0 ? `${missing.join(", ")} not on PATH (make hosts)` : null;
}

/**
 * An SSH server for root on 127.0.0.1 with keys of its own, to reach a libvirt by. It ends as a libvirt does, and nobody's own SSH configuration is read or changed.
 * @example
 * await using ssh = await startSsh();
 * const host = await connect(ssh.uri(libvirt));
 */
export async function startSsh(): Promise<Ssh> {
    const obstacle = sshObstacle();
    if (obstacle) throw new Error(obstacle);
    for (let tries = 1; ; tries++) {
        const folder = await mkdtemp(join(tmpdir(), "snaptree-ssh-"));
        const port = await freePort();
        await layOut(folder, port);
        const ssh = new Ssh(folder, port);
        try {
            await ssh.answers();
            return ssh;
        } catch (error) {
            await ssh.stop();
            if (tries === 5) throw error; // Someone else may have taken the port meanwhile.
        }
    }
}

async function freePort(): Promise<number> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    return port;
}

async function layOut(folder: string, port: number): Promise<void> {
    const file = (name: string): string => join(folder, name);
    for (const key of ["host_key", "user_key"]) await execa("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "snaptree", "-f", file(key)]);
    await writeFile(file("known_hosts"), `[127.0.0.1]:${port} ${await readFile(file("host_key.pub"), "utf8")}`);
    await writeConfig(file("sshd_config"), {
        ListenAddress: `127.0.0.1:${port}`,
        HostKey: file("host_key"),
        AuthorizedKeysFile: file("user_key.pub"),
        PermitRootLogin: "prohibit-password",
        PasswordAuthentication: "no",
        KbdInteractiveAuthentication: "no",
        StrictModes: "no", // The folder of temporary files is everyone's.
        UsePAM: "no",
        PidFile: "none",
        PrintMotd: "no",
    });
    await writeConfig(file("ssh_config"), {
        UserKnownHostsFile: file("known_hosts"),
        GlobalKnownHostsFile: "none",
        StrictHostKeyChecking: "yes",
        IdentitiesOnly: "yes",
        IdentityAgent: "none",
        BatchMode: "yes",
    });
    await writeFile(file("ssh"), `#!/bin/sh\nexec ssh -F '${file("ssh_config").replaceAll("'", `'\\''`)}' "$@"\n`, { mode: 0o755 });
}

async function writeConfig(file: string, settings: Record<string, string>): Promise<void> {
    const lines = Object.entries(settings).map(([name, value]) => `${name} ${/\s/.test(value) ? `"${value}"` : value}\n`);
    await writeFile(file, lines.join(""));
}

/** No test fails on time: this is for a server that hangs. */
const patience = 60_000;

export class Ssh implements AsyncDisposable {
    /** The private key that is let in. */
    readonly key: string;
    /** What to call in place of `ssh`: it knows the server, and reads no other configuration. */
    readonly command: string;
    private readonly supervisor: ReturnType<typeof isolated>;
    private ended = false;

    /** @param folder of all that it has, gone after `stop` */
    constructor(
        readonly folder: string,
        readonly port: number,
    ) {
        this.key = join(folder, "user_key");
        this.command = join(folder, "ssh");
        this.supervisor = isolated(folder, "ssh.sh");
        void this.supervisor.then(() => (this.ended = true));
    }

    /** `qemu+ssh://root@127.0.0.1:…` of a libvirt that runs here. */
    uri(libvirt: Pick<Libvirt, "socket">): string {
        const query = new URLSearchParams({ keyfile: this.key, socket: libvirt.socket, netcat, command: this.command });
        return `qemu+ssh://root@127.0.0.1:${this.port}/system?${query.toString().replaceAll("+", "%20")}`;
    }

    /** Waits until one can log in. */
    async answers(): Promise<void> {
        const since = Date.now();
        while (!this.ended && Date.now() - since < patience) {
            const login = await execa(this.command, ["-p", `${this.port}`, "-i", this.key, "root@127.0.0.1", "true"], { reject: false, stdin: "ignore" });
            if (login.exitCode === 0) return;
            await setTimeout(20);
        }
        await this.stop();
        throw new Error(`sshd does not answer: ${(await this.supervisor).stderr}`);
    }

    /** Ends the server and every connection, and removes all that was theirs. */
    async stop(): Promise<void> {
        this.supervisor.stdin.end();
        await this.supervisor;
    }

    [Symbol.asyncDispose](): Promise<void> {
        return this.stop();
    }
}
