import diagnostics from "node:diagnostics_channel";
import { vimHostOf } from "../../../../provider/backends/esx/credentials";
import { parseEsxUri } from "../../../../provider/backends/esx/uri";
import { connectVim, faultOf, type Vim } from "../../../../provider/backends/esx/vim";
import { InvalidInputError, NotFoundError, StalePlanError } from "../../../../provider/model";
import { startVsphere, type Vsphere } from "../../../hosts/vsphere";
import { suiteWith, vsphere as requirement } from "../../../support/requires";
import { failure } from "./stand-in";

/* The client against a simulated vCenter and ESX host, with govc as the eye that knows nothing of it. */

const connected = (host: Vsphere, path?: readonly string[]) => {
    const target = vimHostOf(parseEsxUri(new URL(host.uri)), host.password);
    return connectVim(path === undefined ? target : { ...target, path });
};

/** The tree as govc sees it, with managed object ids, without the machine's own state, which it draws as “.”. */
async function treeOf(host: Vsphere, machine: string): Promise<string> {
    const tree = await host.govc("snapshot.tree", "-vm", machine, "-i");
    return tree
        .split("\n")
        .filter((line) => !line.endsWith("]  ."))
        .join("\n");
}

/** How many calls go out while something is done. */
async function roundTrips(work: () => Promise<unknown>): Promise<number> {
    let sent = 0;
    const count = () => void sent++;
    diagnostics.subscribe("undici:request:create", count);
    try {
        await work();
    } finally {
        diagnostics.unsubscribe("undici:request:create", count);
    }
    return sent;
}

/** A name that has to be escaped in XML, and in what vSphere makes of names. */
const AWKWARD = `a&b <c> "d" 'é' %2f 100% ☃`;

const plain = (name: string, description = "") => ({ name, description, memory: false, quiesce: false });

