import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LibvirtMachine } from "../backends/libvirt/machine";
import { holding } from "../conformance/bench";
import { type Libvirt, startLibvirt } from "../hosts/libvirt";
import { needs, newerLibvirt, suiteWith } from "../support/requires";
import { done, json, on, type Outcome, refused } from "./run";

suiteWith(needs(newerLibvirt), "the command line on a real libvirt", () => {
    let libvirt: Libvirt;
    beforeAll(async () => {
        libvirt = await startLibvirt({ release: "newer" });
    });
    afterAll(() => libvirt.stop());

    /** A domain that only words change. */
    async function withMachine(
        work: (snaptree: (verb: string, ...argv: string[]) => Promise<Outcome>, machine: LibvirtMachine) => Promise<void>,
    ): Promise<void> {
        await using machine = await LibvirtMachine.make(libvirt, ["vda"]);
        await work((verb, ...argv) => on(libvirt.uri)(verb, machine.domain, ...argv), machine);
        await machine.sound();
    }

    test("create, branch, switch and revert leave what each name says on the disk, virsh sees the same, and list draws it", async () => {
        await withMachine(async (snaptree, machine) => {
            const { domain } = machine;
            await machine.write("vda", 1, "a");
            expect(await snaptree("create", "first", "--description", "one 🙂 <&>")).toEqual(done("^created snapshot first$"));
            expect(await libvirt.virsh("snapshot-dumpxml", domain, "first")).toContain("<description>one 🙂 &lt;&amp;&gt;</description>");
            expect(await snaptree("branch", "work", "--from", "first")).toEqual(done("work"));
            expect(await snaptree("switch", "work")).toEqual(done("work"));
            await machine.write("vda", 1, "b");
            expect(await snaptree("create", "second")).toEqual(done("^created snapshot second$"));
            expect((await libvirt.virsh("snapshot-list", domain, "--tree")).trimEnd()).toBe("first\n  |\n  +- second");
            await machine.write("vda", 1, "c");
            const { out } = await snaptree("list", "--tree");
            expect(out.replaceAll(/[\d.]+ [KM]?i?B/g, "SIZE").split("\n")).toEqual([
                "first (SIZE)",
                "  |",
                "  +- second (current, SIZE)",
                "      |",
                "      +- work [branch, active, dirty, from first, SIZE]",
            ]);

            expect(await snaptree("revert", "first")).toEqual(done("first"));
            expect(await machine.tip()).toEqual({ vda: holding("a") });
            expect(await libvirt.virsh("snapshot-current", domain, "--name")).toBe("first");
            expect(await snaptree("switch", "work")).toEqual(done("work"));
            expect(await machine.tip()).toEqual({ vda: holding("c") });

            expect(await snaptree("branch", "work", "--reset", "--to-fork")).toEqual(refused(3, /would lose/));
            expect(await machine.tip()).toEqual({ vda: holding("c") });
            expect(await snaptree("delete", "second")).toEqual(done("second"));
            expect(await libvirt.virsh("snapshot-list", domain, "--name")).toBe("first");
            expect(await machine.tip()).toEqual({ vda: holding("c") });
            expect(await machine.snapshot("first")).toEqual({ vda: holding("a") });
            expect(await snaptree("doctor")).toEqual({ code: 0, out: `nothing is wrong with ${domain}`, err: "" });
        });
    });

    test("list --json says what is there, also what virsh took", async () => {
        await withMachine(async (snaptree, machine) => {
            const { domain } = machine;
            await snaptree("create", "base", "--description", "as it came");
            await libvirt.virsh("snapshot-create-as", domain, "by hand", "for the auditors", "--disk-only");
            const files = async (name: string) => ({
                vda: /<domain[\s\S]*<source file='([^']+)'/.exec(await libvirt.virsh("snapshot-dumpxml", domain, `--snapshotname=${name}`))?.[1],
            });
            const both = { creationTime: expect.any(Number) as unknown, mode: "external", memory: false, bytes: expect.any(Number) as unknown };
            const rows = [
                { ...both, name: "base", parent: null, description: "as it came", state: "shutoff", current: false, children: ["by hand"] },
                {
                    ...both,
                    name: "by hand",
                    parent: "base",
                    description: "for the auditors",
                    state: expect.any(String) as unknown,
                    current: true,
                    children: [],
                },
            ];
            expect(json(await snaptree("list", "--json"))).toEqual({
                ...{
                    domain,
                    uuid: await libvirt.virsh("domuuid", domain),
                    powerState: "shutoff",
                    current: "by hand",
                    branch: null,
                    dirty: false,
                    branches: [],
                },
                snapshots: [
                    { ...rows[0], files: await files("base") },
                    { ...rows[1], files: await files("by hand") },
                ],
            });
        });
    });

    test("what can't be done is refused in one sentence, and with --json as an object; nothing has changed", async () => {
        await withMachine(async (snaptree, machine) => {
            await snaptree("create", "base");
            await machine.write("vda", 1, "t");
            const before = await machine.xml();
            expect(await snaptree("create", "base")).toEqual(refused(1, /"base" .*already/));
            expect(await snaptree("create", "a/b")).toEqual(refused(2, /name/));
            expect(await snaptree("create", "n".repeat(250))).toEqual(refused(2, /247 bytes/));
            expect(await snaptree("create", "n", "--internal")).toEqual(refused(4, /external/));
            expect(await snaptree("create", "n", "--current")).toEqual(refused(2, /use of current flag requires redefine flag/));
            expect(await snaptree("revert", "base")).toEqual(refused(3, /would lose tip/));
            expect(await snaptree("revert", "nowhere")).toEqual(refused(1, /no snapshot "nowhere"/));
            expect(await snaptree("switch", "nowhere")).toEqual(refused(1, /no branch "nowhere"/));
            expect(await snaptree("delete", "nowhere")).toEqual(refused(1, /no snapshot "nowhere"/));
            const { err, ...rest } = await snaptree("revert", "base", "--json");
            expect(rest).toEqual({ code: 3, out: "" });
            expect(JSON.parse(err)).toMatchObject({ error: { name: "DataLossError", losses: ["tip"] } });
            expect(await machine.xml()).toBe(before);
        });
    });

    test("a domain, a host or a virsh that is not there is exit code 1 and one sentence", async () => {
        const folder = mkdtempSync(join(tmpdir(), "snaptree-nothing-"));
        const path = process.env.PATH;
        try {
            expect(await on(libvirt.uri)("list", "nobody")).toEqual(refused(1, /no domain "nobody"/));
            const nowhere = `qemu+unix:///system?socket=${join(folder, "sock")}`;
            expect(await on(nowhere)("list", "vm")).toEqual(refused(1, /can't be reached: .*check that libvirtd or virtqemud runs/));
            expect(await on("qemu://user:secret@host/system")("list", "vm")).toMatchObject({ code: 2, err: expect.not.stringMatching(/secret|\n/) as unknown });
            process.env.PATH = folder;
            expect(await on(libvirt.uri)("list", "vm")).toEqual(refused(1, /virsh .*install/));
        } finally {
            process.env.PATH = path;
            rmSync(folder, { recursive: true });
        }
    });
});
