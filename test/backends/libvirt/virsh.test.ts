import { execa } from "execa";
import fc from "fast-check";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import os from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { option, Virsh, VirshError } from "../../../provider/backends/libvirt/virsh";
import { HostError, InvalidInputError, UnreachableError } from "../../../provider/model";
import { type Libvirt, type LibvirtRelease, startLibvirt } from "../../hosts/libvirt";
import { startSsh } from "../../hosts/ssh";
import { libvirt as installed, needs, newerLibvirt, ssh as sshServer, suiteWith } from "../../support/requires";

/** Everything that a name could be mistaken for. */
const names = [
    "-x",
    "--help",
    "'; echo x",
    "$(x)",
    "`x`",
    "\\",
    'a "b"',
    "abc''123",
    "имя",
    "名前 😀",
    "a b",
    "#x",
    "!x",
    "a,b",
    "~",
    "*",
    "x;y",
    "virsh # list",
    "%s",
];

async function failure(work: Promise<unknown>): Promise<Error> {
    return work.then(
        () => new Error("did not fail"),
        (error: unknown) => error as Error,
    );
}

/** Our own children that are called virsh, by process id. */
function running(): number[] {
    return readdirSync("/proc")
        .filter((each) => /^\d+$/.test(each))
        .filter((each) => {
            try {
                const [, name, parent] = /\((.*)\) \S (\d+)/.exec(readFileSync(`/proc/${each}/stat`, "utf8")) ?? [];
                return name === "virsh" && Number(parent) === process.pid;
            } catch {
                return false; // It has just ended.
            }
        })
        .map(Number);
}

/** Until something is so; no test fails on time, this is for what hangs. */
async function until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await setTimeout(5);
}

/** A folder that is this suite's alone for temporary files, once its hosts are up: other tests run at the same time. */
function temporaryFolder(): () => string {
    let folder = "";
    beforeAll(async () => {
        folder = await mkdtemp(join(os.tmpdir(), "snaptree-temporary-"));
        jest.spyOn(os, "tmpdir").mockReturnValue(folder);
    });
    afterAll(async () => {
        jest.restoreAllMocks();
        await rm(folder, { recursive: true });
    });
    return () => folder;
}

/** Between virsh and libvirtd: holds back what libvirtd is asked, and cuts. */
class Wire implements AsyncDisposable {
    held = 0;
    private holding = false;
    private readonly sockets = new Set<Socket>();
    private constructor(
        private readonly server: Server,
        readonly uri: string,
    ) {}

    static async to(libvirt: Libvirt): Promise<Wire> {
        const path = join(await mkdtemp(join(libvirt.folder, "wire-")), "s");
        const server = createServer();
        const wire = new Wire(server, `qemu+unix:///system?socket=${path}`);
        server.on("connection", (near) => wire.join(near, connect(libvirt.socket)));
        await new Promise<void>((resolve) => server.listen(path, resolve));
        return wire;
    }

    private join(near: Socket, far: Socket): void {
        for (const socket of [near, far]) {
            this.sockets.add(socket);
            socket.on("error", () => undefined).on("close", () => this.sockets.delete(socket));
        }
        far.pipe(near);
        far.on("close", () => near.destroy());
        near.on("close", () => far.destroy()).on("data", (data) => {
            if (!this.holding) far.write(data);
            else if (!data.includes("keep")) this.held++; // A sign of life is no question.
        });
    }

    /** From now on libvirtd hears nothing. */
    hold(): void {
        this.held = 0;
        this.holding = true;
    }

    release(): void {
        this.holding = false;
    }

    cut(): void {
        for (const socket of this.sockets) socket.destroy();
        this.holding = false;
    }

    async [Symbol.asyncDispose](): Promise<void> {
        this.cut();
        await new Promise((resolve) => this.server.close(resolve));
    }
}

/** A domain that needs no disk, with a text of its own. */
const domain = (name: string, description = "") =>
    `<domain type="qemu"><name>${name}</name><description>${description}</description><memory>16384</memory><os><type arch="x86_64">hvm</type></os></domain>`;

