import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { BusyError, type Command, HostError, type Progress, type VirtualMachine } from "../../provider/engine";
import { needs, qemu, suiteWith } from "../support/requires";
import { holds, TestHost } from "./host";

const SECRET = "s3cret-Value";

/** A Node program as a command. */
const node = (source: string, rest: Partial<Command> = {}): Command => ({ command: [process.execPath, "-e", source], ...rest });

suiteWith(needs(qemu), "provision", () => {
    const host = new TestHost();
    let number = 0;
    const machine = () => host.machine(`vm${number++}`);
    afterAll(() => host.close());

    /** What a snapshot's commands say, line by line. */
    async function outputOf(...provision: Command[]): Promise<string[]> {
        const said: string[] = [];
        const onProgress = (p: Progress) => p.kind === "output" && said.push(p.message);
        await (await machine()).create({ name: "a", provision }, { onProgress });
        return said;
    }

    /** A command fails: what it was refused with, after everything was found as it had been. */
    async function failureOf(...provision: Command[]): Promise<{ error: Error; said: string[] }> {
        const vm = await machine();
        await vm.create({ name: "base" });
        const before = [host.files(vm.name), host.leaf(vm.name), await vm.hierarchy()];
        const said: string[] = [];
        const onProgress = (p: Progress) => said.push(p.message);
        const error: unknown = await vm.create({ name: "a", provision }, { onProgress }).then(
            () => new Error("it went through"),
            (e: unknown) => e,
        );
        expect([host.files(vm.name), host.leaf(vm.name), await vm.hierarchy()]).toEqual(before);
        expect(error).toBeInstanceOf(HostError);
        return { error: error as Error, said };
    }

    test("changes the snapshot's own contents, and those of no other", async () => {
        const vm = await machine();
        const write = (byte: number): Command => ({ command: ["sh", "-c", `qemu-io -f qcow2 -c "write -q -P ${byte} 0 4k" "$SNAPTREE_DISK_VDA"`] });
        const a = await vm.create({ name: "a", provision: [write(1)] });
        const b = await vm.create({ name: "b", parent: "a", provision: [write(2)] });
        const c = await vm.create({ name: "c", parent: "a", provision: [write(3), write(4)] });
        expect([a, b, c].map((s, i) => holds(s.files.vda ?? "", [1, 2, 4][i] ?? 0))).toEqual([true, true, true]);
        expect(holds(join(host.root, `${vm.name}.qcow2`), 0x11)).toBe(true);
    });

    test("passes each argument as it is, and runs no shell", async () => {
        const odd = ["$(touch /tmp/snaptree-was-here)", "a b", "'\"", "*", ";", "", "new\nline", "--", "%s", "ünï"];
        expect(
            JSON.parse((await outputOf({ command: [process.execPath, "-e", "console.log(JSON.stringify(process.argv.slice(1)))", "--", ...odd] })).join("")),
        ).toEqual(odd);
    });

    test("tells where it runs, beside what env says and what is inherited", async () => {
        process.env.SNAPTREE_DISK_VDZ = "/of/somebody/else";
        process.env.SNAPTREE_PASSWORD = "of the host";
        const show =
            "for (const n of ['SNAPTREE_HOST','SNAPTREE_DOMAIN','SNAPTREE_PARENT','SNAPTREE_DISK_VDA','SNAPTREE_DISK_VDZ','SNAPTREE_PASSWORD','MINE','PATH']) console.log(n + '=' + process.env[n])";
        const vm = await machine();
        const said: string[] = [];
        const onProgress = (p: Progress) => p.kind === "output" && said.push(p.message);
        await vm.create({ name: "base", provision: [node(show, { env: { MINE: "x", SNAPTREE_DOMAIN: "forged" } })] }, { onProgress });
        await vm.create({ name: "top", provision: [node(show)] }, { onProgress });
        delete process.env.SNAPTREE_DISK_VDZ;
        delete process.env.SNAPTREE_PASSWORD;
        const file = expect.stringMatching(new RegExp(`^SNAPTREE_DISK_VDA=${host.root}/${vm.name}/vda\\.\\d+\\.qcow2$`)) as string;
        const lines = (parent: string, mine: string) => [
            `SNAPTREE_HOST=${host.uri}`,
            `SNAPTREE_DOMAIN=${vm.name}`,
            `SNAPTREE_PARENT=${parent}`,
            file,
            "SNAPTREE_DISK_VDZ=undefined",
            "SNAPTREE_PASSWORD=undefined",
            `MINE=${mine}`,
            `PATH=${process.env.PATH}`,
        ];
        expect(said).toEqual([...lines("", "x"), ...lines("base", "undefined")]);
    });

    test("runs where cwd says", async () => {
        const folder = mkdtempSync(join(host.root, "cwd-"));
        expect(await outputOf({ command: ["pwd"], cwd: folder })).toEqual([folder]);
        const { error } = await failureOf({ command: ["pwd"], cwd: join(folder, "nowhere") });
        expect(error.message).toMatch(/"pwd" can't be started, because its folder ".*nowhere" is not there/);
    });

    test("streams lines as they come, of both streams, whatever their pieces", async () => {
        const vm = await machine();
        const lines: string[] = [];
        const heard = join(host.root, "heard");
        // The command goes on only once it was heard: output that came at the end would never come.
        const onProgress = (p: Progress) => {
            if (p.kind === "output") lines.push(p.message);
            if (p.message === "one") writeFileSync(heard, "");
        };
        const source = `process.stdout.write('on'); setTimeout(() => { process.stdout.write('e\\r\\ntwo\\rthree\\n'); process.stderr.write('err'); }, 100);
            const wait = setInterval(() => require('fs').existsSync(${JSON.stringify(heard)}) && (clearInterval(wait), console.log('late')), 20)`;
        await vm.create({ name: "a", provision: [node(source)] }, { onProgress });
        expect(lines.sort()).toEqual(["err", "late", "one", "three", "two"]);
    });

    test("may say as much as it likes", async () => {
        const said = await outputOf(node("const line = 'x'.repeat(99) + '\\n'; for (let i = 0; i < 1000; i++) process.stdout.write(line.repeat(100))"));
        expect(said).toHaveLength(100_000);
    });

    test.each([
        [
            "with an exit code",
            node("console.log('why'); process.exit(3)"),
            /ended with exit code 3, so no snapshot was taken and nothing is left; it said: why/,
        ],
        ["by a signal", node("process.kill(process.pid, 'SIGKILL'); setTimeout(() => {}, 5000)"), /was ended by SIGKILL/],
        ["because it is not there", { command: ["snaptree-no-such-program"] }, /"snaptree-no-such-program" is not there/],
        ["because it may not be run", { command: ["/etc/passwd"] }, /can't be started, because it may not be run/],
        ["because it is empty", { command: [] }, /is empty/],
        ["because it can't be passed on", { command: ["true", "a\0b"] }, /can't be started/],
    ])("that fails %s leaves nothing, and says so", async (_, command: Command, message) => {
        const { error } = await failureOf({ command: ["true"] }, command, node("console.log('never')"));
        expect(error.message).toMatch(message);
    });

    test("that takes too long is ended with all that it started", async () => {
        const { error } = await failureOf({ command: ["sh", "-c", "echo $$; sleep 61.5; true"], timeout: 1 });
        expect(error.message).toMatch(/was still running after 1 s.*it said: \d+/);
        expect(execFileSync("ps", ["-eo", "args"], { encoding: "utf8" })).not.toContain("sleep 61.5");
    });

    test("that does not want to end is ended all the same", async () => {
        const { error } = await failureOf({ command: ["sh", "-c", "trap '' TERM; while true; do sleep 0.2; done"], timeout: 0.5 });
        expect(error.message).toMatch(/was still running after 0.5 s/);
    });

    test("is not waited for by what it leaves running, but nobody may go on writing", async () => {
        const vm = await machine();
        await vm.create({ name: "base" });
        await vm.create({ name: "fine", provision: [{ command: ["sh", "-c", "sleep 100.5 & true"] }] });
        expect(execFileSync("pkill", ["--full", "--count", "^sleep 100.5$"], { encoding: "utf8" }).trim()).toBe("1");
        const before = host.files(vm.name);
        const writer = 'sleep 2 >> "$SNAPTREE_DISK_VDA" &';
        const refused = await vm.create({ name: "a", provision: [{ command: ["sh", "-c", writer] }] }).catch((e: unknown) => e);
        expect(refused).toBeInstanceOf(Error);
        expect((refused as Error).message).toMatch(/is open in sleep \(process \d+\)/);
        expect((await vm.hierarchy()).snapshots.map(({ name }) => name)).toEqual(["base", "fine"]);
        await setTimeout(2500);
        await vm.create({ name: "after" }); // Takes back first what could not be taken back then.
        expect(host.files(vm.name).filter((f) => f.endsWith(".qcow2")).length).toBe(before.filter((f) => f.endsWith(".qcow2")).length + 1);
        expect(refused instanceof BusyError || (refused as Error).cause instanceof BusyError).toBe(true);
    });

    test("stops when the caller says so, and leaves nothing", async () => {
        const vm = await machine();
        const stop = new AbortController();
        const onProgress = (p: Progress) => p.kind === "output" && stop.abort(new Error("enough"));
        const before = host.files(vm.name);
        await expect(
            vm.create({ name: "a", provision: [{ command: ["sh", "-c", "echo go; sleep 62.5"] }] }, { onProgress, signal: stop.signal }),
        ).rejects.toThrow("enough");
        expect(host.files(vm.name).filter((f) => f !== "lock")).toEqual(before.filter((f) => f !== "lock"));
        expect(execFileSync("ps", ["-eo", "args"], { encoding: "utf8" })).not.toContain("sleep 62.5");
    });

    /** A program that says pieces, given as expressions over its secret `t`, one after the other, and then fails. */
    const say = (pieces: readonly string[], TOKEN = SECRET): Command =>
        node(
            `const t = process.env.TOKEN, pieces = [${pieces.join(", ")}];
             const next = () => { const [stream, text] = pieces.shift() ?? []; if (!stream) return process.exit(1); process[stream].write(text); setTimeout(next, 100); };
             next();`,
            { env: { TOKEN } },
        );
    const out = (text: string) => `["stdout", ${text}]`;
    const err = (text: string) => `["stderr", ${text}]`;
    test.each<[string, Command, string]>([
        ["in one piece", say([out("'a ' + t + ' b'")]), "a [secret] b"],
        ["in pieces", say([out("'x '"), out("t.slice(0, 4)"), out("t.slice(4, 9)"), out("t.slice(9) + ' y\\n'")]), "x [secret] y"],
        ["in pieces on standard error", say([err("t.slice(0, 4)"), err("t.slice(4)")]), "[secret]"],
        ["between the other stream's pieces", say([out("t.slice(0, 4)"), err("'noise\\n'"), out("t.slice(4) + '\\n'")]), "noise\n[secret]"],
        ["line by line, where it has several", say([out("t.replaceAll('\\r', '')")], `BEGIN-it\r\n${SECRET}\r\nEND-of-it`), "[secret]\n[secret]\n[secret]"],
        ["as an argument", { command: ["sh", "-c", "echo $0; exit 1", SECRET], env: { TOKEN: SECRET } }, "[secret]"],
        ["as the program", { command: [`/nowhere/${SECRET}`], env: { TOKEN: SECRET } }, "/nowhere/[secret]"],
        ["behind a line without an end", say([out("'y'.repeat(70000) + t.slice(0, 4)"), out("t.slice(4) + 'z'.repeat(70000)")]), "zzz"],
        ["with a character cut in two", say([out("Buffer.from(t).subarray(0, 4)"), out("Buffer.from(t).subarray(4)")], "pä€ss-word"), "[secret]"],
    ])("shows no secret of env, told %s", async (_, command, shown) => {
        const { error, said } = await failureOf(command);
        const all = JSON.stringify([said, error.message, error.stack, "details" in error && error.details, String(error.cause)]);
        expect(["s3cr", "Value", "pä", "word", "BEGIN"].filter((piece) => all.includes(piece))).toEqual([]);
        expect(error.message).toContain(shown);
    });

    test("keeps the end of a long output in the error, and no more", async () => {
        const { error } = await failureOf(node("for (let i = 0; i < 5000; i++) console.log('line ' + i); process.exitCode = 1"));
        expect(error.message).toMatch(/it said: ….*line 4999$/s);
        expect(error.message.length).toBeLessThan(4500);
    });

    test("is not disturbed by an onlooker who fails", async () => {
        const vm = await machine();
        const onProgress = () => {
            throw new Error("an onlooker's own mistake");
        };
        await vm.create({ name: "a", provision: [{ command: ["echo", "x"] }] }, { onProgress });
        expect((await vm.hierarchy()).current).toBe("a");
    });

    test("finds commands by a snapshot's own name, whatever that is", async () => {
        const vm: VirtualMachine = await machine();
        for (const name of ["constructor", "__proto__"]) {
            const made = await vm.plan({ snapshots: JSON.parse(`{"base":{},"${name}":{"parent":"base","provisioned":true}}`) as never });
            await vm.apply(made, { provision: JSON.parse(`{"other":[{"command":["false"]}]}`) as never });
            expect((await vm.hierarchy()).snapshots.map((s) => s.name)).toContain(name);
        }
        expect(readFileSync(join(host.root, vm.name, "hierarchy.json"), "utf8")).toContain("__proto__");
    });
});
