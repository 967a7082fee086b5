import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { QemuMachine } from "../backends/qemu/machine";
import { checkImage, contentsOf } from "../backends/qemu/tools";
import { holding } from "../conformance/bench";
import { execa } from "execa";
import { onPath } from "../hosts/commands";
import { needs, qemu, suiteWith } from "../support/requires";
import { on } from "./run";

const SNAPTREE = join(__dirname, "../../bin/snaptree");

/** The command line on a pseudo-terminal, as script(1) makes one. */
class Terminal {
    private shown = "";
    private readonly process: ChildProcess;
    private readonly ended: Promise<[number]>;

    constructor(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
        const quoted = [SNAPTREE, ...argv].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
        const surroundings = { ...process.env, TERM: "xterm", NO_COLOR: "", COLUMNS: "200", ...env };
        this.process = spawn("script", ["-qfec", `stty cols 200; exec ${quoted}`, "/dev/null"], { stdio: ["pipe", "pipe", "inherit"], env: surroundings });
        this.ended = once(this.process, "exit") as Promise<[number]>;
        this.process.stdout?.on("data", (chunk: Buffer) => (this.shown += chunk.toString()));
    }

    /** Waits until something is on the screen. */
    async until(text: string): Promise<void> {
        while (!this.shown.includes(text)) {
            const stream = this.process.stdout;
            if (!stream || this.process.exitCode !== null) throw new Error(`ended without ${text}: ${this.shown}`);
            await Promise.race([once(stream, "data"), this.ended]);
        }
    }

    /** Presses a key. */
    type(key: string): void {
        this.process.stdin?.write(key);
    }

    async end(): Promise<{ readonly code: number; readonly shown: string }> {
        const [code] = await this.ended;
        return { code, shown: this.shown.replaceAll("\r\n", "\n") };
    }
}

const CTRL_C = "\u0003";
const missing = onPath("script") === null ? "script is not on PATH" : null;

suiteWith(
    needs(qemu, () => missing),
    "on a terminal",
    () => {
        let machine: QemuMachine;
        beforeAll(async () => {
            machine = await QemuMachine.make(["vda"]);
            const snaptree = on(machine.uri);
            await snaptree("create", "vm", "base");
            await snaptree("branch", "vm", "work", "--from", "base");
            await snaptree("switch", "vm", "work");
        });
        afterAll(() => machine[Symbol.asyncDispose]());

        test("the listing has colours where the terminal has them, and not with NO_COLOR, --no-color or TERM=dumb", async () => {
            const tree = ["--host", machine.uri, "list", "vm", "--tree"];
            const coloured = await new Terminal(tree).end();
            expect(coloured.shown).toContain("\u001b[32mbase (current, ");
            expect(coloured.shown).toContain("\u001b[36mwork [branch, active, ");
            for (const [argv, env] of [
                [tree, { NO_COLOR: "1" }],
                [tree, { TERM: "dumb" }],
                [["--no-color", ...tree], {}],
            ] as [string[], Record<string, string>][]) {
                const plain = await new Terminal(argv, env).end();
                expect(plain).toEqual({ code: 0, shown: stripVTControlCharacters(coloured.shown) });
            }
            expect((await on(machine.uri)("list", "vm", "--tree")).out).toBe(stripVTControlCharacters(coloured.shown).trimEnd());
        });

        test("long work has a bar; what its commands say stands above it, and nothing of it stays", async () => {
            const file = join(machine.temporary, "tree.yaml");
            const wait = 'echo "from the command"; while [ ! -e "$GO" ]; do sleep 0.02; done';
            const go = join(machine.temporary, "go");
            await writeFile(
                file,
                JSON.stringify({ prune: "none", snapshots: { made: { parent: "base", provision: [{ command: ["sh", "-c", wait], env: { GO: go } }] } } }),
            );
            const terminal = new Terminal(["--host", machine.uri, "apply", "vm", file]);
            await terminal.until("from the command");
            await terminal.until("%");
            await writeFile(go, "");
            const { code, shown } = await terminal.end();
            expect(code).toBe(0);
            expect(shown).toMatch(/\+ create made under base, provisioned \[[^\]]+\] \d+% \|/);
            const lines = stripVTControlCharacters(shown).split("\n");
            expect(lines).toContain("+ create made under base, provisioned");
            expect(lines.at(-2)).toMatch(/done: 1 operation$/);
            const json = await new Terminal(["--host", machine.uri, "--json", "create", "vm", "quiet"]).end();
            expect(JSON.parse(json.shown)).toMatchObject({ name: "quiet", current: true });
        });
    },
);