function promises(release: LibvirtRelease, reason: string | null): void {
    suiteWith(reason, `virsh that stays, with the ${release} libvirt`, () => {
        let libvirt: Libvirt;
        let virsh: Virsh;
        beforeAll(async () => {
            libvirt = await startLibvirt({ release });
            virsh = new Virsh({ uri: libvirt.uri });
        });
        afterAll(async () => {
            await virsh[Symbol.asyncDispose]();
            await libvirt.stop();
        });
        const temporary = temporaryFolder();
        /** A virsh that runs once: our independent eye. */
        const once = (uri: string, ...args: string[]) => execa("virsh", ["--connect", uri, ...args], { reject: false, env: { LC_ALL: "C.UTF-8" } });

        test("a name is a name, whatever it looks like", async () => {
            await using held = new Virsh({ uri: libvirt.testUri });
            for (const name of names) await held.run(["snapshot-create-as", "test", option("name", name)]);
            const seen = await once(libvirt.testUri, "snapshot-list", "test", "--name");
            expect(seen.stdout.trimEnd().split("\n").sort()).toEqual([...names].sort());
            for (const name of names) {
                const document = await held.run(["snapshot-dumpxml", "test", option("snapshotname", name)]);
                const other = await once(libvirt.testUri, "snapshot-dumpxml", "test", `--snapshotname=${name}`);
                expect(document).toBe(other.stdout.trimEnd());
            }
        });

        test("three megabytes that look like prompts, errors and commands come back to the letter", async () => {
            const line = `virsh # echo 'x'\nerror: no such thing\necho 0123456789abcdef''b\n0123456789abcdefl\n漢字 &amp; “é”\n`;
            await virsh.withXml(domain("large", line.repeat(Math.ceil(3e6 / line.length))), (file) => ["define", file]);
            const document = await virsh.run(["dumpxml", "large"]);
            expect(document.length).toBeGreaterThan(2.9e6);
            expect(document === (await libvirt.virsh("dumpxml", "large"))).toBe(true);
            await virsh.run(["undefine", "large"]);
        });

        test("libvirt's own words are the error, and a document's text is not in it", async () => {
            const refused = await failure(virsh.run(["snapshot-info", "nosuch", "--current"]));
            expect(refused).toBeInstanceOf(VirshError);
            const { stderr } = await once(libvirt.uri, "snapshot-info", "nosuch", "--current");
            expect(refused.message).toBe(
                stderr
                    .trimEnd()
                    .split("\n")
                    .map((line) => line.replace(/^error: /, ""))
                    .join(": "),
            );
            const broken = await failure(virsh.withXml("<domain><name>x</name><graphics passwd='hunter2'></domain>", (file) => ["define", file]));
            expect(broken.message).toMatch(/^Failed to define domain from the document: .*(?:mismatch|XML)/);
            expect(JSON.stringify([broken, broken.message])).not.toContain("hunter2");
            expect((await failure(virsh.run(["snapshot-list"]))).message).toBe("command 'snapshot-list' requires <domain> option");
            expect((await failure(virsh.run(["nosuch"]))).message).toBe("unknown command: 'nosuch'");
            expect(readdirSync(temporary())).toEqual([]);
        });

        test("a libvirtd that was killed is unreachable, and as soon as it is back everything is as before", async () => {
            await virsh.withXml(domain("survivor"), (file) => ["define", file]);
            await libvirt.kill();
            const down = await failure(virsh.run(["list", "--all", "--name"]));
            expect(down).toBeInstanceOf(UnreachableError);
            await libvirt.restart();
            expect(await virsh.run(["list", "--all", "--name"])).toBe("survivor");
            await libvirt.kill();
            await libvirt.restart();
            // It had no chance to notice before: that it has to connect again is no error.
            expect(await virsh.run(["domstate", "survivor"])).toBe("shut off");
            await virsh.run(["undefine", "survivor"]);
        });
    });
}

promises("installed", needs(installed));
promises("newer", needs(newerLibvirt));

