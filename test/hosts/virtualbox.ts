import { execa } from "execa";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, readlink, realpath, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { isRoot, needsRoot, onPath } from "./commands";
import { isolated } from "./isolated";
import { findVirtualBox, programs } from "./virtualbox-debian";

const commands = ["unshare", "nsenter"];

/** Why VirtualBox can't be called here, or null. */
export function virtualboxObstacle(): string | null {
    if (!isRoot()) return needsRoot;
    const missing = commands.filter((command) => onPath(command) === null);
    if (missing.length > 0) return `${missing.join(", ")} not on PATH (make hosts)`;
    return findVirtualBox() === null ? "VirtualBox is not in the cache (make hosts)" : null;
}

/**
 * A VirtualBox that has nothing to do with any other: home, processes and mounts are all its own, and go with it, even if the process that started it is
 * killed. Machines can't be started there, as the kernel module is missing.
 * @example
 * await using virtualbox = await startVirtualBox();
 * await virtualbox.run("createvm", "--name=vm", "--register");
 */
export async function startVirtualBox(): Promise<VirtualBox> {
    const obstacle = virtualboxObstacle();
    if (obstacle) throw new Error(obstacle);
    const folder = await mkdtemp(join(await realpath(tmpdir()), "snaptree-virtualbox-"));
    for (const each of ["home", "machines"]) await mkdir(join(folder, each));
    const virtualbox = new VirtualBox(folder, findVirtualBox() as string);
    try {
        await virtualbox.start();
        return virtualbox;
    } catch (error) {
        await virtualbox.stop();
        throw error;
    }
}

/** A process, by the number and the name that it has here. */
export interface Process {
    readonly pid: number;
    readonly name: string;
}

export class VirtualBox implements AsyncDisposable {
    /** An executable that takes the arguments of VBoxManage. When it is killed, so is VBoxManage. */
    readonly vboxmanage: string;
    /** Its `VBOX_USER_HOME`. */
    readonly home: string;
    /** Where machines are made, and the only folder that VirtualBox shares with tests. */
    readonly machines: string;
    private readonly supervisor: ReturnType<typeof isolated>;
    private first = 0;

    /** @param folder of all that it has, gone after `stop` @param system the folder of a Debian that has it */
    constructor(
        readonly folder: string,
        system: string,
    ) {
        this.vboxmanage = join(folder, "VBoxManage");
        this.home = join(folder, "home");
        this.machines = join(folder, "machines");
        this.supervisor = isolated(folder, "virtualbox.sh", system);
    }

    /** What Snaptree calls it. */
    get uri(): string {
        return `vbox:///session?vboxmanage=${encodeURIComponent(this.vboxmanage)}`;
    }

    /** Makes it ready to be called. The first call of several at once can fail where no VBoxSVC runs, so one is started. */
    async start(): Promise<void> {
        const ready = once(createInterface({ input: this.supervisor.stdout }), "line");
        await Promise.race([ready, this.supervisor]);
        if (this.supervisor.exitCode !== null) throw new Error(`VirtualBox's supervisor ended: ${(await this.supervisor).stderr}`);
        const [unshare = 0] = await childrenOf(this.supervisor.pid ?? 0);
        [this.first = 0] = await childrenOf(unshare);
        await writeFile(this.vboxmanage, wrapper(this.first, this.home), { mode: 0o755 });
        await this.run("setproperty", "machinefolder", this.machines);
    }

    /** What VBoxManage prints, without the newlines at its end. Never beside another call on the same machine, which can wedge it. */
    async run(...args: string[]): Promise<string> {
        for (let tries = 1; ; tries++) {
            try {
                const { stdout } = await execa(this.vboxmanage, args, { stdin: "ignore", env: { LC_ALL: "C.UTF-8" } });
                return stdout.trimEnd();
            } catch (error) {
                // VBoxSVC ended, or was killed, in just this moment: nothing of the call has happened.
                if (tries === 20 || !(error as Error).message.includes("Failed to create the VirtualBox object")) throw error;
                await setTimeout(100);
            }
        }
    }

