import { InvalidInputError, Tree } from "../../provider/model";
import { emptySnapshot, formatSnapshot, formatXml, parseDomain, parseSnapshot, parseXml, type XmlElement } from "../../provider/xml";
import { fixture } from "./support";

const LIBVIRT = ["external-multi-disk.xml", "internal-checkpoint.xml", "disk-snapshot.xml", "redefine.xml"];
const domainOf = ({ domain }: { domain: XmlElement | null }): XmlElement => domain ?? parseXml("<none/>");

describe("what libvirt writes", () => {
    test.each(LIBVIRT)("%s comes back byte for byte", (name) => {
        expect(formatSnapshot(parseSnapshot(fixture(name)))).toBe(fixture(name));
    });

    test("an external snapshot of several disks, reverted to once", () => {
        const read = parseSnapshot(fixture("external-multi-disk.xml"));
        expect(read).toMatchObject({
            name: "os-updates",
            description: "Snapshot of OS install and updates",
            state: "running",
            parent: "bare-os-install",
            creationTime: 1732180159,
            memory: { snapshot: "external", file: "/var/lib/libvirt/images/web.os-updates.mem" },
            compression: null,
            active: null,
            unknown: [],
        });
        expect(read.disks.map(({ name, snapshot, type, file, driver }) => ({ name, snapshot, type, file, driver }))).toEqual([
            { name: "vda", snapshot: "external", type: "file", file: "/var/lib/libvirt/images/web.os-updates", driver: "qcow2" },
            { name: "vdb", snapshot: "external", type: "file", file: "/var/lib/libvirt/images/web-data.os-updates", driver: "qcow2" },
            { name: "sda", snapshot: "no", type: "file", file: null, driver: null },
        ]);
        expect(read.revertDisks.map((disk) => disk.file)).toEqual(["/var/lib/libvirt/images/web.1732190000", "/var/lib/libvirt/images/web-data.1732190000"]);
        expect(read.cookie?.children).toHaveLength(2);
        expect(parseDomain(domainOf(read)).disks).toHaveLength(2);
        expect(read.inactiveDomain && parseDomain(read.inactiveDomain).uuid).toBe("93a5c045-6457-2c09-e56c-927cdf34e178");
    });

    test("an internal checkpoint, as libvirt's own file has it", () => {
        expect(parseSnapshot(fixture("internal-checkpoint.xml"))).toMatchObject({
            description: null,
            parent: null,
            memory: { snapshot: "internal", file: null },
            active: true,
            inactiveDomain: null,
        });
    });

    test("disks on devices and servers have no file, and modes of their own", () => {
        const read = parseSnapshot(fixture("disk-snapshot.xml"));
        expect(read.state).toBe("disk-snapshot");
        expect(read.disks.map(({ type, file, snapshot }) => [type, file, snapshot])).toEqual([
            ["block", null, "external"],
            ["network", null, "external"],
            ["file", null, "manual"],
        ]);
    });

    test("a snapshot of libvirt before 0.9.5 has a UUID for a domain", () => {
        const xml = "<domainsnapshot>\n  <name>a</name>\n  <domain>\n    <uuid>x</uuid>\n  </domain>\n</domainsnapshot>\n";
        expect(formatSnapshot(parseSnapshot(xml))).toBe(xml);
    });
});

