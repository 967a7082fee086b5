import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BusyError, connect, HostError, type Hierarchy, type HierarchyExport, type Host, InvalidInputError, type Mode } from "../../../provider/engine";
import { counterLines, defineGuest } from "../../hosts/guest";
import { type Libvirt, startLibvirt } from "../../hosts/libvirt";
import { libvirt as installed, needs, newerLibvirt, suiteWith } from "../../support/requires";
import { sha256 } from "../qemu/tools";
import { LibvirtMachine } from "./machine";

const asFile = (exported: HierarchyExport) => JSON.parse(JSON.stringify(exported)) as HierarchyExport;

/** What two hosts must tell alike of one hierarchy. */
const told = ({ powerState: _, ...hierarchy }: Hierarchy) => hierarchy;

suiteWith(needs(installed, newerLibvirt), "from libvirt to libvirt", () => {
    const hosts = {} as Record<"old" | "older" | "new", Libvirt>;
    beforeAll(async () => {
        hosts.old = await startLibvirt({ release: "installed" });
        hosts.older = await startLibvirt({ release: "installed" });
        hosts.new = await startLibvirt({ release: "newer" });
    });
    afterAll(async () => {
        for (const libvirt of Object.values(hosts)) await libvirt.stop();
    });

    /** A domain of a machine type that every release has, with firmware variables. */
    async function machineOn(libvirt: Libvirt): Promise<LibvirtMachine> {
        const machine = await LibvirtMachine.make(libvirt, ["vda"]);
        await writeFile(varsOf(machine), Buffer.alloc(4096, "1"));
        const firmware = `<loader readonly='yes' type='pflash'>/usr/share/seabios/bios-256k.bin</loader><nvram>${varsOf(machine)}</nvram>`;
        const file = join(machine.temporary, "domain.xml");
        await writeFile(
            file,
            (await machine.xml())
                .replace(/machine='[^']*'/, "machine='pc-i440fx-7.2'")
                .replace("</type>", `</type>${firmware}`)
                .replace("</os>", "</os><features><acpi/></features>"),
        );
        await libvirt.virsh("define", file);
        return machine;
    }

    const varsOf = (machine: LibvirtMachine) => join(machine.temporary, "vars.fd");

    async function write(machine: LibvirtMachine, slot: number, character: string): Promise<void> {
        for (const target of machine.targets) await machine.write(target, slot, character);
    }

    /** Four snapshots, two branches with contents of their own, the domain on one of them, and firmware variables that change. */
    async function grown(libvirt: Libvirt, mode: Mode): Promise<LibvirtMachine> {
        const machine = await machineOn(libvirt);
        const { vm } = machine;
        await vm.create({ name: "a", mode, owner: "me", description: '<first> & "best"' });
        await write(machine, 2, "b");
        await vm.create({ name: "b" });
        await writeFile(varsOf(machine), Buffer.alloc(4096, "2"));
        await write(machine, 3, "c");
        await vm.create({ name: "c" });
        await vm.branch("left", { from: "b", owner: "you" });
        await vm.branch("work", { from: "c" });
        await vm.switch("left");
        await write(machine, 4, "l");
        await vm.create({ name: "d" });
        await write(machine, 5, "m");
        await vm.switch("work");
        await write(machine, 6, "w");
        await machine.sound();
        return machine;
    }

    /** What each snapshot and branch holds, and the tip, through virsh and QEMU's tools. */
    async function held(machine: LibvirtMachine): Promise<Record<string, unknown>> {
        const { snapshots, branches } = await machine.vm.hierarchy();
        const found: Record<string, unknown> = { tip: await machine.tip() };
        for (const { name } of snapshots) found[name] = await machine.snapshot(name);
        for (const { name } of branches) found[name] = await machine.branch(name);
        return found;
    }

    const treeOf = ({ libvirt, domain }: LibvirtMachine) => libvirt.virsh("snapshot-list", "--tree", domain);
    const isOn = async (libvirt: Libvirt, name: string) => (await libvirt.virsh("list", "--all", "--name")).split("\n").includes(name);

    async function imagesOf({ folder }: LibvirtMachine): Promise<Record<string, string>> {
        const names = (await readdir(folder)).filter((name) => name.endsWith(".qcow2")).sort();
        return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await sha256(join(folder, name))] as const)));
    }

    const ways = [
        ["old", "new", "external"],
        ["new", "old", "internal"],
        ["old", "older", "external"],
    ] as const;

    test.each(ways)("%s to %s: an %s hierarchy moves whole, and goes on there", async (from, to, mode) => {
        await using machine = await grown(hosts[from], mode);
        const [before, bytes, tree, images] = [await machine.vm.hierarchy(), await held(machine), await treeOf(machine), await imagesOf(machine)];
        await using host = await connect(hosts[to].uri);
        await machine.vm.migrate(host);
        expect(await isOn(hosts[from], machine.domain)).toBe(false);

        const there = await machine.on(hosts[to]);
        await using _there = there.host;
        expect(await treeOf(there)).toBe(tree);
        expect(told(await there.vm.hierarchy())).toEqual(told(before));
        expect(await held(there)).toEqual(bytes);
        expect(await imagesOf(there)).toEqual(images);
        expect((await readdir(machine.temporary)).filter((name) => name.endsWith(".fd")).length).toBe(7); // The domain's own, and a copy for each: nothing is left over.
        await there.sound();

        await there.vm.switch("left");
        expect(await there.tip()).toEqual(bytes.left);
        expect(await readFile(varsOf(there), "latin1")).toBe("1".repeat(4096));
        await there.vm.revert("a");
        expect(await there.tip()).toEqual(bytes.a);
        await there.vm.switch("work");
        expect(await there.tip()).toEqual(bytes.work);
        expect(await readFile(varsOf(there), "latin1")).toBe("2".repeat(4096));
        // What was made elsewhere is never removed here, whatever goes.
        await there.vm.delete("c");
        expect(Object.keys(await imagesOf(there))).toEqual(expect.arrayContaining(Object.keys(images)));
        expect((await held(there)).left).toEqual(bytes.left);
        await there.vm.migrate(machine.host);
        expect(await isOn(hosts[to], machine.domain)).toBe(false);
        await machine.connect();
        expect((await held(machine)).work).toEqual(bytes.work);
        await machine.libvirt.virsh("snapshot-delete", "--metadata", "--children", machine.domain, "a");
        await machine.libvirt.virsh("undefine", "--keep-nvram", machine.domain);
    });

    test("what was exported holds nothing of Snaptree's own records, and imports where the domain is as nothing to do", async () => {
        await using machine = await grown(hosts.old, "external");
        const exported = asFile(await machine.vm.export());
        expect(JSON.stringify(exported)).not.toMatch(/urn:snaptree:(records|journal)/);
        expect(exported.snapshots.map(({ nvram }) => nvram)).not.toContain(null);
        const xml = await machine.xml();
        await machine.vm.import(exported);
        expect(await machine.xml()).toBe(xml);
        await expect(machine.vm.migrate(machine.host)).rejects.toThrow(InvalidInputError);
        await machine.sound();
        await machine.libvirt.virsh("snapshot-delete", "--metadata", "--children", machine.domain, "a");
        await machine.libvirt.virsh("undefine", "--keep-nvram", machine.domain);
    });

    test("interrupted half-way both remember it; done again, it goes on, also with snapshots that plain virsh took", async () => {
        await using machine = await LibvirtMachine.make(hosts.old, ["vda"]);
        for (const name of ["a", "b"]) await hosts.old.virsh("snapshot-create-as", machine.domain, name);
        await using host = await connect(hosts.new.uri);
        const killed = {
            domain: (name: string) => host.domain(name),
            import: async (...given: Parameters<Host["import"]>) => {
                await host.import(...given);
                throw new Error("killed here");
            },
        };
        await expect(machine.vm.migrate(killed)).rejects.toThrow(/killed here/);
        const tree = await treeOf(machine);
        expect(await hosts.new.virsh("snapshot-list", "--tree", machine.domain)).toBe(tree);
        await machine.connect();
        await machine.vm.migrate(host);
        expect(await isOn(hosts.old, machine.domain)).toBe(false);
        const there = await machine.on(hosts.new);
        await using _there = there.host;
        expect(await treeOf(there)).toBe(tree);
        await there.vm.revert("a", { force: true });
        await there.sound();
        expect((await readdir(machine.folder)).filter((name) => name.startsWith(".snaptree")).length).toBe(1);
        await there.vm.delete("a", { scope: "subtree", force: true });
        await hosts.new.virsh("undefine", "--keep-nvram", machine.domain);
    });

    test("what the destination can't have is refused in libvirt's words, and nothing is changed", async () => {
        await using machine = await LibvirtMachine.make(hosts.new, ["vda"]);
        await machine.vm.create({ name: "a" });
        await using host = await connect(hosts.old.uri);
        const [xml, tree] = [await machine.xml(), await treeOf(machine)];
        await expect(machine.vm.migrate(host)).rejects.toThrow(/machine/);
        await expect(machine.vm.migrate(host)).rejects.toThrow(HostError);
        expect([await machine.xml(), await treeOf(machine)]).toEqual([xml, tree]);
        expect(await isOn(hosts.old, machine.domain)).toBe(false);
        await machine.sound();
        await hosts.new.virsh("snapshot-delete", "--metadata", machine.domain, "a");
        await hosts.new.virsh("undefine", machine.domain);
    });

    test.each(["running", "saved"])("a domain that is %s stays, and says what to do", async (state) => {
        const guest = await defineGuest(hosts.old, { name: `stays-${state}` });
        await hosts.old.virsh("start", guest.name);
        await counterLines(guest.serial, 1);
        if (state === "saved") await hosts.old.virsh("managedsave", guest.name);
        await using here = await connect(hosts.old.uri);
        await using host = await connect(hosts.older.uri);
        const vm = await here.domain(guest.name);
        await expect(vm.migrate(host)).rejects.toThrow(BusyError);
        await expect(vm.migrate(host)).rejects.toThrow(/shut its guest down first/);
        expect(await isOn(hosts.older, guest.name)).toBe(false);
        expect(await hosts.old.virsh("dominfo", guest.name)).toMatch(state === "saved" ? /Managed save:\s+yes/ : /State:\s+running/);
    });

    test("as in the seed: forgotten where it is, migrated as it runs, redefined where it runs then, and reverted to with its memory", async () => {
        const guest = await defineGuest(hosts.old, { name: "seed" });
        await hosts.old.virsh("start", guest.name);
        await counterLines(guest.serial, 2);
        await using here = await connect(hosts.old.uri);
        await using there = await connect(hosts.new.uri);
        const vm = await here.domain(guest.name);
        await vm.create({ name: "memory" });
        const then = (await counterLines(guest.serial, (await counterLines(guest.serial, 1)).length + 20)).at(-1) ?? 0;
        await vm.create({ name: "later" });
        const exported = asFile(await vm.export());
        const tree = await hosts.old.virsh("snapshot-list", "--tree", guest.name);

        for (const name of ["later", "memory"]) await hosts.old.virsh("snapshot-delete", "--metadata", guest.name, name);
        const flags = ["--live", "--p2p", "--unsafe", "--persistent", "--undefinesource"];
        await hosts.old.virsh("migrate", ...flags, guest.name, hosts.new.uri, "--migrateuri", `unix://${join(hosts.old.folder, "migration")}`);
        const moved = await there.import(exported);
        expect(await hosts.new.virsh("snapshot-list", "--tree", guest.name)).toBe(tree);
        expect(await hosts.new.virsh("domstate", guest.name)).toBe("running");
        await moved.revert("memory", { leave: "destroy", force: true });
        const numbers = await counterLines(guest.serial, (await counterLines(guest.serial, 1)).length + 2);
        const back = numbers.find((number, i) => number < (numbers[i - 1] ?? 0));
        expect(back).toBeGreaterThan(0);
        expect(back).toBeLessThan(then);
        expect(await hosts.new.virsh("snapshot-current", "--name", guest.name)).toBe("memory");
    });

    test("from the embedded backend and back: the same tree, the same bytes, and nothing stays behind", async () => {
        await using machine = await grown(hosts.old, "external");
        const [before, bytes, tree] = [await machine.vm.hierarchy(), await held(machine), await treeOf(machine)];
        const root = join(machine.temporary, "embedded");
        await mkdir(root);
        await using embedded = await connect(`qemu:///embed?root=${encodeURIComponent(root)}`);
        const vm = await machine.vm.migrate(embedded);
        expect(await isOn(hosts.old, machine.domain)).toBe(false);
        expect((await readdir(machine.folder)).filter((name) => !name.endsWith(".qcow2"))).toEqual([]);
        expect(told(await vm.hierarchy())).toEqual(told(before));
        await vm.switch("left");
        await vm.switch("work");

        await vm.migrate(machine.host);
        expect(await embedded.domains()).toEqual([]);
        await machine.connect();
        expect(await treeOf(machine)).toBe(tree);
        expect(told(await machine.vm.hierarchy())).toEqual(told(before));
        expect(await held(machine)).toEqual(bytes);
        await machine.sound();
        expect(existsSync(join(root, machine.domain, "hierarchy.json"))).toBe(false);
        await hosts.old.virsh("snapshot-delete", "--metadata", "--children", machine.domain, "a");
        await hosts.old.virsh("undefine", "--keep-nvram", machine.domain);
    });
});
