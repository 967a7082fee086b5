import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startVsphere, type Vsphere } from "../hosts/vsphere";
import { needs, pulumi, suiteWith, vsphere as required } from "../support/requires";
import { type Outcome, PulumiError, Stack } from "./stack";

const example = join(__dirname, "../../examples/esx");

const nameOf = (urn: string): string => urn.slice(urn.lastIndexOf("::") + 2);

/** The fate of each resource that met one, without the stack itself. */
const fates = ({ steps }: Outcome) => Object.fromEntries(steps.filter(({ urn }) => !urn.includes("pulumi:Stack")).map(({ urn, op }) => [nameOf(urn), op]));

interface Tree {
    readonly name: string;
    readonly description: string;
    readonly childSnapshotList?: readonly Tree[];
}

/** Each snapshot's name with its parent's. */
function placesIn(trees: readonly Tree[], parent: string | null = null): [name: string, parent: string | null][] {
    return trees.flatMap(({ name, childSnapshotList = [] }) => [[name, parent], ...placesIn(childSnapshotList, name)]);
}

/** A text of the password's that no way of writing it leaves out: as it is, and in XML and JSON; in a URI; in JSON of ASCII; in base64. */
function spellings({ password }: Vsphere): string[] {
    const rest = password.slice(password.indexOf("w"), password.indexOf("/"));
    return [rest, encodeURIComponent(rest), rest.replace(/[^ -~]/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, "0")}`), Buffer.from(password).toString("base64")]; // prettier-ignore
}

/** The files below a folder that a text is in. */
async function filesWith(folder: string, texts: readonly string[]): Promise<string[]> {
    const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    const paths = files.map(({ parentPath, name }) => join(parentPath, name));
    expect(paths.length).toBeGreaterThan(0);
    const read = await Promise.all(paths.map(async (path) => [path, await readFile(path, "utf8")] as const));
    return read.flatMap(([path, held]) => (texts.some((text) => held.includes(text)) ? [path] : []));
}

/** The command line of every process that there is at any time while work is done. */
async function commandLinesDuring(work: () => Promise<unknown>): Promise<Set<string>> {
    const seen = new Set<string>();
    const watch = { ended: false };
    const working = work().finally(() => (watch.ended = true));
    while (!watch.ended) {
        const processes = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
        for (const line of await Promise.all(processes.map((id) => readFile(`/proc/${id}/cmdline`, "utf8").catch(() => "")))) seen.add(line);
        await sleep(5);
    }
    await working;
    return seen;
}

suiteWith(needs(pulumi, required), "resources on a vCenter, by the real engine", () => {
    let vsphere: Vsphere;
    beforeAll(async () => {
        vsphere = await startVsphere({ kind: "vpx" });
    });
    afterAll(() => vsphere.stop());

    /** The host's snapshots: no “snapshot.tree”, which fails on machines that stand on none of theirs. */
    async function roots(vm: string): Promise<readonly Tree[]> {
        const told = await vsphere.govc("object.collect", "-json", `/DC0/vm/${vm}`, "snapshot");
        const [{ val } = { val: null }] = JSON.parse(told) as { val: { rootSnapshotList: readonly Tree[] } | null }[];
        return val?.rootSnapshotList ?? [];
    }

    /** Each of the host's snapshots, by name, with the name of its parent. */
    const tree = async (vm: string) => Object.fromEntries(placesIn(await roots(vm)));

    /** What the machine's disks hold. */
    async function tip(vm: string): Promise<Record<string, string | undefined>> {
        const { disks, files } = await vsphere.look(vm);
        return Object.fromEntries(disks.map(({ target, file }) => [target, files[file]]));
    }

    const stackFor = async (vm: string, password: string): Promise<Stack> => {
        const stack = await Stack.create(example, { env: { SNAPTREE_HOST: vsphere.uri, XDG_STATE_HOME: join(vsphere.folder, "state") } });
        await stack.configure({ domain: vm });
        await stack.configureSecret("password", password);
        return stack;
    };

    test("the example: a machine is on the branch that the configuration names, and what govc changed is mended", async () => {
        const vm = "lab";
        await vsphere.createMachine(vm);
        await using stack = await stackFor(vm, vsphere.password);
        const empty = await tip(vm);
        expect((await stack.up()).changes).toEqual({ create: 6 });
        const built = { installed: null, updated: "installed", "release-1": "installed" };
        expect(await tree(vm)).toEqual(built);
        expect(await roots(vm)).toMatchObject([{ description: "as it was installed" }]);
        expect(await stack.outputs()).toEqual({ branches: [{ name: "work", active: true }, { name: "trial", active: false }] }); // prettier-ignore

        await vsphere.write(vm, "vda", 1, "w");
        const work = await tip(vm);
        expect(work).not.toEqual(empty);
        expect((await stack.refresh()).changes).toEqual({ same: 6 });
        await vsphere.govc("snapshot.remove", "-vm", vm, "release-1");
        await stack.refresh();
        expect((await stack.resources()).map(({ urn }) => nameOf(urn)).sort()).toEqual(["installed", "trial", "updated", "work"]);
        expect(fates(await stack.up())).toMatchObject({ installed: "same", "release-1": "create", updated: "same", work: "same", trial: "same" });
        const left = { ...built, "snaptree-tip-work": "updated" }; // Kept what the branch held while the machine was elsewhere for that.
        expect(await tree(vm)).toEqual(left);
        expect(await tip(vm)).toEqual(work);

        await vsphere.govc("snapshot.revert", "-vm", vm, "installed");
        expect(await tip(vm)).toEqual(empty);
        expect(fates(await stack.refresh())).toMatchObject({ work: "refresh" });
        expect(fates(await stack.up())).toMatchObject({ installed: "same", updated: "same", work: "update" });
        expect(await tip(vm)).toEqual(work);

        await stack.configure({ branch: "trial" });
        expect(fates(await stack.up())).toMatchObject({ work: "update", trial: "update" });
        expect(await tip(vm)).toEqual(empty);
        await vsphere.govc("snapshot.create", "-vm", vm, "by hand"); // Somebody else's, of which the program says nothing.
        expect(await stack.up()).toMatchObject({ changes: { same: 6 } });

        await stack.destroy({ env: { SNAPTREE_FORCE: "1" } });
        // After a revert by hand nobody may be able to tell whether something was written there: then it was kept, as a branch that no program manages.
        const others = Object.entries(await tree(vm)).filter(([name]) => !name.startsWith("snaptree-tip-auto-"));
        expect(others).toEqual([["by hand", null]]);
        expect(await tip(vm)).toEqual(empty); // What was written on branches was given up by force.
    });

    test("the password is in no state, log, error or list of processes", async () => {
        const vm = "secretive";
        await vsphere.createMachine(vm);
        await using stack = await stackFor(vm, `${vsphere.password} no more`);
        const refused = await stack.up().catch((error: unknown) => error);
        expect(refused).toBeInstanceOf(PulumiError);
        const { outcome } = refused as PulumiError;
        expect(outcome.stdout).toContain(`does not take "${vsphere.user}" with this password`);

        await stack.configureSecret("password", vsphere.password);
        const commands = [...(await commandLinesDuring(() => stack.up()))];
        expect(Object.keys(await tree(vm)).sort()).toEqual(["installed", "release-1", "updated"]);
        expect(commands.filter((line) => line.includes(stack.temporary)).length).toBeGreaterThan(0);

        const holds = (said: string) => spellings(vsphere).some((text) => said.includes(text));
        expect(commands.filter(holds)).toEqual([]);
        expect([outcome.stdout, outcome.stderr, JSON.stringify(outcome.diagnostics)].filter(holds)).toEqual([]);
        expect(await filesWith(stack.temporary, spellings(vsphere))).toEqual([]);
        expect(await filesWith(join(vsphere.folder, "state"), spellings(vsphere))).toEqual([]);
    });
});