    /** VirtualBox's processes: servers that calls have left running, and calls. */
    async processes(): Promise<Process[]> {
        const here = await namespaceOf(this.first);
        if (here === null) return [];
        const found: Process[] = [];
        for (const pid of (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry)).map(Number)) {
            const name = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "");
            if (name.startsWith("VBox") && (await namespaceOf(pid)) === here) found.push({ pid, name: name.trimEnd() });
        }
        return found;
    }

    /** VBoxSVC, which the first call starts and which ends five seconds after the last; null where none runs. */
    async server(): Promise<number | null> {
        return (await this.processes()).find(({ name }) => name === "VBoxSVC")?.pid ?? null;
    }

    /** VBoxSVC, which is started if it does not run. */
    async startedServer(): Promise<number> {
        for (;;) {
            await this.run("list", "runningvms");
            const server = await this.server();
            if (server !== null) return server; // A call can take ten seconds to end, and the server ends after five.
        }
    }

    /** Kills VBoxSVC in the middle of whatever it does; the next call starts another. */
    async killServer(): Promise<void> {
        const server = await this.server();
        if (server === null) return;
        process.kill(server, "SIGKILL");
        while (existsSync(`/proc/${server}`)) await setTimeout(2);
    }

    /** Waits until VBoxSVC has ended by itself, as it does five seconds after the last call; one that hangs is killed. */
    async serverEnded(): Promise<void> {
        for (let waited = 0; (await this.server()) !== null; waited++) {
            if (waited === 300) await this.killServer();
            else await setTimeout(100);
        }
    }

    /**
     * Does by hand what VirtualBox did not get to when it was killed. It puts a new document in an old one's place in two steps: between them it has none of a
     * machine, which it can't open then, or of all that it has, after which it knows no machine. And while it takes a snapshot its document has the machine
     * stand on the image that the snapshot is to keep, with the new image on it, which it does not open either. No byte is lost in either.
     */
    async mended(): Promise<void> {
        const files = (await readdir(this.machines)).map((name) => join(this.machines, name, `${name}.vbox`));
        for (const file of files) {
            const text = await readFile(file, "utf8").catch(() => readFile(`${file}-tmp`, "utf8").catch(() => null));
            if (text === null || (existsSync(file) && completed(text) === text)) continue;
            await this.killServer();
            await writeFile(file, completed(text));
        }
        const listed = await this.run("list", "vms");
        for (const file of files) if (existsSync(file) && !listed.includes(`"${basename(file, ".vbox")}"`)) await this.run("registervm", file);
    }

    /** Ends all its processes, and removes all that was theirs. */
    async stop(): Promise<void> {
        this.supervisor.stdin.end();
        await this.supervisor;
    }

    [Symbol.asyncDispose](): Promise<void> {
        return this.stop();
    }
}

/** A machine's document in which the machine itself has those images that were made for it while a snapshot was taken. */
export function completed(document: string): string {
    const own = document.lastIndexOf("</Snapshot>") + 1;
    const attached = (uuid: string | undefined) => document.includes(`<Image uuid="${uuid}"/>`);
    const machine = document.slice(own).replace(/<Image uuid="(.*?)"\/>/g, (image, uuid: string) => {
        // The only image on it, as VirtualBox writes one that nothing stands on.
        const [, upon] = new RegExp(`<HardDisk uuid="${uuid}"[^>]*[^/]>\\s*<HardDisk uuid="([^"]*)"[^>]*/>\\s*</HardDisk>`).exec(document) ?? [];
        return upon === undefined || attached(upon) ? image : `<Image uuid="${upon}"/>`;
    });
    return document.slice(0, own) + machine;
}

/** A script that enters the namespaces of a process and becomes VBoxManage there, which dies with it, as if it were no other process. */
function wrapper(pid: number, home: string): string {
    const enter = [onPath("nsenter"), "--target", pid, "--mount", "--pid", "--root", "--", "/usr/bin/setpriv", "--pdeathsig", "KILL", "--"];
    const environment = { HOME: home, VBOX_USER_HOME: home, VBOX_IPC_SOCKETID: "snaptree" }; // The socket is in a /tmp of their own.
    const exports = Object.entries(environment).map(([name, value]) => `export ${name}='${value.replaceAll("'", `'\\''`)}'\n`);
    return `#!/bin/sh\n${exports.join("")}exec ${enter.join(" ")} ${programs}/VBoxManage "$@"\n`;
}

async function childrenOf(pid: number): Promise<number[]> {
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
    return children.split(" ").filter(Boolean).map(Number);
}

/** The process namespace of a process, or null where it has ended. */
async function namespaceOf(pid: number): Promise<string | null> {
    return readlink(`/proc/${pid}/ns/pid`).catch(() => null);
}
