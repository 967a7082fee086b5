import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { QemuMachine } from "../backends/qemu/machine";
import { chainOf } from "../backends/qemu/tools";
import { holding } from "../conformance/bench";
import { needs, qemu, suiteWith } from "../support/requires";
import { json, on } from "./run";

/** Two snapshots and a branch that the domain is on, with bytes on each. */
async function grown(): Promise<QemuMachine> {
    const machine = await QemuMachine.make(["vda"]);
    const snaptree = on(machine.uri);
    await machine.write("vda", 1, "a");
    await snaptree("create", "vm", "base");
    await snaptree("branch", "vm", "work", "--from", "base");
    await snaptree("switch", "vm", "work");
    await machine.write("vda", 2, "b");
    await snaptree("create", "vm", "next");
    await machine.write("vda", 3, "c");
    return machine;
}

async function otherHost(machine: QemuMachine): Promise<string> {
    const root = join(machine.temporary, "other");
    await mkdir(root);
    return `qemu:///embed?root=${encodeURIComponent(root)}`;
}

suiteWith(needs(qemu), "from host to host by the command line", () => {
    test("what is exported for its owner's eyes is imported elsewhere, whole", async () => {
        await using machine = await grown();
        const [here, there] = [on(machine.uri), on(await otherHost(machine))];
        const file = join(machine.temporary, "vm.json");
        expect(await here("export", "vm", file)).toMatchObject({ code: 0, out: "exported vm (2 snapshots, 1 branches)" });
        expect((await stat(file)).mode & 0o777).toBe(0o600);
        expect(JSON.parse((await here("export", "vm")).out)).toEqual(JSON.parse(await readFile(file, "utf8")));
        expect(await here("export", "vm", file)).toMatchObject({ code: 2, err: expect.stringMatching(/is there already/) as unknown });

        expect(json(await there("import", "vm", file, "--json"))).toMatchObject({ domain: "vm", snapshots: 2, branches: 1 });
        const [before, after] = [json(await here("list", "vm", "--json")), json(await there("list", "vm", "--json"))] as { snapshots: object[] }[];
        const facts = ({ snapshots }: { snapshots: object[] }) => snapshots.map((snapshot) => ({ ...snapshot, bytes: 0 }));
        expect(facts(after!)).toEqual(facts(before!));
        expect(await there("import", "other", file)).toMatchObject({ code: 2, err: expect.stringMatching(/the export of "vm"/) as unknown });
    });

    test("migrate moves a domain; not a byte of its disks changes", async () => {
        await using machine = await grown();
        const to = await otherHost(machine);
        const tip = (await machine.files()).vda!;
        const chain = await chainOf(tip);
        expect(await machine.tip()).toEqual({ vda: holding("abc") });
        expect(json(await on(machine.uri)("migrate", "vm", "--to", to, "--json"))).toMatchObject({ domain: "vm", host: to });
        expect(await chainOf(tip)).toEqual(chain);
        expect((await on(machine.uri)("list", "vm")).code).toBe(1);
        expect(json(await on(to)("list", "vm", "--json"))).toMatchObject({ current: "next", branch: "work", dirty: true });
        expect(await on(to)("migrate", "vm", "--to", to)).toMatchObject({ code: 2, err: expect.stringMatching(/on that host already/) as unknown });
    });

    test("what is no export is refused, and nothing is remembered", async () => {
        await using machine = await grown();
        const to = on(await otherHost(machine));
        expect(await to("import", "vm", join(machine.folder, "domain.xml"))).toMatchObject({ code: 2, err: expect.stringMatching(/is no JSON/) as unknown });
        expect(await to("import", "vm", join(machine.folder, "hierarchy.json"))).toMatchObject({ code: 2 });
        expect(await to("import", "vm", "/nowhere.json")).toMatchObject({ code: 2, err: expect.stringMatching(/it is not there/) as unknown });
        expect((await to("list", "vm")).code).toBe(1);
    });
});

suiteWith(needs(qemu), "the doctor by the command line", () => {
    test("finds what nobody needs, mends it when it is asked to, and is content then", async () => {
        await using machine = await grown();
        const snaptree = on(machine.uri);
        expect(await snaptree("doctor", "vm")).toEqual({ code: 0, out: "nothing is wrong with vm", err: "" });
        const stray = join(machine.folder, "hierarchy.json.new");
        await writeFile(stray, "half");
        const found = await snaptree("doctor", "vm");
        expect(found).toMatchObject({ code: 0, out: expect.stringMatching(/^repairable: .*\n“snaptree doctor --repair” mends/) as unknown });
        const { findings } = json(await snaptree("doctor", "vm", "--repair", "--json")) as { findings: object[] };
        expect(findings).toEqual([{ kind: "leftover", what: stray, message: expect.any(String) as unknown, repairable: true, repaired: true }]);
        expect((await snaptree("doctor", "vm")).out).toBe("nothing is wrong with vm");
        expect(await machine.tip()).toEqual({ vda: holding("abc") });
    });

    test("notes what is only kept, which is no fault, after those", async () => {
        await using machine = await grown();
        const snaptree = on(machine.uri);
        await snaptree("revert", "vm", "base");
        await snaptree("branch", "vm", "work", "--delete", "--force");
        expect((await snaptree("delete", "vm", "next", "--metadata")).code).toBe(0);
        const noted = await snaptree("doctor", "vm", "--repair");
        expect(noted).toMatchObject({ code: 0, err: "", out: expect.stringMatching(/^nothing is wrong with vm\nnote: .*only forgotten[^\n]*$/) as unknown });
        expect(json(await snaptree("doctor", "vm", "--json"))).toMatchObject({ findings: [{ kind: "kept", repairable: false, repaired: false }] });
        await writeFile(join(machine.folder, "hierarchy.json.new"), "half");
        expect((await snaptree("doctor", "vm")).out).toMatch(/^repairable: .*\nnote: .*\n“snaptree doctor --repair” mends/);
        expect(await snaptree("doctor", "vm", "--repair")).toMatchObject({ code: 0, out: expect.stringMatching(/^repaired: .*\nnote: .*$/) as unknown });
    });
});