suiteWith(
    needs(qemu, () => missing),
    "Ctrl-C",
    () => {
        /** Enough that a merge takes longer than a key takes to be heard. */
        const MEGABYTES = 768;

        /** Domain “big”, with a leaf that takes long to be committed into snapshot “next”. */
        async function defineBig(machine: QemuMachine): Promise<void> {
            const snaptree = on(machine.uri);
            const big = join(machine.temporary, "big.qcow2");
            await execa("qemu-img", ["create", "-q", "-f", "qcow2", big, `${MEGABYTES}M`]);
            await snaptree("define", "big", "--disk", `vda=${big}`);
            await snaptree("create", "big", "base");
            await snaptree("create", "big", "next");
            const leaf = /source file='([^']*)'/.exec(await readFile(join(machine.root, "big", "domain.xml"), "utf8"))![1]!;
            await execa("qemu-io", ["-f", "qcow2", "-c", `write -P 0x61 0 ${MEGABYTES}M`, leaf]);
        }

        test.each(["SIGINT", "SIGTERM"] as const)("on no terminal, %s stops a commit and says how it goes on", async (signal) => {
            await using machine = await QemuMachine.make(["vda"]);
            await defineBig(machine);
            const child = spawn(SNAPTREE, ["--host", machine.uri, "revert", "big", "next", "--commit"], { stdio: ["ignore", "ignore", "pipe"] });
            const ended = once(child, "close") as Promise<[number | null]>;
            let said = "";
            child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
            const isCopying = async () => (await on(machine.uri)("show", "big", "next")).out.includes("not finished");
            while (child.exitCode === null && !(await isCopying()));
            child.kill(signal);
            const [code] = await ended;
            expect(said).toMatch(
                new RegExp(`snaptree: interrupted by ${signal}; the commit into snapshot "next" is half done and loses nothing: run it again`),
            );
            expect(code).toBe(1);
            expect(await on(machine.uri)("revert", "big", "next", "--commit")).toMatchObject({ code: 0, out: "committed into next" });
        });

        test("in a commit stops it, loses nothing, says how it goes on, and so it does", async () => {
            await using machine = await QemuMachine.make(["vda"]);
            const snaptree = on(machine.uri);
            await defineBig(machine);
            const terminal = new Terminal(["--host", machine.uri, "revert", "big", "next", "--commit"]);
            await terminal.until("%");
            terminal.type(CTRL_C);
            const { code, shown } = await terminal.end();
            expect(code).toBe(1);
            expect(stripVTControlCharacters(shown)).toMatch(/snaptree: interrupted by SIGINT; /);

            expect((await snaptree("doctor", "big")).out).not.toMatch(/needs you/);
            const all = async (file: string) => (await execa("qemu-io", ["-r", "-f", "qcow2", "-c", `read -P 0x61 0 ${MEGABYTES}M`, file])).stdout;
            const tip = async () => /source file='([^']*)'/.exec(await readFile(join(machine.root, "big", "domain.xml"), "utf8"))![1]!;
            expect(await all(await tip())).not.toContain("verification failed");
            await checkImage(await tip());

            expect(await snaptree("revert", "big", "next", "--commit")).toMatchObject({ code: 0, out: "committed into next" });
            expect(await all(await tip())).not.toContain("verification failed");
            expect((await snaptree("list", "big", "--tree")).out).not.toContain("committing");
            expect((await snaptree("doctor", "big")).out).toBe("nothing is wrong with big");
        });

        test("in a provision command leaves no snapshot and nothing else", async () => {
            await using machine = await QemuMachine.make(["vda"]);
            const snaptree = on(machine.uri);
            await snaptree("create", "vm", "base");
            const file = join(machine.temporary, "tree.yaml");
            const command = ["sh", "-c", 'qemu-io -f qcow2 -c "write -P 0x62 65536 64k" "$SNAPTREE_DISK_VDA"; echo written; sleep 600'];
            await writeFile(file, JSON.stringify({ snapshots: { base: null, made: { parent: "base", provision: [{ command }] } } }));
            const terminal = new Terminal(["--host", machine.uri, "apply", "vm", file]);
            await terminal.until("written");
            terminal.type(CTRL_C);
            const { code, shown } = await terminal.end();
            expect(code).toBe(1);
            expect(stripVTControlCharacters(shown)).toMatch(/snaptree: interrupted by SIGINT; what had not come to its end was taken back/);
            expect((await machine.vm.hierarchy()).snapshots.map(({ name }) => name)).toEqual(["base"]);
            expect(await contentsOf((await machine.files()).vda!, "qcow2")).toBe(holding(""));
            await machine.sound();
        });
    },
);
