// Two who share no lock and no journal work on one machine: neither takes the other's snapshots for its own, nor removes what the other stands on.
import { connect, type VirtualMachine } from "../../../provider/engine";
import { Vim } from "../../../provider/backends/esx/vim/vim";
import { BusyError } from "../../../provider/engine";
import { holding } from "../../conformance/bench";
import { grow, parents, place } from "../../conformance/support";
import { startVsphere, type Vsphere } from "../../hosts/vsphere";
import { needs, suiteWith, vsphere as installed } from "../../support/requires";
import { EsxMachine } from "./machine";

suiteWith(needs(installed), "two who know nothing of each other", () => {
    let vsphere: Vsphere;
    beforeAll(async () => {
        vsphere = await startVsphere({ kind: "vpx" });
        process.env.XDG_STATE_HOME = vsphere.folder;
    });
    afterAll(() => vsphere.stop());

    /** As if on a computer of its own. */
    async function elsewhere(machine: EsxMachine): Promise<{ vm: VirtualMachine } & AsyncDisposable> {
        process.env.XDG_STATE_HOME = `${vsphere.folder}/elsewhere`;
        try {
            const host = await connect(machine.uri, { password: vsphere.password });
            return { vm: await host.domain(machine.domain), [Symbol.asyncDispose]: () => host[Symbol.asyncDispose]() };
        } finally {
            process.env.XDG_STATE_HOME = vsphere.folder;
        }
    }

    /** Where the first call of a method comes to, something else happens before, and nothing more where that fails; `after`: once it was made. */
    async function atFirst(
        method: "createSnapshot" | "remove" | "revert",
        then: () => Promise<unknown>,
        work: () => Promise<unknown>,
        after = false,
    ): Promise<unknown> {
        const real = Reflect.get(Vim.prototype, method) as (this: Vim, ...args: unknown[]) => Promise<unknown>;
        const waiting = [then];
        Reflect.set(Vim.prototype, method, async function (this: Vim, ...args: unknown[]) {
            const first = waiting.pop();
            if (!after) await first?.();
            const made = await real.apply(this, args);
            if (after) await first?.();
            return made;
        });
        try {
            return await work().then(() => null, (error: unknown) => error); // prettier-ignore
        } finally {
            Reflect.set(Vim.prototype, method, real);
            expect(waiting).toEqual([]);
        }
    }

    test("both leave one branch at once: the one who is refused takes back its own hidden snapshot, and the branch keeps what it held", async () => {
        await using machine = await EsxMachine.make(vsphere, ["vda"]);
        await grow(machine, "a", null, 1);
        for (const name of ["p", "q"]) await machine.vm.branch(name, { from: "a" });
        await machine.vm.switch("q");
        await machine.write("vda", 5, "q");
        await using other = await elsewhere(machine);
        const error = await atFirst(
            "createSnapshot",
            () => other.vm.switch("p"),
            () => machine.vm.switch("p"),
        );
        expect(error).toBeInstanceOf(BusyError);
        expect(place(await machine.vm.hierarchy())).toMatchObject({ branch: "p", branches: ["p", "q"] });
        await machine.vm.switch("q");
        expect(await machine.tip()).toEqual({ vda: holding("a...q") });
        await machine.sound();
    });

    /** On branch p, which holds something of its own; a is under it. */
    async function onBranch(): Promise<EsxMachine> {
        const machine = await EsxMachine.make(vsphere, ["vda"]);
        await grow(machine, "a", null, 1);
        await machine.vm.branch("p", { from: "a" });
        await machine.vm.switch("p");
        await machine.write("vda", 5, "p");
        return machine;
    }

    test.each([false, true])("a branch that one makes while the other takes a snapshot keeps its name (once that is taken: %s)", async (after) => {
        await using machine = await onBranch();
        await using other = await elsewhere(machine);
        const error = await atFirst("createSnapshot", () => other.vm.branch("w", { from: "a" }), () => machine.vm.create({ name: "x" }), after); // prettier-ignore
        expect(error).toBeInstanceOf(BusyError);
        expect(place(await machine.vm.hierarchy())).toMatchObject({ current: "a", branch: "p", branches: ["p", "w"] });
        expect(parents(await machine.vm.hierarchy())).toEqual({ a: null });
        await machine.vm.create({ name: "x" });
        expect(parents(await other.vm.hierarchy())).toEqual({ a: null, x: "a" });
        expect(place(await other.vm.hierarchy())).toMatchObject({ current: "x", branch: "p", branches: ["p", "w"] });
        expect(await machine.tip()).toEqual({ vda: holding("a...p") });
        await machine.sound();
    });

    test("both only take at once: one is told, and what is kept says what the other took", async () => {
        await using machine = await onBranch();
        await using other = await elsewhere(machine);
        const error = await atFirst("createSnapshot", () => other.vm.create({ name: "y" }), () => machine.vm.create({ name: "x" })); // prettier-ignore
        expect(error).toBeInstanceOf(BusyError);
        await machine.vm.switch("p");
        expect(place(await machine.vm.hierarchy())).toMatchObject({ current: "y", branch: "p" });
        await machine.vm.create({ name: "x" });
        expect(parents(await other.vm.hierarchy())).toEqual({ a: null, y: "a", x: "y" });
        await machine.sound();
    });

    test("a branch that one makes on what the other has just taken stays, also when the other is refused", async () => {
        await using machine = await onBranch();
        await using other = await elsewhere(machine);
        const error = await atFirst("createSnapshot", () => other.vm.branch("w", { from: "x" }), () => machine.vm.create({ name: "x" }), true); // prettier-ignore
        expect(error).toBeInstanceOf(BusyError);
        await machine.write("vda", 6, "q");
        await machine.vm.switch("w");
        expect(await machine.tip()).toEqual({ vda: holding("a...p") });
        await machine.vm.switch("p");
        expect(await machine.tip()).toEqual({ vda: holding("a...pq") });
        await machine.sound();
    });

    test("a branch that one makes while the other goes elsewhere keeps its name: what going back brought with it is known", async () => {
        await using machine = await onBranch();
        await machine.vm.branch("q", { from: "a" });
        await using other = await elsewhere(machine);
        expect(await atFirst("revert", () => other.vm.branch("w", { from: "a" }), () => machine.vm.switch("q"), true)).toBeNull(); // prettier-ignore
        expect(place(await machine.vm.hierarchy())).toMatchObject({ current: "a", branch: "q", branches: ["p", "q", "w"] });
        for (const [branch, held] of [
            ["w", "a"],
            ["p", "a...p"],
            ["q", "a"],
        ] as const) {
            // prettier-ignore
            await machine.vm.switch(branch);
            expect([branch, await machine.tip()]).toEqual([branch, { vda: holding(held) }]);
        }
        await machine.sound();
    });

    test("what one was about to remove when it was interrupted stays where the other has a branch on it by then", async () => {
        await using machine = await EsxMachine.make(vsphere, ["vda"]);
        await grow(machine, "a", null, 1);
        await grow(machine, "b", "a", 2);
        await machine.vm.revert("a", { force: true });
        await using other = await elsewhere(machine);
        const error = await atFirst(
            "remove",
            () => Promise.reject(new Error("the network is gone")),
            () => machine.vm.delete("b"),
        );
        expect(error).toMatchObject({ message: expect.stringContaining("decided but not finished") as string });
        await other.vm.branch("w", { from: "b" });
        await machine.vm.branch("v", { from: "a" });
        expect(place(await machine.vm.hierarchy())).toMatchObject({ branches: ["v", "w"] });
        await machine.vm.switch("w", { keep: true });
        expect(await machine.tip()).toEqual({ vda: holding("ab") });
    });

    /** The host is gone from the moment in which a snapshot is to be taken: its taking fails, and so does taking back what was begun. @param happens it is taken all the same */
    async function cut(happens: boolean, work: () => Promise<unknown>): Promise<void> {
        const methods = ["createSnapshot", "machine", "settle"] as const;
        const real = new Map(methods.map((method) => [method, Reflect.get(Vim.prototype, method) as (this: Vim, ...args: unknown[]) => Promise<unknown>]));
        const gone = () => Promise.reject(new Error("the network is gone"));
        Reflect.set(Vim.prototype, "createSnapshot", async function (this: Vim, ...args: unknown[]) {
            if (happens) await real.get("createSnapshot")?.apply(this, args);
            for (const method of methods) Reflect.set(Vim.prototype, method, gone);
            return gone();
        });
        try {
            await expect(work()).rejects.toThrow("taking back what was begun failed too");
        } finally {
            for (const [method, own] of real) Reflect.set(Vim.prototype, method, own);
        }
    }

    test.each([
        ["never taken", false],
        ["taken without a word", true],
    ])("a snapshot that was %s when the network went is not looked for by its name: somebody else's of that name stays, and only that", async (_, happens) => {
        await using machine = await EsxMachine.make(vsphere, ["vda"]);
        await grow(machine, "a", null, 1);
        await grow(machine, "b", "a", 2);
        await cut(happens, () => machine.vm.create({ name: "child", parent: "a", description: "ours" }));
        await vsphere.govc("snapshot.create", "-vm", machine.domain, "-d", "theirs", "child");
        const { current: theirs } = await vsphere.look(machine.domain);
        await machine.connect();
        await machine.vm.branch("v", { from: "b" });
        const named = (await vsphere.look(machine.domain)).snapshots.filter(({ name }) => name === "child");
        expect(named.map(({ id }) => id)).toEqual([theirs]);
        const { snapshots } = await machine.vm.hierarchy();
        expect(snapshots.map(({ name, parent, description }) => [name, parent, description])).toEqual([
            ["a", null, null],
            ["b", "a", null],
            ["child", "a", "theirs"],
        ]);
        await machine.sound();
    });

    test("what a snapshot is described with is what was asked for once it is there, whatever the host is told in between", async () => {
        await using machine = await EsxMachine.make(vsphere, ["vda"]);
        await machine.vm.create({ name: "a", description: "with (brackets) " });
        await machine.vm.create({ name: "b" });
        const told = await vsphere.govc("object.collect", "-json", `/DC0/vm/${machine.domain}`, "snapshot");
        const descriptions = [...told.matchAll(/"description": (".*")/g)].map(([, text = ""]) => JSON.parse(text) as string);
        expect(descriptions).toEqual(["with (brackets) ", ""]);
        await machine.sound();
    });

    test("commands that fail on a checkpoint leave nothing behind: it was suspended there by Snaptree, and by nobody else", async () => {
        await using machine = await EsxMachine.make(vsphere, ["vda"]);
        await grow(machine, "a", null, 1);
        await vsphere.govc("vm.power", "-on", machine.domain);
        await machine.vm.create({ name: "memory" });
        await vsphere.govc("vm.power", "-off", machine.domain);
        await machine.vm.revert("a", { force: true });
        const provision = [{ command: ["false"] }];
        await expect(machine.vm.create({ name: "child", parent: "memory", provision })).rejects.toThrow("nothing is left");
        expect(parents(await machine.vm.hierarchy())).toEqual({ a: null, memory: "a" });
        expect(await machine.tip()).toEqual({ vda: holding("a") });
        await machine.sound();
    });
});
