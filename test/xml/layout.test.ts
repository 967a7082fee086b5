import fc from "fast-check";
import { layoutDifference, newDomain, parseSnapshot, parseXml, withDiskFiles, type XmlElement, type XmlNode } from "../../provider/xml";
import { fixture } from "./support";

const text = fixture("domain.xml");
const domain = parseXml(text);

/** The difference after one edit of the running domain's text. */
function after(from: string | RegExp, to: string): string | null {
    const edited = text.replace(from, to);
    expect(edited).not.toBe(text);
    return layoutDifference(domain, parseXml(edited));
}

describe("a guest sees the same machine", () => {
    test.each([
        ["other files", /web\.2\.qcow2/, "b.qcow2"],
        ["another cache", "cache='none'", "cache='writeback'"],
        ["no backing store", / {6}<backingStore type=[^]*?\n {6}<\/backingStore>\n/, ""],
        ["no metadata", /<metadata>[^]*<\/metadata>/, ""],
        ["another title", "The web server", "x"],
        ["another description", "First line", "x"],
        ["other aliases", "<alias name='net0'/>", "<alias name='ua-net'/>"],
        ["other security labels", /<seclabel type[^]*<\/seclabel>/, ""],
        ["another reaction to a power-off", "<on_poweroff>destroy", "<on_poweroff>restart"],
        ["a smaller balloon", /2097152<\/currentMemory>/, "1048576</currentMemory>"],
        ["fewer vcpus plugged in", "current='2'", "current='3'"],
        ["a domain that does not run", " id='7'", ""],
        ["another network", "network='default'", "network='dmz'"],
        ["another tap device", "vnet3", "vnet9"],
        ["an agent that is not connected", "state='connected'", "state='disconnected'"],
        ["another terminal", /\/dev\/pts\/3/g, "/dev/pts/5"],
        ["another VNC port", "5900", "5901"],
        ["another source of randomness", "/dev/urandom", "/dev/random"],
        ["numbers written otherwise", "bus='0x04' slot='0x00'", "bus='4' slot='0'"],
        ["memory in another unit", "<memory unit='KiB'>4194304", "<memory unit='GiB'>4"],
        ["a feature said in words", "<acpi/>", "<acpi state='on'/>"],
        ["cpu features in another order", /(<feature policy='require'.*\/>)\n\s*(<feature policy='disable'.*\/>)/, "$2$1"],
        ["an address left to libvirt", "<address type='pci' domain='0x0000' bus='0x06' slot='0x00' function='0x0'/>", ""],
        ["a machine type left to libvirt", " machine='pc-q35-9.2'", ""],
        ["another timer policy", "tickpolicy='catchup'", "tickpolicy='delay'"],
    ])("with %s", (_, from, to) => {
        expect(after(from, to)).toBeNull();
    });

    test("whatever file its disks use", () => {
        fc.assert(
            fc.property(fc.webPath(), fc.constantFrom("raw", "qcow2"), (file, format) => {
                expect(layoutDifference(domain, withDiskFiles(domain, { vda: { file, format }, vdb: { file, format } }))).toBeNull();
            }),
        );
    });

    test("in whatever order its document lists disks and controllers", () => {
        const reversed = (e: XmlElement): XmlElement => ({
            ...e,
            children: e.children.map((node: XmlNode) => (typeof node === "object" && "children" in node && node.name === "devices" ? flip(node) : node)),
        });
        const flip = (e: XmlElement): XmlElement => ({ ...e, children: [...e.children.filter(keyed)].reverse().concat(e.children.filter((n) => !keyed(n))) });
        const keyed = (n: XmlNode): boolean => typeof n === "object" && "name" in n && (n.name === "disk" || n.name === "controller");
        expect(layoutDifference(domain, reversed(domain))).toBeNull();
    });

    test("live and for its next start, where libvirt wrote both", () => {
        const { domain: live, inactiveDomain } = parseSnapshot(fixture("redefine.xml"));
        expect(live && inactiveDomain && layoutDifference(live, inactiveDomain)).toBeNull();
    });
});

