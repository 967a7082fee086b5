import { execa } from "execa";
import { readFile, stat } from "node:fs/promises";
import { Machine } from "../engine/machine";
import { needs, qemu, suiteWith } from "../support/requires";
import { snaptree } from "./run";

suiteWith(needs(qemu), "define and list on real disks", () => {
    test("a domain without snapshots says so", async () => {
        await using machine = await Machine.make();
        expect(await snaptree("--host", machine.uri, "list", "web")).toEqual({ code: 0, out: "web has no snapshots", err: "" });
    });

    test("list --json has every field, parents before children, absent values null, and files that qemu-img finds", async () => {
        await using machine = await Machine.make();
        await machine.library(async (vm) => {
            await vm.create({ name: "a", description: "first" });
            await vm.create({ name: "b" });
        });
        const { code, out } = await snaptree("--host", machine.uri, "--json", "list", "web");
        const listing = JSON.parse(out) as { snapshots: { bytes: number; files: { vda: string } }[] };
        const anything: unknown = expect.anything();
        const row = {
            creationTime: expect.any(Number) as unknown,
            state: "shutoff",
            mode: "external",
            memory: false,
            bytes: expect.any(Number) as unknown,
            files: { vda: anything },
        };
        expect(code).toBe(0);
        expect(listing).toEqual({
            domain: "web",
            uuid: anything,
            powerState: "shutoff",
            current: "b",
            branch: null,
            dirty: false,
            snapshots: [
                { name: "a", parent: null, description: "first", current: false, children: ["b"], ...row },
                { name: "b", parent: "a", description: null, current: true, children: [], ...row },
            ],
            branches: [],
        });
        const [a, b] = listing.snapshots.map(({ files }) => files.vda);
        expect(a).toBe(machine.golden);
        expect(listing.snapshots[1]!.bytes).toBe((await stat(b!)).blocks * 512);
        const { stdout } = await execa("qemu-img", ["info", "--output=json", b!]);
        expect(JSON.parse(stdout)).toMatchObject({ "full-backing-filename": machine.golden, "backing-filename-format": "qcow2" });
    });

    test("the table marks the current snapshot, and the tree is drawn", async () => {
        await using machine = await Machine.make();
        await machine.library(async (vm) => {
            await vm.create({ name: "a" });
            await vm.create({ name: "b" });
        });
        const { out } = await snaptree("list", "web", "--host", machine.uri);
        expect(out).toMatch(/^ +Name +Parent +Creation time +State +Mode/);
        expect(out).toMatch(/^\* +b +a +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4} +shutoff +external +[\d.]+ [KM]?i?B$/m);
        expect((await snaptree("--host", machine.uri, "list", "web", "--tree")).out).toMatch(/^a \(0 B\)\n {2}\|\n {2}\+- b \(current, [\d.]+ KiB\)$/);
    });

    test("define refuses what is there, what is no image, and a format that is not the image's", async () => {
        await using machine = await Machine.make();
        const define = (name: string, ...args: string[]) => snaptree("--host", machine.uri, "define", name, ...args);
        expect((await define("web", "--disk", `vda=${machine.golden}`)).err).toMatch(/already/);
        expect(await define("new", "--disk", "vda=/nowhere.qcow2")).toMatchObject({ code: 2, err: expect.stringMatching(/nowhere/) as unknown });
        expect(await define("new", "--disk", "vda=/etc/passwd")).toMatchObject({ code: 2, err: expect.stringMatching(/qcow2/) as unknown });
        expect((await define("../up", "--disk", `vda=${machine.golden}`)).code).toBe(2);
        expect((await snaptree("--host", machine.uri, "list", "new")).code).toBe(1);
        expect((await define("new", "--disk", `vda=${machine.golden}`, "--json")).out).toMatch(/^\{"domain":"new","uuid":"[0-9a-f-]{36}"\}$/);
    });

    test("what define made is a libvirt <domain> on exactly that image", async () => {
        await using machine = await Machine.make();
        const xml = await readFile(`${machine.root}/web/domain.xml`, "utf8");
        expect(xml).toMatch(/<domain type='qemu'>/);
        expect(xml).toContain(`<source file='${machine.golden}'/>`);
        expect(xml).toMatch(/<driver name='qemu' type='qcow2'\/>/);
    });

    test("a host or a domain that is not there is exit code 1", async () => {
        await using machine = await Machine.make();
        expect(await snaptree("--host", machine.uri, "list", "nobody")).toMatchObject({ code: 1, err: expect.stringMatching(/no domain "nobody"/) as unknown });
        expect((await snaptree("--host", "qemu:///embed?root=/nowhere", "--json", "list", "web")).err).toMatch(/"name":"UnreachableError"/);
    });

    test("the executable runs", async () => {
        await using machine = await Machine.make();
        const { stdout } = await execa("bin/snaptree", ["list", "web"], { env: { SNAPTREE_HOST: machine.uri } });
        expect(stdout).toBe("web has no snapshots");
    });
});
