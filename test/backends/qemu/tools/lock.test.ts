import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { BusyError, HostError } from "../../../../provider/model";
import { takeLock } from "../../../../provider/disks/lock";
import { needs, qemu, suiteWith } from "../../../support/requires";
import { pathOf, Program, withPath, workFolder } from "./support";

suiteWith(needs(qemu), "a domain's lock", () => {
    const folder = workFolder();
    let number = 0;
    const fresh = () => join(folder, `lock-${number++}`);
    /** The independent eye: flock(1) itself. */
    const isFree = (path: string) => {
        try {
            execFileSync("flock", ["--nonblock", path, "true"]);
            return true;
        } catch {
            return false;
        }
    };
    const holder = (path: string) =>
        new Program(
            folder,
            `import { takeLock } from "provider/disks/lock";
             await takeLock(${JSON.stringify(path)}, { purpose: "holding it" });
             console.log("held"); setInterval(() => undefined, 1000);`,
        );

    test("keeps others out until it is given up", async () => {
        const path = fresh();
        const lock = await takeLock(path, { purpose: "a test" });
        expect(isFree(path)).toBe(false);
        await lock[Symbol.asyncDispose]();
        expect(isFree(path)).toBe(true);
    });

    test("keeps others in this process out too", async () => {
        const path = fresh();
        const order: string[] = [];
        const lock = await takeLock(path, { purpose: "the first" });
        const second = takeLock(path, { purpose: "the second", onWait: (who) => order.push(who) }).then(async (l) => {
            order.push("second");
            await l[Symbol.asyncDispose]();
        });
        await expect(Promise.race([second, new Promise((r) => setTimeout(r, 200, "still waiting"))])).resolves.toBe("still waiting");
        order.push("first");
        await lock[Symbol.asyncDispose]();
        await second;
        expect(order).toEqual([expect.stringMatching(/^the first by \S+ on \S+, process \d+$/), "first", "second"]);
    });

    test("can be taken and signed by whoever may work in the folder, whatever the umask of the user who made it", async () => {
        const shared = join(folder, "shared");
        mkdirSync(shared);
        chmodSync(folder, 0o755);
        chmodSync(shared, 0o777);
        const path = join(shared, "lock");
        await (await takeLock(path, { purpose: "the first user" }))[Symbol.asyncDispose]();
        const other = (command: string[]) => execFileSync("setpriv", ["--reuid", "65534", "--clear-groups", ...command], { encoding: "utf8" });
        if (process.getuid?.() === 0) other(["sh", "-c", `exec flock --nonblock "$0" sh -c 'echo another > "$0"' "$0"`, path]);
        expect(statSync(path).mode & 0o666).toBe(0o666);
    });

    test("is no program's that we start meanwhile: it is free as soon as we give it up", async () => {
        const path = fresh();
        const lock = await takeLock(path, { purpose: "a test" });
        const other = spawn("sleep", ["30"]);
        await once(other, "spawn");
        await lock[Symbol.asyncDispose]();
        expect(isFree(path)).toBe(true);
        other.kill();
    });

    test("of a process that was killed is free at once", async () => {
        const path = fresh();
        const program = holder(path);
        await program.says(/held/);
        expect(isFree(path)).toBe(false);
        program.kill();
        await program.ended;
        expect(isFree(path)).toBe(true);
        // And nobody is told to wait for the dead.
        const waits: string[] = [];
        await (await takeLock(path, { purpose: "a test", onWait: (who) => waits.push(who) }))[Symbol.asyncDispose]();
        expect(waits).toEqual([]);
    });

    test("says for whom it is waited, once, and is got as soon as that ends", async () => {
        const path = fresh();
        const program = holder(path);
        await program.says(/held/);
        const waits: string[] = [];
        const waiting = takeLock(path, { purpose: "a test", onWait: (who) => waits.push(who) });
        setTimeout(() => program.kill(), 300);
        await (await waiting)[Symbol.asyncDispose]();
        expect(waits).toEqual([expect.stringMatching(new RegExp(`^holding it by .*, process ${program.pid}$`))]);
    });

    test("is not waited for longer than was said, and who has it is named", async () => {
        const path = fresh();
        const lock = await takeLock(path, { purpose: "long work" });
        const refused = takeLock(path, { purpose: "a test" }, 1);
        await expect(refused).rejects.toThrow(BusyError);
        await expect(refused).rejects.toThrow(/still locked after 1 s, for long work by /);
        await expect(refused).rejects.toMatchObject({ holder: expect.stringMatching(/^long work/) as string });
        await lock[Symbol.asyncDispose]();
    });

    test("stops being waited for when the caller says so, and leaves no lock behind", async () => {
        const path = fresh();
        const lock = await takeLock(path, { purpose: "long work" });
        const stop = new AbortController();
        const waiting = takeLock(path, { purpose: "a test", signal: stop.signal, onWait: () => stop.abort(new Error("enough")) });
        await expect(waiting).rejects.toThrow("enough");
        await lock[Symbol.asyncDispose]();
        expect(isFree(path)).toBe(true);
    });

    test("that is wanted no more is not taken", async () => {
        const path = fresh();
        await expect(takeLock(path, { purpose: "a test", signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
        expect(isFree(path)).toBe(true);
    });

    test("wipes its holder's name when it is given up", async () => {
        const path = fresh();
        await (await takeLock(path, { purpose: "a test" }))[Symbol.asyncDispose]();
        expect(readFileSync(path, "utf8")).toBe("");
    });

    test("in a place where none can be is one clear error", async () => {
        const place = fresh();
        mkdirSync(place);
        await expect(takeLock(place, { purpose: "a test" })).rejects.toThrow(HostError);
        await expect(takeLock(place, { purpose: "a test" })).rejects.toThrow(/the lock ".*" can't be opened: .*; check the folder's permissions/);
        await expect(takeLock(join(folder, "missing", "lock"), { purpose: "a test" })).rejects.toThrow(HostError);
    });

    test("without flock says what to install", async () => {
        await withPath(pathOf(folder), () =>
            expect(takeLock(fresh(), { purpose: "a test" })).rejects.toThrow("flock is not on PATH; install util-linux and run again"),
        );
    });
});
