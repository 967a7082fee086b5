import { EsxMachine } from "../backends/esx/machine";
import { holding } from "../conformance/bench";
import { startVsphere, type Vsphere } from "../hosts/vsphere";
import { needs, suiteWith, vsphere as required } from "../support/requires";
import { done, json, on, type Outcome, refused } from "./run";

suiteWith(needs(required), "the command line on a vCenter", () => {
    let vsphere: Vsphere;
    beforeAll(async () => {
        vsphere = await startVsphere({ kind: "vpx" });
        process.env.XDG_STATE_HOME = vsphere.folder;
    });
    beforeEach(() => {
        process.env.SNAPTREE_PASSWORD = vsphere.password;
    });
    afterAll(async () => {
        delete process.env.SNAPTREE_PASSWORD;
        await vsphere.stop();
    });

    /** A machine that only words change. */
    async function withMachine(work: (snaptree: (verb: string, ...argv: string[]) => Promise<Outcome>, machine: EsxMachine) => Promise<void>): Promise<void> {
        await using machine = await EsxMachine.make(vsphere, ["vda"]);
        await work((verb, ...argv) => on(vsphere.uri)(verb, machine.domain, ...argv), machine);
        await machine.sound();
    }

    test("create, branch, switch and revert leave what each name says on the disk, and list draws it", async () => {
        await withMachine(async (snaptree, machine) => {
            await machine.write("vda", 1, "a");
            expect(await snaptree("create", "first", "--description", "one 🙂 <&>")).toEqual(done("^created snapshot first$"));
            expect(await vsphere.govc("snapshot.tree", "-vm", machine.domain, "-d")).toContain("one 🙂 <&>");
            expect(await snaptree("branch", "work", "--from", "first")).toEqual(done("work"));
            expect(await snaptree("switch", "work")).toEqual(done("work"));
            await machine.write("vda", 1, "b");
            expect(await snaptree("create", "second")).toEqual(done("^created snapshot second$"));
            await machine.write("vda", 1, "c");
            const { out } = await snaptree("list", "--tree");
            expect(out.replaceAll(/[\d.]+ [KM]iB/g, "SIZE").split("\n")).toEqual([
                "first (SIZE)",
                "  |",
                "  +- second (current, SIZE)",
                "      |",
                "      +- work [branch, active, dirty, from first, SIZE]",
            ]);

            expect(await snaptree("revert", "first")).toEqual(done("first"));
            expect(await machine.tip()).toEqual({ vda: holding("a") });
            expect(await vsphere.govc("snapshot.tree", "-vm", machine.domain)).toContain("snaptree-tip-work");
            expect(await snaptree("switch", "work")).toEqual(done("work"));
            expect(await machine.tip()).toEqual({ vda: holding("c") });

            expect(await snaptree("branch", "work", "--reset", "--to-fork")).toEqual(refused(3, /would lose/));
            expect(await machine.tip()).toEqual({ vda: holding("c") });
            expect(await snaptree("delete", "second")).toEqual(done("second"));
            expect(await machine.tip()).toEqual({ vda: holding("c") });
            expect(await machine.snapshot("first")).toEqual({ vda: holding("a") });
            expect(await snaptree("doctor")).toMatchObject({ code: 0 });
        });
    });

    test("list --json says what is there, also what govc took", async () => {
        await withMachine(async (snaptree, machine) => {
            await snaptree("create", "base", "--description", "as it came");
            await vsphere.govc("snapshot.create", "-vm", machine.domain, "-d", "for the auditors", "by hand");
            const { snapshots, current } = await vsphere.look(machine.domain);
            const files = (name: string) =>
                Object.fromEntries((snapshots.find((each) => each.name === name)?.disks ?? []).map(({ target, file }) => [target, file]));
            expect(snapshots.find(({ id }) => id === current)?.name).toBe("by hand");
            const both = { creationTime: expect.any(Number) as unknown, state: "shutoff", mode: null, memory: false, bytes: expect.any(Number) as unknown };
            const uuid = /UUID: +(\S+)/.exec(await vsphere.govc("vm.info", machine.domain))?.[1];
            expect(json(await snaptree("list", "--json"))).toEqual({
                ...{ domain: machine.domain, uuid, powerState: "shutoff", current: "by hand", branch: null, dirty: false, branches: [] },
                snapshots: [
                    { ...both, name: "base", parent: null, description: "as it came", current: false, children: ["by hand"], files: files("base") },
                    { ...both, name: "by hand", parent: "base", description: "for the auditors", current: true, children: [], files: files("by hand") },
                ],
            });
        });
    });

    test("a snapshot's name that several have is refused with dates and what to say instead", async () => {
        await withMachine(async (snaptree, machine) => {
            for (const _ of [1, 2]) await vsphere.govc("snapshot.create", "-vm", machine.domain, "same");
            const [first, second] = (await vsphere.look(machine.domain)).snapshots.map(({ id }) => id);
            const { code, out, err } = await snaptree("delete", "same");
            expect({ code, out, lines: err.split("\n").length }).toEqual({ code: 2, out: "", lines: 1 });
            for (const id of [first, second]) expect(err).toMatch(new RegExp(`"same \\{${id}\\}" of \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d UTC`));
            expect(await snaptree("delete", `same {${second}}`)).toMatchObject({ code: 0 });
            expect((await vsphere.look(machine.domain)).snapshots.map(({ id }) => id)).toEqual([first]);
        });
    });

    test("a machine goes by its path and its id where its name is not enough", async () => {
        await vsphere.govc("folder.create", "/DC0/vm/web", "/DC0/vm/mail");
        for (const folder of ["/DC0/vm/web", "/DC0/vm/mail"]) await vsphere.createMachine("twin", 1, { folder });
        const { code, err } = await on(vsphere.uri)("create", "twin", "s");
        expect({ code, lines: err.split("\n").length }).toEqual({ code: 2, lines: 1 });
        const [, id = ""] = /"DC0\/vm\/mail\/twin" \((vm-\d+)\)/.exec(err) ?? [];
        expect(err).toContain('"DC0/vm/web/twin" (vm-');
        expect(await on(vsphere.uri)("create", "/DC0/vm/web/twin", "of-web")).toMatchObject({ code: 0 });
        expect(await on(vsphere.uri)("create", id, "of-mail")).toMatchObject({ code: 0 });
        for (const folder of ["web", "mail"]) expect(await vsphere.govc("snapshot.tree", "-vm", `/DC0/vm/${folder}/twin`)).toContain(`of-${folder}`);
    });

    test("what vSphere has not is exit code 4 and one line that names the nearest thing that works", async () => {
        await withMachine(async (snaptree, machine) => {
            await vsphere.govc("vm.power", "-on", machine.domain);
            const asked: readonly (readonly [RegExp, ...string[]])[] = [
                [/leave mode out/, "create", "s", "--internal"],
                [/leave mode out/, "create", "s", "--external"],
                [/start VMware Tools/, "create", "s", "--quiesce", "--disk-only"],
                [/leave it out/, "create", "s", "--memory-file=/m"],
                [/as small as what was written/, "create", "s", "--compress", "zstd"],
                [/take the snapshots again/, "export"],
            ];
            for (const [nearest, verb = "", ...argv] of asked) expect([argv, await snaptree(verb, ...argv)]).toEqual([argv, refused(4, nearest)]);
            expect((await vsphere.look(machine.domain)).snapshots).toEqual([]);
            await vsphere.govc("vm.power", "-off", machine.domain);
        });
    });

    test("whatever is wrong with the host, the machine or the password is one line that says what to do, and never the password", async () => {
        const [place = "", cacert = ""] = vsphere.uri.split("?");
        const wrong: readonly (readonly [code: number, RegExp, uri: string, machine?: string])[] = [
            [1, /has no machine "nobody"; name it by its name, inventory path, UUID or managed object id/, vsphere.uri, "nobody"],
            [1, /nothing listens there; check host and port/, "vpx://127.0.0.1:1/DC0"],
            [1, /its certificate is signed by an authority .*; name the authority's certificate with \?cacert=FILE, or write \?no_verify=1/, place],
            [1, /has no "DC9" at the top of its inventory; .*correct the URI/, vsphere.uri.replace("DC0", "DC9")],
            [2, /"cacert" names "\/nowhere\/ca.pem", which can't be read .*; correct it/, `${place}?cacert=/nowhere/ca.pem`],
            [2, /holds no certificate in PEM format/, `${place}?cacert=${encodeURIComponent(__filename)}`],
            [2, /"verify", which vpx:\/\/ does not know; leave it out, or take one of no_verify, cacert, depth/, `${place}?verify=0`],
            [2, /"depth" is "none"; give it the number/, `${vsphere.uri}&depth=none`],
            [2, /an ESX host has no datacenters: write esx:/, `esx://127.0.0.1:${vsphere.port}/DC0?${cacert}`],
            [2, /holds a password; take it out and set SNAPTREE_PASSWORD/, `vpx://ann:secret@127.0.0.1:${vsphere.port}/DC0`],
        ];
        for (const [code, said, uri, machine = "vm"] of wrong) {
            const outcome = await on(uri)("list", machine);
            expect([uri, outcome]).toEqual([uri, refused(code, said)]);
            expect(outcome.err).not.toMatch(/wörd|secret/);
        }
        process.env.SNAPTREE_PASSWORD = `${vsphere.password}!`;
        const wrongly = await on(vsphere.uri)("list", "vm");
        expect(wrongly).toEqual(refused(1, /does not take "administrator@vsphere.local" with this password; check the user in the URI/));
        expect(wrongly.err).not.toContain("wörd");
        process.env.LIBVIRT_AUTH_FILE = "/nowhere/auth.conf";
        delete process.env.SNAPTREE_PASSWORD;
        expect(await on(vsphere.uri)("list", "vm")).toEqual(refused(2, /there is no password for "administrator@vsphere.local" .*; set SNAPTREE_PASSWORD/));
        delete process.env.LIBVIRT_AUTH_FILE;
    });
});