suiteWith(needs(installed), "virsh that stays, whatever happens to it", () => {
    let libvirt: Libvirt;
    let before: number[];
    const ours = () => running().filter((pid) => !before.includes(pid));
    beforeAll(async () => {
        libvirt = await startLibvirt({ release: "installed" });
        before = running();
    });
    afterAll(() => libvirt.stop());
    const temporary = temporaryFolder();
    afterEach(() => {
        expect(ours()).toEqual([]);
        expect(readdirSync(temporary())).toEqual([]);
    });

    test("any text of printable characters is an argument, and comes back as it was", async () => {
        await using virsh = new Virsh({ uri: libvirt.testUri });
        const printable = fc.string({ unit: "binary", maxLength: 200 }).map((text) => text.replaceAll(/\p{Cc}/gu, "'"));
        const property = fc.asyncProperty(fc.array(printable, { minLength: 1, maxLength: 4 }), async (texts) => {
            expect(await virsh.run(["echo", "--", ...texts])).toBe(texts.join(" "));
        });
        await fc.assert(property, { numRuns: 100 });
        for (const text of ["", " ", "\u0085", "\u009b31m", ...names]) expect(await virsh.run(["echo", "--", text])).toBe(text);
    });

    test("what virsh would take for a key is refused, and said where it is", async () => {
        await using virsh = new Virsh({ uri: libvirt.testUri });
        for (const key of ["\n", "\r", "\t", "\0", "\u001b[A", "\u007f", "\u0004", "\u0016", "\ud800"]) {
            const refused = await failure(virsh.run(["snapshot-delete", "test", `a${key}b`]));
            expect(refused).toBeInstanceOf(InvalidInputError);
            expect(refused.message).toContain("snapshot-delete");
        }
        expect(await virsh.run(["echo", "still there"])).toBe("still there");
    });

    test("commands that are given at once run one after another, in order, each with its own answer", async () => {
        await using virsh = new Virsh({ uri: libvirt.testUri });
        const { signal } = new AbortController();
        const made = Array.from({ length: 20 }, (_, i) => virsh.run(["snapshot-create-as", "test", `s${i}`], { signal }));
        const failed = failure(virsh.run(["snapshot-create-as", "test", "s0"]));
        const last = virsh.run(["snapshot-parent", "test", "s19"]);
        expect(await Promise.all(made)).toEqual(made.map((_, i) => `Domain snapshot s${i} created`));
        expect((await failed).message).toContain("already exists");
        expect(await last).toBe("s18");
        expect(ours()).toHaveLength(1);
    });

    test("commands that are read in one go are answered in order, however many, with texts that look like prompts; one that fails fails them all, and the next is right", async () => {
        await using virsh = new Virsh({ uri: libvirt.testUri });
        const texts = [...names, ...Array.from({ length: 250 }, (_, i) => `text ${i}`)];
        expect(await virsh.read(texts.map((text) => ["echo", "--", text]))).toEqual(texts);
        expect(await virsh.read([])).toEqual([]);
        const refused = await failure(virsh.read([["uri"], ["dominfo", "nobody"], ["uri"]]));
        expect(refused).toBeInstanceOf(VirshError);
        expect(refused.message).toContain("nobody");
        expect(await virsh.read([["uri"], ["echo", "x"]])).toEqual([libvirt.testUri, "x"]);
    });

    test("a command that takes long alone holds up no other", async () => {
        await using virsh = new Virsh({ uri: libvirt.testUri });
        await virsh.run(["domstate", "test"]);
        const event = virsh.alone(["event", "test", "lifecycle"]);
        // It waits for what only a later command brings about.
        const changes = async () => {
            await virsh.run(["suspend", "test"]);
            await virsh.run(["resume", "test"]);
        };
        while ((await Promise.race([event, changes()])) === undefined);
        expect(await event).toMatch(/event 'lifecycle' for domain '?test'?: (?:Suspended|Resumed)/);
    });

    test("a connection that is cut in the middle: nobody knows, and the next command is right", async () => {
        await using wire = await Wire.to(libvirt);
        await using virsh = new Virsh({ uri: wire.uri });
        await virsh.run(["list"]);
        wire.hold();
        const cut = failure(virsh.run(["list", "--all"]));
        await until(() => wire.held > 0);
        wire.cut();
        expect(await cut).toBeInstanceOf(UnreachableError);
        expect((await cut).message).toContain("nobody knows whether it was carried out");
        expect(await virsh.run(["list", "--all", "--name"])).toBe("");
    });

    test("a virsh that dies: in the middle nobody knows; while nothing is asked of it nobody notices", async () => {
        await using wire = await Wire.to(libvirt);
        await using virsh = new Virsh({ uri: wire.uri });
        await virsh.run(["list"]);
        wire.hold();
        const died = failure(virsh.run(["list", "--all"]));
        await until(() => wire.held > 0);
        process.kill(ours()[0]!, "SIGKILL");
        expect(await died).toBeInstanceOf(HostError);
        expect(await died).not.toBeInstanceOf(UnreachableError);
        expect((await died).message).toMatch(/SIGKILL.*"list".*nobody knows whether it was carried out/);
        wire.release();
        expect(await virsh.run(["list", "--all", "--name"])).toBe("");
        process.kill(ours()[0]!, "SIGKILL");
        expect(await virsh.run(["list", "--all", "--name"])).toBe("");
    });

    test("what does not answer in time, or is aborted, is ended, and the next command starts afresh", async () => {
        await using wire = await Wire.to(libvirt);
        await using virsh = new Virsh({ uri: wire.uri });
        await virsh.run(["list"]);
        wire.hold();
        const late = await failure(virsh.run(["list", "--all"], { timeout: 100 }));
        expect(late).toBeInstanceOf(HostError);
        expect(late.message).toMatch(/"list" did not answer within 0.1 s and was ended; nobody knows/);
        expect((await failure(virsh.run(["list"], { timeout: 100 }))).message).toMatch(/^qemu\+unix:\/\/\/system can't be reached: no answer within 0.1 s/);
        wire.release();
        expect(await virsh.run(["list", "--all", "--name"])).toBe("");

        wire.hold();
        const [first, second] = [new AbortController(), new AbortController()];
        const aborted = failure(virsh.run(["list"], { signal: first.signal }));
        const waiting = failure(virsh.run(["destroy", "nosuch"], { signal: second.signal }));
        const after = virsh.run(["list", "--all", "--name"]);
        await until(() => wire.held > 0);
        second.abort(new Error("no more of the second"));
        expect((await waiting).message).toBe("no more of the second");
        wire.release();
        first.abort(new Error("no more of the first"));
        expect((await aborted).message).toBe("no more of the first");
        expect(await after).toBe("");
    });

    test("closing ends it at once, hanging or not, and what waits fails", async () => {
        await using wire = await Wire.to(libvirt);
        const virsh = new Virsh({ uri: wire.uri });
        await virsh.run(["list"]);
        wire.hold();
        const commands = [virsh.run(["list"]), virsh.run(["list"]), virsh.withXml("<x/>", (file) => ["define", file]), virsh.alone(["list"])].map(failure);
        await until(() => wire.held > 1);
        await virsh[Symbol.asyncDispose]();
        expect(ours()).toEqual([]);
        for (const each of commands) expect((await each).message).toContain("the connection to libvirt was closed");
        expect((await failure(virsh.run(["list"]))).message).toContain("the connection to libvirt was closed");
    });

    test("no host, no virsh: said without what a URI may hide", async () => {
        await using nowhere = new Virsh({ uri: "qemu+unix:///system?socket=/nonexistent/socket&x=hunter2" });
        const unreachable = await failure(nowhere.run(["list"]));
        expect(unreachable).toBeInstanceOf(UnreachableError);
        expect(unreachable.message).toMatch(/^qemu\+unix:\/\/\/system can't be reached: .*No such file or directory; check that libvirtd/);
        expect(JSON.stringify([unreachable, unreachable.message])).not.toContain("hunter2");
        await using missing = new Virsh({ uri: libvirt.uri, program: "no-such-virsh" });
        expect((await failure(missing.run(["list"]))).message).toContain("install libvirt-clients");
        expect(() => new Virsh({ uri: "no uri" })).toThrow(InvalidInputError);
    });

    test("a password opens the host, and is to be seen nowhere", async () => {
        const folder = await mkdtemp(join(libvirt.folder, "node-"));
        const password = "p 'q\" #=;é$x ";
        const user = os.userInfo().username;
        await writeFile(join(folder, "node.xml"), `<node><auth><user password='${password.replaceAll("'", "&apos;")}'>${user}</user></auth></node>`);
        const uri = `test://${join(folder, "node.xml")}`;
        try {
            await using right = new Virsh({ uri, password });
            expect(await right.run(["uri"])).toBe(uri);
            for (const file of ["cmdline", "environ"]) expect(readFileSync(`/proc/${ours()[0]}/${file}`, "utf8")).not.toContain(password);
            expect(readdirSync(temporary())).toEqual([]);
            await using wrong = new Virsh({ uri, password: "hunter2hunter2" });
            const refused = await failure(wrong.run(["uri"]));
            expect(refused).toBeInstanceOf(UnreachableError);
            expect(refused.message).toMatch(/authentication failed.*SNAPTREE_PASSWORD/);
            expect(JSON.stringify([refused, refused.message, refused.stack])).not.toContain("hunter2");
            await using none = new Virsh({ uri });
            expect((await failure(none.run(["uri"]))).message).toMatch(/authentication failed/);
            await using broken = new Virsh({ uri, password: "two\nlines" });
            expect(await failure(broken.run(["uri"]))).toBeInstanceOf(InvalidInputError);
        } finally {
            await rm(folder, { recursive: true });
        }
    });

    test("the user's own virsh and its settings are neither heeded nor touched", async () => {
        const cache = await mkdtemp(join(libvirt.folder, "cache-"));
        await writeFile(join(cache, "inputrc"), '"e": kill-whole-line\n');
        const own = { XDG_CACHE_HOME: cache, VIRSH_DEBUG: "0", LIBVIRT_DEBUG: "1", INPUTRC: join(cache, "inputrc"), COLUMNS: "3", TERM: "xterm-256color" };
        const before = { ...process.env };
        Object.assign(process.env, own);
        try {
            await using virsh = new Virsh({ uri: libvirt.testUri });
            expect(await virsh.run(["domstate", "test"])).toBe("running");
            expect((await failure(virsh.run(["domstate", "nosuch"]))).message).toBe("failed to get domain 'nosuch'");
            await virsh[Symbol.asyncDispose]();
            expect(readdirSync(cache, { recursive: true }).filter((each) => String(each).endsWith("history"))).toEqual([]);
        } finally {
            for (const name of Object.keys(own)) {
                if (before[name] === undefined) Reflect.deleteProperty(process.env, name);
                else process.env[name] = before[name];
            }
            await rm(cache, { recursive: true });
        }
    });

    test("a program that has nothing more to do ends, and however it ends, nothing is left", async () => {
        const file = JSON.stringify(join(__dirname, "../../../provider/backends/libvirt/virsh.ts"));
        const program = (body: string) => {
            const source = `const { Virsh } = require(${file}); const virsh = new Virsh({ uri: ${JSON.stringify(libvirt.testUri)} }); ${body}`;
            return execa("node", ["--import", join(__dirname, "../../../node_modules/tsx/dist/loader.mjs"), "--conditions=import", "--eval", source], {
                env: { TMPDIR: temporary(), TSX_DISABLE_CACHE: "1" },
                reject: false,
            });
        };
        /** Every virsh on this machine that speaks to our libvirtd. */
        const connected = () =>
            readdirSync("/proc").filter((each) => {
                try {
                    return /^\d+$/.test(each) && readFileSync(`/proc/${each}/cmdline`, "utf8").startsWith(`virsh\0--connect=${libvirt.testUri}`);
                } catch {
                    return false; // It has just ended.
                }
            });
        const idle = program(`virsh.run(["domstate", "test"]).then(console.log)`);
        const wait = `virsh.withXml("<x/>", () => { setTimeout(() => end(), 100); return ["event", "test", "lifecycle"]; })`;
        const leaving = program(`const end = () => process.exit(7); virsh.run(["domstate", "test"]).then(() => ${wait})`);
        expect(await idle).toMatchObject({ exitCode: 0, stdout: "running" });
        expect(await leaving).toMatchObject({ exitCode: 7 });
        const killed = program(`virsh.run(["domstate", "test"]).then(() => process.kill(process.pid, "SIGKILL"))`);
        expect(await killed).toMatchObject({ signal: "SIGKILL" });
        await until(() => connected().length === 0);
    });
});

suiteWith(needs(installed, sshServer), "virsh that stays, over SSH", () => {
    test("is as it is here, ends with its ssh, and says how to look where nothing answers", async () => {
        await using libvirt = await startLibvirt({ release: "installed" });
        await using ssh = await startSsh();
        await using virsh = new Virsh({ uri: ssh.uri(libvirt) });
        for (const name of names) await virsh.withXml(domain(name), (file) => ["define", file]);
        const listed = await virsh.run(["list", "--all", "--name"]);
        expect(listed).toBe(await libvirt.virsh("list", "--all", "--name"));
        expect(listed.split("\n")).toContain("--help");
        const clients = async () => {
            const { stdout } = await execa("ps", ["-eo", "args="]);
            return stdout.split("\n").filter((line) => line.includes(ssh.key)).length;
        };
        expect(await clients()).toBeGreaterThan(0);
        await virsh[Symbol.asyncDispose]();
        while ((await clients()) > 0) await setTimeout(5);

        await using before = new Virsh({ uri: ssh.uri(libvirt) });
        await before.run(["list"]);
        await ssh.stop();
        expect(await failure(before.run(["list"]))).toBeInstanceOf(UnreachableError);
        await using again = new Virsh({ uri: ssh.uri(libvirt) });
        const unreachable = await failure(again.run(["list"]));
        expect(unreachable).toBeInstanceOf(UnreachableError);
        expect(unreachable.message).toContain(`check that “ssh -p ${ssh.port} root@127.0.0.1” works`);
    });
});