suiteWith(requirement(), "a vCenter", () => {
    let host: Vsphere;
    let vim: Vim;

    beforeAll(async () => {
        host = await startVsphere({ kind: "vpx" });
        vim = await connected(host);
    });

    afterAll(async () => {
        await vim[Symbol.asyncDispose]();
        await host.stop();
    });

    const made = async (name: string, disks = 1) => {
        await host.createMachine(name, disks);
        const [machine] = await vim.find(name);
        return machine!.ref;
    };

    test("tells what it is", () => {
        expect(vim.about).toMatchObject({ apiType: "VirtualCenter", instanceUuid: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    });

    test("a hierarchy is read as govc sees it, with its configuration, in one round trip", async () => {
        const ref = await made("tree", 2);
        const a = await vim.createSnapshot(ref, plain("a", "the first"), { title: "create" });
        const b = await vim.createSnapshot(ref, plain("b"), { title: "create" });
        await vim.revert(a, { suppressPowerOn: true }, { title: "revert" });
        const c = await vim.createSnapshot(ref, plain(AWKWARD, AWKWARD), { title: "create" });
        let read = await vim.machine(ref);
        expect(await roundTrips(async () => (read = await vim.machine(ref)))).toBe(1);
        expect(read).toMatchObject({ ref, name: "tree", path: "DC0/vm/tree", powerState: "poweredOff", current: c, toolsRunning: false });
        expect(read.snapshots.map(({ ref, parent, name, description }) => [ref, parent, name, description])).toEqual([
            [a, null, "a", "the first"],
            [b, a, "b", null],
            [c, a, AWKWARD, AWKWARD],
        ]);
        expect(await treeOf(host, "tree")).toBe(`[${a}]  a\n  [${b}]  b\n  [${c}]  ${AWKWARD}`);
        expect(read.config.disks).toHaveLength(2);
        expect(read.config.disks[0]).toMatchObject({ capacityBytes: 512 * 1024, bus: "scsi", independent: false });
        expect(read.chains.map(({ key }) => key)).toEqual(read.config.disks.map(({ key }) => key));
        expect(read.snapshotFiles.map((files) => files.ref).sort()).toEqual([a, b, c].sort());
        expect(Math.abs(read.snapshots[0]!.time - Date.now())).toBeLessThan(600_000);
    });

    test("what is written to a machine's configuration comes back, to govc too, and an empty value is none", async () => {
        const ref = await made("records");
        const title = "write records";
        const { config } = await vim.machine(ref);
        await vim.reconfigure(ref, { changeVersion: config.changeVersion!, annotation: AWKWARD, extra: [["snaptree.x", AWKWARD], ["snaptree.y", "1"]] }, { title }); // prettier-ignore
        await vim.reconfigure(ref, { extra: [["snaptree.y", ""]] }, { title });
        const after = await vim.machine(ref);
        expect(after.config.annotation).toBe(AWKWARD);
        expect([...after.config.extra].filter(([key]) => key.startsWith("snaptree."))).toEqual([["snaptree.x", AWKWARD]]);
        const seen = JSON.parse(await host.govc("vm.info", "-json", "-e", "records")) as {
            virtualMachines: { config: { extraConfig: { key: string; value: string }[] } }[];
        };
        expect(seen.virtualMachines[0]!.config.extraConfig).toContainEqual(expect.objectContaining({ key: "snaptree.x", value: AWKWARD }));
        const error = await failure(vim.reconfigure(ref, { changeVersion: config.changeVersion!, extra: [["snaptree.x", "lost"]] }, { title }));
        expect(error).toBeInstanceOf(StalePlanError);
        expect((await vim.machine(ref)).config.extra.get("snaptree.x")).toBe(AWKWARD);
    });

    test("snapshots keep the configuration of their time, read in one round trip", async () => {
        const ref = await made("configurations");
        const title = "work";
        await vim.reconfigure(ref, { annotation: "then", extra: [["snaptree.x", "then"]] }, { title });
        const a = await vim.createSnapshot(ref, plain("a"), { title });
        await vim.reconfigure(ref, { annotation: "now" }, { title });
        const b = await vim.createSnapshot(ref, plain("b"), { title });
        let configs = await vim.snapshotConfigs([]);
        expect(await roundTrips(async () => (configs = await vim.snapshotConfigs([a, b])))).toBe(1);
        expect([...configs].map(([snapshot, { annotation }]) => [snapshot, annotation])).toEqual([[a, "then"], [b, "now"]]); // prettier-ignore
        expect(configs.get(a)!.extra.get("snaptree.x")).toBe("then");
    });

    test("snapshots are renamed in place, and removed alone, with their children, and all at once", async () => {
        const ref = await made("removals");
        const title = "work";
        const tree = async () => (await treeOf(host, "removals")).replace(/\[\S+\] {2}/g, "");
        const [a, b] = [await vim.createSnapshot(ref, plain("a", "kept"), { title }), await vim.createSnapshot(ref, plain("b"), { title })];
        await vim.createSnapshot(ref, plain("c"), { title });
        await vim.rename(b, { name: AWKWARD }, { title });
        expect(await tree()).toBe(`a\n  ${AWKWARD}\n    c`);
        await vim.rename(a, { description: AWKWARD }, { title });
        expect((await vim.machine(ref)).snapshots.map(({ name, description }) => [name, description])).toEqual([["a", AWKWARD], [AWKWARD, null], ["c", null]]); // prettier-ignore
        await vim.remove(b, { children: false }, { title });
        expect(await tree()).toBe("a\n  c");
        await vim.remove(a, { children: true }, { title });
        expect(await tree()).toBe("");
        await vim.createSnapshot(ref, plain("d"), { title });
        await vim.removeAll(ref, { title });
        expect(await vim.machine(ref)).toMatchObject({ current: null, snapshots: [], consolidationNeeded: false });
    });

    test("disks that were left to be merged are, by consolidation", async () => {
        const ref = await made("consolidation");
        const title = "work";
        const a = await vim.createSnapshot(ref, plain("a"), { title });
        await vim.remove(a, { children: false, consolidate: false }, { title });
        expect((await vim.machine(ref)).consolidationNeeded).toBe(true);
        await vim.consolidate(ref, { title });
        expect((await vim.machine(ref)).consolidationNeeded).toBe(false);
    });

    test("a machine runs, sleeps and stops; its memory is part of a snapshot where that is asked for", async () => {
        const ref = await made("power");
        const title = "work";
        const state = async () => (await vim.machine(ref)).powerState;
        await vim.powerOn(ref, { title });
        expect(await state()).toBe("poweredOn");
        const a = await vim.createSnapshot(ref, { ...plain("a"), memory: true }, { title });
        await vim.suspend(ref, { title });
        expect(await state()).toBe("suspended");
        await vim.powerOff(ref, { title });
        expect(await state()).toBe("poweredOff");
        await vim.revert(a, { suppressPowerOn: false }, { title });
        expect(await state()).toBe("poweredOn");
        expect(faultOf(await failure(vim.powerOn(ref, { title })))).toBe("InvalidPowerState");
        await vim.revert(a, { suppressPowerOn: true }, { title });
        expect(await state()).not.toBe("poweredOn");
        expect((await vim.machine(ref)).snapshots.map((snapshot) => snapshot.state)).toEqual(["poweredOn"]);
    });

    test("a task that takes its time is waited for, and tells how far it is", async () => {
        const ref = await made("slow");
        const fractions: number[] = [];
        const onProgress = (fraction: number) => fractions.push(fraction);
        // However slow this machine is: some task takes so long that one sees it run.
        for (let delay = 200; fractions.length === 0; delay *= 2) {
            await vim.removeAll(ref, { title: "remove" });
            await host.delayNext("CreateSnapshot_Task", delay);
            await vim.createSnapshot(ref, plain("a"), { title: "create", onProgress });
        }
        expect(await treeOf(host, "slow")).toMatch(/^\[\S+\] {2}a$/);
        expect(fractions.every((fraction) => fraction >= 0 && fraction <= 1)).toBe(true);
    });

    test("all machines are listed with their trees in one traversal", async () => {
        const a = await vim.createSnapshot(await made("listed"), plain("a"), { title: "create" });
        await made("listed too");
        let all = await vim.machines();
        expect(await roundTrips(async () => (all = await vim.machines()))).toBe(1);
        expect(all.map(({ path }) => `/${path}`).sort()).toEqual((await host.govc("find", "/", "-type", "m")).split("\n").sort());
        expect(all.find(({ name }) => name === "listed")).toMatchObject({ current: a, snapshots: [{ ref: a, name: "a" }] });
    });

    test("a machine is found by its name, inventory path, UUID and managed object id, and all of one name are given", async () => {
        await host.govc("folder.create", "/DC0/vm/team");
        const ref = await made("found");
        const { uuid, instanceUuid } = await vim.machine(ref);
        for (const called of ["found", "DC0/vm/found", "/DC0/vm/found", uuid!, uuid!.toUpperCase(), instanceUuid!, ref])
            expect(await vim.find(called)).toEqual([{ ref, name: "found", path: "DC0/vm/found", instanceUuid }]);
        await host.createMachine("found", 1, { folder: "/DC0/vm/team" });
        expect((await vim.find("found")).map(({ path }) => path).sort()).toEqual(["DC0/vm/found", "DC0/vm/team/found"]);
        expect((await vim.find("team/found")).map(({ path }) => path)).toEqual(["DC0/vm/team/found"]);
        expect(await vim.find("lost")).toEqual([]);
        expect(await vim.find("vm-99999")).toEqual([]);
    });

    test("what is gone is not found", async () => {
        const ref = await made("gone");
        const a = await vim.createSnapshot(ref, plain("a"), { title: "create" });
        await host.govc("snapshot.remove", "-vm", "gone", "a");
        expect(await failure(vim.remove(a, { children: false }, { title: "remove" }))).toBeInstanceOf(NotFoundError);
        expect(await failure(vim.snapshotConfigs([a]))).toBeInstanceOf(NotFoundError);
        await host.destroyMachine("gone");
        expect(await failure(vim.machine(ref))).toBeInstanceOf(NotFoundError);
    });

    test("names that XML can't hold are refused before anything is sent", async () => {
        const sent = await roundTrips(async () => {
            expect(await failure(vim.createSnapshot("vm-1", plain("a\u0001"), { title: "create" }))).toBeInstanceOf(InvalidInputError);
            expect(await failure(vim.createSnapshot("vm-1", plain("a\ud800"), { title: "create" }))).toBeInstanceOf(InvalidInputError);
        });
        expect(sent).toBe(0);
    });

    test("sessions that end in the middle are begun anew, for reading, for listing and for tasks", async () => {
        const ref = await made("expiry");
        await vim.machines();
        await host.expireSessions();
        expect((await vim.machines()).map(({ name }) => name)).toContain("expiry");
        await host.expireSessions();
        const both = await Promise.all([vim.machine(ref), vim.find("expiry")]);
        expect(both[0].name).toBe("expiry");
        await host.expireSessions();
        await vim.createSnapshot(ref, plain("a"), { title: "create" });
        expect(await treeOf(host, "expiry")).toMatch(/^\[\S+\] {2}a$/);
    });

    test("a task outlives the session in which it was begun", async () => {
        const ref = await made("outlived");
        const expired: Promise<void>[] = [];
        const onProgress = () => {
            if (expired.length === 0) expired.push(host.expireSessions());
        };
        let created = "";
        for (let delay = 400; expired.length === 0; delay *= 2) {
            await vim.removeAll(ref, { title: "remove" });
            await host.delayNext("CreateSnapshot_Task", delay);
            created = await vim.createSnapshot(ref, plain("a"), { title: "create", onProgress });
        }
        await Promise.all(expired);
        expect(await treeOf(host, "outlived")).toBe(`[${created}]  a`);
    });

    test("sessions are closed at the end", async () => {
        const sessions = async () => (await host.govc("session.ls")).split("\n").length;
        const before = await sessions();
        await using other = await connected(host);
        expect(await sessions()).toBe(before + 1);
        await other[Symbol.asyncDispose]();
        expect(await sessions()).toBe(before);
    });

    test("a wrong password is refused, with where to give it", async () => {
        const target = vimHostOf(parseEsxUri(new URL(host.uri)), "wrong");
        const error = await failure(connectVim(target));
        expect(error.message).toMatch(
            /does not take "administrator@vsphere.local" with this password; check the user in the URI, and give the password in SNAPTREE_PASSWORD/,
        );
        expect(error.message).not.toContain("wrong");
    });

    test("a path of the URI that leads nowhere is said", async () => {
        await using lost = await connected(host, ["DC0", "nowhere"]);
        expect((await failure(lost.machines())).message).toMatch(/has no "nowhere" in "DC0"; look at its inventory, and correct the URI/);
    });
});

suiteWith(requirement(), "an ESX host", () => {
    test("is read and changed as a vCenter is", async () => {
        await using host = await startVsphere({ kind: "esx", machines: 2 });
        await using vim = await connected(host);
        expect(vim.about).toMatchObject({ apiType: "HostAgent" });
        expect((await vim.machines()).map(({ path }) => path).sort()).toEqual(["ha-datacenter/vm/vm-0", "ha-datacenter/vm/vm-1"]);
        const [{ ref } = { ref: "" }] = await vim.find("vm-1");
        const a = await vim.createSnapshot(ref, plain("a"), { title: "create" });
        expect(await treeOf(host, "vm-1")).toBe(`[${a}]  a`);
        expect(await vim.find(ref)).toMatchObject([{ ref, name: "vm-1", path: "ha-datacenter/vm/vm-1" }]);
    });
});
