// Where the simulator is not as the published API reference says, ours is: tests of the backend believe it in this.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { text } from "node:stream/consumers";
import { needs, suiteWith, vsphere as required } from "../support/requires";
import { startVsphere, type Vsphere } from "./vsphere";

suiteWith(needs(required), "the simulated vSphere host", () => {
    let vsphere: Vsphere;
    let vm: string;
    let machines = 0;
    beforeAll(async () => {
        vsphere = await startVsphere({ kind: "vpx" });
    });
    afterAll(() => vsphere.stop());
    beforeEach(async () => {
        vm = `vm-${++machines}`;
        await vsphere.createMachine(vm, 2);
    });

    const create = (name: string, ...flags: string[]) => vsphere.govc("snapshot.create", "-vm", vm, "-m=false", ...flags, name);
    const revert = (name: string, ...flags: string[]) => vsphere.govc("snapshot.revert", "-vm", vm, ...flags, name);
    const remove = (name: string, ...flags: string[]) => vsphere.govc("snapshot.remove", "-vm", vm, ...flags, name);
    const power = (flag: "-on" | "-off" | "-suspend") => vsphere.govc("vm.power", flag, vm);

    interface Tree {
        readonly name: string;
        readonly description: string;
        readonly state: string;
        readonly quiesced: boolean;
        readonly snapshot: { readonly value: string };
        readonly childSnapshotList?: readonly Tree[];
    }

    /** A property as govc tells it. */
    async function property<T>(path: string, object = `/DC0/vm/${vm}`): Promise<T> {
        return JSON.parse((await vsphere.govc("object.collect", "-s", "-json", object, path)) || "null") as T;
    }

    async function snapshots(): Promise<{ current: string | null; all: Map<string, { parent: string | null; tree: Tree }> }> {
        const info = await property<{ currentSnapshot?: { value: string }; rootSnapshotList: Tree[] } | null>("snapshot");
        const all = new Map<string, { parent: string | null; tree: Tree }>();
        const walk = (list: readonly Tree[], parent: string | null): void => {
            for (const tree of list) {
                all.set(tree.name, { parent, tree });
                walk(tree.childSnapshotList ?? [], tree.name);
            }
        };
        walk(info?.rootSnapshotList ?? [], null);
        const current = [...all.values()].find(({ tree }) => tree.snapshot.value === info?.currentSnapshot?.value)?.tree.name ?? null;
        return { current, all };
    }

    /** `{ a: null, b: "a" }` and which is the current one. */
    async function shape(): Promise<[Record<string, string | null>, string | null]> {
        const { current, all } = await snapshots();
        return [Object.fromEntries([...all].map(([name, { parent }]) => [name, parent])), current];
    }

    async function tree(name: string): Promise<Tree> {
        const found = (await snapshots()).all.get(name);
        if (!found) throw new Error(`no snapshot ${name}`);
        return found.tree;
    }

    /** What the disks hold, or held when a snapshot was taken. */
    async function held(name?: string): Promise<Record<string, string | undefined>> {
        const machine = await vsphere.look(vm);
        const { disks } = name === undefined ? machine : (machine.snapshots.find((snapshot) => snapshot.name === name) ?? { disks: [] });
        return Object.fromEntries(disks.map(({ target, file }) => [target, machine.files[file]]));
    }

    /** a; b and c under a; d under c. The machine is at d. */
    async function grow(): Promise<void> {
        await create("a");
        await create("b");
        await revert("a");
        await create("c");
        await create("d");
    }

    test("keeps what disks held when a snapshot was taken, and brings it back", async () => {
        await vsphere.write(vm, "vda", 0, "0");
        await create("a");
        await vsphere.write(vm, "vda", 1, "x");
        await vsphere.write(vm, "vdb", 7, "y");
        expect([await held(), await held("a")]).toEqual([
            { vda: "0x......", vdb: ".......y" },
            { vda: "0.......", vdb: "........" },
        ]);
        await revert("a");
        expect(await held()).toEqual({ vda: "0.......", vdb: "........" });
        await vsphere.write(vm, "vda", 2, "z");
        await remove("a");
        expect([await held(), await shape()]).toEqual([{ vda: "0.z.....", vdb: "........" }, [{}, null]]);
    });

    test("removes one, its children move up, and the machine stands on its parent", async () => {
        await grow();
        await remove("c");
        expect(await shape()).toEqual([{ a: null, b: "a", d: "a" }, "d"]);
        await remove("d");
        expect(await shape()).toEqual([{ a: null, b: "a" }, "a"]);
        await remove("a");
        expect(await shape()).toEqual([{ b: null }, null]);
        await create("e");
        expect(await shape()).toEqual([{ b: null, e: null }, "e"]);
    });

    test("removes one with all below it, and the machine stands on its parent, or on none", async () => {
        await grow();
        const below = [await tree("c"), await tree("d")];
        await remove("c", "-r");
        expect(await shape()).toEqual([{ a: null, b: "a" }, "a"]);
        for (const { snapshot } of below) {
            const read = vsphere.govc("object.collect", "-s", `VirtualMachineSnapshot:${snapshot.value}`, "config.name");
            await expect(read).rejects.toThrow(/ManagedObjectNotFound|not found/);
        }
        await remove("a", "-r");
        expect([await property("snapshot"), await shape()]).toEqual([null, [{}, null]]);
        await create("b");
        expect(await shape()).toEqual([{ b: null }, "b"]);
    });

    test("removes all", async () => {
        await grow();
        await vsphere.write(vm, "vda", 3, "x");
        await remove("*");
        expect([await shape(), await held()]).toEqual([[{}, null], { vda: "...x....", vdb: "........" }]);
        expect(await files("diskExtent")).toEqual([`${vm}-flat.vmdk`, `${vm}_1-flat.vmdk`]);
    });

    test("takes no more than 32 levels", async () => {
        for (let level = 1; level <= 32; level++) await create(`s${level}`);
        await expect(create("s33")).rejects.toThrow("TooManySnapshotLevels");
        await revert("s31");
        await create("beside");
        expect((await shape())[0]).toMatchObject({ s32: "s31", beside: "s31" });
    });

    test("renames and describes in place; what is not given stays", async () => {
        await create("a", "-d=first");
        const before = await tree("a");
        await soap(
            `<RenameSnapshot xmlns="urn:vim25"><_this type="VirtualMachineSnapshot">${before.snapshot.value}</_this><name>b &amp; c</name></RenameSnapshot>`,
        );
        expect(await tree("b & c")).toEqual({ ...before, name: "b & c" });
        await soap(
            `<RenameSnapshot xmlns="urn:vim25"><_this type="VirtualMachineSnapshot">${before.snapshot.value}</_this><description>two</description></RenameSnapshot>`,
        );
        expect(await tree("b & c")).toEqual({ ...before, name: "b & c", description: "two" });
        await soap(
            `<RenameSnapshot xmlns="urn:vim25"><_this type="VirtualMachineSnapshot">${before.snapshot.value}</_this><description></description></RenameSnapshot>`,
        );
        expect(await tree("b & c")).toEqual({ ...before, name: "b & c", description: "" });
    });

    test("brings the configuration of the time back, and keeps the name", async () => {
        await vsphere.govc("vm.change", "-vm", vm, "-annotation=then", "-m=64", "-e", "kept=1");
        await create("a");
        await vsphere.govc("vm.change", "-vm", vm, "-annotation=now", "-m=128", "-c=2", "-e", "kept=2", "-e", "more=3");
        const { value: moid } = await property<{ value: string }>("summary.vm");
        await vsphere.govc("object.rename", `VirtualMachine:${moid}`, `${vm}-renamed`);
        vm = `${vm}-renamed`;
        const id = (await tree("a")).snapshot.value;
        expect(await property("config.annotation", `VirtualMachineSnapshot:${id}`)).toBe("then");
        await revert("a");
        expect([await property("config.annotation"), await property("config.hardware.memoryMB"), await property("config.hardware.numCPU")]).toEqual([
            "then",
            64,
            1,
        ]);
        const extra = await property<{ key: string; value: string }[]>("config.extraConfig");
        expect(extra.filter(({ key }) => key === "kept" || key === "more")).toEqual([expect.objectContaining({ key: "kept", value: "1" })]);
        expect(await property("name")).toBe(vm);
    });

    test("is in the power state of the snapshot, unless that is suppressed", async () => {
        const state = () => property<string>("runtime.powerState");
        await create("off");
        await power("-on");
        await create("disks"); // Of its disks alone.
        await vsphere.govc("snapshot.create", "-vm", vm, "-m=true", "running");
        expect([(await tree("off")).state, (await tree("disks")).state, (await tree("running")).state]).toEqual(["poweredOff", "poweredOff", "poweredOn"]);
        await revert("disks");
        expect(await state()).toBe("poweredOff");
        await revert("running");
        expect(await state()).toBe("poweredOn");
        await revert("off");
        await revert("running", "-s");
        expect(await state()).toBe("suspended");
    });

    test("quiesces a guest that runs and has tools, and only that", async () => {
        await create("off", "-q");
        await power("-on");
        await create("without", "-q");
        await vsphere.setTools(vm, true);
        await create("with", "-q");
        expect([(await tree("off")).quiesced, (await tree("without")).quiesced, (await tree("with")).quiesced]).toEqual([false, false, true]);
    });

    test("changes the version of the configuration at each change, and takes none that was made for another", async () => {
        const version = () => property<string>("config.changeVersion");
        const versions = [await version()];
        for (const change of [
            () => vsphere.govc("vm.change", "-vm", vm, "-e", "a=1"),
            () => create("a"),
            () => power("-on"),
            () => power("-off"),
            () => revert("a"),
        ]) {
            await change();
            versions.push(await version());
        }
        expect(new Set(versions).size).toBe(6);
        const moid = (await property<{ value: string }>("summary.vm")).value;
        const reconfigure = (changeVersion: string) =>
            soap(
                `<ReconfigVM_Task xmlns="urn:vim25"><_this type="VirtualMachine">${moid}</_this><spec><changeVersion>${changeVersion}</changeVersion><annotation>guarded</annotation></spec></ReconfigVM_Task>`,
            );
        expect(await taskOf(await reconfigure(versions[0] ?? ""))).toBe("error ConcurrentAccess");
        expect(await property("config.annotation")).toBeNull();
        expect(await taskOf(await reconfigure(await version()))).toBe("success");
        expect(await property("config.annotation")).toBe("guarded");
    });

    async function files(type: string): Promise<string[]> {
        const found = await property<{ name: string; type: string }[]>("layoutEx.file");
        return found.filter((file) => file.type === type).map(({ name }) => name.replace(/^.*\//, ""));
    }

    test("says what files there are: a delta for each snapshot taken or reverted to, a log for each start", async () => {
        expect([await files("diskExtent"), await files("log")]).toEqual([[`${vm}-flat.vmdk`, `${vm}_1-flat.vmdk`], []]);
        await create("a");
        await power("-on");
        await power("-off");
        await power("-on");
        expect((await files("diskExtent")).sort()).toEqual(["-000001-delta.vmdk", "-flat.vmdk", "_1-000001-delta.vmdk", "_1-flat.vmdk"].map((end) => vm + end));
        expect(await files("log")).toEqual(["vmware-1.log", "vmware.log"]);
        await revert("a");
        expect((await files("diskExtent")).sort()).toEqual(["-000002-delta.vmdk", "-flat.vmdk", "_1-000002-delta.vmdk", "_1-flat.vmdk"].map((end) => vm + end));
    });

    test("needs consolidation when a removal left disks, until it is consolidated", async () => {
        await create("a");
        await vsphere.write(vm, "vda", 1, "x");
        await vsphere.leaveDisks();
        await remove("a");
        expect([await property("runtime.consolidationNeeded"), (await files("diskExtent")).length]).toEqual([true, 4]);
        const moid = (await property<{ value: string }>("summary.vm")).value;
        await taskOf(await soap(`<ConsolidateVMDisks_Task xmlns="urn:vim25"><_this type="VirtualMachine">${moid}</_this></ConsolidateVMDisks_Task>`));
        expect([await property("runtime.consolidationNeeded"), (await files("diskExtent")).length]).toEqual([false, 2]);
        expect(await held()).toEqual({ vda: ".x......", vdb: "........" });
    });

    test("fails and delays as it is told, one task at a time, and what is cancelled does not happen", async () => {
        await vsphere.failNext("CreateSnapshot_Task", "SnapshotDisabled");
        await vsphere.failNext("CreateSnapshotEx_Task", "SnapshotDisabled");
        await expect(create("a")).rejects.toThrow("SnapshotDisabled");
        expect(await shape()).toEqual([{}, null]);
        const moid = (await property<{ value: string }>("summary.vm")).value;
        const slow = `<CreateSnapshot_Task xmlns="urn:vim25"><_this type="VirtualMachine">${moid}</_this><name>slow</name><memory>false</memory><quiesce>false</quiesce></CreateSnapshot_Task>`;
        await vsphere.delayNext("CreateSnapshot_Task", 60_000);
        const task = /<returnval type="Task">(.*?)</.exec(await soap(slow))?.[1] ?? "";
        expect(await soap(slow)).toContain("TaskInProgress");
        await soap(`<CancelTask xmlns="urn:vim25"><_this type="Task">${task}</_this></CancelTask>`);
        expect(await taskOf(`<returnval type="Task">${task}<`)).toBe("error The task was canceled by a user");
        expect(await shape()).toEqual([{}, null]);
    });

    test("ends sessions when it is told to", async () => {
        const { cookie } = await login();
        const read = `<CurrentTime xmlns="urn:vim25"><_this type="ServiceInstance">ServiceInstance</_this></CurrentTime>`;
        expect((await call(read, cookie)).body).toContain("CurrentTimeResponse");
        await vsphere.expireSessions();
        expect((await call(read, cookie)).body).toContain("NotAuthenticated");
    });

    /** How a task ended: “success”, “error ConcurrentAccess”. */
    async function taskOf(answer: string): Promise<string> {
        const id = /<returnval type="Task">(.*?)</.exec(answer)?.[1] ?? "";
        for (;;) {
            const info = await property<{ state: string; error?: { localizedMessage: string } }>("info", `Task:${id}`);
            if (info.state === "error") return `error ${info.error?.localizedMessage ?? ""}`;
            if (info.state === "success") return "success";
        }
    }

    /** One call in a session of its own, for what govc has no command for. */
    async function soap(body: string): Promise<string> {
        const { cookie } = await login();
        return (await call(body, cookie)).body;
    }

    async function login(): Promise<{ cookie: string }> {
        const escaped = (value: string) => value.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
        const credentials = `<userName>${escaped(vsphere.user)}</userName><password>${escaped(vsphere.password)}</password>`;
        const { cookie } = await call(`<Login xmlns="urn:vim25"><_this type="SessionManager">SessionManager</_this>${credentials}</Login>`, "");
        return { cookie };
    }

    async function call(body: string, cookie: string): Promise<{ cookie: string; body: string }> {
        const headers = { "content-type": "text/xml", soapaction: "urn:vim25/8.0", cookie };
        const sent = request(vsphere.address, { method: "POST", ca: readFileSync(vsphere.cacert), headers, agent: false });
        sent.end(`<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>${body}</soapenv:Body></soapenv:Envelope>`);
        const [response] = (await once(sent, "response")) as [IncomingMessage];
        return { cookie: (response.headers["set-cookie"]?.[0] ?? "").replace(/;.*/, ""), body: await text(response) };
    }
});
