import { connect } from "../../provider/engine";
import { BranchResource } from "../../provider/resources/branch";
import { Connections } from "../../provider/resources/connections";
import { SnapshotResource } from "../../provider/resources/snapshot";
import type { Properties } from "../../provider/resources/unknown";
import { needs, qemu, suiteWith } from "../support/requires";
import { Machine, readText } from "./machine";

/** A machine with an internal or external snapshot “base” of what it holds, and branches on it, without the engine of Pulumi. */
async function withBase(mode: string, work: (machine: Machine, branches: BranchResource, inputs: Properties) => Promise<void>): Promise<void> {
    await using machine = await Machine.make();
    const connections = new Connections(connect);
    try {
        await machine.write("base");
        const place = { host: machine.uri, domain: "web" };
        const { outputs } = await new SnapshotResource(connections).create({ ...place, name: "base", mode });
        await work(machine, new BranchResource(connections), { ...place, from: "base", fromContentId: outputs.contentId, onDelete: "discard" });
    } finally {
        await connections.close();
    }
}

suiteWith(needs(qemu), "SnapshotBranch resources on real disks", () => {
    describe.each(["external", "internal"])("with %s snapshots", (mode) => {
        test("move the machine between branches that keep their bytes, and read back what they returned", async () => {
            await withBase(mode, async (machine, branches, inputs) => {
                const state: Record<string, Properties> = {};
                for (const name of ["one", "two"]) state[name] = (await branches.create({ ...inputs, name })).outputs;
                const texts: Record<string, string> = { one: "base", two: "base" };
                for (const [round, on] of ["one", "two", "one", "two"].entries()) {
                    for (const name of ["one", "two"]) {
                        const wanted = { ...inputs, name, ...(name === on ? { active: true } : { activeElsewhere: true }) };
                        const { changes } = await branches.diff("id", state[name]!, wanted);
                        if (changes) state[name] = (await branches.update("id", state[name]!, wanted)).outputs;
                    }
                    for (const outputs of Object.values(state)) expect((await branches.read("id", outputs))?.outputs).toEqual(outputs);
                    expect(await readText(await machine.disk())).toBe(texts[on]);
                    texts[on] = `${on}${round}`;
                    await machine.write(texts[on]);
                }
                expect((await machine.hierarchy()).snapshots.map(({ name }) => name)).toEqual(["base"]);
            });
        });

        test("leave no fork behind whose switch is refused", async () => {
            await withBase(mode, async (machine, branches, inputs) => {
                {
                    await using _busy = await machine.inUse();
                    await expect(branches.create({ ...inputs, name: "one", active: true })).rejects.toThrow(/is open in qemu-io/);
                }
                expect(await machine.hierarchy()).toMatchObject({ branch: null, branches: [] });
                await branches.create({ ...inputs, name: "one", active: true });
                expect(await machine.hierarchy()).toMatchObject({ branch: "one" });
            });
        });

        test("are reset, refused while they hold something, and committed", async () => {
            await withBase(mode, async (machine, branches, inputs) => {
                const wanted = { ...inputs, name: "one", active: true };
                const { outputs } = await branches.create({ ...wanted, resetOn: 1 });
                await machine.write("first");
                await expect(branches.update("id", outputs, { ...wanted, resetOn: 2 })).rejects.toThrow(/would lose branch:one/);
                await expect(branches.delete("id", outputs)).rejects.toThrow(/would lose branch:one/);
                expect(await readText(await machine.disk())).toBe("first");
                await branches.update("id", outputs, { ...wanted, resetOn: 2, force: ["branch:one"] });
                expect(await readText(await machine.disk())).toBe("base");
                await machine.write("second");
                await branches.delete("id", { ...outputs, onDelete: "commit" });
                expect(await machine.hierarchy()).toMatchObject({ branch: null, current: "base", dirty: false, branches: [] });
                expect(await readText(await machine.disk())).toBe("second");
            });
        });
    });
});
