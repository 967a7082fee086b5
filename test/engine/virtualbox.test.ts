import { join } from "node:path";
import { startVirtualBox, type VirtualBox } from "../hosts/virtualbox";
import { VboxMachine } from "../backends/vbox/machine";
import { needs, pulumi, suiteWith, virtualbox as required } from "../support/requires";
import { type Outcome, Stack } from "./stack";

const checkout = join(__dirname, "../..");

const nameOf = (urn: string): string => urn.slice(urn.lastIndexOf("::") + 2);

/** The fate of each resource that met one, without the stack itself. */
const fates = ({ steps }: Outcome) => Object.fromEntries(steps.filter(({ urn }) => !urn.includes("pulumi:Stack")).map(({ urn, op }) => [nameOf(urn), op]));

suiteWith(needs(pulumi, required), "resources on a real VirtualBox, by the real engine", () => {
    let virtualbox: VirtualBox;
    beforeAll(async () => {
        virtualbox = await startVirtualBox();
    });
    afterAll(() => virtualbox.stop());

    /** Each of VirtualBox's snapshots, by name, with the name of its parent. */
    async function tree(machine: VboxMachine): Promise<Record<string, string | null>> {
        const { snapshots } = await machine.document();
        const names = new Map(snapshots.map(({ uuid, name }) => [uuid, name]));
        return Object.fromEntries(snapshots.map(({ name, parent }) => [name, parent === null ? null : (names.get(parent) ?? "?")]));
    }

    test("the example: a machine is on the branch that the configuration names, and what VBoxManage changed is mended", async () => {
        await using machine = await VboxMachine.make(virtualbox, ["vda"]);
        const manage = (...args: string[]) => virtualbox.run("snapshot", machine.domain, ...args);
        await using stack = await Stack.create(join(checkout, "examples/virtualbox"), { env: { SNAPTREE_HOST: virtualbox.uri } });
        await stack.configure({ domain: machine.domain });

        const empty = await machine.tip();
        expect((await stack.up()).changes).toEqual({ create: 6 });
        const built = { installed: null, updated: "installed", "release-1": "installed" };
        expect(await tree(machine)).toEqual(built);
        expect(await stack.outputs()).toEqual({ branches: [{ name: "work", active: true }, { name: "trial", active: false }] }); // prettier-ignore
        expect((await stack.up()).changes).toEqual({ same: 6 });
        expect((await stack.refresh()).changes).toEqual({ same: 6 });

        await machine.write("vda", 1, "w");
        const work = await machine.tip();
        await manage("edit", "installed", "--description=by somebody else");
        await manage("edit", "release-1", "--name=release-0");
        expect(fates(await stack.refresh())).toMatchObject({ installed: "refresh", "release-1": "refresh" });
        expect(fates(await stack.up())).toMatchObject({ installed: "update", "release-1": "update", updated: "same", work: "same", trial: "same" });
        expect(await tree(machine)).toEqual(built);
        expect(await manage("list", "--machinereadable")).toMatch(/^SnapshotDescription="as it was installed"$/m);
        expect(await machine.tip()).toEqual(work);

        await manage("delete", "release-1");
        await stack.refresh();
        expect((await stack.resources()).map(({ urn }) => nameOf(urn)).sort()).toEqual(["installed", "trial", "updated", "work"]);
        expect(fates(await stack.up())).toMatchObject({ installed: "same", "release-1": "create", updated: "same", work: "same", trial: "same" });
        const left = { ...built, "snaptree-tip-work": "updated" }; // Kept what the branch held while the machine was elsewhere for that.
        expect(await tree(machine)).toEqual(left);
        expect(await machine.tip()).toEqual(work);

        await stack.configure({ branch: "trial" });
        expect(fates(await stack.up())).toMatchObject({ work: "update", trial: "update" });
        expect(await machine.tip()).toEqual(await machine.snapshot("updated"));
        expect(await tree(machine)).toEqual(left);
        await stack.configure({ branch: "work" });
        await stack.up();
        expect(await machine.tip()).toEqual(work);
        expect(await stack.up()).toMatchObject({ changes: { same: 6 } });
        await machine.sound();

        await stack.destroy({ env: { SNAPTREE_FORCE: "1" } });
        expect(await tree(machine)).toEqual({});
        expect(await machine.tip()).toEqual(empty); // What was written on branches was given up by force.
    });
});
