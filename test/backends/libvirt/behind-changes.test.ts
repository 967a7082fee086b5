// What somebody does with plain virsh while branches are there: it is read as what it is, no branch is lost by it, and Snaptree goes on.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HostError } from "../../../provider/engine";
import { libvirt as backendOf } from "../../../provider/backends/libvirt";
import { type Libvirt, type LibvirtRelease, startLibvirt } from "../../hosts/libvirt";
import { libvirt as installed, needs, newerLibvirt, suiteWith } from "../../support/requires";
import { goesOn, grow, isHeld, stillListed } from "./behind";
import { contentsOf } from "../qemu/tools";
import { LibvirtMachine } from "./machine";

const releases: readonly [LibvirtRelease, typeof installed][] = [
    ["installed", installed],
    ["newer", newerLibvirt],
];

describe.each(releases)("%s", (release, requirement) => {
    suiteWith(needs(requirement), `plain virsh on a domain with branches, on libvirt as ${release}`, () => {
        let libvirt: Libvirt;
        beforeAll(async () => void (libvirt = await startLibvirt({ release })));
        afterAll(() => libvirt.stop());

        /** Gives a document to one virsh of its own. */
        async function withFile(machine: LibvirtMachine, xml: string, ...args: string[]): Promise<void> {
            const file = join(machine.temporary, "given.xml");
            await writeFile(file, xml);
            await libvirt.virsh(...args.map((arg) => (arg === "XML" ? file : arg)));
        }

        test("snapshots are taken on a branch, shut off and running, and the branch goes on", async () => {
            await using machine = await LibvirtMachine.make(libvirt, ["vda"]);
            const { vm, domain } = machine;
            const held = await grow(machine, "side");
            held.snapshots.d = await machine.tip();
            await libvirt.virsh("snapshot-create-as", domain, "d", "--disk-only");
            await machine.write("vda", 7, "d");
            await libvirt.virsh("start", domain);
            held.snapshots.e = { vda: (held.snapshots.d.vda ?? "").slice(0, -1) + "d" };
            await libvirt.virsh("snapshot-create-as", domain, "e", "--memspec", `${join(machine.temporary, "e.save")},snapshot=external`);
            await libvirt.virsh("destroy", domain);
            await machine.write("vda", 7, "e");
            held.branches.side = await machine.tip();
            const { current, branch, branches, snapshots } = await vm.hierarchy();
            expect({ current, branch }).toEqual({ current: "e", branch: "side" });
            expect(branches.find(({ name }) => name === "side")).toMatchObject({ from: "a", tip: "e", active: true });
            expect(snapshots.filter(({ name }) => "de".includes(name))).toMatchObject([
                { name: "d", parent: "c" },
                { name: "e", parent: "d", memory: true },
            ]);
            await isHeld(machine, held);
            await goesOn(machine, held, ["inner", "side"]);
            await machine.sound();
        });

        test("descriptions, disks and the configuration change, and what Snaptree keeps is thrown away", async () => {
            await using machine = await LibvirtMachine.make(libvirt, ["vda", "vdb"]);
            const { domain } = machine;
            const held = await grow(machine, "side");
            const xml = await libvirt.virsh("snapshot-dumpxml", domain, "b", "--security-info");
            await withFile(
                machine,
                xml.replace("<state>", "<description>mine &amp; yours</description>\n<state>"),
                "snapshot-create",
                domain,
                "XML",
                "--redefine",
            );
            await libvirt.virsh("desc", domain, "--config", "--title", "renamed");
            await libvirt.virsh("metadata", domain, "--config", "--uri", "urn:snaptree:records", "--remove");
            await machine.connect();
            const read = await machine.vm.hierarchy();
            expect(read).toMatchObject({ current: "c", branch: "side" });
            expect(read.snapshots.find(({ name }) => name === "b")?.description).toBe("mine & yours");
            expect(read.branches.map(({ name }) => name)).toEqual(["inner", "leafy", "side", "trunk"]);
            await isHeld(machine, held);
            const detached = (await machine.disks()).find(({ target }) => target === "vdb")?.file ?? "";
            await libvirt.virsh("detach-disk", domain, "vdb", "--config");
            expect(await machine.vm.hierarchy()).toMatchObject({ current: "c", branch: "side" });
            await machine.vm.create({ name: "more" });
            await machine.vm.switch("inner");
            await machine.vm.switch("side");
            // What was taken out is nobody's of ours any more, so it is there still.
            expect(await contentsOf(detached, "qcow2")).toBe(held.branches.side?.vdb);
            held.branches.side = { vda: held.branches.side?.vda ?? "" };
            expect(await machine.title()).toBe("renamed");
            expect(await libvirt.virsh("snapshot-dumpxml", domain, "b")).toContain("mine &amp; yours");
            await isHeld(machine, held);
            await machine.vm.delete("more");
            await goesOn(machine, held, ["trunk"]);
        });

        test("what happens between creations that follow one another at once is seen, and not written over", async () => {
            await using machine = await LibvirtMachine.make(libvirt, ["vda"]);
            const { vm, domain } = machine;
            for (const name of ["a", "b", "c"]) await vm.create({ name, mode: "external" });
            // The second one is about neither what is current nor what carries the records.
            for (const name of ["a", "b", "c"]) {
                const xml = await libvirt.virsh("snapshot-dumpxml", domain, name, "--security-info");
                await withFile(machine, xml.replace("<state>", `<description>theirs</description>\n<state>`), "snapshot-create", domain, "XML", "--redefine");
                await vm.create({ name: `on-${name}` });
                expect(await libvirt.virsh("snapshot-dumpxml", domain, name)).toContain("<description>theirs</description>");
            }
            await libvirt.virsh("snapshot-create-as", domain, "d", "--disk-only");
            await vm.create({ name: "e" });
            const { snapshots } = await vm.hierarchy();
            expect(snapshots.map(({ name, parent, description }) => [name, parent, description])).toEqual([
                ["a", null, "theirs"],
                ["b", "a", "theirs"],
                ["c", "b", "theirs"],
                ["on-a", "c", null],
                ["on-b", "on-a", null],
                ["on-c", "on-b", null],
                ["d", "on-c", null],
                ["e", "d", null],
            ]);
            await machine.sound();
        });

        test("the domain is undefined with all its snapshots, and defined again", async () => {
            await using machine = await LibvirtMachine.make(libvirt, ["vda"]);
            const { domain } = machine;
            let held = await grow(machine, "side");
            const xml = await libvirt.virsh("dumpxml", domain, "--inactive", "--security-info");
            const current = await libvirt.virsh("snapshot-dumpxml", domain, "a", "--security-info");
            await libvirt.virsh("undefine", domain, "--snapshots-metadata");
            await withFile(machine, xml, "define", "XML");
            await machine.connect();
            held = await stillListed(machine, held);
            expect(held.snapshots).toEqual({});
            await isHeld(machine, held);
            expect(await machine.vm.hierarchy()).toMatchObject({ current: null, branch: "side" });
            await withFile(machine, current, "snapshot-create", domain, "XML", "--redefine");
            await isHeld(machine, held);
            await goesOn(machine, held, ["trunk", "side"]);
        });

        test("libvirt is told again of no snapshot but those that change, and of the two that carry what Snaptree keeps", async () => {
            await using machine = await LibvirtMachine.make(libvirt, ["vda"]);
            await grow(machine, "side");
            await using backend = await backendOf.connect(new URL(libvirt.uri), {});
            const domain = await backend.open(machine.domain);
            const toldFor = async (...operations: Parameters<typeof domain.compile>[0]) => {
                const { finish } = await domain.compile(operations);
                const told = finish.find(({ kind }) => kind === "remember") as unknown as { readonly documents: readonly { readonly name: string }[] };
                return told.documents.map(({ name }) => name);
            };
            const taking = (name: string, parent: string) =>
                ({ kind: "create", name, parent, source: "tip", provisioned: false, moveTip: true, keepTip: null }) as const;
            for (const again of [1, 2]) expect(await toldFor({ kind: "redefine", name: "b", description: `other ${again}` })).toEqual(["a", "b", "c"]);
            expect(await toldFor(taking("d", "c"))).toEqual(["a", "c", "d"]);
        });

        test("what Snaptree keeps is broken: one clear error, and nothing is changed", async () => {
            await using machine = await LibvirtMachine.make(libvirt, ["vda"]);
            await machine.vm.create({ name: "a" });
            await machine.vm.branch("side", { from: "a" });
            const options = ["--config", "--uri", "urn:snaptree:records", "--key", "snaptree", "--set"];
            await libvirt.virsh("metadata", machine.domain, ...options, "<records generation='99'>nonsense</records>");
            await machine.connect();
            const before = await machine.xml();
            await expect(machine.vm.hierarchy()).rejects.toThrow(HostError);
            await expect(machine.vm.hierarchy()).rejects.toThrow(/the records in the <metadata> of "vm-\d+" can't be read: .*; nothing was changed/);
            await expect(machine.vm.create({ name: "b" })).rejects.toThrow(HostError);
            expect(await machine.xml()).toBe(before);
        });
    });
});
