import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { siteOf } from "../../../provider/backends/vbox/connection";
import { Manage } from "../../../provider/backends/vbox/manage";
import type { Site } from "../../../provider/backends/vbox/site";
import { parseVboxUri } from "../../../provider/backends/vbox/uri";
import { type Ssh, startSsh } from "../../hosts/ssh";
import { startVirtualBox, type VirtualBox } from "../../hosts/virtualbox";
import { needs, ssh as server, suiteWith, virtualbox } from "../../support/requires";
import { nearSsh } from "./near";

const failure = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
        () => Promise.reject(new Error("it did not fail")),
        (error: unknown) => error,
    );

function siteBy(port: number, parameters: Record<string, string>): Site {
    const query = new URLSearchParams(parameters).toString().replaceAll("+", "%20");
    return siteOf(parseVboxUri(new URL(`vbox+ssh://root@127.0.0.1:${port}/session?${query}`)));
}

let folder: string;
beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "snaptree-site-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** What is promised of files, here and elsewhere. */
function filePromises(site: () => Site): void {
    // As hard as a name may be.
    const named = (name: string): string => join(folder, `-${name} 'a"$b\n木`);

    test("a text is read as it is", async () => {
        const file = named("text");
        writeFileSync(file, "木\n\n\u{1f600} \r\n'");
        expect(await site().readText(file)).toBe("木\n\n\u{1f600} \r\n'");
    });

    test("of a file that is not there nothing is read, and it may be removed", async () => {
        const file = named("none");
        expect([await site().readText(file), await site().readPart(file, 0, 3), await site().exists(file)]).toEqual([null, null, false]);
        await site().remove(file);
        writeFileSync(file, "");
        expect(await site().exists(file)).toBe(true);
        await site().remove(file);
        expect(existsSync(file)).toBe(false);
    });

    test("the head of a file is its first bytes, or all that it has", async () => {
        const file = named("head");
        writeFileSync(file, Buffer.from([0, 255, 254, 10, 13, 0, 7]));
        expect(await site().readPart(file, 0, 5)).toEqual(Buffer.from([0, 255, 254, 10, 13]));
        expect(await site().readPart(file, 0, 512)).toEqual(Buffer.from([0, 255, 254, 10, 13, 0, 7]));
        expect(await site().readPart(file, 1, 2)).toEqual(Buffer.from([255, 254]));
        expect(await site().readPart(file, 7, 512)).toEqual(Buffer.from([]));
    });

    test("a text is written as a file of its own, which may be read by whom the old one could be", async () => {
        const file = named("written");
        writeFileSync(file, "old");
        await chmod(file, 0o640);
        const before = await stat(file);
        const text = `${"木'$\\".repeat(50_000)}\n\n`;
        await site().writeText(file, text);
        expect(await readFile(file, "utf8")).toBe(text);
        const after = await stat(file);
        expect([after.mode & 0o777, after.ino === before.ino]).toEqual([0o640, false]);
        expect(readdirSync(folder).filter((name) => name.endsWith(".new"))).toEqual([]);
    });

    test("a new file is its owner's alone, as VirtualBox has its own", async () => {
        const file = named("new");
        await site().writeText(file, "new");
        expect([readFileSync(file, "utf8"), (await stat(file)).mode & 0o777]).toEqual(["new", 0o600]);
    });

    test("what can't be done to a file is told with what to do, and leaves no half of it", async () => {
        const file = join(folder, "no such folder", "file");
        expect(await failure(site().writeText(file, "text"))).toMatchObject({
            name: "HostError",
            message: expect.stringMatching(/no such folder\/file".* can't be written: .*no such .*; mend that and run again$/i),
        });
        expect(await failure(site().readText(folder))).toMatchObject({ name: "HostError", message: expect.stringMatching(/can't be read: .*directory/i) });
    });
}

describe("files of this machine", () => {
    filePromises(() => siteOf(parseVboxUri(new URL("vbox:///session"))));
});

suiteWith(needs(server), "a machine that ssh reaches", () => {
    let ssh: Ssh;
    let site: Site;
    beforeAll(async () => {
        ssh = await startSsh();
        site = siteBy(ssh.port, { keyfile: ssh.key, command: ssh.command });
    });
    afterAll(async () => {
        await site[Symbol.asyncDispose]();
        await ssh.stop();
    });

    filePromises(() => site);

    const said = async (at: Site, ...command: string[]): Promise<string> => (await at.run(command)).stdout.toString();

    test("arguments arrive as they are", async () => {
        const texts = ["", " ", "--help", "it's", '"', "$HOME `id` \\", "a\nb\n", "*;|&<>~#!", "木\u{1f600}", "x".repeat(70_000)];
        expect((await said(site, "printf", "%s\\0", ...texts)).split("\0").slice(0, -1)).toEqual(texts);
    });

    test("a command's exit code, its error and its progress come back", async () => {
        const seen: string[] = [];
        const outcome = await site.run(["sh", "-c", "echo out; echo 10% >&2; exit 7"], { onStderr: (text) => seen.push(text) });
        expect(outcome).toMatchObject({ stdout: Buffer.from("out\n"), stderr: "10%\n", exitCode: 7, signal: null });
        expect(seen.join("")).toBe("10%\n");
        expect(await site.run(["no-such-command"])).toMatchObject({ exitCode: 127 });
        expect(await said(site, "sh", "-c", 'echo "$LC_ALL"')).toBe("C.UTF-8\n");
    });

    test("commands share one connection, which ends with the site and leaves nothing", async () => {
        const own = siteBy(ssh.port, { keyfile: ssh.key, command: ssh.command });
        const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith("snaptree-ssh-"));
        const connection = () => said(own, "sh", "-c", 'echo "$SSH_CONNECTION"');
        const first = await connection();
        expect(first).toMatch(/^127\.0\.0\.1 \d+ /);
        expect(new Set(await Promise.all([connection(), connection(), connection()]))).toEqual(new Set([first]));
        const before = folders();
        await own[Symbol.asyncDispose]();
        expect(folders()).toHaveLength(before.length - 1);
        const [, port = ""] = first.split(" ");
        const hex = Number(port).toString(16).toUpperCase().padStart(4, "0");
        // Of this machine's connections, one that is established (01) has that port no more.
        const open = new RegExp(`:${hex} [0-9A-F]{8}:[0-9A-F]{4} 01 `);
        while (open.test(readFileSync("/proc/net/tcp", "utf8"))) await setTimeout(10);
    });

    test("a text of which only a part arrives, as the connection was lost, replaces nothing", async () => {
        const cut = join(folder, "cut");
        await writeFile(cut, `#!/bin/sh\nhead -c 5 | '${ssh.command}' "$@"\n`, { mode: 0o755 });
        await using lossy = siteBy(ssh.port, { keyfile: ssh.key, command: cut });
        const file = join(folder, "kept");
        writeFileSync(file, "old and whole");
        expect(await failure(lossy.writeText(file, "new and whole"))).toMatchObject({
            name: "HostError",
            message: expect.stringContaining("not all of it arrived"),
        });
        expect(await readFile(file, "utf8")).toBe("old and whole");
        expect(existsSync(`${file}.new`)).toBe(false);
    });

    test("a host that does not answer can't be reached, and a key that is not let in neither, with what to try", async () => {
        await using nobody = siteBy(1, { keyfile: ssh.key, command: ssh.command });
        expect(await failure(new Manage(nobody).run(["list", "vms"]))).toMatchObject({
            name: "UnreachableError",
            message: expect.stringMatching(
                /^vbox\+ssh:\/\/root@127\.0\.0\.1:1\/session can't be reached: .*Connection refused; check that “.*ssh -p 1 root@127\.0\.0\.1” works without asking anything$/,
            ),
        });
        const wrong = join(folder, "wrong");
        await writeFile(wrong, "no key", { mode: 0o600 });
        await using stranger = siteBy(ssh.port, { keyfile: wrong, command: ssh.command });
        expect(await failure(stranger.readText("/etc/hostname"))).toMatchObject({
            name: "UnreachableError",
            message: expect.stringContaining("Permission denied"),
        });
    });

    test("a server that ssh's own configuration does not know is not trusted", async () => {
        await using other = await startSsh();
        await using unknown = siteBy(other.port, { keyfile: other.key, command: ssh.command });
        expect(await failure(unknown.readText("/etc/hostname"))).toMatchObject({
            name: "UnreachableError",
            message: expect.stringContaining("Host key verification failed"),
        });
    });

    test("a program for ssh that is not there, and a VBoxManage that is not there, are two things", async () => {
        expect(await failure(new Manage(site, { command: "no-VBoxManage" }).run(["list", "vms"]))).toMatchObject({
            name: "UnreachableError",
            message: expect.stringMatching(/^"no-VBoxManage" is not on PATH on vbox\+ssh:\/\/root@127\.0\.0\.1:\d+\/session; install VirtualBox, or say/),
        });
        await using bare = siteBy(ssh.port, { command: "/no/ssh" });
        expect(await failure(new Manage(bare).run(["list", "vms"]))).toMatchObject({
            name: "UnreachableError",
            message: expect.stringMatching(
                /can't be reached, as "\/no\/ssh" can't be run; install OpenSSH’s client, or say where its ssh is with \?command=PATH/,
            ),
        });
    });
});

suiteWith(needs(server, virtualbox), "VirtualBox on a machine that ssh reaches", () => {
    let ssh: Ssh;
    let box: VirtualBox;
    let site: Site;
    beforeAll(async () => {
        [ssh, box] = await Promise.all([startSsh(), startVirtualBox()]);
        site = siteBy(ssh.port, { keyfile: ssh.key, command: await nearSsh(ssh) });
    });
    afterAll(async () => {
        await site[Symbol.asyncDispose]();
        await Promise.all([ssh.stop(), box.stop()]);
    });

    test("takes snapshots, tells its progress, and refuses in its own words", async () => {
        await box.run("createvm", "--name=afar", "--register");
        const manage = new Manage(site, { command: box.vboxmanage });
        const seen: number[] = [];
        const answer = await manage.run(["snapshot", "afar", "take", "it's $a", "--description=a\nb"], {
            machine: "afar",
            onProgress: (fraction) => seen.push(fraction),
        });
        const [, uuid = ""] = /^Snapshot taken. UUID: (\S+)\n$/.exec(answer) ?? [];
        expect(await box.run("snapshot", "afar", "list")).toContain(`Name: it's $a (UUID: ${uuid})`);
        expect(await site.readText(join(box.machines, "afar", "afar.vbox"))).toContain(`uuid="{${uuid}}" name="it's $a"`);
        expect(seen.at(-1)).toBe(1);
        expect(await failure(manage.run(["snapshot", "nobody", "take", "a"]))).toMatchObject({
            name: "VBoxError",
            message: "VBoxManage snapshot take failed: Could not find a registered machine named 'nobody'",
        });
    });
});
