import { destroy, start } from "../../../provider/backends/libvirt/guest";
import {
    createCommand,
    createSnapshot,
    deleteCommand,
    deleteSnapshot,
    newSnapshotXml,
    redefineCommand,
    revertCommand,
    revertSnapshot,
} from "../../../provider/backends/libvirt/native";
import { withoutChains } from "../../../provider/backends/libvirt/chains";
import { Virsh } from "../../../provider/backends/libvirt/virsh";
import { formatXml, parseSnapshot, parseXml } from "../../../provider/xml";

describe("commands of libvirt's own", () => {
    test("say each flag as virsh has it, and no name is taken for one", () => {
        const all = { diskOnly: true, live: true, quiesce: true, atomic: true, halt: true, reuseExternal: true, noMetadata: true };
        expect(createCommand("-x", "/f", all)).toEqual([
            ...["snapshot-create", "--domain=-x", "--xmlfile=/f", "--disk-only", "--live"],
            ...["--quiesce", "--atomic", "--halt", "--reuse-external", "--no-metadata"],
        ]);
        expect(createCommand("d", "/f", { diskOnly: false })).toEqual(["snapshot-create", "--domain=d", "--xmlfile=/f"]);
        expect(redefineCommand("d", "/f", { current: true })).toEqual(["snapshot-create", "--domain=d", "--xmlfile=/f", "--redefine", "--current"]);
        expect(revertCommand("d", "--force", { running: true, force: true, resetNvram: true })).toEqual([
            ...["snapshot-revert", "--domain=d", "--snapshotname=--force", "--running", "--force", "--reset-nvram"],
        ]);
        expect(revertCommand("d", "s", { paused: true })).toEqual(["snapshot-revert", "--domain=d", "--snapshotname=s", "--paused"]);
        expect(deleteCommand("d", "s", { children: true, metadata: true })).toEqual([
            ...["snapshot-delete", "--domain=d", "--snapshotname=s", "--children", "--metadata"],
        ]);
        expect(deleteCommand("d", "s", { childrenOnly: true })).toEqual(["snapshot-delete", "--domain=d", "--snapshotname=s", "--children-only"]);
    });

    test("a new snapshot's document says what was asked for, and leaves the rest to libvirt", () => {
        expect(parseSnapshot(newSnapshotXml({ name: "a<b" }))).toMatchObject({ name: "a<b", description: null, memory: null, disks: [], domain: null });
        const disks = [{ name: "vda", snapshot: "external" as const, type: "file", file: "/o & k", driver: "qcow2" }];
        const full = parseSnapshot(newSnapshotXml({ name: "s", description: "d", memory: { file: "/m" }, disks }));
        expect(full).toMatchObject({ name: "s", description: "d", memory: { snapshot: "external", file: "/m" }, disks });
        expect(parseSnapshot(newSnapshotXml({ name: "s", memory: "internal" })).memory).toEqual({ snapshot: "internal", file: null });
    });

    test("a document's chains are dropped, and nothing else is", () => {
        const disk = (inner: string) => `<disk type="file"><source file="/leaf"/>${inner}<target dev="vda"/></disk>`;
        const domain = (inner: string) =>
            `<domain type="qemu"><name>x</name><devices><emulator>/q</emulator>${disk(inner)}<serial type="pty"/></devices></domain>`;
        const xml = domain(`<backingStore type="file"><source file="/base"/><backingStore/></backingStore><mirror job="copy"/>`);
        expect(formatXml(withoutChains(parseXml(xml, "it")))).toBe(formatXml(parseXml(domain(""), "it")));
    });
});

describe("libvirt's test driver, which is in virsh itself", () => {
    let virsh: Virsh;
    beforeEach(() => (virsh = new Virsh({ uri: "test:///default" })));
    afterEach(() => virsh[Symbol.asyncDispose]());

    const names = () => virsh.run(["snapshot-list", "test", "--topological", "--name"]);
    const state = () => virsh.run(["domstate", "test"]);

    test("commands that take long work on the same domain as all others", async () => {
        await destroy(virsh, "test");
        expect(await state()).toBe("shut off");
        await start(virsh, "test", "running");
        expect(await state()).toBe("running");
    });

    test("reverts to what was running or paused, and deletes one, a subtree, or what is below", async () => {
        for (const name of [`it's "a"`, "--b", "c"]) await createSnapshot(virsh, "test", { name });
        await revertSnapshot(virsh, "test", "--b", { paused: true });
        expect(await state()).toBe("paused");
        await createSnapshot(virsh, "test", { name: "d" });
        expect(await virsh.run(["snapshot-parent", "test", "d"])).toBe("--b");
        await revertSnapshot(virsh, "test", `it's "a"`, { running: true, force: true });
        expect(await state()).toBe("running");

        await deleteSnapshot(virsh, "test", "--b", { childrenOnly: true });
        expect(await names()).toBe(`it's "a"\n--b`);
        await deleteSnapshot(virsh, "test", `it's "a"`);
        expect(await names()).toBe("--b");
        await createSnapshot(virsh, "test", { name: "e" });
        await deleteSnapshot(virsh, "test", "--b", { children: true });
        expect(await names()).toBe("e"); // Current was a root that is gone, so that was one, too.
    });
});
