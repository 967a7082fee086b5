import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AlreadyExistsError, type Progress, StalePlanError } from "../../provider/engine";
import { Program } from "../backends/qemu/tools/support";
import { needs, qemu, suiteWith } from "../support/requires";
import { TestHost } from "./host";

suiteWith(needs(qemu), "work on one domain", () => {
    const host = new TestHost();
    let number = 0;
    const machine = () => host.machine(`vm${number++}`);
    afterAll(() => host.close());
    const names = (snapshots: readonly { name: string }[]) => snapshots.map(({ name }) => name);

    test("goes one after another in one process, in the order in which it was asked for", async () => {
        const vm = await machine();
        const same = await (await host.connect()).domain(vm.name);
        const order = ["a", "b", "c", "d", "e", "f"];
        await Promise.all(order.map((name, i) => (i % 2 ? vm : same).create({ name })));
        const { snapshots, current } = await vm.hierarchy();
        expect(names(snapshots).sort()).toEqual(order);
        expect(snapshots.filter(({ parent }) => parent === null)).toHaveLength(1);
        expect(current).toBe(snapshots.at(-1)?.name);
        // One chain of files too, as qemu-img sees it.
        expect(JSON.parse(execFileSync("qemu-img", ["info", "--backing-chain", "--output=json", host.leaf(vm.name)], { encoding: "utf8" }))).toHaveLength(
            order.length + 1,
        );
    });

    test("goes on after some of it failed, each with its own error", async () => {
        const vm = await machine();
        await vm.create({ name: "base" });
        const results = await Promise.allSettled([
            vm.create({ name: "a", parent: "base" }),
            vm.create({ name: "base" }),
            vm.create({ name: "b", parent: "nobody" }),
            vm.delete("nobody"),
            vm.create({ name: "c", parent: "base" }),
            vm.create({ name: "a", parent: "base" }),
        ]);
        expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected", "rejected", "fulfilled", "rejected"]);
        expect(results[5]).toMatchObject({ reason: expect.any(AlreadyExistsError) as Error });
        expect(names((await vm.hierarchy()).snapshots).sort()).toEqual(["a", "base", "c"]);
    });

    test("of eight processes at once loses nothing, and all end", async () => {
        const vm = await machine();
        await vm.create({ name: "base" });
        const programs = Array.from(
            { length: 8 },
            (_, i) =>
                new Program(
                    host.root,
                    `import { connect } from "provider/engine";
                     const host = await connect(${JSON.stringify(host.uri)});
                     const vm = await host.domain(${JSON.stringify(vm.name)});
                     for (let n = 0; n < 4; n++) await vm.create({ name: "p${i}-" + n, parent: n % 2 ? "base" : undefined });`,
                ),
        );
        const ends = await Promise.all(programs.map(async (program) => [await program.ended, program.output]));
        expect(ends).toEqual(ends.map(() => [0, ""]));
        const { snapshots } = await vm.hierarchy();
        const wanted = Array.from({ length: 32 }, (_, i) => `p${i >> 2}-${i & 3}`);
        expect(names(snapshots).sort()).toEqual(["base", ...wanted].sort());
        for (const { files } of snapshots) execFileSync("qemu-img", ["check", "-q", files.vda ?? ""]);
    });

    test("says for whom it waits, and stops waiting when it is told to", async () => {
        const vm = await machine();
        const holder = new Program(
            host.root,
            `import { connect } from "provider/engine";
             const host = await connect(${JSON.stringify(host.uri)});
             const vm = await host.domain(${JSON.stringify(vm.name)});
             const onProgress = (p) => p.kind === "output" && console.log(p.message);
             await vm.create({ name: "slow", provision: [{ command: ["sh", "-c", "echo running; sleep 30"] }] }, { onProgress });`,
        );
        await holder.says(/running/);
        const stop = new AbortController();
        const said: string[] = [];
        const onProgress = (p: Progress) => {
            if (p.kind !== "wait") return;
            said.push(p.message);
            stop.abort(new Error("enough"));
        };
        await expect(vm.create({ name: "a" }, { signal: stop.signal, onProgress })).rejects.toThrow("enough");
        expect(said).toEqual([expect.stringMatching(new RegExp(`^waiting for creating "slow" by \\S+ on \\S+, process ${holder.pid}$`))]);
        expect((await vm.hierarchy()).snapshots).toEqual([]); // Looking waits for nobody.

        // Killed in the middle, it leaves the domain free at once, and the next run takes back what it had begun.
        execFileSync("kill", ["-KILL", String(holder.pid)]);
        await holder.ended;
        const recovered: string[] = [];
        await vm.create({ name: "a" }, { onProgress: (p) => p.kind === "recover" && recovered.push(p.message) });
        expect(recovered).toEqual(['an earlier run was interrupted in “create snapshot "slow"”; taking it back']);
        expect(names((await vm.hierarchy()).snapshots)).toEqual(["a"]);
        expect(host.files(vm.name).filter((file) => file.endsWith(".qcow2"))).toHaveLength(1);
    });

    test("that waits in this process is given up at once when it is told to, and is never done", async () => {
        const vm = await machine();
        const go = join(host.root, "go");
        const slow = vm.create({ name: "slow", provision: [{ command: ["sh", "-c", 'until [ -e "$0" ]; do sleep 0.05; done', go] }] });
        const stop = new AbortController();
        const waiting = vm.create({ name: "never" }, { signal: stop.signal });
        const after = vm.create({ name: "after" });
        setTimeout(() => stop.abort(new Error("enough")), 100);
        await expect(waiting).rejects.toThrow("enough");
        writeFileSync(go, ""); // Until then the slow one can't have ended.
        await Promise.all([slow, after]);
        expect(names((await vm.hierarchy()).snapshots)).toEqual(["slow", "after"]);
    });

    test("can be asked for with one signal many times without a warning", async () => {
        const vm = await machine();
        const warnings: Error[] = [];
        const note = (warning: Error) => warnings.push(warning);
        process.on("warning", note);
        const { signal } = new AbortController();
        for (let i = 0; i < 15; i++) await vm.create({ name: `s${i}`, ...(i === 7 && { provision: [{ command: ["true"] }] }) }, { signal });
        await new Promise((resolve) => setTimeout(resolve, 20));
        process.off("warning", note);
        expect(warnings).toEqual([]);
    });

    test("is refused where a plan has gone stale, and is done where it has not", async () => {
        const vm = await machine();
        await vm.create({ name: "base" });
        const made = await vm.plan({ snapshots: { a: { parent: "base" } } });
        await vm.create({ name: "other" });
        await expect(vm.apply(made)).rejects.toThrow(StalePlanError);
        await expect(vm.apply(made)).rejects.toThrow("the tip changed after the plan was made; plan again");
        await vm.apply(await vm.plan({ snapshots: { a: { parent: "base" } } }));
        expect(names((await vm.hierarchy()).snapshots).sort()).toEqual(["a", "base", "other"]);
        expect((await vm.plan({ snapshots: { a: { parent: "base" } } })).operations).toEqual([]);
    });

    test("does not begin on records or a journal that can't be read, and leaves them as they are", async () => {
        const vm = await machine();
        await vm.create({ name: "base" });
        for (const name of ["journal.json", "hierarchy.json"]) {
            const path = join(host.root, vm.name, name);
            const before = host.files(vm.name).includes(name) ? readFileSync(path, "utf8") : null;
            writeFileSync(path, '{"half');
            await expect(vm.create({ name: "a" })).rejects.toThrow(/can't be read.*nothing was changed/);
            expect(readFileSync(path, "utf8")).toBe('{"half');
            if (before === null) execFileSync("rm", [path]);
            else writeFileSync(path, before);
        }
        await vm.create({ name: "a" });
    });

    test("stops between two operations of a plan where somebody wrote what the second would lose", async () => {
        const vm = await machine();
        await vm.create({ name: "base" });
        const plan = await vm.plan({ snapshots: { base: {}, n: { parent: "base", provisioned: true } }, current: "base" });
        expect(plan.operations.map(({ kind }) => kind)).toEqual(["create", "revert"]);
        expect(plan.losses).toEqual([]);
        const write = ({ kind, message }: Progress) => {
            if (kind === "done" && message.includes("create n"))
                execFileSync("qemu-io", ["-f", "qcow2", "-c", "write -P 0x78 0 64k", host.leaf(vm.name)], { stdio: "ignore" });
        };
        const provision = { n: [{ command: ["true"] }] };
        await expect(vm.apply(plan, { provision, onProgress: write })).rejects.toMatchObject({ name: "DataLossError", losses: ["tip"] });
        expect(execFileSync("qemu-io", ["-r", "-f", "qcow2", "-c", "read -P 0x78 0 64k", host.leaf(vm.name)], { encoding: "utf8" })).not.toContain("failed");
        await vm.apply(await vm.plan({ snapshots: { base: {}, n: { parent: "base" } }, current: "base" }), { force: ["tip"] });
        expect(await vm.hierarchy()).toMatchObject({ current: "base", dirty: false });
    });
});