describe("what others write", () => {
    test("nothing is required", () => {
        expect(parseSnapshot("<domainsnapshot/>")).toEqual(emptySnapshot);
        expect(formatSnapshot(emptySnapshot)).toBe("<domainsnapshot/>\n");
        expect(parseSnapshot("<domainsnapshot><name/><description/><state/><creationTime> </creationTime><parent/><memory/><disks/></domainsnapshot>")).toEqual(
            emptySnapshot,
        );
    });

    test("languages, line ends and elements that nobody knows are kept, in libvirt's order", () => {
        const read = parseSnapshot(fixture("unknown-elements.xml"));
        expect(read.name).toBe("Grundsystem – 「基本」");
        expect(read.description).toBe("Zeile eins: „Größe < 5 GiB & mehr“\nZeile zwei 🙂\n");
        expect(read.compression).toBe("zstd");
        const written = formatSnapshot(read);
        expect(parseSnapshot(written)).toEqual(read);
        expect([...written.matchAll(/^ {2}<([!\w:-]+)/gm)].map((m) => m[1])).toEqual([
            ..."name description state creationTime domain compression snaptree:records !-- futureElement".split(" "),
        ]);
    });

    test("a document is changed by its fields, and what they don't say stays", () => {
        const read = parseSnapshot(fixture("external-multi-disk.xml"));
        const disks = read.disks.map((disk) => (disk.name === "sda" ? disk : { ...disk, file: `/new/${disk.name}`, driver: "raw" }));
        const changed = parseSnapshot(formatSnapshot({ ...read, name: "other", parent: null, disks, revertDisks: [], cookie: null }));
        expect(changed).toMatchObject({ name: "other", parent: null, revertDisks: [], cookie: null, domain: read.domain });
        const written = changed.disks.map((disk) => disk.element && formatXml(disk.element));
        expect(written[0]).toContain("<source file='/new/vda'/>");
        expect(written[0]).toContain("<driver type='raw'>\n    <metadata_cache>");
        expect(written[1]).toContain("<seclabel model='dac' relabel='no'/>");
        expect(written[2]).toBe("<disk name='sda' snapshot='no'/>\n");
    });

    test("a document made from nothing", () => {
        const doc = {
            ...emptySnapshot,
            name: "a",
            memory: { snapshot: "no", file: null },
            disks: [
                { name: "vda", snapshot: "external", type: "file", file: "/a", driver: "qcow2" },
                { name: "vdb", snapshot: "no", type: "file", file: null, driver: null },
            ],
            inactiveDomain: parseXml("<domain><uuid>x</uuid></domain>"),
            compression: "gzip",
        } as const;
        expect(formatSnapshot(doc)).toBe(`<domainsnapshot>
  <name>a</name>
  <memory snapshot='no'/>
  <disks>
    <disk name='vda' snapshot='external' type='file'>
      <driver type='qcow2'/>
      <source file='/a'/>
    </disk>
    <disk name='vdb' snapshot='no'/>
  </disks>
  <inactiveDomain>
    <uuid>x</uuid>
  </inactiveDomain>
  <compression>gzip</compression>
</domainsnapshot>
`);
    });

    test("a disk whose file and driver are taken away says nothing of them", () => {
        const read = parseSnapshot("<domainsnapshot><disks><disk name='vda'><driver type='raw'/><source file='/a'/></disk></disks></domainsnapshot>");
        const disks = read.disks.map((disk) => ({ ...disk, file: null, driver: null }));
        expect(formatSnapshot({ ...read, disks })).toContain("<disk name='vda'/>");
    });
});

describe("what can't be read is refused with its property", () => {
    test.each([
        ["<creationTime>yesterday</creationTime>", "creationTime"],
        ["<creationTime>1.5</creationTime>", "creationTime"],
        ["<creationTime>99999999999999999999</creationTime>", "creationTime"],
        ["<state>off</state>", "state"],
        ["<name>a</name><name>b</name>", "name"],
        ["<disks/><disks/>", "disks"],
        ["<domain/><domain/>", "domain"],
        ["<active>yes</active>", "active"],
        ["<memory snapshot='manual'/>", "memory.snapshot"],
        ["<memory snapshot='external'/>", "memory.file"],
        ["<memory snapshot='internal' file='/m'/>", "memory.file"],
        ["<disks><disk/></disks>", "disks"],
        ["<disks><disk name='vda' snapshot='yes'/></disks>", "disks.vda.snapshot"],
        ["<revertDisks><disk name='vda'/><disk name='vda'/></revertDisks>", "revertDisks.vda"],
    ])("%s", (part, property) => {
        const read = (): unknown => parseSnapshot(`<domainsnapshot>${part}</domainsnapshot>`);
        expect(read).toThrow(InvalidInputError);
        expect(read).toThrow(expect.objectContaining({ property, message: expect.stringMatching(/; /) }));
    });

    test("another document", () => {
        expect(() => parseSnapshot("<domain/>")).toThrow("begins with <domain>");
    });
});

describe("many documents", () => {
    const chain = (count: number, firstParent: string): string[] =>
        Array.from(
            { length: count },
            (_, i) => `<domainsnapshot><name>s${i}</name><parent><name>${i ? `s${i - 1}` : firstParent}</name></parent></domainsnapshot>`,
        );
    const tree = (documents: string[]): unknown =>
        new Tree(documents.map((xml) => parseSnapshot(xml)).map(({ name, parent }) => ({ name: name ?? "", parent })));

    test.each([
        ["a missing parent", chain(20_000, "gone"), 'snapshot "s0" has the parent "gone"'],
        ["a cycle", chain(20_000, "s19999"), 'snapshot "s0" is its own ancestor'],
        ["a name twice", [...chain(20_000, "s0").slice(1), "<domainsnapshot><name>s7</name></domainsnapshot>"], 'two snapshots are called "s7"'],
    ])("%s in a chain of 20,000 is named", (_, documents, reason) => {
        expect(() => tree(documents)).toThrow(reason);
    });
});
