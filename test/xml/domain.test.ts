import { InvalidInputError } from "../../provider/model";
import { child, childrenOf, element, formatXml, newDomain, parseDomain, parseXml, textOf, withDiskFiles, type XmlElement } from "../../provider/xml";
import { fixture } from "./support";

const UUID = "93a5c045-6457-2c09-e56c-927cdf34e178";
const running = (): XmlElement => parseXml(fixture("domain.xml"));

function diskOf(domain: XmlElement, target: string): XmlElement {
    const disks = childrenOf(child(domain, "devices") ?? element("none"), "disk");
    return disks.find((disk) => child(disk, "target")?.attributes.dev === target) ?? element("none");
}

describe("reading a domain", () => {
    test("what a running domain's document says", () => {
        expect(parseDomain(fixture("domain.xml"))).toEqual({
            name: "web",
            uuid: UUID,
            nvram: "/var/lib/libvirt/qemu/nvram/web_VARS.fd",
            nvramTemplate: "/usr/share/OVMF/OVMF_VARS_4M.ms.fd",
            tpm: true,
            disks: [
                { target: "vda", type: "file", device: "disk", file: "/var/lib/libvirt/images/web.2.qcow2", format: "qcow2", readonly: false, snapshot: null },
                { target: "vdb", type: "block", device: "disk", file: null, format: "raw", readonly: false, snapshot: "no" },
                { target: "sda", type: "file", device: "cdrom", file: null, format: null, readonly: true, snapshot: null },
            ],
        });
    });

    test("defaults are libvirt's, and a UUID is compared as libvirt writes it", () => {
        const xml = `<domain><name> a </name><uuid>93A5C04564572C09E56C927CDF34E178</uuid><devices><disk><target dev='hda'/></disk></devices></domain>`.replace(
            "5 7",
            "57",
        );
        expect(parseDomain(xml)).toEqual({
            name: "a",
            uuid: UUID,
            nvram: null,
            nvramTemplate: null,
            tpm: false,
            disks: [{ target: "hda", type: "file", device: "disk", file: null, format: null, readonly: false, snapshot: null }],
        });
    });

    test("firmware variables in the form of libvirt 8.5 are found; a TPM that is passed through holds its state itself", () => {
        const xml = `<domain><name>a</name><uuid>${UUID}</uuid><os><nvram type='file'><source file='/n.fd'/></nvram></os>
            <devices><tpm model='tpm-tis'><backend type='passthrough'/></tpm></devices></domain>`;
        expect(parseDomain(xml)).toMatchObject({ nvram: "/n.fd", tpm: false });
        const unused = `<domain><name>a</name><uuid>${UUID}</uuid><os><nvram template='/t.fd'/></os></domain>`;
        expect(parseDomain(unused)).toMatchObject({ nvram: null, nvramTemplate: "/t.fd" });
    });

    test.each([
        ["no name", `<domain><uuid>${UUID}</uuid></domain>`, "name", "<name>"],
        ["an empty name", `<domain><name/><uuid>${UUID}</uuid></domain>`, "name", "<name>"],
        ["no UUID", "<domain><name>a</name></domain>", "uuid", "<uuid>"],
        ["no real UUID", "<domain><name>a</name><uuid>7</uuid></domain>", "uuid", "not a UUID"],
        ["another document", "<network/>", undefined, "<network>"],
        ["a disk without target", `<domain><name>a</name><uuid>${UUID}</uuid><devices><disk/></devices></domain>`, "devices.disk", "<target dev>"],
        [
            "two disks with one target",
            `<domain><name>a</name><uuid>${UUID}</uuid><devices><disk><target dev='vda'/></disk><disk><target dev='vda'/></disk></devices></domain>`,
            "devices.disk.vda",
            "two disks",
        ],
    ])("%s is refused", (_, xml, property, reason) => {
        const read = (): unknown => parseDomain(xml);
        expect(read).toThrow(InvalidInputError);
        expect(read).toThrow(reason);
        expect(read).toThrow(expect.objectContaining({ property: property ?? "" }));
    });
});

