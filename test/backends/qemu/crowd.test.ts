// Many processes at once on one domain, of different users: one after another changes it, everyone reads it whole, and everyone ends.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { execa } from "execa";
import type { Mode } from "../../../provider/engine";
import { holding, PRISTINE } from "../../conformance/bench";
import { parents } from "../../conformance/support";
import { needs, qemu, suiteWith } from "../../support/requires";
import { type Bundle, bundle } from "./bundle";
import type { Errand, Told } from "./crowd-child";
import { QemuMachine } from "./machine";

const MANY = 8;

/** A process at work, and what it has told. */
class Worker {
    readonly told: Told[] = [];
    private readonly process: ChildProcess;
    private readonly ended: Promise<unknown[]>;
    private words = "";

    /** Where we may, every other one runs as nobody in particular. */
    constructor({ file }: Bundle, errand: Errand) {
        const other = process.getuid?.() === 0 && errand.number % 2 === 1;
        const command = [process.execPath, file, JSON.stringify(errand)] as const;
        const asNobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", ...command] as const;
        const [program, ...args] = other ? asNobody : command;
        this.process = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
        this.ended = once(this.process, "close");
        this.process.stderr?.setEncoding("utf8").on("data", (text: string) => (this.words += text));
        if (this.process.stdout) createInterface(this.process.stdout).on("line", (line) => void this.hear(JSON.parse(line) as Told));
    }

    get pid(): number {
        return this.process.pid ?? 0;
    }

    private hear(told: Told): void {
        this.told.push(told);
        this.process.emit("told", told);
    }

    /** What it tells of a kind for the first time; fails when it ends without. */
    async tells(kind: Told["kind"]): Promise<Told> {
        const said = () => this.told.find((told) => told.kind === kind);
        for (let found = said(); ; found = said()) {
            if (found) return found;
            const event = await Promise.race([once(this.process, "told"), this.ended.then(() => "ended")]);
            if (event === "ended" && !said()) throw new Error(`it ended without a word of ${kind}: ${this.words}`);
        }
    }

    kill(): void {
        this.process.kill("SIGKILL");
    }

    /** Lets one that reads come to its end, too. */
    async ends(): Promise<{ readonly code: unknown; readonly words: string }> {
        this.process.stdin?.end();
        const [code] = await this.ended;
        return { code, words: this.words };
    }
}

suiteWith(needs(qemu), "many processes on one domain", () => {
    let child: Bundle;
    beforeAll(async () => {
        child = await bundle("crowd-child.ts");
    });
    afterAll(() => child[Symbol.asyncDispose]());

    /** One that any user may work on. */
    async function shared(mode: Mode): Promise<QemuMachine> {
        const machine = await QemuMachine.make(["vda"]);
        await machine.vm.create({ name: "base", mode });
        await execa("chmod", ["--recursive", "a+rwX", "--", machine.temporary]);
        return machine;
    }

    test.each(["external", "internal"] as const)(
        "%s: nothing is lost or torn, who waits hears for whom, and a holder that is killed keeps nobody",
        async (mode) => {
            await using machine = await shared(mode);
            const never = join(machine.temporary, "never");
            await execa("mkfifo", ["--mode", "666", "--", never]);
            const start = (role: Errand["role"], number: number, command: readonly string[] = []) =>
                new Worker(child, { uri: machine.uri, domain: machine.domain, role, number, command });

            const holder = start("hold", 0, ["sh", "-c", 'echo "the lock is taken"; exec cat "$1"', "sh", never]);
            expect(await holder.tells("output")).toMatchObject({ message: expect.stringContaining("the lock is taken") });
            const reader = start("read", MANY);
            const workers = Array.from({ length: MANY }, (_, i) => {
                const [{ command } = { command: [] }] = machine.provision([{ target: "vda", slot: 1, character: String(i) }]);
                return start("work", i, command);
            });
            for (const worker of workers) {
                const { message } = await worker.tells("wait");
                expect(message).toMatch(new RegExp(`^waiting for creating "held" by .*, process ${holder.pid}$`));
            }
            holder.kill();
            for (const worker of workers) expect(await worker.ends()).toEqual({ code: 0, words: "" });
            expect(await reader.ends()).toEqual({ code: 0, words: "" });
            expect(Number((await reader.tells("read")).message)).toBeGreaterThan(0);
            await (await open(never, "r+")).close(); // The command that outlived its holder ends.

            const recoveries = workers.flatMap(({ told }) => told.filter(({ kind }) => kind === "recover"));
            expect(recoveries).toEqual([{ kind: "recover", message: expect.stringMatching(/"held".*taking it back/) }]);
            const hierarchy = await machine.vm.hierarchy();
            const numbers = workers.map((_, i) => i);
            expect(parents(hierarchy)).toEqual({
                base: null,
                ...Object.fromEntries(
                    numbers.flatMap((i) => [
                        [`a-${i}`, "base"],
                        [`b-${i}`, `a-${i}`],
                    ]),
                ),
            });
            expect(hierarchy.branches.map(({ name, from, tip }) => [name, from, tip])).toEqual(numbers.map((i) => [`branch-${i}`, `a-${i}`, `a-${i}`]));
            for (const i of numbers) {
                expect(await machine.snapshot(`a-${i}`)).toEqual({ vda: PRISTINE });
                expect(await machine.snapshot(`b-${i}`)).toEqual({ vda: holding(String(i)) });
                expect(await machine.branch(`branch-${i}`)).toEqual({ vda: PRISTINE });
            }
            expect([...numbers.map((i) => `b-${i}`), ...numbers.map((i) => `a-${i}`)]).toContain(hierarchy.current);
            await machine.sound();
        },
    );
});
