// What redefining does to a machine's own document: times, and snapshots that VirtualBox was made to forget.
import { cp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HostError, InvalidInputError } from "../../../provider/engine";
import { holding } from "../../conformance/bench";
import { grow, parents, refused } from "../../conformance/support";
import { startVirtualBox, type VirtualBox } from "../../hosts/virtualbox";
import { needs, suiteWith, virtualbox as required } from "../../support/requires";
import { VboxMachine } from "./machine";

suiteWith(needs(required), "redefining on VirtualBox", () => {
    let virtualbox: VirtualBox;
    beforeAll(async () => {
        virtualbox = await startVirtualBox();
    });
    afterAll(() => virtualbox.stop());

    /** a; b and c stand on it. The machine is at c. */
    async function forked(): Promise<VboxMachine> {
        const machine = await VboxMachine.make(virtualbox, ["vda"]);
        await grow(machine, "a", null, 1);
        await grow(machine, "b", "a", 2);
        await grow(machine, "c", "a", 2);
        return machine;
    }

    const fileOf = (machine: VboxMachine) => join(machine.folder, `${machine.domain}.vbox`);

    /** Changes the document as somebody would by hand: while nothing of VirtualBox's runs. */
    async function rewrite(machine: VboxMachine, change: (text: string) => string): Promise<void> {
        const file = fileOf(machine);
        await virtualbox.killServer();
        const text = await readFile(file, "utf8");
        expect(change(text)).not.toBe(text);
        await writeFile(file, change(text));
    }

    /** Without the leaf of that name, and with or without its image in the list of images. */
    function without(name: string, listed: boolean): (text: string) => string {
        return (text) => {
            const [whole = "", uuid = ""] = new RegExp(`<Snapshot uuid="\\{([^}]*)\\}" name="${name}"[^]*?</Snapshot>\\s*`).exec(text) ?? [];
            const [, image = ""] = /<Image uuid="\{([^}]*)\}"/.exec(whole) ?? [];
            expect(uuid).not.toBe("");
            const rest = text.replace(whole, "");
            return listed ? rest : rest.replace(new RegExp(`<HardDisk uuid="\\{${image}\\}"[^>]*/>\\s*`), "");
        };
    }

    test("a time is VirtualBox's own", async () => {
        await using machine = await forked();
        await machine.vm.redefine({ name: "b", creationTime: 981173106 });
        expect(await readFile(fileOf(machine), "utf8")).toMatch(/name="b" timeStamp="2001-02-03T04:05:06Z"/);
        expect(await machine.snapshot("b")).toEqual({ vda: holding("ab") });
        expect(await machine.tip()).toEqual({ vda: holding("ac") });
        await machine.sound();
    });

    test("a time is not changed where that would take the machine's list of images away, which VirtualBox does where no snapshot is on one", async () => {
        const machine = await forked();
        await using _machine = machine;
        await rewrite(machine, without("b", true));
        await machine.connect();
        const before = await readFile(fileOf(machine), "utf8");
        expect((await refused(machine.vm.redefine({ name: "c", creationTime: 981173106 }))).message).toMatch(/no snapshot is on the image .*closemedium/);
        expect(await readFile(fileOf(machine), "utf8")).toBe(before);
        const { media, snapshots, now } = await machine.document();
        const used = new Set([now, ...snapshots].flatMap(({ disks }) => Object.values(disks)));
        for (const uuid of media.keys()) if (!used.has(uuid)) await virtualbox.run("closemedium", "disk", uuid, "--delete");
    });

    test.each([true, false])("a snapshot that VirtualBox was made to forget is put back with its contents (image still listed: %s)", async (listed) => {
        await using machine = await forked();
        const xml = await machine.vm.document("b");
        const { files = {} } = (await machine.vm.hierarchy()).snapshots.find(({ name }) => name === "b") ?? {};
        await rewrite(machine, without("b", listed));
        await machine.connect();
        if (listed) {
            expect((await refused(machine.vm.redefine({ name: "b", xml }))).message).toMatch(/no snapshot is on the image .*closemedium/);
            await virtualbox.run("closemedium", "disk", files.vda ?? "");
        }
        expect(parents(await machine.vm.hierarchy())).toEqual({ a: null, c: "a" });
        await machine.vm.redefine({ name: "b", xml });
        expect(parents(await machine.vm.hierarchy())).toEqual({ a: null, b: "a", c: "a" });
        expect(await virtualbox.run("snapshot", machine.domain, "list", "--machinereadable")).toContain('="b"');
        expect(await machine.snapshot("b")).toEqual({ vda: holding("ab") });
        await machine.vm.revert("b");
        expect(await machine.tip()).toEqual({ vda: holding("ab") });
        await machine.sound();
    });

    describe("refuses, and changes nothing,", () => {
        async function lost(): Promise<{ machine: VboxMachine; xml: string; file: string }> {
            const machine = await forked();
            const xml = await machine.vm.document("b");
            const { files = {} } = (await machine.vm.hierarchy()).snapshots.find(({ name }) => name === "b") ?? {};
            await rewrite(machine, without("b", false));
            await machine.connect();
            return { machine, xml, file: files.vda ?? "" };
        }

        async function unchanged(machine: VboxMachine, xml: string, kind: new (...args: never[]) => Error, words: RegExp): Promise<void> {
            const before = await readFile(fileOf(machine), "utf8");
            const error = await refused(machine.vm.redefine({ name: "b", xml }));
            expect(error).toBeInstanceOf(kind);
            expect(error.message).toMatch(words);
            expect(await readFile(fileOf(machine), "utf8")).toBe(before);
        }

        test("an image that is gone", async () => {
            const { machine, xml, file } = await lost();
            await using _machine = machine;
            await rename(file, `${file}.gone`);
            await unchanged(machine, xml, HostError, /no image .* that VirtualBox could have made/);
            await rm(`${file}.gone`);
        });

        test("another image of that name", async () => {
            const { machine, xml, file } = await lost();
            await using _machine = machine;
            await cp((await machine.files()).vda ?? "", file);
            await unchanged(machine, xml, HostError, /is the image \{.*\}, and that of the snapshot was/);
            await rm(file);
        });

        test("an image that stands on another one than the parent's", async () => {
            const { machine, xml, file } = await lost();
            await using _machine = machine;
            await unchanged(machine, xml.replace(/(<parent>\s*<name>)a/, "$1c"), HostError, /stands on the image \{.*\}, and the snapshot’s parent is on/);
            await rm(file);
        });

        test("a second first snapshot", async () => {
            const { machine, xml, file } = await lost();
            await using _machine = machine;
            await unchanged(machine, xml.replace(/<parent>[^]*?<\/parent>\s*/, ""), InvalidInputError, /one first snapshot alone/);
            await rm(file);
        });

        test("a UUID that is taken", async () => {
            const { machine, xml, file } = await lost();
            await using _machine = machine;
            const uuid = /<Snapshot uuid="\{([^}]*)\}" name="c"/.exec(await readFile(fileOf(machine), "utf8"))?.[1] ?? "";
            await unchanged(
                machine,
                xml.replace(/(<snaptree:snapshot [^>]*uuid=')[^']*/, `$1${uuid}`),
                InvalidInputError,
                /already, so there can't be a second one/,
            );
            await rm(file);
        });
    });
});