describe("pointing disks at other files", () => {
    test("the disk uses the file; what stood under the old one is gone; what holds for any file stays", () => {
        const disk = diskOf(withDiskFiles(running(), { vda: { file: "/srv/a & b.qcow2", format: "raw" } }), "vda");
        expect(child(disk, "source")?.attributes).toEqual({ file: "/srv/a & b.qcow2" });
        expect(childrenOf(child(disk, "source") ?? disk).map((e) => e.name)).toEqual(["seclabel", "privateData"]);
        expect(child(disk, "driver")?.attributes).toEqual({ name: "qemu", type: "raw", cache: "none", discard: "unmap" });
        expect(childrenOf(disk).map((e) => e.name)).toEqual(["driver", "source", "target", "serial", "alias", "address"]);
    });

    test("nothing else changes, and nothing moves", () => {
        const expected = formatXml(running())
            .replace(/ {6}<backingStore type=[^]*?\n {6}<\/backingStore>\n/, "")
            .replace(/ {6}<mirror [^]*?\n {6}<\/mirror>\n/, "")
            .replace("<source file='/var/lib/libvirt/images/web.2.qcow2' index='4'>", "<source file='/srv/b.qcow2'>");
        expect(formatXml(withDiskFiles(running(), { vda: { file: "/srv/b.qcow2", format: "qcow2" } }))).toBe(expected);
    });

    test("a block device and an empty drive become files", () => {
        const after = withDiskFiles(running(), { vdb: { file: "/srv/d.qcow2", format: "qcow2" }, sda: { file: "/srv/e.iso", format: "raw" } });
        expect(parseDomain(after).disks.slice(1)).toEqual([
            { target: "vdb", type: "file", device: "disk", file: "/srv/d.qcow2", format: "qcow2", readonly: false, snapshot: "no" },
            { target: "sda", type: "file", device: "cdrom", file: "/srv/e.iso", format: "raw", readonly: true, snapshot: null },
        ]);
        expect(child(diskOf(after, "vdb"), "source")?.attributes).toEqual({ file: "/srv/d.qcow2" });
    });

    test("a network disk leaves its servers behind, a disk that says nothing gets a driver", () => {
        const net =
            parseXml(`<domain><devices><disk type='network'><source protocol='rbd' name='p/i'><host name='h'/><auth username='u'/><encryption format='luks'/></source>
            <target dev='vda'/></disk><disk><target dev='vdb'/></disk></devices></domain>`);
        const after = withDiskFiles(net, { vda: { file: "/a", format: "raw" }, vdb: { file: "/b", format: "qcow2" } });
        expect(formatXml(diskOf(after, "vda"))).toBe(
            "<disk type='file'>\n  <driver name='qemu' type='raw'/>\n  <source file='/a'>\n    <encryption format='luks'/>\n  </source>\n  <target dev='vda'/>\n</disk>\n",
        );
        expect(childrenOf(diskOf(after, "vdb")).map((e) => e.name)).toEqual(["driver", "source", "target"]);
    });

    test("the document that was passed stays as it was", () => {
        const domain = running();
        withDiskFiles(domain, { vda: { file: "/x", format: "raw" } });
        expect(domain).toEqual(running());
    });

    test.each(["vdz", "__proto__"])("a disk %s that the domain has not is refused", (target) => {
        const files = Object.fromEntries([[target, { file: "/x", format: "raw" }]]);
        expect(() => withDiskFiles(running(), files)).toThrow(`has no disk "${target}"`);
    });
});

describe("a new domain", () => {
    const disks = [
        { target: "vda", file: "/srv/vms/web/a.qcow2", format: "qcow2" },
        { target: "sdb", file: "/srv/b.raw", format: "raw" },
        { target: "hdc", file: "/srv/c.raw", format: "raw" },
    ];

    test("is what was asked for, on the bus that each target names", () => {
        const made = newDomain({ name: "w & b", uuid: UUID, disks });
        const read = parseDomain(formatXml(made));
        expect(read).toMatchObject({ name: "w & b", uuid: UUID, nvram: null, tpm: false });
        expect(read.disks.map(({ target, file, format, device }) => ({ target, file, format, device }))).toEqual(disks.map((d) => ({ ...d, device: "disk" })));
        expect(disks.map(({ target }) => child(diskOf(made, target), "target")?.attributes.bus)).toEqual(["virtio", "scsi", "ide"]);
        expect(textOf(made, "os", "type")).toBe("hvm");
    });

    test("targets that name no bus, or stand twice, are refused", () => {
        const disk = { target: "disk0", file: "/a", format: "raw" };
        expect(() => newDomain({ name: "a", uuid: UUID, disks: [disk] })).toThrow("names no bus");
        expect(() =>
            newDomain({
                name: "a",
                uuid: UUID,
                disks: [
                    { ...disk, target: "vda" },
                    { ...disk, target: "vda" },
                ],
            }),
        ).toThrow("two disks");
    });
});
