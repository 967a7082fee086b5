import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
    AlreadyExistsError,
    DataLossError,
    FlagConflictError,
    InvalidInputError,
    NotFoundError,
    UnsupportedError,
    type VirtualMachine,
} from "../../provider/engine";
import { filtered } from "../../provider/engine/documents";
import { aSnapshot } from "../support/nodes";
import { needs, qemu, suiteWith } from "../support/requires";
import { at, look } from "../support/xml-eye";
import { holds, TestHost } from "./host";

const SECOND = 1270477159; // The seed's own example of a creation time.

suiteWith(needs(qemu), "the API of the snapshot mails", () => {
    const host = new TestHost();
    let number = 0;
    let vm: VirtualMachine;
    beforeEach(async () => {
        vm = await host.machine(`vm${number++}`);
        jest.spyOn(Date, "now").mockReturnValue(SECOND * 1000 + 999);
    });
    afterEach(() => jest.restoreAllMocks());
    afterAll(() => host.close());

    const write = (byte: number, offset = 0) => execFileSync("qemu-io", ["-f", "qcow2", "-c", `write -q -P ${byte} ${offset} 4k`, host.leaf(vm.name)]);
    const folder = () => host.files(vm.name).filter((file) => file !== "lock"); // Who had the lock last is no part of what is kept.
    const eyed = async (name: string) => look(await vm.getXMLDesc(name));

    /** What it throws; fails where something was changed. */
    async function refused(work: () => Promise<unknown>): Promise<Error> {
        const before = JSON.stringify([await vm.hierarchy(), folder()]);
        const error = await work().then(
            () => new Error("it was not refused"),
            (e: unknown) => e as Error,
        );
        expect(JSON.stringify([await vm.hierarchy(), folder()])).toBe(before);
        return error;
    }

    describe("createXML", () => {
        test("takes an empty document: the name is the seconds since 1970, and the rest is filled in", async () => {
            const first = await vm.createXML("<domainsnapshot/>");
            expect(first).toMatchObject({ name: String(SECOND), parent: null, description: null, creationTime: SECOND, state: "shutoff" });
            const seen = await eyed(first.name);
            expect(seen.name).toBe("domainsnapshot");
            expect([at(seen, "name"), at(seen, "state"), at(seen, "creationTime"), at(seen, "parent")]).toEqual([
                String(SECOND),
                "shutoff",
                String(SECOND),
                undefined,
            ]);
            expect(at(seen, "domain", "uuid")).toMatch(/^[0-9a-f-]{36}$/);
            expect(seen.children.map(({ name }) => name)).toEqual(["name", "state", "creationTime", "memory", "disks", "domain"]);
        });

        test("finds another name where several are taken within a second, and force does not make one replace the other", async () => {
            await vm.createXML("<domainsnapshot/>");
            await vm.createXML("<domainsnapshot><description>two</description></domainsnapshot>");
            await vm.createXML("<domainsnapshot/>", { force: true });
            await Promise.all([vm.create({}), vm.create({ parent: String(SECOND) }), vm.create({ parent: String(SECOND) })]);
            expect((await vm.listNames()).sort()).toEqual(["", "-2", "-3", "-4", "-5", "-6"].map((end) => `${SECOND}${end}`).sort());
            expect(await vm.lookupByName(`${SECOND}-2`)).toMatchObject({ parent: String(SECOND), description: "two" });
        });

        test("runs commands for a snapshot that has no name of its own", async () => {
            await vm.create({ name: "base" });
            const { name, files } = await vm.create({
                parent: "base",
                provision: [{ command: ["sh", "-c", 'qemu-io -f qcow2 -c "write -P 0x33 0 4k" "$SNAPTREE_DISK_VDA"'] }],
            });
            expect(name).toBe(String(SECOND));
            expect(holds(files.vda ?? "", 0x33)).toBe(true);
        });

        test("lets name and description be set, and ignores what is filled in, whatever it says", async () => {
            await vm.create({ name: "base" });
            const made = await vm.createXML(
                `<?xml version="1.0" encoding="UTF-8"?><!-- of the seed --><domainsnapshot><name>os-updates</name>
                   <description>Snapshot of OS install &amp; updates &lt;2&gt;</description><state>asleep</state><creationTime>yesterday</creationTime>
                   <parent><name>nobody</name></parent><active>maybe</active><state>twice</state>
                   <domain><uuid>93a5c045-6457-2c09-e56c-927cdf34e178</uuid></domain><unknown/></domainsnapshot>`,
            );
            expect(made).toMatchObject({ name: "os-updates", parent: "base", creationTime: SECOND, state: "shutoff" });
            const seen = await eyed("os-updates");
            expect(at(seen, "description")).toBe("Snapshot of OS install & updates <2>");
            expect([at(seen, "parent", "name"), at(seen, "creationTime"), at(seen, "unknown")]).toEqual(["base", String(SECOND), undefined]);
            expect(at(seen, "domain", "uuid")).toBe((await vm.hierarchy()).uuid);
        });

        test("compresses as it is asked to, and refuses what it can't, never ignoring it", async () => {
            await vm.create({ name: "base" });
            write(0x22);
            const { files } = await vm.createXML("<domainsnapshot><name>small</name><compression>zstd</compression></domainsnapshot>");
            const asJson = (...args: string[]) =>
                JSON.parse(execFileSync("qemu-img", [...args, "--output=json", files.vda ?? ""], { encoding: "utf8" })) as unknown;
            expect(asJson("check")).toMatchObject({ "compressed-clusters": 1 });
            expect(asJson("info")).toMatchObject({ "format-specific": { data: { "compression-type": "zstd" } } });
            expect(holds(files.vda ?? "", 0x22)).toBe(true);
            const error = await refused(() => vm.createXML("<domainsnapshot><name>tiny</name><compression>bzip9</compression></domainsnapshot>"));
            expect(error).toBeInstanceOf(UnsupportedError);
            expect(error.message).toContain('compression "bzip9"');
        });

        test("puts a disk's overlay where <disks> says, of a disk that is named by its target or its file", async () => {
            const [one, two] = [join(host.root, `${vm.name}-one.qcow2`), join(host.root, `${vm.name}-two.qcow2`)];
            const first = host.leaf(vm.name);
            await vm.createXML(`<domainsnapshot><name>a</name><disks><disk name='vda'><source file='${one}'/></disk></disks></domainsnapshot>`);
            expect(host.leaf(vm.name)).toBe(one);
            await vm.createXML(
                `<domainsnapshot><name>b</name><disks><disk name='${one}' snapshot='external'><source file='${two}'/></disk></disks></domainsnapshot>`,
            );
            const chain = JSON.parse(execFileSync("qemu-img", ["info", "--backing-chain", "--output=json", host.leaf(vm.name)], { encoding: "utf8" })) as {
                filename: string;
            }[];
            expect(chain.map(({ filename }) => filename)).toEqual([two, one, first]);
            const disks = (await eyed("b")).children.find(({ name }) => name === "disks");
            expect(disks?.children.map(({ attributes, children }) => [attributes, children.at(-1)?.attributes])).toEqual([
                [{ name: "vda", snapshot: "external", type: "file" }, { file: two }],
            ]);
        });

        test("takes an internal snapshot where the document says so", async () => {
            const disk = host.leaf(vm.name);
            expect(
                await vm.createXML(
                    "<domainsnapshot><name>a</name><memory snapshot='no'/><disks><disk name='vda' snapshot='internal'/></disks></domainsnapshot>",
                ),
            ).toMatchObject({ mode: "internal" });
            expect(host.leaf(vm.name)).toBe(disk);
            expect(execFileSync("qemu-img", ["snapshot", "-l", disk], { encoding: "utf8" })).toMatch(/^1 +a /m);
        });

        test.each<[string, string, Parameters<VirtualMachine["createXML"]>[1], typeof InvalidInputError | typeof UnsupportedError, RegExp]>([
            ["memory in a file", "<memory snapshot='external' file='/m'/>", {}, UnsupportedError, /memoryFile/],
            ["memory in the disks", "<memory snapshot='internal'/>", {}, UnsupportedError, /<memory> in a snapshot/],
            [
                "memory of disks alone",
                "<memory file='/m'/>",
                { diskOnly: true },
                InvalidInputError,
                /^memory state cannot be saved with offline or disk-only snapshot/,
            ],
            ["memory in no file", "<memory snapshot='external'/>", {}, InvalidInputError, /require a filename/],
            ["no disk at all", "<disks><disk name='vda' snapshot='no'/></disks>", {}, InvalidInputError, /no disk takes part/],
            ["a disk that is not there", "<disks><disk name='vdz'/></disks>", {}, InvalidInputError, /no disk "vdz"/],
            ["a disk without a name", "<disks><disk snapshot='no'/></disks>", {}, InvalidInputError, /has no name/],
            ["a disk twice", "<disks><disk name='vda'/><disk name='vda'/></disks>", {}, InvalidInputError, /specified twice/],
            ["an overlay of no file", "<disks><disk name='vda' type='block'><source dev='/dev/x'/></disk></disks>", {}, UnsupportedError, /type block/],
            ["an overlay that is not qcow2", "<disks><disk name='vda'><driver type='raw'/></disk></disks>", {}, UnsupportedError, /format raw/],
            [
                "a file for an internal snapshot",
                "<disks><disk name='vda' snapshot='internal'><source file='/x'/></disk></disks>",
                {},
                InvalidInputError,
                /requires use of external/,
            ],
            ["a snapshot that somebody else takes", "<disks><disk name='vda' snapshot='manual'/></disks>", {}, UnsupportedError, /manual/],
            [
                "internal disks alone",
                "<disks><disk name='vda' snapshot='internal'/></disks>",
                { diskOnly: true },
                InvalidInputError,
                /must use snapshot mode 'external'/,
            ],
            ["a guest that goes on", "", { live: true }, UnsupportedError, /live/],
            ["file systems at rest", "", { quiesce: true, diskOnly: true }, UnsupportedError, /quiesce/],
            ["an overlay that is there, and is not", "", { reuseExternal: true }, InvalidInputError, /reuseExternal needs/],
            ["a name that can't be given", "<name>a/b</name>", {}, InvalidInputError, /“\/”/],
            ["a name that Snaptree keeps", "<name>auto-x</name>", {}, InvalidInputError, /keeps for itself/],
        ])("refuses %s, and changes nothing", async (_, parts, flags, kind, words) => {
            const error = await refused(() => vm.createXML(`<domainsnapshot>${parts}</domainsnapshot>`, flags));
            expect(error.message).toMatch(words);
            expect(error).toBeInstanceOf(kind);
        });

        test.each<[string, string, RegExp]>([
            ["nothing", "", /no element/],
            ["no XML", "{}", /read as XML/],
            ["another document", "<domain><name>a</name></domain>", /begins with <domain>/],
            ["another, in its name's stead", "<domainsnapshots/>", /begins with <domainsnapshots>/],
            ["a document type", '<!DOCTYPE domainsnapshot SYSTEM "file:///etc/passwd"><domainsnapshot/>', /DOCTYPE/],
            [
                "an entity that brings in a file",
                '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><domainsnapshot><name>&x;</name></domainsnapshot>',
                /DOCTYPE/,
            ],
            ["an entity of its own", "<domainsnapshot><name>&lol;</name></domainsnapshot>", /entity/],
            ["more than anybody wrote", `<domainsnapshot><description>${"x".repeat(4 * 1024 * 1024)}</description></domainsnapshot>`, /longer than 4 MiB/],
            ["elements within elements without end", `<domainsnapshot>${"<a>".repeat(5000)}${"</a>".repeat(5000)}</domainsnapshot>`, /deep|nested/],
            ["two names", "<domainsnapshot><name>a</name><name>b</name></domainsnapshot>", /two <name>/],
            ["a name with a control character", "<domainsnapshot><name>a&#27;b</name></domainsnapshot>", /character/],
            ["a line end in a name", "<domainsnapshot><name>a&#10;b</name></domainsnapshot>", /control character/],
            ["half of it", "<domainsnapshot><name>a", /never closed/],
        ])("refuses a document that is %s, and changes nothing", async (_, xml, words) => {
            const error = await refused(() => vm.createXML(xml));
            expect(error.message).toMatch(words);
            expect(error).toBeInstanceOf(InvalidInputError);
            expect(error.message.length).toBeLessThan(400);
        });

        test.each<[Parameters<VirtualMachine["createXML"]>[1], string]>([
            [{ current: true }, "use of current flag requires redefine flag"],
            [{ redefine: true, noMetadata: true }, "redefine and no metadata flags are mutually exclusive"],
            [{ redefine: true, halt: true }, "redefine and halt flags are mutually exclusive"],
            [{ redefine: true, live: true }, "redefine and live flags are mutually exclusive"],
            [{ quiesce: true }, "quiesce requires disk-only: quiesce and memory flags are mutually exclusive"],
        ])("looks at flags (%j) before it looks at anything else", async (flags, words) => {
            const error = await refused(() => vm.createXML("<!DOCTYPE x><hostile", flags));
            expect(error).toEqual(new FlagConflictError(words));
        });

        test("takes without remembering, halted or all at once, and replaces by force what has the name, as savevm does", async () => {
            expect((await vm.createXML("<domainsnapshot><name>gone</name></domainsnapshot>", { noMetadata: true, halt: true, atomic: true })).name).toBe(
                "gone",
            );
            expect(await vm.listNames()).toEqual([]);
            write(0x22);
            const { contentId } = await vm.createXML("<domainsnapshot><name>a</name></domainsnapshot>", { diskOnly: true });
            expect(await refused(() => vm.createXML("<domainsnapshot><name>a</name></domainsnapshot>"))).toBeInstanceOf(AlreadyExistsError);
            write(0x33);
            const again = await vm.createXML("<domainsnapshot><name>a</name></domainsnapshot>", { force: true });
            expect(again.contentId).not.toBe(contentId);
            expect(holds(again.files.vda ?? "", 0x33)).toBe(true);
        });
    });

    describe("createXML with redefine", () => {
        test("restores what was forgotten from the document alone, as relevant as all of it is, and makes it current", async () => {
            await vm.create({ name: "base", description: "first" });
            write(0x22);
            await vm.create({ name: "work" });
            const documents = await Promise.all(["base", "work"].map((name) => vm.getXMLDesc(name, { secure: true })));
            const files = (await vm.lookupByName("base")).files;
            for (const name of ["work", "base"]) await vm.delete(name, { scope: "metadata" });
            expect(await vm.num()).toBe(0);
            const [first = "", second = ""] = documents;
            const older = first.replace(/<creationTime>\d+/, "<creationTime>1000");
            expect(await vm.createXML(older, { redefine: true })).toMatchObject({ name: "base", description: "first", creationTime: 1000, files });
            expect((await vm.hierarchy()).current).toBeNull();
            expect(await vm.createXML(second, { redefine: true, current: true })).toMatchObject({ name: "work", parent: "base" });
            expect(await vm.hierarchy()).toMatchObject({ current: "work", dirty: false });
            await vm.revert("base");
            expect(holds(host.leaf(vm.name), 0x11)).toBe(true);
        });

        test("on a domain that was defined anew, what was written since is kept when it is left", async () => {
            await vm.create({ name: "base" });
            const xml = await vm.getXMLDesc("base", { secure: true });
            rmSync(join(host.root, vm.name, "hierarchy.json"));
            await vm.createXML(xml, { redefine: true, current: true });
            write(0x22);
            const leaf = host.leaf(vm.name);
            await vm.revert("base", { keep: "kept" });
            expect(holds(host.leaf(vm.name), 0x11)).toBe(true);
            expect(await vm.hierarchy()).toMatchObject({ dirty: false, branches: [{ name: "kept", files: { vda: leaf }, dirty: true }] });
            await vm.create({ name: "next" });
            await vm.delete("base");
            await vm.switch("kept");
            expect(holds(host.leaf(vm.name), 0x22)).toBe(true);
        });

        test("alters what is remembered", async () => {
            await vm.create({ name: "base" });
            const xml = await vm.getXMLDesc("base", { secure: true });
            await vm.createXML(xml.replace("</name>", "</name><description>later</description>"), { redefine: true });
            expect(await vm.lookupByName("base")).toMatchObject({ description: "later" });
        });

        test("wants a name, and of disks alone the state that is of disks alone", async () => {
            await vm.create({ name: "base" });
            const xml = await vm.getXMLDesc("base", { secure: true });
            expect((await refused(() => vm.createXML("<domainsnapshot/>", { redefine: true }))).message).toMatch(/^a redefined snapshot must have a name/);
            expect((await refused(() => vm.createXML(xml, { redefine: true, diskOnly: true }))).message).toMatch(
                /disk-only flag for snapshot "base" requires disk-snapshot state/,
            );
            expect((await refused(() => vm.createXML(xml.replace("shutoff", "asleep"), { redefine: true }))).message).toMatch(/asleep/);
            const layout = xml.replace("<vcpu>1</vcpu>", "<vcpu>2</vcpu>");
            expect((await refused(() => vm.createXML(layout, { redefine: true }))).message).toMatch(/what the guest sees/);
            await vm.createXML(layout, { redefine: true, force: true });
            expect(at(await eyed("base"), "domain", "vcpu")).toBe("2");
        });
    });

    test("getXMLDesc shows no passwords or cookies unless it is to be secure, and a redefinition from that keeps them", async () => {
        const file = join(host.root, vm.name, "domain.xml");
        const secrets = `<graphics type='vnc' port='-1' passwd='hunter2' passwdValidTo='2030-01-01T00:00:00'/><graphics type='spice' passwd='hunter3'/>
            <disk type='network' device='cdrom'><source protocol='https' name='iso'><host name='h' port='443'/><cookies><cookie name='session'>hunter4</cookie></cookies></source>
            <target dev='sda' bus='sata'/><readonly/></disk><!-- passwd='none' -->`;
        writeFileSync(file, readFileSync(file, "utf8").replace("</devices>", `${secrets}</devices>`));
        await vm.create({ name: "base" });
        const shown = await vm.getXMLDesc("base");
        expect(shown).not.toContain("hunter");
        const devices = look(shown)
            .children.find(({ name }) => name === "domain")
            ?.children.find(({ name }) => name === "devices");
        expect(devices?.children.filter(({ name }) => name === "graphics").map(({ attributes }) => attributes)).toEqual([
            { type: "vnc", port: "-1", passwdValidTo: "2030-01-01T00:00:00" },
            { type: "spice" },
        ]);
        expect(devices?.children.find(({ attributes }) => attributes.device === "cdrom")?.children[0]).toMatchObject({
            attributes: { protocol: "https" },
            children: [{ name: "host" }],
        });
        const secure = await vm.getXMLDesc("base", { secure: true });
        for (const secret of ["hunter2", "hunter3", "hunter4"]) expect(secure).toContain(secret);
        // But for them both say the same.
        expect(shown).toBe(secure.replace(/ passwd='hunter.'/g, "").replace(/ *<cookies>[\s\S]*<\/cookies>\n/, ""));
        await vm.delete("base", { scope: "metadata" });
        await vm.createXML(secure, { redefine: true, current: true });
        expect(await vm.getXMLDesc("base", { secure: true })).toBe(secure);
        await vm.revert("base");
        expect(readFileSync(file, "utf8")).toContain("passwd='hunter2'");
    });

    test("num and listNames count and list what a filter lets through, lookupByName finds one by name", async () => {
        expect([await vm.num(), await vm.listNames()]).toEqual([0, []]);
        await vm.create({ name: "base" });
        for (const [name, parent] of [
            ["z", "base"],
            ["a", "z"],
            ["m", "base"],
        ] as const)
            await vm.create({ name, parent });
        const names = await vm.listNames();
        expect([names.length, names[0], names.indexOf("a") > names.indexOf("z")]).toEqual([4, "base", true]);
        expect(await vm.num()).toBe(4);
        expect(await vm.listNames({ roots: true })).toEqual(["base"]);
        expect((await vm.listNames({ leaves: true })).sort()).toEqual(["a", "m"]);
        expect(await vm.num({ noLeaves: true, external: true, inactive: true })).toBe(2);
        expect(await vm.num({ internal: true })).toBe(0);
        expect(await vm.lookupByName("a")).toMatchObject({ name: "a", parent: "z" });
        await expect(vm.lookupByName("nobody")).rejects.toThrow(NotFoundError);
        await expect(vm.getXMLDesc("nobody")).rejects.toThrow(NotFoundError);
    });

    test("createWithSnapshot starts no guest here, and says so before it changes anything", async () => {
        await vm.create({ name: "base" });
        write(0x22);
        const error = await refused(() => vm.createWithSnapshot("base", { keep: "work", force: true }));
        expect(error).toBeInstanceOf(UnsupportedError);
        expect(error).not.toBeInstanceOf(DataLossError);
        expect(error.message).toMatch(/starting a domain/);
        expect(holds(host.leaf(vm.name), 0x22)).toBe(true);
    });
});

describe("a filter", () => {
    const [off, on, disks] = [
        aSnapshot({ name: "off" }),
        aSnapshot({ name: "on", state: "paused", mode: "internal", parent: "off" }),
        aSnapshot({ name: "disks", state: "disk-snapshot", parent: "on" }),
    ];
    test.each<[Parameters<typeof filtered>[1], string[]]>([
        [{}, ["off", "on", "disks"]],
        [{ roots: false, leaves: false }, ["off", "on", "disks"]],
        [{ inactive: true }, ["off"]],
        [{ active: true }, ["on"]],
        [{ diskOnly: true }, ["disks"]],
        [{ active: true, diskOnly: true }, ["on", "disks"]],
        [{ inactive: true, active: true, diskOnly: true }, ["off", "on", "disks"]],
        [{ leaves: true, noLeaves: true }, ["off", "on", "disks"]],
        [{ internal: true, external: true }, ["off", "on", "disks"]],
        [{ noLeaves: true, internal: true }, ["on"]],
        [{ roots: true, leaves: true }, []],
    ])("%j lets through %j", (wanted, names) => {
        expect(filtered([off, on, disks], wanted).map(({ name }) => name)).toEqual(names);
    });
});
