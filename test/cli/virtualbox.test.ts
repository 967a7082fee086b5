import { VboxMachine } from "../backends/vbox/machine";
import { startVirtualBox, type VirtualBox } from "../hosts/virtualbox";
import { holding } from "../conformance/bench";
import { needs, suiteWith, virtualbox as required } from "../support/requires";
import { done, json, on, type Outcome } from "./run";

suiteWith(needs(required), "the command line on a real VirtualBox", () => {
    let virtualbox: VirtualBox;
    beforeAll(async () => {
        virtualbox = await startVirtualBox();
    });
    afterAll(() => virtualbox.stop());

    /** A machine that only words change. */
    async function withMachine(work: (snaptree: (verb: string, ...argv: string[]) => Promise<Outcome>, machine: VboxMachine) => Promise<void>): Promise<void> {
        await using machine = await VboxMachine.make(virtualbox, ["vda"]);
        await work((verb, ...argv) => on(virtualbox.uri)(verb, machine.domain, ...argv), machine);
        await machine.sound();
    }

    test("create, branch, switch and revert leave what each name says on the disk, and list draws it", async () => {
        await withMachine(async (snaptree, machine) => {
            await machine.write("vda", 1, "a");
            expect(await snaptree("create", "first", "--description", "one 🙂")).toEqual(done("^created snapshot first$"));
            expect(await snaptree("branch", "work", "--from", "first")).toEqual(done("work"));
            expect(await snaptree("switch", "work")).toEqual(done("work"));
            await machine.write("vda", 1, "b");
            expect(await snaptree("create", "second")).toEqual(done("^created snapshot second$"));
            await machine.write("vda", 1, "c");
            const { out } = await snaptree("list", "--tree");
            expect(out.replaceAll(/[\d.]+ [KM]iB/g, "SIZE").split("\n")).toEqual([
                "first (SIZE)",
                "  |",
                "  +- second (current, SIZE)",
                "      |",
                "      +- work [branch, active, dirty, from first, SIZE]",
            ]);

            expect(await snaptree("revert", "first")).toEqual(done("first"));
            expect(await machine.tip()).toEqual({ vda: holding("a") });
            expect(await virtualbox.run("snapshot", machine.domain, "list")).toMatch(/Name: snaptree-tip-work /);
            expect(await snaptree("switch", "work")).toEqual(done("work"));
            expect(await machine.tip()).toEqual({ vda: holding("c") });

            const refused = await snaptree("branch", "work", "--reset", "--to-fork");
            expect(refused).toMatchObject({ code: 3, out: "" });
            expect(refused.err.split("\n")).toHaveLength(1);
            expect(await machine.tip()).toEqual({ vda: holding("c") });
            expect(await snaptree("delete", "second")).toEqual(done("second"));
            expect(await machine.tip()).toEqual({ vda: holding("c") });
            expect(await machine.snapshot("first")).toEqual({ vda: holding("a") });
        });
    });

    test("list --json says what is there, also what VBoxManage took, and files that are there", async () => {
        await withMachine(async (snaptree, machine) => {
            await snaptree("create", "base", "--description", "as it came");
            await virtualbox.run("snapshot", machine.domain, "take", "by hand");
            const { uuid, snapshots } = await machine.document();
            const fileOf = async (name: string) => {
                const { media } = await machine.document();
                return media.get(snapshots.find((snapshot) => snapshot.name === name)?.disks.vda ?? "");
            };
            const both = { creationTime: expect.any(Number) as unknown, state: "shutoff", mode: null, memory: false };
            expect(json(await snaptree("list", "--json"))).toEqual({
                ...{ domain: machine.domain, uuid, powerState: "shutoff", current: "by hand", branch: null, dirty: false, branches: [] },
                snapshots: [
                    {
                        ...{ ...both, name: "base", parent: null, description: "as it came", current: false, children: ["by hand"] },
                        ...{ files: { vda: await fileOf("base") }, bytes: expect.any(Number) as unknown },
                    },
                    {
                        ...{ ...both, name: "by hand", parent: "base", description: null, current: true, children: [] },
                        ...{ files: { vda: await fileOf("by hand") }, bytes: expect.any(Number) as unknown },
                    },
                ],
            });
        });
    });

    test("a name that several snapshots have is refused with what to say instead, and doctor finds nothing wrong", async () => {
        await withMachine(async (snaptree, machine) => {
            for (const _ of [1, 2]) await virtualbox.run("snapshot", machine.domain, "take", "same");
            const [first, second] = (await machine.document()).snapshots.map(({ uuid }) => uuid);
            const refused = await snaptree("delete", "same");
            expect(refused).toMatchObject({ code: 2, out: "" });
            expect(refused.err).toContain(`same {${first}}`);
            expect(refused.err).toContain(`same {${second}}`);
            expect(refused.err.split("\n")).toHaveLength(1);
            expect(await snaptree("delete", `same {${second}}`)).toMatchObject({ code: 0 });
            expect((await machine.document()).snapshots.map(({ uuid }) => uuid)).toEqual([first]);
            expect(await snaptree("doctor")).toMatchObject({ code: 0 });
        });
    });

    test("what VirtualBox has not is exit code 4 and one line that names the nearest thing that works", async () => {
        await withMachine(async (snaptree, machine) => {
            const asked: readonly (readonly [RegExp, ...string[]])[] = [
                [/leave mode out/, "--internal"],
                [/leave mode out/, "--external"],
                [/shut the guest down/, "--quiesce", "--disk-only"],
                [/leave it out/, "--memory-file=/m"],
                [/VBoxManage modifymedium --compact/, "--compress", "zstd"],
            ];
            for (const [nearest, ...flags] of asked) {
                const { code, out, err } = await snaptree("create", "s", ...flags);
                expect({ flags, code, out, lines: err.split("\n").length }).toEqual({ flags, code: 4, out: "", lines: 1 });
                expect(err).toMatch(nearest);
            }
            expect((await machine.document()).snapshots).toEqual([]);
        });
    });

    test("a host without VBoxManage is exit code 1 and one line that says what to do; a machine that is not there too", async () => {
        const nowhere = await on("vbox:///session?vboxmanage=/nowhere/VBoxManage")("list", "vm");
        expect(nowhere).toEqual({ code: 1, out: "", err: expect.stringMatching(/^[^\n]*"\/nowhere\/VBoxManage" is not there; install VirtualBox[^\n]*$/) as unknown }); // prettier-ignore
        const nobody = await on(virtualbox.uri)("list", "nobody");
        expect(nobody).toEqual({ code: 1, out: "", err: expect.stringMatching(/^[^\n]*VirtualBox has no machine "nobody"[^\n]*$/) as unknown });
    });
});