describe("what a guest would see is named, both ways", () => {
    test.each([
        ["<memory unit='KiB'>4194304", "<memory unit='KiB'>8388608", 'memory maximum: "4194304 KiB" before, "8388608 KiB" after'],
        ["<memory unit='KiB'>4194304", "<memory unit='MB'>4194", 'memory maximum: "4194304 KiB" before, "4095704 KiB" after'],
        ["current='2'>4", "current='2'>8", 'vcpu maximum: "4" before, "8" after'],
        ["<domain type='kvm'", "<domain type='qemu'", 'virtualization type: "kvm" before, "qemu" after'],
        ["arch='x86_64'", "arch='aarch64'", 'architecture: "x86_64" before, "aarch64" after'],
        ["pc-q35-9.2", "pc-i440fx-9.2", 'machine type: "pc-q35-9.2" before, "pc-i440fx-9.2" after'],
        ["927cdf34e178", "927cdf34e179", "UUID: "],
        ["Skylake-Client-IBRS", "Haswell", "cpu model: "],
        ["<feature policy='require' name='vmx'/>", "", 'cpu feature vmx: "require" before, absent after'],
        [/<cpu [^]*<\/cpu>/, "", 'cpu mode: "custom" before, absent after'],
        ["cores='4'", "cores='2'", "cpu topology: "],
        ["<apic/>", "", "feature apic: "],
        ["<smm state='on'/>", "<smm state='off'/>", "feature smm: "],
        ["name='hpet' present='no'", "name='hpet' present='yes'", 'timer hpet: "no" before, "yes" after'],
        ["dev='vda' bus='virtio'", "dev='vda' bus='scsi'", 'disk vda bus: "virtio" before, "scsi" after'],
        ["dev='vdb' bus='virtio'", "dev='vdc' bus='virtio'", "disk vdb: only before"],
        ["device='cdrom'", "device='disk'", 'disk sda device: "cdrom" before, "disk" after'],
        ["WD-1234", "WD-5678", "disk vda serial: "],
        ["bus='0x04' slot='0x00'", "bus='0x04' slot='0x01'", "disk vda address: "],
        ["52:54:00:6b:3c:58", "52:54:00:6b:3c:59", 'interface 1 MAC address: "52:54:00:6b:3c:58" before, "52:54:00:6b:3c:59" after'],
        ["<model type='virtio'/>", "<model type='e1000e'/>", "interface 1 model: "],
        [/<interface [^]*<\/interface>/, "", "interface 1: only before"],
        ["type='sata' index='0'", "type='sata' index='1'", "controller sata 0: only before"],
        ["model='pcie-root'", "model='pci-root'", 'controller pci 0 model: "pcie-root" before, "pci-root" after'],
        ["name='org.qemu.guest_agent.0'", "name='com.redhat.spice.0'", "channel 1 target: "],
        ["type='mouse' bus='ps2'", "type='tablet' bus='usb'", 'input 1 type: "mouse" before, "tablet" after'],
        ["tpm-crb", "tpm-tis", "tpm 1 model: "],
        ["version='2.0'", "version='1.2'", 'tpm 1 version: "2.0" before, "1.2" after'],
        [/<rng [^]*<\/rng>/, "", "rng 1: only before"],
        ["heads='1'", "heads='2'", "video 1 model: "],
    ])("%s → %s", (from, to, difference) => {
        expect(after(from, to)).toContain(difference);
        expect(layoutDifference(parseXml(text.replace(from, to)), domain)).not.toBeNull();
    });

    test("a new device, and a domain of our own making", () => {
        expect(after("</devices>", "<sound model='ich9'/></devices>")).toBe("sound 1: only after");
        const disk = { target: "vda", file: "/a", format: "raw" };
        const made = newDomain({ name: "a", uuid: "93a5c045-6457-2c09-e56c-927cdf34e178", disks: [disk] });
        expect(layoutDifference(made, made)).toBeNull();
        expect(layoutDifference(made, withDiskFiles(made, { vda: { file: "/b", format: "qcow2" } }))).toBeNull();
    });
});
