import { InvalidInputError } from "../../provider/engine";
import type { Stage } from "./index";
import { holding } from "./bench";
import { grow, parents, refused, writeAll } from "./support";

const REFUSED: readonly string[] = [
    "",
    "-a",
    "--force",
    ".",
    "..",
    ".hidden",
    "a/b",
    "../a",
    "a\nb",
    "a\0b",
    "a\u007fb",
    "auto-a-1",
    "leave-a-1",
    "snaptree-tip-a",
    "\ud800",
    "ä".repeat(128),
];

const TAKEN: readonly string[] = [
    "with spaces  inside ",
    'it\'s “quoted” "twice" `$HOME` \\n %s',
    "ünïcödé 快照 🌳",
    "e\u0301",
    "a:b",
    "nbd://host/export",
    'json:{"driver":"null-co"}',
    "file:a,snapshot.name=b,,c",
    "__proto__",
    "constructor",
    "<name>&amp;]]></name>",
    "n".repeat(255),
    "快".repeat(85),
];

/** As many of a name's characters as there is room for. */
function fitting(name: string, bytes: number): string {
    const [first = ""] = name;
    return first.repeat(Math.floor(bytes / Buffer.byteLength(first)));
}

export function nameSuite({ machine: make, all, bench }: Stage): void {
    const mode = bench.mode === null ? {} : { mode: bench.mode };

    describe("names are data", () => {
        test("what can't be a name is refused as a snapshot, as a branch and as a new name", async () => {
            const machine = await make();
            await grow(machine, "a", null, 1, mode);
            for (const name of REFUSED) {
                expect(await refused(machine.vm.create({ name }))).toBeInstanceOf(InvalidInputError);
                expect(await refused(machine.vm.revert("a", { keep: name }))).toBeInstanceOf(InvalidInputError);
                expect(await refused(machine.vm.redefine({ name: "a", rename: name }))).toBeInstanceOf(InvalidInputError);
            }
            expect(parents(await machine.vm.hierarchy())).toEqual({ a: null });
        });

        test("a name that is longer than the host can keep is refused before anything is done", async () => {
            const machine = await make();
            await grow(machine, "a", null, 1, mode);
            const name = "n".repeat(machine.host.capabilities.longestName + 1);
            expect(await refused(machine.vm.create({ name, ...mode }))).toBeInstanceOf(InvalidInputError);
            expect(await refused(machine.vm.redefine({ name: "a", rename: name }))).toBeInstanceOf(InvalidInputError);
            expect(parents(await machine.vm.hierarchy())).toEqual({ a: null });
        });

        test.each([0, 1, 2])("whatever else a name holds, it is taken, read, reverted to, kept and deleted (%i)", async (third) => {
            const machine = await make();
            const { longestName } = machine.host.capabilities;
            const names = TAKEN.map((name) => (Buffer.byteLength(name) > 200 ? fitting(name, longestName) : name)).filter(
                (name, i) => i % 3 === third && !name.includes("/"),
            );
            await machine.vm.create({ name: "root", ...mode });
            for (const [i, name] of names.entries()) {
                await writeAll(machine, 1, String(i + 1));
                await machine.vm.create({ name, description: name });
            }
            expect((await machine.vm.hierarchy()).snapshots.map(({ name }) => name)).toEqual(["root", ...names]);
            for (const [i, name] of names.entries()) {
                expect([name, await machine.snapshot(name)]).toEqual([name, all(holding(String(i + 1)))]);
                await machine.vm.revert(name);
                expect(await machine.tip()).toEqual(all(holding(String(i + 1))));
                expect(await machine.vm.document(name)).toContain("<domainsnapshot");
            }
            for (const name of names) await machine.vm.delete(name);
            expect(parents(await machine.vm.hierarchy())).toEqual({ root: null });
        });

        test("a branch may have the longest name that there is", async () => {
            const machine = await make();
            const keep = "b".repeat(255);
            await grow(machine, "a", null, 1, mode);
            for (const [slot, name] of [
                [2, keep],
                [3, `${"b".repeat(254)}c`],
            ] as const) {
                await writeAll(machine, slot, "x");
                await machine.vm.revert("a", { keep: name });
            }
            expect(await machine.branch(keep)).toEqual(all(holding("ax")));
            expect(await machine.branch(`${"b".repeat(254)}c`)).toEqual(all(holding("a.x")));
            await machine.vm.delete("a", { scope: "subtree", force: true });
        });

        test("numbers are names, and never another snapshot's place in a list", async () => {
            const machine = await make();
            await machine.vm.create({ name: "40", ...mode });
            for (const [i, name] of ["30", "20"].entries()) {
                await writeAll(machine, 1, String(i));
                await machine.vm.create({ name });
            }
            await machine.vm.revert("30");
            expect(await machine.tip()).toEqual(all(holding("0")));
            await machine.vm.delete("30");
            expect(await machine.snapshot("20")).toEqual(all(holding("1")));
            expect(parents(await machine.vm.hierarchy())).toEqual({ "40": null, "20": "40" });
        });
    });
}
